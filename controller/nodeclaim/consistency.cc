#include "controller/nodeclaim/consistency.h"

#include <cstdio>
#include <utility>

#include "common/model/conditions.h"

namespace karpenter::nodeclaim {

namespace {

constexpr std::chrono::minutes kPeriod{10};
constexpr double kThreshold = 0.90;

std::string percent(double ratio) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f%%", ratio * 100);
  return text;
}

}  // namespace

Consistency::Consistency(Services services) : services_(std::move(services)) { add_indexes(services_); }

reconcile::ControllerSpec Consistency::spec() {
  return {.name = "nodeclaim.consistency", .group = "karpenter.sh", .kind = "NodeClaim", .workers = 10};
}

std::vector<std::string> find_shape_issues(const model::NodeClaim& claim, const model::Node& node) {
  std::vector<std::string> out;
  if (claim.meta.is_deleting() || !model::is_true(claim.status.conditions, model::condition::kInitialized))
    return out;
  for (const auto& [name, requested] : claim.spec.requests) {
    const auto expected = claim.status.capacity.get(name);
    if (requested.is_zero() || expected.is_zero()) continue;
    const auto found = node.status.capacity.get(name);
    const double ratio = found.as_double() / expected.as_double();
    if (ratio >= kThreshold) continue;
    out.push_back("expected " + expected.text() + " of resource " + name + ", but found " + found.text() +
                  " (" + percent(ratio) + " of expected)");
  }
  return out;
}

bool Consistency::is_due(const std::string& uid) {
  const auto now = services_.runtime.mono();
  runtime::Lock lock(mutex_);
  std::erase_if(checked_, [&](const auto& entry) { return now - entry.second >= kPeriod; });
  return checked_.emplace(uid, now).second;
}

base::Result<reconcile::Outcome> Consistency::reconcile(const model::ObjectKey& key, const Call& call) {
  constexpr reconcile::Outcome kDone = reconcile::Done{};
  const auto claim = services_.claims.find(key);
  if (!claim || !services_.is_managed(*claim) || claim->status.provider_id.empty()) return kDone;
  const auto nodes = nodes_of(services_, *claim);
  if (nodes.size() != 1) return kDone;
  if (!is_due(claim->meta.uid)) return reconcile::Outcome(reconcile::RequeueAfter{kPeriod});
  model::NodeClaim after = *claim;
  auto conditions = model::conditions_of(after, services_.runtime.now());
  const auto issues = find_shape_issues(*claim, *nodes.front());
  for (const auto& issue : issues) {
    auto fields = log_fields(*claim);
    fields.emplace_back("issue", issue);
    services_.log.info("consistency error", fields);
    services_.events.publish({.object = event_object(*claim),
                              .type = "Warning",
                              .reason = "FailedConsistencyCheck",
                              .message = issue,
                              .dedupe = {claim->meta.uid, issue}});
  }
  if (issues.empty()) {
    conditions.set_true(model::condition::kConsistentStateFound);
  } else {
    conditions.set_false(model::condition::kConsistentStateFound, "ConsistencyCheckFailed",
                         "Consistency Check Failed");
  }
  const kube::Api<model::NodeClaim> api(services_.client);
  auto written = api.patch_status(*claim, after, kube::Locking::kLocked, call);
  if (!written) {
    runtime::Lock lock(mutex_);
    checked_.erase(claim->meta.uid);  // not done: the retry looks again
    lock.unlock();
    return reconcile::outcome_of(std::move(written).error());
  }
  return reconcile::Outcome(reconcile::RequeueAfter{kPeriod});
}

}  // namespace karpenter::nodeclaim
