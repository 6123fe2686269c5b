#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/kube/api.h"
#include "common/kube/store.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "common/reconcile/reconciler.h"
#include "common/telemetry/events.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "controller/cloud/cloud_provider.h"
#include "controller/cluster/claim_creator.h"
#include "controller/cluster/cluster.h"

// What the parts of the disruption executor share.

namespace karpenter::disruption {

using base::Time;
using net::Call;

// References outlive the reconcilers.
struct Services {
  runtime::Runtime& runtime;
  telemetry::Log& log;
  telemetry::Metrics& metrics;
  telemetry::EventRecorder& events;
  kube::Client& client;
  cloud::CloudProvider& cloud;
  cluster::Cluster& cluster;
  cluster::ClaimCreator& creator;
  const kube::Store<model::NodePool>& pools;
  const kube::Store<model::Node>& nodes;
  const kube::Store<model::NodeClaim>& claims;
  const kube::Store<model::PodDisruptionBudget>& budgets;
  std::string node_class_group = std::string(model::kAwsGroup);  // pools of other node classes are not ours
  std::string node_class_kind = "EC2NodeClass";
};

}  // namespace karpenter::disruption
