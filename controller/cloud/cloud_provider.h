#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/karpenter/v1.h"
#include "common/runtime/runtime.h"
#include "controller/cloud/instance_type.h"

namespace karpenter::cloud {

using runtime::Call;

// The seam between the cloud-neutral controllers and AWS. Thread-safe. spec: aws §6, §10; lifecycle §4.3
//
// Errors of create(): kNoCapacity (ICE: delete the claim), kNotReady (NodeClass not ready: delete the claim),
// anything else is retried, with Error::reason as the condition reason ("LaunchFailed" when empty). get() and
// remove(): kNotFound when the instance does not exist or is terminated.
class CloudProvider {
 public:
  virtual ~CloudProvider() = default;

  // Launches one instance for the claim. The returned claim carries status (providerID, imageID, capacity,
  // allocatable) and the labels and annotations of what was launched. Idempotent per claim UID (client
  // token).
  virtual base::Result<model::NodeClaim> create(const model::NodeClaim& claim, const Call& call) = 0;
  // Requests termination. ok() means "still shutting down, ask again"; kNotFound means gone.
  virtual base::Status remove(const model::NodeClaim& claim, const Call& call) = 0;
  // The live instance, as a claim with provider ID, labels, creation and deletion timestamps (deleting =
  // shutting down).
  virtual base::Result<model::NodeClaim> get(std::string_view provider_id, const Call& call) = 0;
  // Every instance of this cluster that Karpenter owns and that is not terminated.
  virtual base::Result<std::vector<model::NodeClaim>> list(const Call& call) = 0;
  // What the pool's node class can launch now, with current prices and availability, ordered by name.
  virtual base::Result<InstanceTypes> instance_types(const model::NodePool& pool, const Call& call) = 0;
  // Why the claim no longer matches its NodeClass ("AMIDrift", ...), or "". spec: aws §10.5
  virtual base::Result<std::string> is_drifted(const model::NodeClaim& claim, const Call& call) = 0;
  [[nodiscard]] virtual std::string_view name() const = 0;  // "aws", metric label
};

}  // namespace karpenter::cloud
