#include "controller/nodepool/counter.h"

#include <utility>

namespace karpenter::nodepool {

model::NodePoolStatus count(const model::NodePool& pool, const cluster::Snapshot& snapshot) {
  model::NodePoolStatus out = pool.status;
  out.resources = {};
  for (const auto name :
       {model::kCpu, model::kMemory, model::kPods, model::kEphemeralStorage, model::kNodes}) {
    out.resources.set(name, model::Quantity());
  }
  std::int64_t nodes = 0;
  for (const auto& node : snapshot.nodes) {
    if (node->node_pool() != pool.meta.name) continue;
    ++nodes;
    out.resources += node->capacity;
  }
  out.resources.set(model::kNodes, model::Quantity::of(nodes));
  out.nodes = nodes;
  return out;
}

reconcile::ControllerSpec Counter::spec() {
  return {.name = "nodepool.counter", .group = "karpenter.sh", .kind = "NodePool", .workers = 10};
}

base::Result<reconcile::Outcome> Counter::reconcile(const model::ObjectKey& key, const Call& call) {
  constexpr std::chrono::seconds kUnsynced{1};
  const auto pool = services_.find_managed(key);
  if (!pool) return reconcile::Outcome(reconcile::Done{});
  if (!cluster_.synced()) return reconcile::Outcome(reconcile::RequeueAfter{kUnsynced});
  model::NodePool after = *pool;
  after.status = count(*pool, *cluster_.snapshot());
  auto written =
      kube::Api<model::NodePool>(services_.client).patch_status(*pool, after, kube::Locking::kUnlocked, call);
  if (!written) return reconcile::outcome_of(std::move(written).error());
  return reconcile::Outcome(reconcile::RequeueAfter{period_});
}

}  // namespace karpenter::nodepool
