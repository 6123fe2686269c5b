#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "common/model/core/core.h"
#include "common/model/requirements.h"
#include "controller/cloud/instance_type.h"
#include "controller/disruption/plan/pods.h"

// What disrupting costs and what nodes cost. IEEE double throughout. spec: disruption §4

namespace karpenter::disruption::plan {

// In [-10, 10]; 1.0 for an ordinary pod. Unparsable annotations add nothing. spec: disruption §4.1
[[nodiscard]] double pod_eviction_cost(const Pod& pod);

// 1.0 plus the positive eviction costs of the reschedulable pods. spec: disruption §4.2
[[nodiscard]] double node_disruption_cost(std::span<const std::shared_ptr<const Pod>> reschedulable);

// $/h of the first offering in that zone and capacity type, available or not; 0 when there is none. spec:
// disruption §4.4
[[nodiscard]] double candidate_price(const cloud::InstanceType* type, std::string_view zone,
                                     std::string_view capacity_type);

// The price a launch may come to at worst: the dearest available compatible offering of the capacity type
// that a launch would choose (reserved, then spot, then on-demand). Infinity when none. spec: disruption §4.6
[[nodiscard]] double worst_launch_price(const cloud::InstanceType& type,
                                        const model::Requirements& requirements);

// The types ordered by their cheapest available compatible offering, infinity last; ties by name. spec:
// disruption §4.6
[[nodiscard]] cloud::InstanceTypes order_by_price(cloud::InstanceTypes types,
                                                  const model::Requirements& requirements);

// The types strictly cheaper than `max_price` even at worst, in their order; nothing when the minValues of
// `requirements` are not met by what remains (an empty remainder meets them). spec: disruption §4.6
[[nodiscard]] std::optional<cloud::InstanceTypes> filter_cheaper(const cloud::InstanceTypes& types,
                                                                 const model::Requirements& requirements,
                                                                 double max_price);

// How many of the leading types are needed so that every minValues is met; nothing when all do not suffice.
[[nodiscard]] std::optional<std::size_t> types_for_min_values(const cloud::InstanceTypes& types,
                                                              const model::Requirements& requirements);

// Available and compatible with `requirements`, well-known labels may be undefined.
[[nodiscard]] bool is_launchable(const cloud::Offering& offering, const model::Requirements& requirements);

}  // namespace karpenter::disruption::plan
