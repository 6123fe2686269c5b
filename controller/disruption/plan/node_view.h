#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "controller/cloud/instance_type.h"

// What the planners look at: one node and its claim, and the pools. Plain data, shared ownership of immutable
// objects.

namespace karpenter::disruption::plan {

using base::Time;

// The four values a budget can name.
enum class Reason : std::uint8_t { kEmpty, kDrifted, kUnderutilized, kUnhealthy };
[[nodiscard]] std::string_view name_of(Reason reason);         // "Empty", as in the API
[[nodiscard]] std::string_view metric_name_of(Reason reason);  // "empty"

// A state node. spec: disruption §0.2
struct NodeView {
  std::shared_ptr<const model::Node> node;              // null while the claim has no node
  std::shared_ptr<const model::NodeClaim> claim;        // null for unmanaged nodes
  std::vector<std::shared_ptr<const model::Pod>> pods;  // bound to the node
  bool marked = false;                                  // the queue marked it for deletion
  bool nominated = false;                               // a recent pass placed pods on it
  bool in_flight = false;                               // candidate of a running command

  [[nodiscard]] bool managed() const { return claim != nullptr; }
  [[nodiscard]] bool registered() const;
  [[nodiscard]] bool initialized() const;
  [[nodiscard]] bool rebooting() const;
  [[nodiscard]] bool deleted() const;  // on its way out whoever started it
  [[nodiscard]] bool marked_for_deletion() const { return marked || deleted(); }
  // From the Node once registered (or unmanaged), else from the claim. At least one of both exists.
  [[nodiscard]] const model::ObjectMeta& meta() const;
  [[nodiscard]] const std::string& name() const { return meta().name; }
  [[nodiscard]] std::string_view label(std::string_view key) const { return meta().label(key); }
  [[nodiscard]] const std::string& provider_id() const;
};

struct PoolView {
  std::shared_ptr<const model::NodePool> pool;
  cloud::InstanceTypes instance_types;  // ordered by name; empty when they could not be listed
  [[nodiscard]] std::shared_ptr<const cloud::InstanceType> find_type(std::string_view name) const;
};
using Pools = std::map<std::string, PoolView, std::less<>>;

[[nodiscard]] bool is_static(const model::NodePool& pool);
// nullopt for Never and for text that does not parse: neither consolidates. Absent reads as the default, 0s.
[[nodiscard]] std::optional<std::chrono::nanoseconds> consolidate_after(const model::NodePool& pool);
// The claim's last pod event, or its initialization, is less than `after` ago. spec: disruption §17.3
[[nodiscard]] bool is_within_consolidate_after(const model::NodeClaim& claim, std::chrono::nanoseconds after,
                                               Time now);
// When that window ends; meaningful only while inside.
[[nodiscard]] Time consolidate_after_ends(const model::NodeClaim& claim, std::chrono::nanoseconds after);

// Metric labels of karpenter_nodeclaims_disrupted_total. spec: lifecycle §14.1
struct DisruptedLabels {
  std::string reason;
  std::string node_pool;
  std::string capacity_type;
  std::string consolidation_policy;
  std::string termination_mode;
  [[nodiscard]] std::map<std::string, std::string> map() const;
};
[[nodiscard]] DisruptedLabels disrupted_labels(const model::NodeClaim& claim, std::string_view reason);
[[nodiscard]] std::string termination_mode(const model::NodeClaim& claim);  // graceful, forceful, eventual
[[nodiscard]] std::string snake_case(std::string_view camel);               // WhenEmpty -> when_empty

}  // namespace karpenter::disruption::plan
