#pragma once

#include <string>

#include "common/kube/client.h"
#include "tests/devcluster/aws/aws_cloud.h"

// What must hold in a simulated world. Checkers read the emulators, never the controller.

namespace karpenter::simulation::checks {

// At every instant: no NodeClaim has two instances; no two NodeClaims have one provider ID; every instance is tagged with its
// cluster and NodePool. kInternal names what is broken.
[[nodiscard]] base::Status always(kube::Client& client, const devcluster::AwsCloud& aws);

// Why the cluster has not come to rest, or "": no pending pod, no NodeClaim or Node on its way, instances, NodeClaims and Nodes
// match one to one.
[[nodiscard]] std::string find_unrest(kube::Client& client, const devcluster::AwsCloud& aws);

}  // namespace karpenter::simulation::checks
