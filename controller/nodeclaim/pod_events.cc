#include "controller/nodeclaim/pod_events.h"

#include <utility>

#include "controller/disruption/plan/pods.h"

namespace karpenter::nodeclaim {

namespace plan = disruption::plan;

bool is_pod_event(const kube::Change<model::Pod>& change) {
  if (!change.after || change.after->spec.node_name.empty()) return false;
  if (plan::is_owned_by_daemon_set(*change.after)) return false;
  if (!change.before) return true;
  const auto turned = [&](bool (*predicate)(const model::Pod&)) {
    return predicate(*change.after) && !predicate(*change.before);
  };
  return change.before->spec.node_name.empty() || turned(plan::is_terminal) || turned(plan::is_terminating);
}

PodEvents::PodEvents(Services services, const kube::Store<model::Pod>& pods)
    : services_(std::move(services)), pods_(pods) {
  add_indexes(services_);
}

reconcile::ControllerSpec PodEvents::spec() {
  return {.name = "nodeclaim.podevents", .group = "", .kind = "Pod"};
}

base::Result<reconcile::Outcome> PodEvents::reconcile(const model::ObjectKey& key, const Call& call) {
  constexpr reconcile::Outcome kDone = reconcile::Done{};
  constexpr std::chrono::seconds kDedupe{10};
  const auto pod = pods_.find(key);
  if (!pod || pod->spec.node_name.empty()) return kDone;
  const auto node = services_.nodes.find(pod->spec.node_name);
  const auto claim = node ? claim_of(services_, *node) : nullptr;
  if (!claim || !services_.is_managed(*claim)) return kDone;
  const auto now = services_.runtime.now();
  if (claim->status.last_pod_event_time && now - *claim->status.last_pod_event_time < kDedupe) return kDone;
  model::NodeClaim after = *claim;
  after.status.last_pod_event_time = std::chrono::floor<std::chrono::seconds>(now);
  const kube::Api<model::NodeClaim> api(services_.client);
  auto written = api.patch_status(*claim, after, kube::Locking::kUnlocked, call);
  if (!written) return reconcile::outcome_of(std::move(written).error());
  return kDone;
}

}  // namespace karpenter::nodeclaim
