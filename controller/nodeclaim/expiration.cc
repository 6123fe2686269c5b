#include "controller/nodeclaim/expiration.h"

#include <algorithm>
#include <utility>

#include "controller/disruption/plan/node_view.h"
#include "controller/nodeclaim/steps.h"
#include "controller/scheduling/pods.h"

namespace karpenter::nodeclaim {

Expiration::Expiration(Services services, kube::Store<model::Pod>& pods)
    : services_(std::move(services)), pods_(pods) {
  pods.add_index(std::string(kPodsByNode),
                 [](const model::Pod& pod) { return std::vector{pod.spec.node_name}; });
}

reconcile::ControllerSpec Expiration::spec() {
  return {.name = "nodeclaim.expiration", .group = "karpenter.sh", .kind = "NodeClaim"};
}

base::Result<reconcile::Outcome> Expiration::reconcile(const model::ObjectKey& key, const Call& call) {
  constexpr reconcile::Outcome kDone = reconcile::Done{};
  const auto claim = services_.claims.find(key);
  if (!claim || !services_.is_managed(*claim) || claim->meta.is_deleting()) return kDone;
  const auto expires = expires_at(*claim);
  if (!expires) return kDone;
  const auto left = *expires - services_.runtime.now();
  if (left > base::Nanos::zero()) return reconcile::Outcome(reconcile::RequeueAfter{left});
  RETURN_IF_ERROR(remove_claim(services_, *claim, "expired", call));
  services_.log.debug("deleted expired nodeclaim", log_fields(*claim));
  const auto pods = pods_.by_index(kPodsByNode, claim->status.node_name);
  const auto moved =
      std::ranges::count_if(pods, [](const auto& pod) { return scheduling::is_reschedulable(*pod); });
  services_.metrics.count("karpenter_pods_disruption_initiated_total",
                          disruption::plan::disrupted_labels(*claim, "expired").map(),
                          static_cast<double>(moved));
  return kDone;
}

}  // namespace karpenter::nodeclaim
