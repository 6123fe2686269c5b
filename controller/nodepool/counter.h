#pragma once

#include "controller/cluster/cluster.h"
#include "controller/nodepool/services.h"

namespace karpenter::nodepool {

// nodepool.counter: status.resources and status.nodes, from the cluster state. spec: lifecycle §6.1
// Key: the pool's name. Triggers: NodePool creation; then it repeats itself.
class Counter final : public reconcile::Reconciler {
 public:
  Counter(Services services, cluster::Cluster& cluster,
          std::chrono::nanoseconds period = std::chrono::seconds(5))
      : services_(std::move(services)), cluster_(cluster), period_(period) {}
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;
  [[nodiscard]] static reconcile::ControllerSpec spec();

 private:
  Services services_;
  cluster::Cluster& cluster_;
  std::chrono::nanoseconds period_;
};

// Sums over the pool's nodes; cpu, memory, pods, ephemeral-storage and nodes are always present.
[[nodiscard]] model::NodePoolStatus count(const model::NodePool& pool, const cluster::Snapshot& snapshot);

}  // namespace karpenter::nodepool
