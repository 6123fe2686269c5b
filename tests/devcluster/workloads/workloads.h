#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/kube/client.h"
#include "tests/devcluster/actors/object_cache.h"
#include "tests/devcluster/workloads/plan.h"

namespace karpenter::devcluster {

// The controller manager of the embedded cluster, as far as an autoscaler can see it: Deployments make
// ReplicaSets make Pods, DaemonSets put a Pod on each node, disruption budgets know how many pods may go.
// start() spawns threads on the runtime; they end with it.
class Workloads {
 public:
  explicit Workloads(kube::Client& client);
  void start();

 private:
  using Objects = std::map<model::ObjectKey, Object>;

  void run(std::stop_token stop);
  void step(const kube::Call& call);
  [[nodiscard]] bool synced() const;
  // Each is tried again at the next change: a failure needs no answer here.
  base::Status sync_deployment(const KeyedObject& deployment, const Objects& replica_sets,
                               const kube::Call& call);
  base::Status sync_replica_set(const KeyedObject& set, const kube::Call& call);
  base::Status sync_daemon_set(const KeyedObject& set, const Objects& nodes, const kube::Call& call);
  base::Status sync_budget(const KeyedObject& budget, const Objects& pods, const Objects& replica_sets,
                           const kube::Call& call);
  void forget_seen(const Objects& pods);
  [[nodiscard]] std::size_t expected_of(json::View owner) const;
  base::Status remove_pod(const model::ObjectKey& key, const kube::Call& call);
  base::Status create(const kube::Kind& kind, json::View object, const kube::Call& call);
  [[nodiscard]] const std::vector<KeyedObject>& pods_of(json::View owner) const;

  kube::Client& client_;
  Signal signal_;
  ObjectCache pods_;
  ObjectCache nodes_;
  ObjectCache deployments_;
  ObjectCache replica_sets_;
  ObjectCache daemon_sets_;
  ObjectCache budgets_;
  std::map<std::string, std::vector<KeyedObject>> pods_by_owner_;  // of this step
  // Pods made but not yet seen in the cache, by owner uid. Keeps a lagging cache from making them twice. One
  // that is not seen in time came and went unseen.
  struct Expected {
    model::ObjectKey key;
    runtime::Mono until;
  };
  std::map<std::string, std::vector<Expected>> expected_;
};

}  // namespace karpenter::devcluster
