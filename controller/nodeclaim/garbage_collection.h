#pragma once

#include "controller/nodeclaim/services.h"

namespace karpenter::nodeclaim {

// nodeclaim.garbagecollection: deletes registered claims whose instance is gone and whose node is not ready.
// Singleton, every 2 minutes. spec: lifecycle §5.1
class GarbageCollection final : public reconcile::Reconciler {
 public:
  explicit GarbageCollection(Services services, std::chrono::nanoseconds period = std::chrono::minutes(2));
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;
  [[nodiscard]] static reconcile::ControllerSpec spec();

 private:
  base::Status collect(const model::NodeClaim& claim, const Call& call);

  Services services_;
  std::chrono::nanoseconds period_;
};

// The claims that may be collected: registered, not deleting, and their provider ID is in none of
// `instances`.
[[nodiscard]] std::vector<std::shared_ptr<const model::NodeClaim>> plan_garbage(
    const std::vector<std::shared_ptr<const model::NodeClaim>>& claims,
    const std::vector<model::NodeClaim>& instances);

}  // namespace karpenter::nodeclaim
