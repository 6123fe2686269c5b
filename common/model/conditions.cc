#include "common/model/conditions.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "common/base/check.h"
#include "common/base/strings.h"

namespace karpenter::model {

namespace {

constexpr std::string_view kAwaiting = "AwaitingReconciliation";
constexpr std::string_view kAwaitingMessage = "object is awaiting reconciliation";

constexpr std::array kNodeClaimDependents{condition::kLaunched, condition::kRegistered,
                                          condition::kInitialized};
constexpr std::array kNodePoolDependents{condition::kValidationSucceeded, condition::kNodeClassReady};
constexpr std::array kNodeClassDependents{condition::kAmisReady,
                                          condition::kSubnetsReady,
                                          condition::kSecurityGroupsReady,
                                          condition::kInstanceProfileReady,
                                          condition::kValidationSucceeded,
                                          condition::kPlacementGroupReady,
                                          condition::kCapacityReservationsReady};

Condition* find_mutable(std::vector<Condition>& list, std::string_view type) {
  const auto it = std::ranges::find(list, type, &Condition::type);
  return it == list.end() ? nullptr : &*it;
}

}  // namespace

bool ConditionSet::is_dependent(std::string_view type) const {
  return std::ranges::find(dependents, type) != dependents.end();
}

const ConditionSet& node_claim_conditions() {
  static constexpr ConditionSet kSet{.root = condition::kReady, .dependents = kNodeClaimDependents};
  return kSet;
}

const ConditionSet& node_pool_conditions() {
  static constexpr ConditionSet kSet{.root = condition::kReady, .dependents = kNodePoolDependents};
  return kSet;
}

const ConditionSet& node_class_conditions(ReservedCapacity gate) {
  static constexpr std::span<const std::string_view> kAll(kNodeClassDependents);
  static constexpr ConditionSet kOn{.root = condition::kReady, .dependents = kAll};
  static constexpr ConditionSet kOff{.root = condition::kReady, .dependents = kAll.first(kAll.size() - 1)};
  return gate == ReservedCapacity::kOn ? kOn : kOff;
}

Conditions::Conditions(const ConditionSet& set, const ObjectMeta& meta, std::vector<Condition>& list,
                       base::Time now)
    : set_(set), meta_(meta), list_(list), now_(std::chrono::floor<std::chrono::seconds>(now)) {
  for (const auto type : set_.dependents) add_missing(type);
  add_missing(set_.root);
}

void Conditions::add_missing(std::string_view type) {
  if (find(type) != nullptr) return;
  list_.push_back({.type = std::string(type),
                   .status = std::string(kUnknown),
                   .reason = std::string(kAwaiting),
                   .message = std::string(kAwaitingMessage),
                   .last_transition_time = meta_.creation_timestamp.value_or(now_),
                   .observed_generation = meta_.generation});
}

bool Conditions::status_is(std::string_view type, std::string_view status) const {
  const auto* found = find(type);
  return found != nullptr && found->status == status;
}

bool Conditions::set_unknown(std::string_view type) {
  return set(type, kUnknown, kAwaiting, kAwaitingMessage);
}

bool Conditions::set(std::string_view type, std::string_view status, std::string_view reason,
                     std::string_view message) {
  return store({.type = std::string(type),
                .status = std::string(status),
                .reason = std::string(reason),
                .message = std::string(message),
                .last_transition_time = now_,
                .observed_generation = meta_.generation});
}

bool Conditions::refresh(std::string_view type) {
  const auto* stored = find(type);
  return stored != nullptr && store(*stored);
}

bool Conditions::store(Condition next) {
  next.observed_generation = meta_.generation;
  auto* stored = find_mutable(list_, next.type);
  if (stored != nullptr && stored->status == next.status)
    next.last_transition_time = stored->last_transition_time;
  if (stored != nullptr && *stored == next) return false;
  const bool is_root = next.type == set_.root;
  if (stored != nullptr) {
    *stored = std::move(next);
  } else {
    list_.push_back(std::move(next));
  }
  // Nobody reconciles the other conditions of a deleting object any more, so they follow the generation here.
  if (meta_.is_deleting()) {
    for (auto& other : list_) other.observed_generation = meta_.generation;
  }
  sort();
  if (!is_root) recompute_root();
  return true;
}

bool Conditions::clear(std::string_view type) {
  KARP_CHECK(type != set_.root && !set_.is_dependent(type));
  const auto removed = std::erase_if(list_, [&](const Condition& c) { return c.type == type; });
  if (removed == 0) return false;
  recompute_root();
  return true;
}

void Conditions::sort() {
  std::ranges::stable_sort(list_, [&](const Condition& a, const Condition& b) {
    const bool a_root = a.type == set_.root;
    const bool b_root = b.type == set_.root;
    if (a_root != b_root) return b_root;
    return a.last_transition_time < b.last_transition_time;
  });
}

void Conditions::recompute_root() {
  std::vector<const Condition*> unhealthy;
  bool any_false_now = false;
  for (const auto type : set_.dependents) {
    const auto* found = find(type);
    if (found == nullptr) continue;
    const bool current = found->observed_generation == meta_.generation;
    if (found->status == kTrue && current) continue;
    unhealthy.push_back(found);
    any_false_now = any_false_now || (found->status == kFalse && current);
  }
  if (unhealthy.empty()) {
    set(set_.root, kTrue, set_.root, "");
    return;
  }
  std::ranges::sort(unhealthy, [](const Condition* a, const Condition* b) {
    if (a->last_transition_time != b->last_transition_time)
      return a->last_transition_time > b->last_transition_time;
    return a->type < b->type;
  });
  std::vector<std::string> parts;
  for (const auto* found : unhealthy) parts.push_back(found->type + "=" + found->status);
  const auto message = base::join(parts, ", ");
  if (any_false_now) {
    set(set_.root, kFalse, "UnhealthyDependents", message);
  } else {
    set(set_.root, kUnknown, "ReconcilingDependents", message);
  }
}

Conditions conditions_of(NodeClaim& claim, base::Time now) {
  return {node_claim_conditions(), claim.meta, claim.status.conditions, now};
}

Conditions conditions_of(NodePool& pool, base::Time now) {
  return {node_pool_conditions(), pool.meta, pool.status.conditions, now};
}

Conditions conditions_of(Ec2NodeClass& node_class, base::Time now) {
  return {node_class_conditions(), node_class.meta, node_class.status.conditions, now};
}

}  // namespace karpenter::model
