#include "controller/disruption/plan/node_view.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/base/duration.h"
#include "common/model/conditions.h"
#include "common/model/labels.h"

namespace karpenter::disruption::plan {

namespace {

bool node_label_is_true(const NodeView& view, std::string_view key) {
  return !view.managed() || (view.node != nullptr && view.node->meta.label(key) == "true");
}

bool claim_condition_is_true(const NodeView& view, std::string_view type) {
  return view.managed() && model::is_true(view.claim->status.conditions, type);
}

// The moment `consolidateAfter` counts from; nothing before initialization.
std::optional<Time> quiet_since(const model::NodeClaim& claim) {
  if (claim.status.last_pod_event_time) return claim.status.last_pod_event_time;
  const auto* initialized = model::find_condition(claim.status.conditions, model::condition::kInitialized);
  return initialized == nullptr ? std::nullopt : initialized->last_transition_time;
}

}  // namespace

std::string_view name_of(Reason reason) {
  switch (reason) {
    case Reason::kEmpty:
      return "Empty";
    case Reason::kDrifted:
      return "Drifted";
    case Reason::kUnderutilized:
      return "Underutilized";
    case Reason::kUnhealthy:
      return "Unhealthy";
  }
  return "";
}

std::string_view metric_name_of(Reason reason) {
  switch (reason) {
    case Reason::kEmpty:
      return "empty";
    case Reason::kDrifted:
      return "drifted";
    case Reason::kUnderutilized:
      return "underutilized";
    case Reason::kUnhealthy:
      return "unhealthy";
  }
  return "";
}

bool NodeView::registered() const { return node_label_is_true(*this, model::labels::kRegistered); }
bool NodeView::initialized() const { return node_label_is_true(*this, model::labels::kInitialized); }
bool NodeView::rebooting() const { return claim_condition_is_true(*this, model::condition::kRebooting); }

bool NodeView::deleted() const {
  if (!managed()) return node != nullptr && node->meta.is_deleting();
  return claim->meta.is_deleting() || claim_condition_is_true(*this, model::condition::kInstanceTerminating);
}

const model::ObjectMeta& NodeView::meta() const {
  KARP_CHECK(node != nullptr || claim != nullptr);
  if (node == nullptr) return claim->meta;
  return registered() ? node->meta : claim->meta;
}

const std::string& NodeView::provider_id() const {
  KARP_CHECK(node != nullptr || claim != nullptr);
  return node != nullptr ? node->spec.provider_id : claim->status.provider_id;
}

std::shared_ptr<const cloud::InstanceType> PoolView::find_type(std::string_view name) const {
  const auto it = std::ranges::find_if(instance_types, [&](const auto& type) { return type->name == name; });
  return it == instance_types.end() ? nullptr : *it;
}

bool is_static(const model::NodePool& pool) { return pool.spec.replicas.has_value(); }

std::optional<std::chrono::nanoseconds> consolidate_after(const model::NodePool& pool) {
  if (!pool.spec.disruption || !pool.spec.disruption->consolidate_after)
    return std::chrono::nanoseconds::zero();
  auto parsed = model::parse_never_duration(*pool.spec.disruption->consolidate_after);
  return parsed ? *parsed : std::nullopt;
}

bool is_within_consolidate_after(const model::NodeClaim& claim, std::chrono::nanoseconds after, Time now) {
  if (after <= std::chrono::nanoseconds::zero()) return false;
  if (!model::is_true(claim.status.conditions, model::condition::kInitialized)) return false;
  const auto since = quiet_since(claim);
  return since && now - *since < after;
}

Time consolidate_after_ends(const model::NodeClaim& claim, std::chrono::nanoseconds after) {
  return quiet_since(claim).value_or(Time{}) + after;
}

std::map<std::string, std::string> DisruptedLabels::map() const {
  return {{"reason", reason},
          {"nodepool", node_pool},
          {"capacity_type", capacity_type},
          {"consolidation_policy", consolidation_policy},
          {"termination_mode", termination_mode}};
}

DisruptedLabels disrupted_labels(const model::NodeClaim& claim, std::string_view reason) {
  return {.reason = std::string(reason),
          .node_pool = std::string(claim.meta.label(model::labels::kNodePool)),
          .capacity_type = std::string(claim.meta.label(model::labels::kCapacityType)),
          .consolidation_policy = "",
          .termination_mode = termination_mode(claim)};
}

std::string termination_mode(const model::NodeClaim& claim) {
  if (!claim.spec.termination_grace_period) return "graceful";
  const auto period = base::parse_duration(*claim.spec.termination_grace_period);
  return period && *period > base::Nanos::zero() ? "eventual" : "forceful";
}

std::string snake_case(std::string_view camel) {
  std::string out;
  for (const char c : camel) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && !out.empty()) out.push_back('_');
    out.push_back(upper ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return out;
}

}  // namespace karpenter::disruption::plan
