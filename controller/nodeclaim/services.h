#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/kube/api.h"
#include "common/kube/store.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "common/reconcile/reconciler.h"
#include "common/telemetry/events.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "controller/cloud/cloud_provider.h"

// What the NodeClaim reconcilers share: the outside world and a few steps that several of them take.

namespace karpenter::nodeclaim {

using base::Time;
using net::Call;

// Store indexes. spec: lifecycle §2.7
inline constexpr std::string_view kNodesByProviderId = "spec.providerID";
inline constexpr std::string_view kClaimsByProviderId = "status.providerID";
inline constexpr std::string_view kPodsByNode = "spec.nodeName";

// References outlive the reconcilers. The reconcilers' constructors add the store indexes they need, so
// construct them before the first write to a store.
struct Services {
  runtime::Runtime& runtime;
  telemetry::Log& log;
  telemetry::Metrics& metrics;
  telemetry::EventRecorder& events;
  kube::Client& client;
  cloud::CloudProvider& cloud;
  kube::Store<model::NodeClaim>& claims;
  kube::Store<model::Node>& nodes;
  std::string node_class_group = std::string(model::kAwsGroup);  // claims of other node classes are not ours
  std::string node_class_kind = "EC2NodeClass";

  [[nodiscard]] bool is_managed(const model::NodeClaim& claim) const {
    return claim.spec.node_class_ref.group == node_class_group &&
           claim.spec.node_class_ref.kind == node_class_kind;
  }
};

// Adds both indexes; adding them again changes nothing.
void add_indexes(Services& services);
// The Nodes with the claim's provider ID; none while it has none.
[[nodiscard]] std::vector<std::shared_ptr<const model::Node>> nodes_of(const Services& services,
                                                                       const model::NodeClaim& claim);
// The claim of a Node (by provider ID), for mapping Node events to claims. Null for none or several.
[[nodiscard]] std::shared_ptr<const model::NodeClaim> claim_of(const Services& services,
                                                               const model::Node& node);

[[nodiscard]] telemetry::EventObject event_object(const model::NodeClaim& claim);
[[nodiscard]] telemetry::Fields log_fields(const model::NodeClaim& claim);

// Deletes the claim (UID precondition) and counts it under `reason`. Already gone is fine and not counted.
base::Status remove_claim(Services& services, const model::NodeClaim& claim, std::string_view reason,
                          const Call& call);

// E(n): 1, 2, 4, ... spec: lifecycle §14
[[nodiscard]] std::vector<double> exponential_buckets(std::size_t n);

}  // namespace karpenter::nodeclaim
