#include "controller/cluster/problem.h"

#include <algorithm>
#include <array>
#include <set>

#include "common/model/labels.h"
#include "controller/scheduling/daemons.h"
#include "controller/scheduling/pods.h"

namespace karpenter::cluster {
namespace {

// ---- budgets

// The budget allows no eviction, whatever the pods do. spec: scheduling §2.4
bool never_allows(const model::PodDisruptionBudget& budget) {
  return budget.max_unavailable == "0" || budget.max_unavailable == R"("0%")" ||
         budget.min_available == R"("100%")";
}

bool always_evicts(const model::PodDisruptionBudget& budget, const model::Pod& pod) {
  const auto* ready = model::find_condition(pod.status.conditions, "Ready");
  return budget.unhealthy_pod_eviction_policy == "AlwaysAllow" && ready != nullptr &&
         ready->status == "False";
}

bool is_evictable(const model::Pod& pod, base::Time now) {
  static const std::array disrupted = {model::Taint{.key = std::string(model::labels::kDisruptedTaint),
                                                    .value = {},
                                                    .effect = std::string(model::kNoSchedule),
                                                    .time_added = {}}};
  return scheduling::is_active(pod) && model::find_untolerated(disrupted, pod.spec.tolerations) != nullptr &&
         !scheduling::is_owned_by_node(pod) && !scheduling::is_do_not_disrupt(pod, now);
}

bool is_fully_blocked(const model::Pod& pod, const Surroundings& surroundings, base::Time now) {
  if (surroundings.budgets.empty() || !is_evictable(pod, now)) return false;
  std::size_t matching = 0;
  const model::PodDisruptionBudget* single = nullptr;
  for (const auto& budget : surroundings.budgets) {
    if (budget->meta.namespace_name != pod.meta.namespace_name || !budget->selector ||
        !model::matches(*budget->selector, pod.meta.labels))
      continue;
    ++matching;
    single = budget.get();
  }
  if (matching > 1) return true;
  return single != nullptr && !always_evicts(*single, pod) && never_allows(*single);
}

// ---- nodes

std::vector<const model::Pod*> pods_on(const StateNode& node) {
  std::vector<const model::Pod*> out;
  out.reserve(node.pods.size());
  for (const auto& pod : node.pods) out.push_back(pod.get());
  return out;
}

// spec: scheduling §4.2 (CSI limits)
std::vector<scheduling::VolumeLimit> volume_limits(const StateNode& node, const Surroundings& surroundings) {
  std::vector<scheduling::VolumeLimit> out;
  if (!node.node) return out;
  const auto* csi_node = find_object(surroundings.csi_nodes, {.name = node.node->meta.name});
  if (csi_node == nullptr) return out;
  for (const auto& driver : csi_node->drivers)
    if (driver.allocatable_count) out.push_back({.driver = driver.name, .count = *driver.allocatable_count});
  return out;
}

scheduling::ExistingNode target_of(const StateNode& node, std::span<const scheduling::Daemon> daemons,
                                   const Surroundings& surroundings) {
  return {.name = node.name,
          .node_claim = node.claim ? node.claim->meta.name : "",
          .node_pool = std::string(node.node_pool()),
          .labels = node.labels(),
          .taints = node.taints,
          .available = node.available,
          .daemon_requests_pending = scheduling::pending_daemon_requests(
              node.labels(), node.hostname(), node.taints, node.daemon_requests, daemons),
          .initialized = node.initialized(),
          .pods = pods_on(node),
          .volume_limits = volume_limits(node, surroundings),
          .raw_taints = node.node ? node.node->spec.taints : std::vector<model::Taint>{}};
}

template <class T>
void point_to(std::vector<const T*>& to, const Objects<T>& objects) {
  to.reserve(objects.size());
  for (const auto& object : objects) to.push_back(object.get());
}

void add_surroundings(scheduling::Problem& problem, const Surroundings& surroundings) {
  point_to(problem.namespaces, surroundings.namespaces);
  point_to(problem.volumes.claims, surroundings.volume_claims);
  point_to(problem.volumes.volumes, surroundings.volumes);
  point_to(problem.volumes.classes, surroundings.storage_classes);
}

// What has to be placed: the pods given and those that leave nodes.
void set_pods(OwnedProblem& out, Simulation& simulation) {
  out.pods = std::move(simulation.pods);
  for (const auto& node : out.snapshot->nodes) {
    const bool is_candidate = simulation.without_provider_ids.contains(node->provider_id);
    const bool is_leaving = node->marked_for_deletion() && simulation.include_deleting && node->node;
    if (!is_candidate && !is_leaving) continue;
    auto moving = reschedulable_pods(*node, *out.snapshot->surroundings, simulation.now);
    out.pods.insert(out.pods.end(), moving.begin(), moving.end());
  }
  std::set<std::string_view> seen;
  out.problem.pods.clear();
  for (const auto& pod : out.pods)
    if (seen.insert(pod->meta.uid).second) out.problem.pods.push_back(pod.get());
}

// Targets, and nodes that are none but whose pods count.
void add_nodes(OwnedProblem& out, const Simulation& simulation) {
  const Surroundings& surroundings = *out.snapshot->surroundings;
  const auto daemons = scheduling::prepare_daemons(out.problem.daemon_pods);
  for (const auto& node : out.snapshot->nodes) {
    const bool is_candidate = simulation.without_provider_ids.contains(node->provider_id);
    const bool is_deleting = node->marked_for_deletion();
    if (!is_candidate && !is_deleting) {
      out.targets.push_back(node);
      out.problem.nodes.push_back(target_of(*node, daemons, surroundings));
      continue;
    }
    if (!node->node) continue;
    if (is_deleting) out.problem.deleting_nodes.insert(node->node->meta.name);
    out.problem.other_nodes.push_back({.name = node->node->meta.name,
                                       .labels = node->node->meta.labels,
                                       .taints = node->node->spec.taints,
                                       .pods = pods_on(*node)});
  }
}

bool same_pools(const std::vector<Pool>& a, const std::vector<Pool>& b) {
  return std::ranges::equal(a, b, [](const Pool& x, const Pool& y) {
    return x.node_pool == y.node_pool && x.instance_types == y.instance_types;
  });
}

}  // namespace

bool is_usable(const model::NodePool& pool) {
  return !pool.spec.replicas && !pool.meta.is_deleting() && model::is_true(pool.status.conditions, "Ready");
}

std::vector<PodPtr> reschedulable_pods(const StateNode& node, const Surroundings& surroundings,
                                       base::Time now) {
  std::vector<PodPtr> out;
  for (const auto& pod : node.pods)
    if (scheduling::is_currently_reschedulable(*pod, now) && !is_fully_blocked(*pod, surroundings, now))
      out.push_back(pod);
  return out;
}

OwnedProblem make_problem(SnapshotPtr snapshot, std::vector<Pool> pools, Simulation simulation) {
  OwnedProblem out{
      .snapshot = std::move(snapshot), .pools = std::move(pools), .pods = {}, .problem = {}, .targets = {}};
  auto& problem = out.problem;
  problem.options = std::move(simulation.options);
  for (const auto& pod : out.snapshot->daemon_pods) problem.daemon_pods.push_back(pod.get());
  add_surroundings(problem, *out.snapshot->surroundings);
  add_nodes(out, simulation);
  set_pods(out, simulation);
  std::map<std::string_view, model::Resources> usage;
  for (const auto& node : out.targets)
    if (!node->node_pool().empty()) usage[node->node_pool()] += node->capacity;
  for (const auto& pool : out.pools)
    problem.pools.push_back({.pool = pool.node_pool.get(),
                             .instance_types = pool.instance_types,
                             .usage = usage[pool.node_pool->meta.name]});
  return out;
}

const OwnedProblem& ProblemKeeper::make(SnapshotPtr snapshot, std::vector<Pool> pools,
                                        Simulation simulation) {
  if (last_ && last_->snapshot->version == snapshot->version && same_pools(last_->pools, pools)) {
    set_pods(*last_,
             simulation);  // the problem still points into the older snapshot, which is the same there
    return *last_;
  }
  last_ = std::make_unique<OwnedProblem>(
      make_problem(std::move(snapshot), std::move(pools), std::move(simulation)));
  last_->problem.version = ++versions_;
  return *last_;
}

}  // namespace karpenter::cluster
