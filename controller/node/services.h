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

// What the Node reconcilers share.

namespace karpenter::node {

using base::Time;
using net::Call;
using PodPtr = std::shared_ptr<const model::Pod>;

// References outlive the reconcilers. The reconcilers' constructors add the store indexes they need, so
// construct them before the first write to a store.
struct Services {
  runtime::Runtime& runtime;
  telemetry::Log& log;
  telemetry::Metrics& metrics;
  telemetry::EventRecorder& events;
  kube::Client& client;
  cloud::CloudProvider& cloud;
  kube::Store<model::Node>& nodes;
  kube::Store<model::NodeClaim>& claims;
  kube::Store<model::Pod>& pods;
  kube::Store<model::VolumeAttachment>& attachments;
  kube::Store<model::PersistentVolumeClaim>& volume_claims;
};

// Adds the indexes that the functions below need; adding them again changes nothing. spec: lifecycle §2.7
void add_indexes(Services& services);
// The claim with the Node's provider ID. Null for none or several.
[[nodiscard]] std::shared_ptr<const model::NodeClaim> claim_of(const Services& services,
                                                               const model::Node& node);
[[nodiscard]] std::vector<PodPtr> pods_on(const Services& services, const std::string& node_name);
[[nodiscard]] std::vector<std::shared_ptr<const model::VolumeAttachment>> attachments_of(
    const Services& services, const std::string& node_name);

[[nodiscard]] telemetry::EventObject event_object(const model::Node& node);
[[nodiscard]] telemetry::EventObject event_object(const model::Pod& pod);

}  // namespace karpenter::node
