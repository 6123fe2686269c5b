#pragma once

#include <string>
#include <vector>

#include "controller/scheduling/schedule.h"

namespace karpenter::support {

// Every law of a valid plan that `plan` breaks for `problem`, one sentence each; empty when it is valid.
// Independent of the scheduler: only model arithmetic on strings, no ids, no memo; slow. Checks: every pod
// accounted for exactly once; taints; requirements; offerings; resources with daemons on every kept type;
// host ports; NodePool limits; hard topology. Pure and total.
[[nodiscard]] std::vector<std::string> verify(const scheduling::Problem& problem,
                                              const scheduling::Plan& plan);

}  // namespace karpenter::support
