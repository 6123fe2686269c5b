#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/model/karpenter/v1.h"
#include "common/model/requirements.h"
#include "controller/aws/client/ec2_types.h"
#include "controller/aws/provider/subnets.h"
#include "controller/cloud/instance_type.h"

// The decisions of a launch: which types, which capacity type, which overrides, what the answer means. Pure.
// spec: aws §6

namespace karpenter::aws {

inline constexpr std::size_t kMaxLaunchTypes = 60;

// What is launched for.
struct LaunchDemand {
  model::Requirements requirements;
  model::Resources requests;
};

// The types to offer to EC2, cheapest first, at most 60. kNoCapacity when nothing is left. The offerings of a
// returned type may be fewer than those of the one passed in. spec: aws §6.2
[[nodiscard]] base::Result<cloud::InstanceTypes> filter_types(const cloud::InstanceTypes& types,
                                                              const LaunchDemand& demand);

// spot before on-demand, if allowed and some type has it; else on-demand. spec: aws §6.3
[[nodiscard]] std::string choose_capacity_type(const cloud::InstanceTypes& types,
                                               const model::Requirements& requirements);
[[nodiscard]] std::string choose_tenancy(const model::Requirements& requirements);

// R with the capacity type pinned.
[[nodiscard]] model::Requirements narrowed(const model::Requirements& requirements,
                                           std::string_view capacity_type);

// Per zone: the smallest pod capacity among types with an available offering there. spec: aws §5.1
[[nodiscard]] std::map<std::string, std::int64_t> needed_addresses(const cloud::InstanceTypes& types,
                                                                   std::string_view capacity_type);

// One override per type and zone that has a chosen subnet, ordered as the types are. spec: aws §6.5
[[nodiscard]] std::vector<FleetOverride> plan_overrides(
    const cloud::InstanceTypes& types, const std::map<std::string, SubnetProvider::Choice>& subnets,
    const model::Requirements& requirements, std::string_view image_id);

// The error of a fleet that launched nothing: kNoCapacity when every error is about capacity (or there is
// none but the spot role), else kInternal with the launch reason. spec: aws §6.7 step 6
[[nodiscard]] base::Error judge_fleet(const std::vector<FleetError>& errors);
// The same for a request that failed as a whole. spec: aws §6.7 step 2
[[nodiscard]] base::Error as_create_error(base::Error error);

}  // namespace karpenter::aws
