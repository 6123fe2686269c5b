#pragma once

#include "controller/nodeclaim/services.h"

namespace karpenter::nodeclaim {

// nodeclaim.hydration: puts the NodeClass label on claims of older releases. spec: lifecycle §5.5
// Key: the claim's name. Triggers: every NodeClaim change.
class Hydration final : public reconcile::Reconciler {
 public:
  explicit Hydration(Services services) : services_(std::move(services)), api_(services_.client) {}
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;
  [[nodiscard]] static reconcile::ControllerSpec spec();

 private:
  Services services_;
  kube::Api<model::NodeClaim> api_;
};

// node.hydration: the same for the Node of a claim.
// Key: the Node's name. Triggers: every Node change; NodeClaim changes, mapped to their nodes.
class NodeHydration final : public reconcile::Reconciler {
 public:
  explicit NodeHydration(Services services);
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;
  [[nodiscard]] static reconcile::ControllerSpec spec();

 private:
  Services services_;
  kube::Api<model::Node> api_;
};

}  // namespace karpenter::nodeclaim
