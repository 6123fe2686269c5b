#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "controller/nodeclaim/services.h"

namespace karpenter::nodeclaim {

// nodeclaim.disruption: keeps the conditions Drifted and Consolidatable of a claim. spec: disruption §17
//
// Key: the claim's name. Triggers: NodeClaim changes; NodePool -> its claims (label karpenter.sh/nodepool);
// bound Pod -> its claim; NodeClass -> the claims that reference it.
class DisruptionConditions final : public reconcile::Reconciler {
 public:
  DisruptionConditions(Services services, const kube::Store<model::NodePool>& pools);
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;
  [[nodiscard]] static reconcile::ControllerSpec spec();

 private:
  base::Result<std::string> find_drift(const model::NodeClaim& claim, const model::NodePool& pool,
                                       const Call& call);
  base::Result<bool> is_type_missing(const model::NodeClaim& claim, const model::NodePool& pool,
                                     const Call& call);
  base::Status update_drifted(model::NodeClaim& claim, const model::NodePool& pool, const Call& call);

  Services services_;
  const kube::Store<model::NodePool>& pools_;
  kube::Api<model::NodeClaim> api_;
  runtime::Mutex mutex_;
  std::map<std::string, base::Mono> type_found_
      KARP_GUARDED_BY(mutex_);  // by claim UID: last successful check
};

// ---- the pure part

// "NodePoolDrifted" or "RequirementsDrifted", or "". spec: disruption §17.1 #1, #2
[[nodiscard]] std::string static_drift(const model::NodeClaim& claim, const model::NodePool& pool);
// The claim's type, or a compatible offering of it, is not among what the pool can launch. spec: disruption
// §17.1 #3
[[nodiscard]] bool lacks_instance_type(const model::NodeClaim& claim, const cloud::InstanceTypes& types);
// Sets or removes Consolidatable; says when to look again. spec: disruption §17.2
std::optional<std::chrono::nanoseconds> update_consolidatable(model::NodeClaim& claim,
                                                              const model::NodePool& pool, Time now);

}  // namespace karpenter::nodeclaim
