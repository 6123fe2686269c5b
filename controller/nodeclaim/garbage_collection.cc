#include "controller/nodeclaim/garbage_collection.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/model/conditions.h"

namespace karpenter::nodeclaim {

GarbageCollection::GarbageCollection(Services services, std::chrono::nanoseconds period)
    : services_(std::move(services)), period_(period) {
  add_indexes(services_);
}

reconcile::ControllerSpec GarbageCollection::spec() {
  return {.name = "nodeclaim.garbagecollection", .singleton = true};
}

std::vector<std::shared_ptr<const model::NodeClaim>> plan_garbage(
    const std::vector<std::shared_ptr<const model::NodeClaim>>& claims,
    const std::vector<model::NodeClaim>& instances) {
  std::set<std::string_view> alive;
  for (const auto& instance : instances) alive.insert(instance.status.provider_id);
  std::vector<std::shared_ptr<const model::NodeClaim>> out;
  std::ranges::copy_if(claims, std::back_inserter(out), [&](const auto& claim) {
    return model::is_true(claim->status.conditions, model::condition::kRegistered) &&
           !claim->meta.is_deleting() && !alive.contains(claim->status.provider_id);
  });
  return out;
}

base::Result<reconcile::Outcome> GarbageCollection::reconcile(const model::ObjectKey&, const Call& call) {
  // Claims first: one that is launched between both lists must not look as if its instance had gone.
  auto claims = services_.claims.list();
  std::erase_if(claims, [&](const auto& claim) { return !services_.is_managed(*claim); });
  ASSIGN_OR_RETURN(const auto instances, services_.cloud.list(call));
  std::optional<base::Error> first;
  for (const auto& claim : plan_garbage(claims, instances)) {
    auto status = collect(*claim, call);
    if (!status && !first) first = std::move(status).error();
  }
  if (first) return *std::move(first);
  return reconcile::Outcome(reconcile::RequeueAfter{period_});
}

base::Status GarbageCollection::collect(const model::NodeClaim& claim, const Call& call) {
  // A kubelet that reports Ready is proof enough that the instance lives.
  const auto nodes = nodes_of(services_, claim);
  if (nodes.size() == 1 && model::is_true(nodes.front()->status.conditions, "Ready")) return base::ok();
  RETURN_IF_ERROR(remove_claim(services_, claim, "garbage_collected", call));
  services_.log.debug("garbage collecting nodeclaim with no cloudprovider representation", log_fields(claim));
  return base::ok();
}

}  // namespace karpenter::nodeclaim
