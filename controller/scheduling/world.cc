#include "controller/scheduling/world.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "common/base/strings.h"
#include "common/model/labels.h"
#include "controller/scheduling/pod_classes.h"

namespace karpenter::scheduling {
namespace {

namespace labels = model::labels;

Id taint_set(World& world, const std::vector<model::Taint>& taints) {
  const auto it = std::ranges::find(world.taint_sets, taints);
  if (it != world.taint_sets.end()) return static_cast<Id>(it - world.taint_sets.begin());
  world.taint_sets.push_back(taints);
  return static_cast<Id>(world.taint_sets.size() - 1);
}

// spec: scheduling §8.3 steps 1-2
base::Result<model::Requirements> template_requirements(const model::NodePool& pool) {
  const auto& node_template = pool.spec.node_template;
  ASSIGN_OR_RETURN(auto out, model::Requirements::of(node_template.spec.requirements));
  out.add(model::Requirements::of_labels(node_template.meta.labels));
  out.add(model::Requirement::in(labels::kNodePool, {pool.meta.name}));
  const auto& ref = node_template.spec.node_class_ref;
  if (!ref.group.empty() && !ref.kind.empty())
    out.add(model::Requirement::in(ref.group + "/" + base::to_lower(ref.kind), {ref.name}));
  out.add(model::Requirement::in(labels::kRegistered, {"true"}));
  out.add(model::Requirement::in(labels::kInitialized, {"true"}));
  return out;
}

model::Resources limits_left(const NodePoolView& view) {
  model::Resources out = view.pool->spec.limits;
  out -= view.usage;
  return out;
}

std::size_t table_of(World& world, const cloud::InstanceTypes& types) {
  const auto it = std::ranges::find(world.tables, types, &TypeTable::types);
  if (it != world.tables.end()) return static_cast<std::size_t>(it - world.tables.begin());
  world.tables.emplace_back(types, world.resources);
  return world.tables.size() - 1;
}

void build_template(World& world, const NodePoolView& view) {
  Template out;
  out.view = &view;
  out.taints = taint_set(world, view.pool->spec.node_template.spec.taints);
  out.table = table_of(world, view.instance_types);
  out.limits_left = limits_left(view);
  auto base = template_requirements(*view.pool);
  if (!base) {
    out.broken = base.error().text();
    out.base = world.requirements.intern({});
  } else {
    out.base = world.requirements.intern(*base);
    out.options = world.requirements.types(out.base, out.table);
    out.has_min_values =
        std::ranges::any_of(*base, [](const auto& e) { return e.second.min_values().has_value(); });
    out.overhead = overhead_groups(*base, world.taint_sets[out.taints], world.tables[out.table],
                                   world.daemons, world.resources);
    if (!out.options.any()) out.broken = "no available instance type meets the requirements of the nodepool";
  }
  world.templates.push_back(std::move(out));
}

void build_templates(World& world) {
  std::vector<const NodePoolView*> order;
  for (const auto& view : world.problem.pools) order.push_back(&view);
  std::ranges::stable_sort(order, [](const NodePoolView* a, const NodePoolView* b) {
    const auto weight_a = a->pool->spec.weight.value_or(0);
    const auto weight_b = b->pool->spec.weight.value_or(0);
    return std::tie(weight_b, b->pool->meta.name) < std::tie(weight_a, a->pool->meta.name);
  });
  for (const auto* view : order) build_template(world, *view);
}

void build_nodes(World& world) {
  for (std::size_t i = 0; i < world.problem.nodes.size(); ++i) {
    const ExistingNode& node = world.problem.nodes[i];
    const auto hostname = node.labels.find(labels::kHostname);
    NodeRow row{.node = &node,
                .index = i,
                .hostname = hostname == node.labels.end() ? node.name : hostname->second,
                .left = {},
                .taints = taint_set(world, node.taints),
                .ports = {}};
    const model::Resources left = node.available - node.daemon_requests_pending;
    row.closed = has_negative(left);
    row.left = offered(left, world.resources);
    for (const auto* pod : node.pods) {
      auto ports = host_ports(pod->spec);
      row.ports.insert(row.ports.end(), ports.begin(), ports.end());
    }
    world.nodes.push_back(std::move(row));
  }
  std::ranges::stable_sort(world.nodes, {}, [](const NodeRow& row) {
    return std::make_tuple(!row.node->initialized, std::string_view(row.node->name));
  });
}

// spec: scheduling §15.2
void add_universe(World& world) {
  for (Id key = 0; key < world.topology.keys().size(); ++key) {
    const std::string& name = world.topology.keys()[key];
    for (const auto& t : world.templates) {
      const model::Requirement* base = world.requirements.get(t.base).find(name);
      if (base != nullptr && !base->complement())
        for (const auto& value : base->values()) world.topology.add_domain(key, value);
      for (const auto& type : world.tables[t.table].types()) {
        const model::Requirement* own = type->requirements.find(name);
        if (own == nullptr || own->complement()) continue;
        for (const auto& value : own->values())
          if (base == nullptr || base->has(value)) world.topology.add_domain(key, value);
      }
    }
    for (const auto& row : world.nodes)
      if (const auto it = row.node->labels.find(name); it != row.node->labels.end())
        world.topology.add_domain(key, it->second);
  }
}

struct RunningPod {
  const model::Pod* pod;
  std::size_t node;  // into Problem::nodes
  std::vector<Id> keeps_away;
};

// Running pods on nodes of the pass, without those to be placed, each once, ordered by key. spec: scheduling
// §15.4
std::vector<RunningPod> running_pods(const World& world) {
  std::unordered_map<std::string_view, std::size_t> nodes;
  for (std::size_t n = 0; n < world.problem.nodes.size(); ++n) nodes.emplace(world.problem.nodes[n].name, n);
  std::unordered_set<std::string_view> seen;
  for (const auto* pod : world.problem.pods) seen.insert(pod->meta.uid);
  std::vector<RunningPod> out;
  const auto add = [&](const model::Pod* pod) {
    const auto it = nodes.find(pod->spec.node_name);
    if (it == nodes.end() || is_terminal(*pod)) return;
    if (pod->meta.is_deleting() && !has_required_anti_affinity(*pod)) return;
    if (seen.insert(pod->meta.uid).second) out.push_back({pod, it->second, {}});
  };
  for (const auto* pod : world.problem.bound_pods) add(pod);
  for (const auto& node : world.problem.nodes)
    for (const auto* pod : node.pods) add(pod);
  std::ranges::sort(out, {}, [](const RunningPod& r) {
    return std::tie(r.pod->meta.namespace_name, r.pod->meta.name, r.pod->meta.uid);
  });
  return out;
}

}  // namespace

Topology::Place place_of(const World& world, std::size_t row) {
  const NodeRow& node = world.nodes[row];
  Topology::Place place{
      .target = row, .domains = {}, .labels = &node.node->labels, .hostname = node.hostname};
  for (Id key = 0; key < world.topology.keys().size(); ++key) {
    const auto label = node.node->labels.find(world.topology.keys()[key]);
    const Id domain = label == node.node->labels.end() ? kNoId : world.topology.domain(key, label->second);
    place.domains.push_back(domain == kNoId ? std::vector<Id>{} : std::vector<Id>{domain});
  }
  return place;
}

void build(World& world) {
  auto running = running_pods(world);
  world.daemons = prepare_daemons(world.problem.daemon_pods);
  for (const auto& daemon : world.daemons) static_cast<void>(requested(daemon.requests, world.resources));
  for (auto& r : running) r.keeps_away = world.topology.add_inverse(*r.pod);
  build_classes(world);  // before the tables: only resources that someone requests have a column
  build_templates(world);
  build_nodes(world);
  build_variants(world);
  add_universe(world);
  world.topology.freeze();
  std::vector<std::size_t> row_of(world.nodes.size());
  for (std::size_t row = 0; row < world.nodes.size(); ++row) row_of[world.nodes[row].index] = row;
  for (const auto& r : running)
    world.topology.record_running(*r.pod, r.keeps_away, place_of(world, row_of[r.node]));
}

}  // namespace karpenter::scheduling
