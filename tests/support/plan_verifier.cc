#include "tests/support/plan_verifier.h"

#include <map>

#include "common/model/labels.h"
#include "tests/support/plan_verifier_scene.h"

namespace karpenter::support {
namespace {

using scheduling::Plan;
using scheduling::Problem;

// Every pod of the problem is placed or has a reason, once.
void check_accounting(const Problem& problem, const Plan& plan, Broken& broken) {
  std::map<const Pod*, int> seen;
  for (const auto& node : plan.create)
    for (const auto* pod : node.pods) ++seen[pod];
  for (const auto& placement : plan.onto_existing) ++seen[placement.pod];
  for (const auto& unplaced : plan.unplaced) {
    ++seen[unplaced.pod];
    if (unplaced.reasons.empty()) broken.push_back("reasons: none for " + unplaced.pod->meta.name);
  }
  for (const auto* pod : problem.pods)
    if (seen[pod] != 1)
      broken.push_back("accounting: " + pod->meta.name + " appears " + std::to_string(seen[pod]) + " times");
  if (seen.size() != problem.pods.size()) broken.emplace_back("accounting: pods that the problem has not");
}

SceneNode node_of(const scheduling::ExistingNode& node) {
  SceneNode out{.name = node.name,
                .labels = node.labels,
                .taints = node.taints,
                .free = node.available,
                .running = node.pods,
                .volume_limits = {}};
  out.labels.emplace(model::labels::kHostname, node.name);
  for (const auto& limit : node.volume_limits) out.volume_limits[limit.driver] = limit.count;
  return out;
}

SceneNode other_of(const scheduling::OtherNode& node) {
  SceneNode out{.name = node.name,
                .labels = node.labels,
                .taints = node.taints,
                .free = {},
                .running = node.pods,
                .volume_limits = {},
                .is_target = false};
  out.labels.emplace(model::labels::kHostname, node.name);
  return out;
}

void add_cluster(Scene& scene, const Problem& problem) {
  for (const auto& node : problem.nodes) scene.nodes.push_back(node_of(node));
  for (const auto& node : problem.other_nodes) scene.nodes.push_back(other_of(node));
  for (const auto& pool : problem.pools)
    scene.pools.push_back({.pool = pool.pool, .types = pool.instance_types, .usage = pool.usage});
  scene.pods = problem.pods;
  scene.daemons = problem.daemon_pods;
  for (const auto* space : problem.namespaces) scene.namespaces[space->meta.name] = space->meta.labels;
  for (const auto* claim : problem.volumes.claims) scene.volume_claims[model::key_of(claim->meta)] = claim;
  for (const auto* volume : problem.volumes.volumes) scene.volumes[volume->meta.name] = volume;
  for (const auto* type : problem.volumes.classes) scene.classes[type->meta.name] = type;
  scene.min_values_may_be_relaxed = problem.options.min_values == scheduling::MinValuesPolicy::kBestEffort;
}

void add_plan(Scene& scene, const Plan& plan) {
  scene.onto.resize(scene.nodes.size());
  for (const auto& placement : plan.onto_existing) scene.onto.at(placement.node).push_back(placement.pod);
  for (const auto& node : plan.create) {
    SceneClaim claim{
        .pool = node.node_pool, .requirements = node.requirements.to_api(), .types = {}, .pods = node.pods};
    for (const auto& type : node.instance_types) claim.types.push_back(type->name);
    scene.create.push_back(std::move(claim));
  }
}

}  // namespace

Broken verify(const Scene& scene) {
  Broken broken;
  check_nodes(scene, broken);
  check_topology(scene, broken);
  return broken;
}

std::vector<std::string> verify(const Problem& problem, const Plan& plan) {
  Broken broken;
  check_accounting(problem, plan, broken);
  Scene scene;
  add_cluster(scene, problem);
  add_plan(scene, plan);
  const Broken rules = verify(scene);
  broken.insert(broken.end(), rules.begin(), rules.end());
  return broken;
}

}  // namespace karpenter::support
