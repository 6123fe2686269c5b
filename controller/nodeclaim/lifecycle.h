#pragma once

#include <functional>
#include <optional>
#include <string>

#include "controller/nodeclaim/launch_cache.h"
#include "controller/nodeclaim/own_writes.h"
#include "controller/nodeclaim/services.h"

namespace karpenter::nodeclaim {

// Told whether a claim's node registered, for the health of its NodePool. kConflict asks to repeat the
// reconcile.
enum class RegistrationSample : bool { kFailed, kRegistered };
using RecordRegistration =
    std::function<base::Status(const model::NodeClaim&, RegistrationSample, const Call&)>;

// nodeclaim.lifecycle: launches a claim's instance, waits for its node to register and initialize, deletes
// claims that do not get there in time, and takes everything down again when the claim is deleted. spec:
// lifecycle §4
//
// Key: the claim's name. Triggers: every NodeClaim change; every Node change, mapped with claim_of() to its
// claim.
class Lifecycle final : public reconcile::Reconciler {
 public:
  Lifecycle(Services services, RecordRegistration record);
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;
  [[nodiscard]] static reconcile::ControllerSpec spec();

 private:
  using Outcome = reconcile::Outcome;
  using Claim = model::NodeClaim;

  base::Result<Outcome> bring_up(const Claim& stored, const Call& call);
  base::Status launch(Claim& claim, const Call& call);
  base::Status accept_or_refuse(Claim& claim, base::Result<Claim> launched, const Call& call);
  base::Status give_up(const Claim& claim, const base::Error& error, const Call& call);
  base::Status register_node(Claim& claim, const Call& call);
  base::Status initialize(Claim& claim, const Call& call);
  base::Result<Outcome> check_liveness(const Claim& claim, const Call& call);
  base::Status persist(const Claim& before, const Claim& after, const Call& call);

  base::Result<Outcome> take_down(const Claim& stored, const Call& call);
  base::Result<Outcome> terminate_instance(Claim& claim, const Call& call);
  base::Result<Outcome> remove_finalizer(const Claim& claim, const Call& call);
  base::Result<bool> delete_nodes(const Claim& claim, const Call& call);
  base::Result<Claim> patch(const Claim& before, const Claim& after, const Call& call);

  Services services_;
  RecordRegistration record_;
  kube::Api<Claim> api_;
  kube::Api<model::Node> node_api_;
  LaunchCache launched_;
  OwnWrites writes_;
};

}  // namespace karpenter::nodeclaim
