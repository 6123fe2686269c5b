#pragma once

#include <string>
#include <string_view>

#include "common/kube/api.h"
#include "common/kube/store.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "controller/cluster/cluster.h"
#include "controller/scheduling/schedule.h"

namespace karpenter::cluster {

// Turns planned nodes into NodeClaim objects: for provisioning and for disruption's replacements. Thread-safe
// as its parts. spec: scheduling §22.2
class ClaimCreator {
 public:
  ClaimCreator(Cluster& cluster, const kube::Store<model::NodePool>& node_pools, kube::Client& client,
               telemetry::Log& log, telemetry::Metrics& metrics)
      : cluster_(cluster), node_pools_(node_pools), client_(client), log_(log), metrics_(metrics) {}

  // Creates the claim and tells the cluster state. `reason` is the metric label ("provisioned", "drifted",
  // ...). kNotFound when the NodePool is gone, kInvalid when its limits are exceeded, else as
  // kube::Api::create.
  base::Result<model::NodeClaim> create(const scheduling::NewNode& planned, std::string_view reason,
                                        const net::Call& call);

 private:
  Cluster& cluster_;
  const kube::Store<model::NodePool>& node_pools_;
  kube::Client& client_;
  telemetry::Log& log_;
  telemetry::Metrics& metrics_;
};

// The first limit that usage exceeds, as "cpu usage 12 exceeds limit 10", or "". spec: scheduling §22.2 step
// 2
[[nodiscard]] std::string exceeded_limit(const model::Resources& limits, const model::Resources& usage);

}  // namespace karpenter::cluster
