#include "controller/disruption/world.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/model/labels.h"
#include "controller/scheduling/pods.h"
#include "controller/scheduling/schedule.h"

namespace karpenter::disruption {

namespace {

plan::Pools read_pools(const Services& services, const Call& call) {
  plan::Pools out;
  for (const auto& pool : services.pools.list()) {
    const auto& ref = pool->spec.node_template.spec.node_class_ref;
    if (ref.group != services.node_class_group || ref.kind != services.node_class_kind) continue;
    auto types = services.cloud.instance_types(*pool, call);
    if (!types) {
      services.log.error(types.error(), "failed listing instance types",
                         {{"NodePool", telemetry::object_ref(pool->meta.name)}});
    }
    out.emplace(pool->meta.name,
                plan::PoolView{.pool = pool, .instance_types = std::move(types).value_or({})});
  }
  return out;
}

// Pods that the scheduler could not place and that a pass of the provisioner would look at.
std::vector<cluster::PodPtr> pending_pods(const cluster::Snapshot& snapshot) {
  std::vector<cluster::PodPtr> out;
  std::ranges::copy_if(snapshot.unbound_pods, std::back_inserter(out),
                       [](const auto& pod) { return scheduling::is_provisionable(*pod); });
  return out;
}

std::vector<cluster::Pool> usable_pools(const World& world) {
  std::vector<cluster::Pool> out;
  for (const auto& [name, pool] : world.pools) {
    const bool usable = cluster::is_usable(*pool.pool) && !pool.instance_types.empty();
    if (usable) out.push_back({.node_pool = pool.pool, .instance_types = pool.instance_types});
  }
  return out;
}

bool is_settling(const World& world, const cluster::StateNode& node) {
  const auto pool = world.pools.find(node.node_pool());
  if (!node.claim || pool == world.pools.end()) return false;
  const auto after = plan::consolidate_after(*pool->second.pool);
  return after && plan::is_within_consolidate_after(*node.claim, *after, world.now);
}

// Takes nodes within consolidateAfter off the list of targets.
void drop_settling(const World& world, cluster::OwnedProblem& owned) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < owned.targets.size(); ++i) {
    if (is_settling(world, *owned.targets[i])) continue;
    if (kept != i) {
      owned.targets[kept] = std::move(owned.targets[i]);
      owned.problem.nodes[kept] = std::move(owned.problem.nodes[i]);
    }
    ++kept;
  }
  owned.targets.resize(kept);
  owned.problem.nodes.resize(kept);
}

std::string describe(const model::Pod& pod, const std::string& why) {
  return model::key_of(pod.meta).text() + " => " + why;
}

// Names of the nodes whose pods have to move anyway.
std::set<std::string_view> deleting_nodes(const cluster::Snapshot& snapshot) {
  std::set<std::string_view> out;
  for (const auto& node : snapshot.nodes) {
    if (node->marked_for_deletion()) out.insert(node->name);
  }
  return out;
}

plan::SimulationResult result_of(const cluster::OwnedProblem& owned, scheduling::Plan solved) {
  plan::SimulationResult out;
  for (const auto& unplaced : solved.unplaced) {
    if (scheduling::is_provisionable(*unplaced.pod)) continue;  // pending before, pending after
    out.unscheduled.push_back(describe(*unplaced.pod, scheduling::render(unplaced)));
  }
  const auto deleting = deleting_nodes(*owned.snapshot);
  std::set<std::string> nominate;
  for (const auto& placement : solved.onto_existing) {
    const auto& target = *owned.targets[placement.node];
    nominate.insert(target.name);
    const auto& pod = *placement.pod;
    const bool moves_anyway = scheduling::is_provisionable(pod) || deleting.contains(pod.spec.node_name);
    if (!target.initialized() && !moves_anyway) {
      out.unscheduled.push_back(describe(pod, "would schedule against uninitialized node " + target.name));
    }
  }
  out.nominate.assign(nominate.begin(), nominate.end());
  out.create = std::move(solved.create);
  return out;
}

}  // namespace

World read_world(const Services& services, const IsInFlight& is_in_flight, const Call& call) {
  World out;
  out.pools = read_pools(services, call);
  const auto budgets = services.budgets.list();
  out.pdbs = std::make_shared<plan::PdbLimits>(budgets);
  // First the timestamp: a change in between must look newer than what was decided upon.
  out.changed_at = services.cluster.consolidation_timestamp();
  out.snapshot = services.cluster.snapshot();
  out.now = services.runtime.now();
  const auto mono = services.runtime.mono();
  for (const auto& node : out.snapshot->nodes) {
    out.nodes.push_back({.node = node->node,
                         .claim = node->claim,
                         .pods = node->pods,
                         .marked = node->marked,
                         .nominated = node->nominated(mono),
                         .in_flight = is_in_flight(node->provider_id)});
  }
  return out;
}

base::Result<plan::SimulationResult> simulate(const World& world, std::span<const plan::Candidate> candidates,
                                              Purpose purpose) {
  cluster::Simulation what_if{.pods = pending_pods(*world.snapshot),
                              .without_provider_ids = {},
                              .include_deleting = true,
                              .now = world.now};
  for (const auto& candidate : candidates) {
    const auto node = world.snapshot->find_by_provider_id(candidate.view.provider_id());
    if (!node || node->marked_for_deletion()) {
      plan::SimulationResult gone;
      gone.candidate_deleting = true;
      return gone;
    }
    what_if.without_provider_ids.insert(candidate.view.provider_id());
  }
  auto pools = usable_pools(world);
  if (pools.empty()) {
    // Nothing could be launched if the simulation proved too hopeful, so nothing goes.
    plan::SimulationResult blocked;
    blocked.unscheduled.emplace_back("no NodePool is ready");
    return blocked;
  }
  auto owned = std::make_shared<cluster::OwnedProblem>(
      cluster::make_problem(world.snapshot, std::move(pools), std::move(what_if)));
  if (purpose == Purpose::kConsolidation) drop_settling(world, *owned);
  auto out = result_of(*owned, scheduling::schedule(owned->problem, {}));
  out.owner = std::move(owned);
  return out;
}

}  // namespace karpenter::disruption
