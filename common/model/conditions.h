#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.h"
#include "common/model/karpenter/v1.h"
#include "common/model/meta.h"

// The status condition machinery of every Karpenter kind: transition times, observed generations and the root
// condition that sums up the others. Pure: the current time is a parameter. spec: lifecycle §3

namespace karpenter::model {

inline constexpr std::string_view kTrue = "True";
inline constexpr std::string_view kFalse = "False";
inline constexpr std::string_view kUnknown = "Unknown";

// Condition types. spec: lifecycle §3.1
namespace condition {
inline constexpr std::string_view kReady = "Ready";
inline constexpr std::string_view kLaunched = "Launched";
inline constexpr std::string_view kRegistered = "Registered";
inline constexpr std::string_view kInitialized = "Initialized";
inline constexpr std::string_view kDrifted = "Drifted";
inline constexpr std::string_view kConsolidatable = "Consolidatable";
inline constexpr std::string_view kDrained = "Drained";
inline constexpr std::string_view kVolumesDetached = "VolumesDetached";
inline constexpr std::string_view kInstanceTerminating = "InstanceTerminating";
inline constexpr std::string_view kConsistentStateFound = "ConsistentStateFound";
inline constexpr std::string_view kDisruptionReason = "DisruptionReason";
inline constexpr std::string_view kRebooting = "Rebooting";
inline constexpr std::string_view kValidationSucceeded = "ValidationSucceeded";
inline constexpr std::string_view kNodeClassReady = "NodeClassReady";
inline constexpr std::string_view kNodeRegistrationHealthy = "NodeRegistrationHealthy";
inline constexpr std::string_view kAmisReady = "AMIsReady";
inline constexpr std::string_view kSubnetsReady = "SubnetsReady";
inline constexpr std::string_view kSecurityGroupsReady = "SecurityGroupsReady";
inline constexpr std::string_view kInstanceProfileReady = "InstanceProfileReady";
inline constexpr std::string_view kPlacementGroupReady = "PlacementGroupReady";
inline constexpr std::string_view kCapacityReservationsReady = "CapacityReservationsReady";
}  // namespace condition

// The root condition of a kind and the dependents that feed it. Every other type is independent.
struct ConditionSet {
  std::string_view root;
  std::span<const std::string_view> dependents;
  [[nodiscard]] bool is_dependent(std::string_view type) const;
};
[[nodiscard]] const ConditionSet& node_claim_conditions();
[[nodiscard]] const ConditionSet& node_pool_conditions();
// With CapacityReservationsReady when the ReservedCapacity gate is on (the default).
enum class ReservedCapacity : bool { kOff, kOn };
[[nodiscard]] const ConditionSet& node_class_conditions(ReservedCapacity gate = ReservedCapacity::kOn);

// A write cursor on one object's condition list. Construction adds every missing root and dependent condition
// as Unknown / AwaitingReconciliation with the object's creation time (spec: lifecycle §3.2). The object
// outlives the cursor; `meta` and `list` belong to the same object. Transition times are whole seconds, as
// the API stores them.
class Conditions {
 public:
  Conditions(const ConditionSet& set, const ObjectMeta& meta, std::vector<Condition>& list, base::Time now);

  // The stored condition, or null. The pointer is valid until the next change.
  [[nodiscard]] const Condition* find(std::string_view type) const { return find_condition(list_, type); }
  [[nodiscard]] bool is_true(std::string_view type) const { return status_is(type, kTrue); }
  [[nodiscard]] bool is_false(std::string_view type) const { return status_is(type, kFalse); }
  // A condition that does not exist counts as Unknown.
  [[nodiscard]] bool is_unknown(std::string_view type) const { return !is_true(type) && !is_false(type); }

  // Each returns whether anything changed. spec: lifecycle §3.3
  bool set(std::string_view type, std::string_view status, std::string_view reason, std::string_view message);
  bool set_true(std::string_view type) { return set(type, kTrue, type, ""); }
  bool set_true(std::string_view type, std::string_view reason, std::string_view message) {
    return set(type, kTrue, reason, message);
  }
  bool set_false(std::string_view type, std::string_view reason, std::string_view message) {
    return set(type, kFalse, reason, message);
  }
  bool set_unknown(std::string_view type, std::string_view reason, std::string_view message) {
    return set(type, kUnknown, reason, message);
  }
  // Unknown with reason AwaitingReconciliation.
  bool set_unknown(std::string_view type);
  // Sets the condition to what it already is: refreshes its observedGeneration. No effect on a missing one.
  bool refresh(std::string_view type);
  // Removes an independent condition; root and dependent ones cannot be cleared (a programmer error).
  bool clear(std::string_view type);

 private:
  [[nodiscard]] bool status_is(std::string_view type, std::string_view status) const;
  bool store(Condition next);
  void add_missing(std::string_view type);
  void sort();
  void recompute_root();

  const ConditionSet& set_;
  const ObjectMeta& meta_;
  std::vector<Condition>& list_;
  base::Time now_;
};

[[nodiscard]] Conditions conditions_of(NodeClaim& claim, base::Time now);
[[nodiscard]] Conditions conditions_of(NodePool& pool, base::Time now);
[[nodiscard]] Conditions conditions_of(Ec2NodeClass& node_class, base::Time now);

}  // namespace karpenter::model
