#pragma once

#include <string>
#include <vector>

#include "controller/scheduling/schedule.h"

namespace karpenter::support {

// Every law of a valid plan that `plan` breaks for `problem`, one sentence each; empty when it is valid.
// Independent of the scheduler (plan_verifier_scene.h); slow. Checks: every pod accounted for exactly once;
// taints; requirements; offerings; resources with daemons on every kept type; minValues; host ports; volumes;
// NodePool limits; hard spread, affinity and anti-affinity. Pure and total.
[[nodiscard]] std::vector<std::string> verify(const scheduling::Problem& problem,
                                              const scheduling::Plan& plan);

}  // namespace karpenter::support
