#pragma once

#include "common/json/json.h"
#include "controller/planner/catalogue.h"
#include "controller/planner/manifests.h"
#include "controller/scheduling/schedule.h"
#include "tests/support/plan_verifier_scene.h"

namespace karpenter::support {

// Judges a plan by the files it was made for: the cluster is put together here again, without the
// controller's cluster state. `plan` is what `karpenter-controller plan -o json` prints, or another planner's
// plan in that form (newNodeClaims, existingNodes, podErrors). Names that nobody knows are sentences too.
[[nodiscard]] Broken verify(const planner::Manifests& cluster, const planner::Catalogue& catalogue,
                            json::View plan,
                            scheduling::MinValuesPolicy min_values = scheduling::MinValuesPolicy::kStrict);

}  // namespace karpenter::support
