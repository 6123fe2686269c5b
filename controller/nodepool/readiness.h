#pragma once

#include "controller/nodepool/services.h"

namespace karpenter::nodepool {

// nodepool.readiness: condition NodeClassReady. spec: lifecycle §6.3
// Key: the pool's name. Triggers: NodePool changes; EC2NodeClass changes, mapped with pools_of().
class Readiness final : public reconcile::Reconciler {
 public:
  explicit Readiness(Services services) : services_(std::move(services)) {}
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;
  [[nodiscard]] static reconcile::ControllerSpec spec();

 private:
  Services services_;
};

// Sets NodeClassReady from the class, null when it does not exist.
void update_readiness(model::NodePool& pool, const model::Ec2NodeClass* node_class, Time now);

}  // namespace karpenter::nodepool
