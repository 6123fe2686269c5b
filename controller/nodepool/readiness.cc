#include "controller/nodepool/readiness.h"

#include <utility>

#include "common/model/conditions.h"

namespace karpenter::nodepool {

void update_readiness(model::NodePool& pool, const model::Ec2NodeClass* node_class, Time now) {
  auto conditions = model::conditions_of(pool, now);
  const auto refuse = [&](std::string_view reason, std::string_view message) {
    conditions.set_false(model::condition::kNodeClassReady, reason, message);
  };
  if (node_class == nullptr) return refuse("NodeClassNotFound", "NodeClass not found on cluster");
  if (node_class->meta.is_deleting()) return refuse("NodeClassTerminating", "NodeClass is Terminating");
  const auto* ready = model::find_condition(node_class->status.conditions, model::condition::kReady);
  if (ready == nullptr || ready->status == model::kUnknown) {
    return refuse("NodeClassReadinessUnknown", "Node Class Readiness Unknown");
  }
  if (ready->status != model::kTrue) return refuse(ready->reason, ready->message);
  conditions.set_true(model::condition::kNodeClassReady);
}

reconcile::ControllerSpec Readiness::spec() {
  return {.name = "nodepool.readiness", .group = "karpenter.sh", .kind = "NodePool", .workers = 10};
}

base::Result<reconcile::Outcome> Readiness::reconcile(const model::ObjectKey& key, const Call& call) {
  constexpr reconcile::Outcome kDone = reconcile::Done{};
  const auto pool = services_.find_managed(key);
  if (!pool) return kDone;
  model::NodePool after = *pool;
  const auto node_class = services_.node_class_of(*pool);
  update_readiness(after, node_class.get(), services_.runtime.now());
  auto written =
      kube::Api<model::NodePool>(services_.client).patch_status(*pool, after, kube::Locking::kLocked, call);
  if (!written) return reconcile::outcome_of(std::move(written).error());
  return kDone;
}

}  // namespace karpenter::nodepool
