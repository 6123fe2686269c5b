#pragma once

#include "controller/nodeclaim/services.h"

namespace karpenter::nodeclaim {

// nodeclaim.expiration: deletes a claim when it is older than its own spec.expireAfter, whatever budgets and
// pods say. spec: lifecycle §5.7, disruption §18
//
// Key: the claim's name. Triggers: every NodeClaim change.
class Expiration final : public reconcile::Reconciler {
 public:
  // Adds an index to `pods`.
  Expiration(Services services, kube::Store<model::Pod>& pods);
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;
  [[nodiscard]] static reconcile::ControllerSpec spec();

 private:
  Services services_;
  const kube::Store<model::Pod>& pods_;
};

}  // namespace karpenter::nodeclaim
