#include "controller/aws/reconcile/garbage_collection_controller.h"

#include <utility>

namespace karpenter::aws {
namespace {

using reconcile::Outcome;
using reconcile::RequeueAfter;

constexpr std::chrono::seconds kLaunchGrace{30};
constexpr std::chrono::seconds kEarlyPeriod{10};
constexpr std::chrono::minutes kPeriod{2};
constexpr int kEarlyPasses = 20;

}  // namespace

std::vector<model::NodeClaim> plan_garbage_collection(const std::vector<model::NodeClaim>& instances,
                                                      const std::set<std::string>& known_provider_ids,
                                                      base::Time now) {
  std::vector<model::NodeClaim> out;
  for (const auto& instance : instances) {
    if (instance.meta.is_deleting() || known_provider_ids.contains(instance.status.provider_id)) continue;
    // An unknown launch time counts as old: it would never be collected otherwise.
    if (now - instance.meta.creation_timestamp.value_or(base::Time{}) <= kLaunchGrace) continue;
    out.push_back(instance);
  }
  return out;
}

GarbageCollectionController::GarbageCollectionController(AwsParts& parts, Stores stores)
    : parts_(parts), stores_(stores), nodes_api_(parts.seams.kube), log_(parts.seams.log) {}

// The last word before what cannot be undone: a NodeClaim that nobody can read (a malformed one) is missing
// in the store, and yet owns its instance. So the API server is asked, and the answer is not decoded.
base::Result<bool> GarbageCollectionController::is_claimed(const model::NodeClaim& instance,
                                                           const Call& call) {
  if (instance.meta.name.empty()) return false;  // not tagged yet: no NodeClaim has registered with it
  const auto claim = parts_.seams.kube.send(
      kube::get_request(kube::kind_of<model::NodeClaim>(), model::key_of(instance.meta)), call);
  if (claim.failed_with(base::Code::kNotFound)) return false;
  if (!claim) return claim.error();
  return (*claim)["status"]["providerID"].string_or("") == instance.status.provider_id;
}

base::Status GarbageCollectionController::collect(const model::NodeClaim& instance, const Call& call) {
  const std::string& provider_id = instance.status.provider_id;
  ASSIGN_OR_RETURN(const bool claimed, is_claimed(instance, call));
  if (claimed) return base::ok();
  auto removed = parts_.cloud->remove(instance, call);
  if (!removed && removed.error().code != base::Code::kNotFound) {
    return std::move(removed).error().add("provider-id", provider_id);
  }
  log_.debug("garbage collected cloudprovider instance", {{"provider-id", provider_id}});
  for (const auto& node : stores_.nodes.list()) {
    if (node->spec.provider_id != provider_id) continue;
    auto deleted = nodes_api_.remove(model::key_of(node->meta), {}, call);
    if (!deleted && deleted.error().code != base::Code::kNotFound) return deleted;
    log_.debug("garbage collected node", {{"Node", telemetry::object_ref(node->meta.name)}});
  }
  return base::ok();
}

base::Result<Outcome> GarbageCollectionController::reconcile(const model::ObjectKey&, const Call& call) {
  // The cloud first: a claim made in between then has its instance in neither list.
  ASSIGN_OR_RETURN(const auto instances, parts_.cloud->list(call));
  if (!stores_.node_claims.synced() || !stores_.nodes.synced()) {
    return base::make_error(base::Code::kNotReady, "the caches are not synced");
  }
  std::set<std::string> known;
  for (const auto& claim : stores_.node_claims.list()) known.insert(claim->status.provider_id);
  base::Status result = base::ok();
  for (const auto& orphan : plan_garbage_collection(instances, known, parts_.seams.runtime.now())) {
    auto collected = collect(orphan, call);
    if (!collected && result) result = std::move(collected);
  }
  if (!result) return std::move(result).error();
  ++passes_;
  return Outcome(passes_ <= kEarlyPasses ? RequeueAfter{kEarlyPeriod} : RequeueAfter{kPeriod});
}

}  // namespace karpenter::aws
