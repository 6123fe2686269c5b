#include <algorithm>
#include <utility>

#include "common/model/labels.h"
#include "tests/support/plan_verifier_scene.h"

// One node at a time: taints, requirements, resources, ports, volumes, launches; and limits of pools.

namespace karpenter::support {
namespace {

using model::Resources;

bool is_daemon(const Pod& pod) {
  return std::ranges::any_of(pod.meta.owner_references,
                             [](const auto& owner) { return owner.kind == "DaemonSet"; });
}

Resources container_requests(const model::Container& container) { return container.resources.requests; }

// ---- daemons

// A template asks for what it limits where it says nothing else.
Resources daemon_requests(const Pod& pod) {
  Pod copy = pod;
  for (auto* containers : {&copy.spec.containers, &copy.spec.init_containers})
    for (auto& container : *containers)
      for (const auto& [name, amount] : container.resources.limits)
        if (container.resources.requests.find(name) == nullptr)
          container.resources.requests.set(name, amount);
  return requests_of(copy);
}

bool runs_on(const Pod& daemon, const LabelChoices& labels, const std::vector<model::Taint>& taints) {
  if (daemon.spec.has_resource_claims || !tolerates_hard(daemon, taints)) return false;
  return std::ranges::any_of(required_terms(daemon),
                             [&](const auto& term) { return always_holds(term, labels); });
}

// ---- ports

struct Port {
  std::string ip;
  std::int32_t number = 0;
  std::string protocol;
};
std::vector<Port> ports_of(const Pod& pod) {
  std::vector<Port> out;
  for (const auto& container : pod.spec.containers)
    for (const auto& port : container.ports)
      if (port.host_port != 0)
        out.push_back({.ip = port.host_ip.empty() ? "0.0.0.0" : port.host_ip,
                       .number = port.host_port,
                       .protocol = port.protocol.empty() ? "TCP" : port.protocol});
  return out;
}
bool clash(const Pod& a, const Pod& b) {
  const auto is_any = [](const std::string& ip) { return ip == "0.0.0.0" || ip == "::"; };
  for (const Port& x : ports_of(a))
    for (const Port& y : ports_of(b))
      if (x.number == y.number && x.protocol == y.protocol && (x.ip == y.ip || is_any(x.ip) || is_any(y.ip)))
        return true;
  return false;
}
void check_ports(const std::string& where, const std::vector<const Pod*>& placed,
                 const std::vector<const Pod*>& others, Broken& broken) {
  for (std::size_t i = 0; i < placed.size(); ++i) {
    for (std::size_t j = i + 1; j < placed.size(); ++j)
      if (clash(*placed[i], *placed[j]))
        broken.push_back("ports: " + name_of(*placed[i]) + " and " + name_of(*placed[j]) + " on " + where);
    for (const auto* other : others)
      if (clash(*placed[i], *other))
        broken.push_back("ports: " + name_of(*placed[i]) + " and " + name_of(*other) + " on " + where);
  }
}

// ---- volumes

const model::PersistentVolumeClaim* claim_of(const Scene& scene, const Pod& pod,
                                             const model::PodVolume& volume) {
  if (!volume.persistent_volume_claim && !volume.is_ephemeral) return nullptr;
  const std::string name =
      volume.is_ephemeral ? pod.meta.name + "-" + volume.name : *volume.persistent_volume_claim;
  const auto found = scene.volume_claims.find({.namespace_name = pod.meta.namespace_name, .name = name});
  return found == scene.volume_claims.end() ? nullptr : found->second;
}

// Where the volume can be: any one of the terms; empty: anywhere.
std::vector<Expressions> places_of(const Scene& scene, const model::PersistentVolumeClaim& claim) {
  std::vector<Expressions> out;
  if (const auto volume = scene.volumes.find(claim.volume_name); volume != scene.volumes.end()) {
    for (const auto& term :
         volume->second->node_affinity_required.value_or(std::vector<model::NodeSelectorTerm>{})) {
      Expressions all = term.match_expressions;
      if (volume->second->is_local || volume->second->is_host_path)
        std::erase_if(all, [](const auto& e) { return e.key == model::labels::kHostname; });
      if (!term.match_expressions.empty()) out.push_back(std::move(all));
    }
    return out;
  }
  const auto storage_class = scene.classes.find(claim.storage_class_name.value_or(""));
  if (!claim.volume_name.empty() || storage_class == scene.classes.end()) return out;
  for (const auto& term : storage_class->second->allowed_topologies) {
    Expressions all = term.match_expressions;
    for (auto& expression : all) expression.op = "In";
    out.push_back(std::move(all));
  }
  return out;
}

bool reaches_volumes(const Scene& scene, const Pod& pod, const LabelChoices& labels) {
  return std::ranges::all_of(pod.spec.volumes, [&](const auto& volume) {
    const auto* claim = claim_of(scene, pod, volume);
    if (claim == nullptr) return true;
    const auto places = places_of(scene, *claim);
    return places.empty() ||
           std::ranges::any_of(places, [&](const auto& place) { return always_holds(place, labels); });
  });
}

std::string driver_of(const Scene& scene, const model::PersistentVolumeClaim& claim) {
  if (!claim.volume_name.empty()) {
    const auto volume = scene.volumes.find(claim.volume_name);
    return volume == scene.volumes.end() ? "" : volume->second->csi_driver;
  }
  const auto storage_class = scene.classes.find(claim.storage_class_name.value_or(""));
  return storage_class == scene.classes.end() ? "" : storage_class->second->provisioner;
}

void check_volume_limits(const Scene& scene, const SceneNode& node, const std::vector<const Pod*>& placed,
                         Broken& broken) {
  if (placed.empty() || node.volume_limits.empty()) return;
  std::map<std::string, std::set<std::string>> used;
  std::vector<const Pod*> all = node.running;
  all.insert(all.end(), placed.begin(), placed.end());
  for (const auto* pod : all)
    for (const auto& volume : pod->spec.volumes)
      if (const auto* claim = claim_of(scene, *pod, volume); claim != nullptr)
        used[driver_of(scene, *claim)].insert(model::key_of(claim->meta).text());
  for (const auto& [driver, limit] : node.volume_limits)
    if (std::cmp_greater(used[driver].size(), limit)) broken.push_back("volumes: too many on " + node.name);
}

// ---- existing nodes

void check_existing(const Scene& scene, const SceneNode& node, const std::vector<const Pod*>& placed,
                    Broken& broken) {
  if (placed.empty()) return;
  if (!node.is_target) broken.push_back("target: " + node.name + " takes no pods");
  const LabelChoices labels = choices_of(node);
  Resources wanted;
  for (const auto* pod : placed) {
    wanted += requests_of(*pod);
    if (!tolerates_hard(*pod, node.taints)) broken.push_back("taints: " + name_of(*pod) + " on " + node.name);
    const auto terms = required_terms(*pod);
    if (std::ranges::none_of(terms, [&](const auto& term) { return always_holds(term, labels); }))
      broken.push_back("requirements: " + name_of(*pod) + " on " + node.name);
    if (!reaches_volumes(scene, *pod, labels))
      broken.push_back("volumes: " + name_of(*pod) + " on " + node.name);
  }
  Resources daemons;  // that are still to come
  for (const auto* daemon : scene.daemons)
    if (runs_on(*daemon, labels, node.taints)) daemons += daemon_requests(*daemon);
  for (const auto* pod : node.running)
    if (is_daemon(*pod)) daemons -= requests_of(*pod);
  for (const auto& [name, amount] : daemons)
    if (amount > model::Quantity()) wanted.add(name, amount);
  if (!model::fits(wanted, node.free)) broken.push_back("resources: too much on " + node.name);
  check_ports(node.name, placed, node.running, broken);
  check_volume_limits(scene, node, placed, broken);
}

// ---- new nodes

const ScenePool* pool_of(const Scene& scene, const SceneClaim& claim) {
  const auto it = std::ranges::find(scene.pools, claim.pool, [](const auto& p) { return p.pool->meta.name; });
  return it == scene.pools.end() ? nullptr : &*it;
}

void check_launch(const Scene& scene, const SceneClaim& claim, const std::vector<model::Taint>& taints,
                  const Launch& launch, std::set<std::string>& found) {
  const std::string where = launch.type->name + " of " + claim.pool;
  Resources wanted;
  std::vector<const Pod*> daemons;
  for (const auto* daemon : scene.daemons) {
    if (!runs_on(*daemon, launch.labels, taints)) continue;
    daemons.push_back(daemon);
    wanted += daemon_requests(*daemon);
  }
  for (const auto* pod : claim.pods) {
    wanted += requests_of(*pod);
    const auto terms = required_terms(*pod);
    if (std::ranges::none_of(terms, [&](const auto& term) { return always_holds(term, launch.labels); }))
      found.insert("requirements: " + name_of(*pod) + " on " + where);
    if (!reaches_volumes(scene, *pod, launch.labels))
      found.insert("volumes: " + name_of(*pod) + " on " + where);
  }
  if (!model::fits(wanted, launch.type->allocatable())) found.insert("resources: too much for " + where);
  Broken ports;
  check_ports(where, claim.pods, daemons, ports);
  found.insert(ports.begin(), ports.end());
}

void check_min_values(const SceneClaim& claim, const model::NodePool& pool,
                      const std::vector<Launch>& launches, Broken& broken) {
  for (const auto& requirement : pool.spec.node_template.spec.requirements) {
    if (!requirement.min_values) continue;
    std::set<std::string> values;
    for (const auto& launch : launches) {
      const auto* own = launch.type->requirements.find(model::normalize_label(requirement.key));
      const auto choices = launch.labels.find(requirement.key);
      if (own == nullptr || choices == launch.labels.end()) continue;
      for (const auto& value : own->values())
        if (choices->second.contains(value)) values.insert(value);
    }
    if (std::cmp_less(values.size(), *requirement.min_values))
      broken.push_back("minValues: " + requirement.key + " of a new node of " + claim.pool);
  }
}

void check_new(const Scene& scene, const SceneClaim& claim, Broken& broken) {
  const auto* pool = pool_of(scene, claim);
  if (pool == nullptr || claim.types.empty() || claim.pods.empty()) {
    broken.push_back("claim: unknown pool, no type or no pod in a new node of " + claim.pool);
    return;
  }
  const auto& taints = pool->pool->spec.node_template.spec.taints;
  for (const auto* pod : claim.pods)
    if (!tolerates_hard(*pod, taints)) broken.push_back("taints: " + name_of(*pod) + " on " + claim.pool);
  const auto launches = launches_of(scene, claim);
  for (const auto& type : claim.types)
    if (std::ranges::none_of(launches, [&](const Launch& launch) { return launch.type->name == type; }))
      broken.push_back("launch: " + type + " of " + claim.pool + " cannot be launched");
  std::set<std::string> found;
  for (const auto& launch : launches) check_launch(scene, claim, taints, launch, found);
  broken.insert(broken.end(), found.begin(), found.end());
  if (!scene.min_values_may_be_relaxed) check_min_values(claim, *pool->pool, launches, broken);
}

// ---- limits

void check_limits(const Scene& scene, const ScenePool& pool, Broken& broken) {
  for (const auto& [resource, limit] : pool.pool->spec.limits) {
    model::Quantity used = pool.usage.get(resource);
    bool grew = false;
    for (const auto& claim : scene.create) {
      if (claim.pool != pool.pool->meta.name) continue;
      grew = true;
      model::Quantity most = resource == model::kNodes ? model::Quantity::of(1) : model::Quantity();
      for (const auto& type : pool.types)
        if (std::ranges::find(claim.types, type->name) != claim.types.end())
          most = std::max(most, type->capacity.get(resource));
      used += most;
    }
    if (grew && used > limit) broken.push_back("limits: " + resource + " of " + pool.pool->meta.name);
  }
}

}  // namespace

Resources requests_of(const Pod& pod) {
  const auto raise = [](Resources& to, const Resources& from) {
    for (const auto& [name, amount] : from) to.set(name, std::max(to.get(name), amount));
  };
  Resources total;
  for (const auto& container : pod.spec.containers) total += container_requests(container);
  Resources sidecars;
  Resources peak;
  for (const auto& container : pod.spec.init_containers) {
    if (container.restart_policy == "Always") {
      sidecars += container_requests(container);
      raise(peak, sidecars);
    } else {
      raise(peak, container_requests(container) + sidecars);
    }
  }
  total += sidecars;
  raise(total, peak);
  if (pod.spec.resources)
    for (const auto& [name, amount] : pod.spec.resources->requests)
      if (name == model::kCpu || name == model::kMemory || name.starts_with("hugepages-"))
        total.set(name, amount);
  total += pod.spec.overhead;
  total.set(model::kPods, model::Quantity::of(1));
  return total;
}

void check_nodes(const Scene& scene, Broken& broken) {
  for (std::size_t i = 0; i < scene.nodes.size(); ++i)
    check_existing(scene, scene.nodes[i], scene.onto[i], broken);
  for (const auto& claim : scene.create) check_new(scene, claim, broken);
  for (const auto& pool : scene.pools) check_limits(scene, pool, broken);
}

}  // namespace karpenter::support
