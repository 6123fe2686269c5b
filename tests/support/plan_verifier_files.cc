#include "tests/support/plan_verifier_files.h"

#include <algorithm>

#include "common/model/labels.h"

namespace karpenter::support {
namespace {

using planner::Catalogue;
using planner::Manifests;
namespace labels = model::labels;

bool has_finished(const Pod& pod) { return pod.status.phase == "Failed" || pod.status.phase == "Succeeded"; }

// A Node, a NodeClaim or both.
struct Machine {
  const model::Node* node = nullptr;
  const model::NodeClaim* claim = nullptr;

  [[nodiscard]] bool has_label(std::string_view key) const {
    return claim == nullptr || (node != nullptr && node->meta.label(key) == "true");
  }
  [[nodiscard]] bool is_registered() const { return has_label(labels::kRegistered); }
  [[nodiscard]] bool is_initialized() const { return has_label(labels::kInitialized); }
  [[nodiscard]] const model::ObjectMeta& meta() const {
    return node == nullptr || !is_registered() ? claim->meta : node->meta;
  }
  [[nodiscard]] bool is_going() const {
    if (claim == nullptr) return node->meta.is_deleting();
    return claim->meta.is_deleting() || model::is_true(claim->status.conditions, "InstanceTerminating");
  }
};

std::vector<Machine> machines_of(const Manifests& cluster) {
  std::map<std::string, Machine> out;
  for (const auto& claim : cluster.node_claims)
    if (!claim->status.provider_id.empty()) out[claim->status.provider_id].claim = claim.get();
  for (const auto& node : cluster.nodes) {
    const bool is_managed = !node->meta.label(labels::kNodePool).empty();
    const std::string& id = node->spec.provider_id;
    if (id.empty() && is_managed) continue;
    out[id.empty() ? node->meta.name : id].node = node.get();
  }
  std::vector<Machine> list;
  for (const auto& [id, machine] : out) list.push_back(machine);
  return list;
}

std::vector<model::Taint> taints_of(const Machine& machine) {
  auto out = machine.node == nullptr || !machine.is_registered() ? machine.claim->spec.taints
                                                                 : machine.node->spec.taints;
  const bool is_settled =
      machine.is_initialized() &&
      (machine.claim == nullptr || !model::is_true(machine.claim->status.conditions, "Rebooting"));
  if (is_settled) return out;
  std::erase_if(out, [&](const model::Taint& taint) {
    const bool starts = std::ranges::any_of(machine.claim->spec.startup_taints,
                                            [&](const auto& s) { return s.same_key_and_effect(taint); });
    return starts || model::is_known_ephemeral(taint) || taint.key == labels::kRebootingTaint;
  });
  return out;
}

// What the Node says; while it is not initialized, the claim says what is missing.
model::Resources filled(const Machine& machine, const model::Resources& of_node,
                        const model::Resources& of_claim) {
  model::Resources out = of_node;
  if (machine.claim == nullptr || (machine.node != nullptr && machine.is_initialized())) return out;
  for (const auto& [name, amount] : of_claim)
    if (out.get(name).is_zero()) out.set(name, amount);
  return out;
}
model::Resources capacity_of(const Machine& machine) {
  const model::Resources none;
  return filled(
      machine,
      machine.node != nullptr ? static_cast<const model::Resources&>(machine.node->status.capacity) : none,
      machine.claim != nullptr ? static_cast<const model::Resources&>(machine.claim->status.capacity) : none);
}
model::Resources allocatable_of(const Machine& machine) {
  const model::Resources none;
  return filled(
      machine,
      machine.node != nullptr ? static_cast<const model::Resources&>(machine.node->status.allocatable) : none,
      machine.claim != nullptr ? static_cast<const model::Resources&>(machine.claim->status.allocatable)
                               : none);
}

void add_machines(Scene& scene, const Manifests& cluster, std::map<std::string, model::Resources>& usage) {
  std::map<std::string, std::map<std::string, std::int64_t>> limits;
  for (const auto& csi_node : cluster.csi_nodes)
    for (const auto& driver : csi_node->drivers)
      if (driver.allocatable_count) limits[csi_node->meta.name][driver.name] = *driver.allocatable_count;
  for (const auto& machine : machines_of(cluster)) {
    SceneNode out{.name = machine.meta().name,
                  .labels = machine.meta().labels,
                  .taints = taints_of(machine),
                  .free = allocatable_of(machine),
                  .running = {},
                  .volume_limits =
                      machine.node ? limits[machine.node->meta.name] : std::map<std::string, std::int64_t>{},
                  .is_target = !machine.is_going()};
    out.labels.emplace(labels::kHostname, out.name);
    for (const auto& pod : cluster.pods) {
      if (machine.node == nullptr || pod->spec.node_name != machine.node->meta.name || has_finished(*pod))
        continue;
      out.running.push_back(pod.get());
      out.free -= requests_of(*pod);
    }
    if (const auto pool = machine.meta().label(labels::kNodePool); !pool.empty() && out.is_target) {
      auto& used = usage[std::string(pool)];
      used += capacity_of(machine);
      used.add(model::kNodes, model::Quantity::of(1));
    }
    scene.nodes.push_back(std::move(out));
  }
}

// The pods that DaemonSets would run; owns those made from templates.
std::vector<Pod> daemons_of(const Manifests& cluster) {
  std::vector<Pod> out;
  for (const auto& set : cluster.daemon_sets) {
    const Pod* newest = nullptr;
    for (const auto& pod : cluster.pods)
      for (const auto& owner : pod->meta.owner_references)
        if (owner.uid == set->meta.uid &&
            (newest == nullptr || newest->meta.creation_timestamp < pod->meta.creation_timestamp))
          newest = pod.get();
    Pod daemon;
    if (newest != nullptr) daemon = *newest;
    if (newest == nullptr) daemon.spec = set->pod_template.spec;
    daemon.meta.namespace_name = set->meta.namespace_name;
    daemon.meta.name = set->meta.name;
    out.push_back(std::move(daemon));
  }
  return out;
}

struct Names {
  std::map<std::string, const Pod*> pods;
  std::map<std::string, std::size_t> nodes;
  std::set<std::string> used;

  std::vector<const Pod*> take(json::View list, Broken& broken) {
    std::vector<const Pod*> out;
    for (const auto& item : list.items()) {
      const std::string name = item.string_or("");
      const auto found = pods.find(name);
      if (found == pods.end()) {
        broken.push_back("accounting: no pod " + name);
      } else {
        out.push_back(found->second);
      }
      if (!used.insert(name).second) broken.push_back("accounting: " + name + " has two places");
    }
    return out;
  }
};

Expressions expressions_of(json::View list) {
  Expressions out;
  for (const auto& item : list.items()) {
    model::NodeSelectorRequirement requirement;
    requirement.key = item["key"].string_or("");
    requirement.op = item["operator"].string_or("");
    for (const auto& value : item["values"].items()) requirement.values.push_back(value.string_or(""));
    // The plan leaves the names of the types to instanceTypes.
    if (requirement.key != labels::kInstanceType) out.push_back(std::move(requirement));
  }
  return out;
}

void add_plan(Scene& scene, const Manifests& cluster, json::View plan, Broken& broken) {
  Names names;
  for (const auto& pod : cluster.pods) names.pods[model::key_of(pod->meta).text()] = pod.get();
  for (std::size_t i = 0; i < scene.nodes.size(); ++i) names.nodes[scene.nodes[i].name] = i;
  scene.onto.resize(scene.nodes.size());
  for (const auto& entry : plan["existingNodes"].items()) {
    const auto node = names.nodes.find(entry["name"].string_or(""));
    auto pods = names.take(entry["pods"], broken);
    if (node == names.nodes.end()) {
      broken.push_back("accounting: no node " + entry["name"].string_or(""));
    } else {
      scene.onto[node->second] = std::move(pods);
    }
  }
  for (const auto& entry : plan["newNodeClaims"].items()) {
    SceneClaim claim{.pool = entry["nodePool"].string_or(""),
                     .requirements = expressions_of(entry["requirements"]),
                     .types = {},
                     .pods = names.take(entry["pods"], broken)};
    for (const auto& type : entry["instanceTypes"].items()) claim.types.push_back(type.string_or(""));
    scene.create.push_back(std::move(claim));
  }
  for (const auto& [name, text] : plan["podErrors"].members())
    if (!names.used.emplace(name).second)
      broken.push_back("accounting: " + std::string(name) + " is placed and not placed");
  for (const auto& name : names.used)
    if (const auto pod = names.pods.find(name); pod != names.pods.end()) scene.pods.push_back(pod->second);
}

}  // namespace

Broken verify(const Manifests& cluster, const Catalogue& catalogue, json::View plan,
              scheduling::MinValuesPolicy min_values) {
  Scene scene;
  scene.min_values_may_be_relaxed = min_values == scheduling::MinValuesPolicy::kBestEffort;
  Broken broken;
  std::map<std::string, model::Resources> usage;
  add_machines(scene, cluster, usage);
  for (const auto& pool : cluster.node_pools)
    if (const auto* types = catalogue.find(pool->meta.name); types != nullptr)
      scene.pools.push_back({.pool = pool.get(), .types = *types, .usage = usage[pool->meta.name]});
  for (const auto& space : cluster.namespaces) scene.namespaces[space->meta.name] = space->meta.labels;
  for (const auto& claim : cluster.volume_claims)
    scene.volume_claims[model::key_of(claim->meta)] = claim.get();
  for (const auto& volume : cluster.volumes) scene.volumes[volume->meta.name] = volume.get();
  for (const auto& type : cluster.storage_classes) scene.classes[type->meta.name] = type.get();
  const auto daemons = daemons_of(cluster);
  for (const auto& pod : daemons) scene.daemons.push_back(&pod);
  add_plan(scene, cluster, plan, broken);
  const Broken rules = verify(scene);
  broken.insert(broken.end(), rules.begin(), rules.end());
  return broken;
}

}  // namespace karpenter::support
