#pragma once

#include "common/json/json.h"
#include "controller/cloud/instance_type.h"

namespace karpenter::app {

// The instance types of an `aws ec2 describe-instance-types` answer, for offline plans: labels, capacity and
// overhead as the provider computes them for AL2023 without an EC2NodeClass. The answer has no prices: each
// type needs `Offerings`, a list of {"Zone", "CapacityType" (on-demand, spot), "Price" in $/h, "Available"};
// a type without offerings cannot be launched. kInvalid with the type and what is wrong.
[[nodiscard]] base::Result<cloud::InstanceTypes> read_ec2_catalogue(json::View answer);

}  // namespace karpenter::app
