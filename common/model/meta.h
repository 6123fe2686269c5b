#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.h"

namespace karpenter::model {

using StringMap = std::map<std::string, std::string, std::less<>>;

struct OwnerReference {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  std::optional<bool> controller;
  std::optional<bool> block_owner_deletion;
  friend bool operator==(const OwnerReference&, const OwnerReference&) = default;
};

// metav1.ObjectMeta, without managedFields.
struct ObjectMeta {
  std::string name;
  std::string generate_name;
  std::string namespace_name;  // JSON: namespace; empty for cluster scope
  std::string uid;
  std::string resource_version;
  std::int64_t generation = 0;
  std::optional<base::Time> creation_timestamp;
  std::optional<base::Time> deletion_timestamp;
  std::optional<std::int64_t> deletion_grace_period_seconds;
  StringMap labels;
  StringMap annotations;
  std::vector<OwnerReference> owner_references;
  std::vector<std::string> finalizers;

  [[nodiscard]] bool is_deleting() const { return deletion_timestamp.has_value(); }
  // The value, or "" when absent.
  [[nodiscard]] std::string_view label(std::string_view key) const;
  [[nodiscard]] std::string_view annotation(std::string_view key) const;
  [[nodiscard]] bool has_finalizer(std::string_view finalizer) const;
};

// Namespace and name of an object: the key of stores and work queues. Orders by namespace, then name.
struct ObjectKey {
  std::string namespace_name = {};
  std::string name = {};
  friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
  [[nodiscard]] std::string text() const;  // "ns/name", or "name" for cluster scope
};
[[nodiscard]] ObjectKey key_of(const ObjectMeta& meta);

// A status condition (metav1.Condition; also the older Node and Pod conditions).
struct Condition {
  std::string type;
  std::string status;  // "True", "False", "Unknown"
  std::string reason;
  std::string message;
  std::optional<base::Time> last_transition_time;
  std::int64_t observed_generation = 0;
  friend bool operator==(const Condition&, const Condition&) = default;
};
[[nodiscard]] const Condition* find_condition(const std::vector<Condition>& conditions,
                                              std::string_view type);
[[nodiscard]] bool is_true(const std::vector<Condition>& conditions, std::string_view type);

}  // namespace karpenter::model
