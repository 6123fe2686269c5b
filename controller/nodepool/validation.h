#pragma once

#include "controller/nodepool/services.h"

namespace karpenter::nodepool {

// nodepool.validation: condition ValidationSucceeded, for pools that passed the API server but are wrong.
// spec: lifecycle §6.4 Key: the pool's name. Triggers: NodePool changes.
class Validation final : public reconcile::Reconciler {
 public:
  explicit Validation(Services services) : services_(std::move(services)) {}
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;
  [[nodiscard]] static reconcile::ControllerSpec spec();

 private:
  Services services_;
};

}  // namespace karpenter::nodepool
