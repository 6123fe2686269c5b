#pragma once

#include "controller/nodepool/services.h"

namespace karpenter::nodepool {

// nodepool.hash: keeps the static drift hash of the template in the pool's annotations; after a change of the
// hash version it first carries the pool's claims over, so that the upgrade itself drifts nothing. spec:
// lifecycle §6.2 Key: the pool's name. Triggers: NodePool changes.
class Hash final : public reconcile::Reconciler {
 public:
  explicit Hash(Services services) : services_(std::move(services)) {}
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;
  [[nodiscard]] static reconcile::ControllerSpec spec();

 private:
  base::Status carry_over(const model::NodePool& pool, const std::string& hash, const Call& call);

  Services services_;
};

// The claim as it must look after its pool's hash version changed: the version always, the hash unless it is
// drifted already.
[[nodiscard]] model::NodeClaim with_hash(const model::NodeClaim& claim, const std::string& hash);

}  // namespace karpenter::nodepool
