#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "controller/cluster/problem.h"
#include "controller/disruption/plan/candidates.h"
#include "controller/disruption/plan/methods.h"
#include "controller/disruption/services.h"

namespace karpenter::disruption {

// Everything one method looks at, read once. Immutable; shares ownership of what it shows. spec: disruption
// §3.1
struct World {
  cluster::SnapshotPtr snapshot;
  plan::Pools pools;                  // every managed NodePool, with or without instance types
  std::vector<plan::NodeView> nodes;  // ordered as the snapshot
  std::shared_ptr<const plan::PdbLimits> pdbs;
  Time now{};
  base::Mono changed_at{};  // the consolidation timestamp, from before the snapshot. spec: disruption §13
};

using IsInFlight = std::function<bool(const std::string& provider_id)>;

// Reads stores, cluster state and instance types. A pool whose types cannot be listed is logged and has none.
[[nodiscard]] World read_world(const Services& services, const IsInFlight& is_in_flight, const Call& call);

enum class Purpose : bool { kOther, kConsolidation };
// What would happen to pods if the candidates went away. Consolidation does not move pods to nodes that are
// within their consolidateAfter. spec: disruption §5
[[nodiscard]] base::Result<plan::SimulationResult> simulate(const World& world,
                                                            std::span<const plan::Candidate> candidates,
                                                            Purpose purpose);

}  // namespace karpenter::disruption
