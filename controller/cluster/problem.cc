#include "controller/cluster/problem.h"

#include <algorithm>
#include <set>

#include "controller/scheduling/daemons.h"
#include "controller/scheduling/pods.h"

namespace karpenter::cluster {
namespace {

scheduling::ExistingNode target_of(const StateNode& node, std::span<const scheduling::Daemon> daemons) {
  scheduling::ExistingNode out{
      .name = node.name,
      .node_claim = node.claim ? node.claim->meta.name : "",
      .node_pool = std::string(node.node_pool()),
      .labels = node.labels(),
      .taints = node.taints,
      .available = node.available,
      .daemon_requests_pending = scheduling::pending_daemon_requests(
          node.labels(), node.hostname(), node.taints, node.daemon_requests, daemons),
      .initialized = node.initialized(),
      .pods = {}};
  for (const auto& pod : node.pods) out.pods.push_back(pod.get());
  return out;
}

}  // namespace

bool is_usable(const model::NodePool& pool) {
  return !pool.spec.replicas && !pool.meta.is_deleting() && model::is_true(pool.status.conditions, "Ready");
}

std::vector<PodPtr> reschedulable_pods(const StateNode& node, base::Time now) {
  std::vector<PodPtr> out;
  for (const auto& pod : node.pods)
    if (scheduling::is_currently_reschedulable(*pod, now)) out.push_back(pod);
  return out;
}

OwnedProblem make_problem(SnapshotPtr snapshot, std::vector<Pool> pools, Simulation simulation) {
  OwnedProblem out{.snapshot = std::move(snapshot),
                   .pools = std::move(pools),
                   .pods = std::move(simulation.pods),
                   .problem = {},
                   .targets = {}};
  auto& problem = out.problem;
  for (const auto& pod : out.snapshot->daemon_pods) problem.daemon_pods.push_back(pod.get());
  const auto daemons = scheduling::prepare_daemons(problem.daemon_pods);
  std::map<std::string, model::Resources, std::less<>> usage;
  for (const auto& node : out.snapshot->nodes) {
    const bool is_candidate = simulation.without_provider_ids.contains(node->provider_id);
    const bool is_deleting = node->marked_for_deletion();
    if (is_candidate || (is_deleting && simulation.include_deleting && node->node)) {
      auto moving = reschedulable_pods(*node, simulation.now);
      out.pods.insert(out.pods.end(), moving.begin(), moving.end());
    }
    if (is_candidate || is_deleting) continue;
    out.targets.push_back(node);
    problem.nodes.push_back(target_of(*node, daemons));
    if (!node->node_pool().empty()) usage[std::string(node->node_pool())] += node->capacity;
  }
  std::set<std::string_view> seen;
  for (const auto& pod : out.pods)
    if (seen.insert(pod->meta.uid).second) problem.pods.push_back(pod.get());
  for (const auto& pool : out.pools) {
    const auto used = usage.find(pool.node_pool->meta.name);
    problem.pools.push_back({.pool = pool.node_pool.get(),
                             .instance_types = pool.instance_types,
                             .usage = used == usage.end() ? model::Resources{} : used->second});
  }
  return out;
}

}  // namespace karpenter::cluster
