#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/model/conditions.h"
#include "common/model/labels.h"
#include "controller/disruption/plan/candidates.h"

// Small worlds for the disruption planners: a pool "p" with types, nodes in it, pods on them.

namespace karpenter::disruption::plan::test {

namespace labels = model::labels;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

inline const Time kNow = std::chrono::sys_days(std::chrono::year(2026) / 3 / 4) + hours(12);

inline model::Condition condition(std::string_view type, std::string_view status,
                                  Time since = kNow - hours(1)) {
  return {.type = std::string(type),
          .status = std::string(status),
          .reason = std::string(type),
          .message = "",
          .last_transition_time = since};
}

struct PodBuilder {
  model::Pod pod;
  explicit PodBuilder(std::string name) {
    pod.meta.name = std::move(name);
    pod.meta.namespace_name = "default";
    pod.meta.uid = "uid-" + pod.meta.name;
    pod.status.phase = "Running";
  }
  PodBuilder& label(std::string key, std::string value) {
    pod.meta.labels[std::move(key)] = std::move(value);
    return *this;
  }
  PodBuilder& annotation(std::string_view key, std::string value) {
    pod.meta.annotations[std::string(key)] = std::move(value);
    return *this;
  }
  PodBuilder& owner(std::string api_version, std::string kind) {
    auto& reference = pod.meta.owner_references.emplace_back();
    reference.api_version = std::move(api_version);
    reference.kind = std::move(kind);
    return *this;
  }
  PodBuilder& phase(std::string value) {
    pod.status.phase = std::move(value);
    return *this;
  }
  PodBuilder& deleted(Time at) {
    pod.meta.deletion_timestamp = at;
    return *this;
  }
  PodBuilder& started(Time at) {
    pod.status.start_time = at;
    return *this;
  }
  PodBuilder& tolerates_everything() {
    pod.spec.tolerations.emplace_back().op = "Exists";
    return *this;
  }
  operator std::shared_ptr<const model::Pod>() const { return std::make_shared<const model::Pod>(pod); }
  [[nodiscard]] const model::Pod& get() const { return pod; }
};
inline PodBuilder a_pod(std::string name = "pod") { return PodBuilder(std::move(name)); }

inline std::shared_ptr<const cloud::InstanceType> a_type(std::string name, double spot, double on_demand) {
  auto type = std::make_shared<cloud::InstanceType>();
  type->requirements.add(model::Requirement::in(labels::kInstanceType, {name}));
  type->name = std::move(name);
  for (const auto& [capacity, price] :
       {std::pair(labels::kOnDemand, on_demand), std::pair(labels::kSpot, spot)}) {
    if (price <= 0) continue;
    cloud::Offering offering{.requirements = {},
                             .zone = "z1",
                             .capacity_type = std::string(capacity),
                             .price = price,
                             .available = true};
    offering.requirements.add(model::Requirement::in(labels::kCapacityType, {std::string(capacity)}));
    offering.requirements.add(model::Requirement::in(labels::kZone, {"z1"}));
    type->offerings.push_back(offering);
  }
  return type;
}

inline std::shared_ptr<model::NodePool> a_pool(std::string name = "p") {
  auto pool = std::make_shared<model::NodePool>();
  pool->meta.name = std::move(name);
  pool->meta.uid = "uid-" + pool->meta.name;
  pool->spec.disruption = model::Disruption{
      .consolidate_after = "0s", .consolidation_policy = "WhenEmptyOrUnderutilized", .budgets = std::nullopt};
  return pool;
}

// An initialized, consolidatable m5.large node of pool "p", on demand, in z1.
struct NodeBuilder {
  model::Node node;
  model::NodeClaim claim;
  NodeView view;

  explicit NodeBuilder(const std::string& name) {
    node.meta.name = name;
    node.meta.uid = "node-uid-" + name;
    node.spec.provider_id = "aws:///z1/" + name;
    claim.meta.name = "claim-" + name;
    claim.meta.uid = "claim-uid-" + name;
    claim.meta.creation_timestamp = kNow - hours(2);
    claim.status.provider_id = node.spec.provider_id;
    label(labels::kNodePool, "p");
    label(labels::kInstanceType, "m5.large");
    label(labels::kZone, "z1");
    label(labels::kCapacityType, labels::kOnDemand);
    label(labels::kRegistered, "true");
    label(labels::kInitialized, "true");
    node.status.conditions = {condition("Ready", "True")};
    claim.status.conditions = {condition("Initialized", "True"), condition("Consolidatable", "True")};
  }
  NodeBuilder& label(std::string_view key, std::string_view value) {
    node.meta.labels[std::string(key)] = std::string(value);
    return *this;
  }
  NodeBuilder& pod(std::shared_ptr<const model::Pod> pod) {
    view.pods.push_back(std::move(pod));
    return *this;
  }
  NodeBuilder& is(std::string_view type, Time since = kNow - hours(1)) {
    claim.status.conditions.push_back(condition(type, "True", since));
    return *this;
  }
  NodeBuilder& is_not(std::string_view type) {
    std::erase_if(claim.status.conditions, [&](const auto& c) { return c.type == type; });
    return *this;
  }
  [[nodiscard]] NodeView build() const {
    NodeView out = view;
    out.node = std::make_shared<const model::Node>(node);
    out.claim = std::make_shared<const model::NodeClaim>(claim);
    return out;
  }
};
inline NodeBuilder a_node(const std::string& name = "n1") { return NodeBuilder(name); }

inline Pools pools_of(std::vector<std::shared_ptr<model::NodePool>> pools) {
  Pools out;
  for (auto& pool : pools) {
    const auto name = pool->meta.name;
    out.emplace(
        name, PoolView{.pool = std::move(pool),
                       .instance_types = {a_type("m5.large", 0.04, 0.10), a_type("m5.xlarge", 0.08, 0.20)}});
  }
  return out;
}

}  // namespace karpenter::disruption::plan::test
