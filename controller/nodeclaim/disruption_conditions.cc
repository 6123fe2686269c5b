#include "controller/nodeclaim/disruption_conditions.h"

#include <algorithm>
#include <utility>

#include "common/model/conditions.h"
#include "common/model/labels.h"
#include "common/model/requirements.h"
#include "controller/disruption/plan/node_view.h"

namespace karpenter::nodeclaim {

namespace {

namespace labels = model::labels;
namespace condition = model::condition;
namespace plan = disruption::plan;

constexpr std::chrono::minutes kDriftPeriod{5};
constexpr std::chrono::hours kTypeCheckAge{1};
constexpr std::chrono::minutes kTypeCheckPeriod{30};

// Hashes of the same version that differ.
bool hash_differs(const model::NodeClaim& claim, const model::NodePool& pool) {
  const auto hash = claim.meta.annotation(labels::kNodePoolHash);
  const auto version = claim.meta.annotation(labels::kNodePoolHashVersion);
  const auto pool_hash = pool.meta.annotation(labels::kNodePoolHash);
  if (hash.empty() || version.empty() || pool_hash.empty()) return false;
  return version == pool.meta.annotation(labels::kNodePoolHashVersion) && hash != pool_hash;
}

// Requirements of the template that the claim's labels do not meet; a pool whose requirements do not parse
// drifts nothing.
bool requirements_differ(const model::NodeClaim& claim, const model::NodePool& pool) {
  const auto wanted = model::Requirements::of(pool.spec.node_template.spec.requirements);
  return wanted && !model::Requirements::of_labels(claim.meta.labels).compatible(*wanted, {});
}

}  // namespace

std::string static_drift(const model::NodeClaim& claim, const model::NodePool& pool) {
  if (hash_differs(claim, pool)) return "NodePoolDrifted";
  return requirements_differ(claim, pool) ? "RequirementsDrifted" : "";
}

bool lacks_instance_type(const model::NodeClaim& claim, const cloud::InstanceTypes& types) {
  const auto name = claim.meta.label(labels::kInstanceType);
  const auto type = std::ranges::find_if(types, [&](const auto& t) { return t->name == name; });
  if (type == types.end()) return true;
  auto have = model::Requirements::of_labels(claim.meta.labels);
  if (claim.meta.label(labels::kCapacityType) == labels::kReserved) {
    have.replace(model::Requirement::in(labels::kCapacityType,
                                        {std::string(labels::kReserved), std::string(labels::kOnDemand)}));
  }
  return std::ranges::none_of((*type)->offerings, [&](const cloud::Offering& offering) {
    return have.compatible(offering.requirements, model::well_known_labels());
  });
}

std::optional<std::chrono::nanoseconds> update_consolidatable(model::NodeClaim& claim,
                                                              const model::NodePool& pool, Time now) {
  auto conditions = model::conditions_of(claim, now);
  const auto after = plan::consolidate_after(pool);
  if (!after || !conditions.is_true(condition::kInitialized)) {
    conditions.clear(condition::kConsolidatable);
    return std::nullopt;
  }
  if (plan::is_within_consolidate_after(claim, *after, now)) {
    conditions.clear(condition::kConsolidatable);
    return plan::consolidate_after_ends(claim, *after) - now;
  }
  conditions.set_true(condition::kConsolidatable);
  return std::nullopt;
}

DisruptionConditions::DisruptionConditions(Services services, const kube::Store<model::NodePool>& pools)
    : services_(std::move(services)), pools_(pools), api_(services_.client) {}

reconcile::ControllerSpec DisruptionConditions::spec() {
  return {.name = "nodeclaim.disruption", .group = "karpenter.sh", .kind = "NodeClaim", .workers = 10};
}

base::Result<reconcile::Outcome> DisruptionConditions::reconcile(const model::ObjectKey& key,
                                                                 const Call& call) {
  constexpr reconcile::Outcome kDone = reconcile::Done{};
  const auto claim = services_.claims.find(key);
  if (!claim || !services_.is_managed(*claim) || claim->meta.is_deleting()) return kDone;
  const auto pool = pools_.find(claim->meta.label(labels::kNodePool));
  if (!pool) return kDone;
  model::NodeClaim after = *claim;
  auto drift = update_drifted(after, *pool, call);
  reconcile::Outcome outcome = kDone;
  if (model::is_true(after.status.conditions, condition::kLaunched))
    outcome = reconcile::RequeueAfter{kDriftPeriod};
  if (!plan::is_static(*pool)) {
    const auto look_again = update_consolidatable(after, *pool, services_.runtime.now());
    if (look_again) outcome = reconcile::merge(outcome, reconcile::RequeueAfter{*look_again});
  }
  auto written = api_.patch_status(*claim, after, kube::Locking::kLocked, call);
  if (!written) return reconcile::outcome_of(std::move(written).error());
  if (!drift && drift.error().code == base::Code::kNotFound)
    return outcome;  // the instance is not there yet, or gone
  if (!drift) return std::move(drift).error().add("NodeClaim", claim->meta.name);
  return outcome;
}

base::Status DisruptionConditions::update_drifted(model::NodeClaim& claim, const model::NodePool& pool,
                                                  const Call& call) {
  auto conditions = model::conditions_of(claim, services_.runtime.now());
  if (!conditions.is_true(condition::kLaunched)) {
    conditions.clear(condition::kDrifted);
    return base::ok();
  }
  ASSIGN_OR_RETURN(const std::string reason, find_drift(claim, pool, call));
  const bool changed = reason.empty() ? conditions.clear(condition::kDrifted)
                                      : conditions.set_true(condition::kDrifted, reason, reason);
  if (changed) {
    auto fields = log_fields(claim);
    if (!reason.empty()) fields.emplace_back("reason", reason);
    services_.log.debug(reason.empty() ? "removing drifted status condition" : "marking drifted", fields);
  }
  return base::ok();
}

base::Result<std::string> DisruptionConditions::find_drift(const model::NodeClaim& claim,
                                                           const model::NodePool& pool, const Call& call) {
  if (auto reason = static_drift(claim, pool); !reason.empty()) return reason;
  ASSIGN_OR_RETURN(const bool missing, is_type_missing(claim, pool, call));
  if (missing) return std::string("InstanceTypeNotFound");
  return services_.cloud.is_drifted(claim, call);
}

base::Result<bool> DisruptionConditions::is_type_missing(const model::NodeClaim& claim,
                                                         const model::NodePool& pool, const Call& call) {
  const auto created = claim.meta.creation_timestamp;
  if (!created || services_.runtime.now() - *created < kTypeCheckAge) return false;
  const auto now = services_.runtime.mono();
  {
    runtime::Lock lock(mutex_);
    std::erase_if(type_found_, [&](const auto& entry) { return now - entry.second >= kTypeCheckPeriod; });
    if (type_found_.contains(claim.meta.uid)) return false;
  }
  ASSIGN_OR_RETURN(const auto types, services_.cloud.instance_types(pool, call));
  if (lacks_instance_type(claim, types)) return true;
  runtime::Lock lock(mutex_);
  type_found_.insert_or_assign(claim.meta.uid, now);
  return false;
}

}  // namespace karpenter::nodeclaim
