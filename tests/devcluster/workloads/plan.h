#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/json/json.h"
#include "tests/devcluster/actors/object_cache.h"

// The pure decisions of the workload controllers.

namespace karpenter::devcluster {

struct KeyedObject {
  model::ObjectKey key;
  Object object;
};

// A pod for `owner`, from `pod_template`: labels, annotations, spec, controller reference, generated name.
[[nodiscard]] json::Value make_pod(json::View owner, std::string_view kind, json::View pod_template);
// The ReplicaSet of a Deployment's present template; its name ends in a hash of the template.
[[nodiscard]] json::Value make_replica_set(json::View deployment);
[[nodiscard]] std::string template_hash(json::View pod_template);

[[nodiscard]] bool is_pod_ready(json::View pod);
[[nodiscard]] bool is_pod_active(json::View pod);             // neither terminal nor being deleted
[[nodiscard]] std::string controller_uid(json::View object);  // uid of the controller reference, or ""

// `surplus` pods that go first: unbound, then not ready, then the youngest; ties by name.
[[nodiscard]] std::vector<KeyedObject> pick_victims(std::vector<KeyedObject> pods, std::size_t surplus);

// Whether a DaemonSet of this template runs on the node: selector, affinity, and taints other than those
// every daemon tolerates.
[[nodiscard]] bool daemon_runs_on(json::View pod_template, json::View node);
// Adds what the DaemonSet controller adds to its pods: the node pin and the standard tolerations.
void pin_daemon(json::Ref pod, std::string_view node_name);

struct BudgetStatus {
  std::int64_t expected = 0;
  std::int64_t healthy = 0;
  std::int64_t desired = 0;
  std::int64_t allowed = 0;
};
// status of a PodDisruptionBudget whose selector matches `pods` (active ones). `wanted`: how many there would
// be if every owner had all its replicas. A pod whose eviction was granted already (status.disruptedPods) is
// not healthy any more.
[[nodiscard]] BudgetStatus budget_status(json::View budget, const std::vector<Object>& pods,
                                         std::int64_t wanted);
// How many pods the owners of `pods` want: spec.replicas of those in `replica_sets`, one for every other pod.
[[nodiscard]] std::int64_t count_wanted(const std::vector<Object>& pods,
                                        const std::map<model::ObjectKey, Object>& replica_sets);
// The node a daemon pod was made for, or "".
[[nodiscard]] std::string pinned_node(json::View pod);

}  // namespace karpenter::devcluster
