#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/check.h"
#include "common/model/labels.h"
#include "controller/scheduling/daemons.h"
#include "controller/scheduling/schedule.h"

// Small words to build scheduling problems with.

namespace karpenter::scheduling {

inline model::Quantity q(std::string_view text) {
  auto quantity = model::Quantity::parse(text);
  KARP_CHECK(quantity.has_value());
  return *quantity;
}
inline model::Resources amounts(std::string_view cpu, std::string_view memory, std::string_view pods = "") {
  model::Resources out;
  if (!cpu.empty()) out.set("cpu", q(cpu));
  if (!memory.empty()) out.set("memory", q(memory));
  if (!pods.empty()) out.set("pods", q(pods));
  return out;
}
inline model::NodeSelectorRequirement expression(std::string key, std::string op,
                                                 std::vector<std::string> values) {
  return {
      .key = std::move(key), .op = std::move(op), .values = std::move(values), .min_values = std::nullopt};
}
inline model::LabelSelector select(std::string key, std::string value) {
  return {.match_labels = {{std::move(key), std::move(value)}}, .match_expressions = {}};
}

inline model::Pod a_pod(std::string name, std::string_view cpu = "1", std::string_view memory = "1Gi") {
  model::Pod pod;
  pod.meta.name = name;
  pod.meta.namespace_name = "default";
  pod.meta.uid = "uid-" + name;
  pod.spec.containers.push_back(
      {.name = "c", .restart_policy = {}, .ports = {}, .resources = {amounts(cpu, memory), {}}});
  return pod;
}
inline void require(model::Pod& pod, std::vector<std::vector<model::NodeSelectorRequirement>> terms) {
  if (!pod.spec.affinity) pod.spec.affinity.emplace();
  auto& node = pod.spec.affinity->node_affinity.emplace();
  node.required.emplace();
  for (auto& term : terms)
    node.required->push_back({.match_expressions = std::move(term), .match_fields = {}});
}
inline void spread(model::Pod& pod, std::string_view key, int max_skew, model::LabelSelector selector) {
  model::TopologySpreadConstraint constraint;
  constraint.max_skew = max_skew;
  constraint.topology_key = key;
  constraint.when_unsatisfiable = "DoNotSchedule";
  constraint.label_selector = std::move(selector);
  pod.spec.topology_spread_constraints.push_back(std::move(constraint));
}
inline model::PodAffinityTerm term(std::string_view key, model::LabelSelector selector) {
  model::PodAffinityTerm out;
  out.topology_key = key;
  out.label_selector = std::move(selector);
  return out;
}
inline void keep_apart(model::Pod& pod, std::string_view key, model::LabelSelector selector) {
  if (!pod.spec.affinity) pod.spec.affinity.emplace();
  pod.spec.affinity->pod_anti_affinity.emplace().required.push_back(term(key, std::move(selector)));
}
inline void keep_together(model::Pod& pod, std::string_view key, model::LabelSelector selector) {
  if (!pod.spec.affinity) pod.spec.affinity.emplace();
  pod.spec.affinity->pod_affinity.emplace().required.push_back(term(key, std::move(selector)));
}
inline void use_host_port(model::Pod& pod, std::int32_t port) {
  pod.spec.containers.front().ports.push_back(
      {.container_port = port, .host_port = port, .host_ip = {}, .protocol = {}});
}

inline model::Pod with_label(model::Pod pod, std::string app) {
  pod.meta.labels = {{"app", std::move(app)}};
  return pod;
}
inline model::Pod with_spread(model::Pod pod) {
  spread(pod, model::labels::kZone, 1, select("app", "web"));
  return pod;
}

inline constexpr std::array<std::string_view, 3> kZones = {"zone-a", "zone-b", "zone-c"};

// An instance type offered on-demand (and at 0.4 of the price as spot) in all three zones.
inline std::shared_ptr<cloud::InstanceType> a_type(std::string name, int cpu, int memory_gib, double price,
                                                   std::string arch = "amd64") {
  namespace labels = model::labels;
  auto type = std::make_shared<cloud::InstanceType>();
  type->name = name;
  type->capacity = amounts(std::to_string(cpu), std::to_string(memory_gib) + "Gi", "110");
  type->overhead = amounts("100m", "256Mi");
  std::vector<std::string> zones(kZones.begin(), kZones.end());
  type->requirements.add(model::Requirement::in(labels::kInstanceType, {name}));
  type->requirements.add(model::Requirement::in(labels::kArch, {std::move(arch)}));
  type->requirements.add(model::Requirement::in(labels::kOs, {"linux"}));
  type->requirements.add(model::Requirement::in(labels::kZone, zones));
  type->requirements.add(model::Requirement::in(labels::kCapacityType, {"on-demand", "spot"}));
  type->requirements.add(model::Requirement::in(labels::kInstanceCpu, {std::to_string(cpu)}));
  for (const std::string capacity : {"on-demand", "spot"}) {
    for (const auto& zone : zones) {
      cloud::Offering offering;
      offering.requirements.add(model::Requirement::in(labels::kZone, {zone}));
      offering.requirements.add(model::Requirement::in(labels::kCapacityType, {capacity}));
      offering.zone = zone;
      offering.capacity_type = capacity;
      offering.price = capacity == "spot" ? 0.4 * price : price;
      offering.available = true;
      type->offerings.push_back(std::move(offering));
    }
  }
  return type;
}
inline cloud::InstanceTypes four_types() {
  return {a_type("large", 8, 32, 0.8), a_type("medium", 4, 16, 0.4),
          a_type("medium-arm", 4, 16, 0.3, "arm64"), a_type("small", 2, 8, 0.2)};
}

inline model::NodePool a_pool(std::string name) {
  model::NodePool pool;
  pool.meta.name = name;
  pool.meta.uid = "uid-" + name;
  pool.meta.annotations = {{std::string(model::labels::kNodePoolHash), "123"},
                           {std::string(model::labels::kNodePoolHashVersion), "v3"}};
  pool.spec.node_template.spec.node_class_ref = {
      .group = "karpenter.k8s.aws", .kind = "EC2NodeClass", .name = "default"};
  pool.status.conditions.push_back(
      {.type = "Ready", .status = "True", .reason = "", .message = "", .last_transition_time = {}});
  return pool;
}

inline ExistingNode a_node(std::string name, std::string_view cpu, std::string_view memory,
                           std::string_view zone = "zone-a") {
  namespace labels = model::labels;
  ExistingNode node;
  node.name = name;
  node.labels = {{std::string(labels::kHostname), name},
                 {std::string(labels::kZone), std::string(zone)},
                 {std::string(labels::kArch), "amd64"},
                 {std::string(labels::kOs), "linux"},
                 {std::string(labels::kInstanceType), "medium"}};
  node.available = amounts(cpu, memory, "110");
  node.initialized = true;
  return node;
}

// Owns what a Problem points to. Add everything, then call problem().
class Scenario {
 public:
  model::Pod& add(model::Pod pod) { return pods_.emplace_back(std::move(pod)); }
  // `n` copies, named `<name>-0`...
  void add(int n, const model::Pod& pod) {
    for (int i = 0; i < n; ++i) {
      model::Pod& copy = add(pod);
      copy.meta.name += "-" + std::to_string(i);
      copy.meta.uid += "-" + std::to_string(i);
    }
  }
  model::NodePool& add(model::NodePool pool, cloud::InstanceTypes types = four_types(),
                       model::Resources usage = {}) {
    pools_.push_back(std::move(pool));
    views_.push_back({&pools_.back(), std::move(types), std::move(usage)});
    return pools_.back();
  }
  ExistingNode& add(ExistingNode node) { return nodes_.emplace_back(std::move(node)); }
  model::Pod& add_daemon(model::Pod pod) { return daemons_.emplace_back(std::move(pod)); }
  // Existing nodes keep room for the daemons that select them.
  void await_daemons() { await_daemons_ = true; }
  [[nodiscard]] ExistingNode& at(std::size_t node) { return nodes_[node]; }
  // A pod that already runs on the node.
  void run(std::size_t node, model::Pod pod) {
    pod.spec.node_name = nodes_[node].name;
    nodes_[node].pods.push_back(&running_.emplace_back(std::move(pod)));
  }

  [[nodiscard]] Problem problem() const {
    Problem out;
    for (const auto& pod : pods_) out.pods.push_back(&pod);
    for (const auto& pod : daemons_) out.daemon_pods.push_back(&pod);
    out.pools.assign(views_.begin(), views_.end());
    out.nodes.assign(nodes_.begin(), nodes_.end());
    if (!await_daemons_) return out;
    const auto daemons = prepare_daemons(out.daemon_pods);
    for (auto& node : out.nodes)
      node.daemon_requests_pending =
          pending_daemon_requests(node.labels, node.name, node.taints, {}, daemons);
    return out;
  }

 private:
  std::deque<model::Pod> pods_;
  std::deque<model::Pod> daemons_;
  std::deque<model::Pod> running_;
  std::deque<model::NodePool> pools_;
  std::deque<NodePoolView> views_;
  std::deque<ExistingNode> nodes_;
  bool await_daemons_ = false;
};

// A plan in words: one line per new node (`pool: a b -> type type`), per used node and per unplaced pod.
// Sorted.
inline std::string describe(const Problem& problem, const Plan& plan) {
  std::vector<std::string> lines;
  for (const auto& node : plan.create) {
    std::string line = "new " + node.node_pool + ":";
    for (const auto* pod : node.pods) line += " " + pod->meta.name;
    line += " ->";
    for (const auto& type : node.instance_types) line += " " + type->name;
    for (const auto& requirement : node.requirements) line += " | " + requirement.second.text();
    lines.push_back(std::move(line));
  }
  for (const auto& placement : plan.onto_existing)
    lines.push_back("on " + problem.nodes[placement.node].name + ": " + placement.pod->meta.name);
  for (const auto& unplaced : plan.unplaced)
    lines.push_back("unplaced " + unplaced.pod->meta.name + ": " + render(unplaced));
  std::string out;
  std::sort(lines.begin(), lines.end());
  for (const auto& line : lines) out += line + "\n";
  return out;
}

}  // namespace karpenter::scheduling
