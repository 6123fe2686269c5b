#pragma once

#include <string_view>

#include "common/base/result.h"
#include "common/model/karpenter/v1.h"
#include "controller/aws/client/ec2_types.h"

namespace karpenter::aws {

// The tags of everything a launch creates. spec: aws §10.4
[[nodiscard]] Tags launch_tags(const model::Ec2NodeClass& node_class, std::string_view node_pool,
                               std::string_view cluster);
// The tags of an instance profile. spec: aws §10.4
[[nodiscard]] Tags profile_tags(const model::Ec2NodeClass& node_class, std::string_view cluster,
                                std::string_view region);
// kInvalid with the key when spec.tags uses a key that Karpenter owns.
[[nodiscard]] base::Status check_tags(const model::StringMap& tags);

}  // namespace karpenter::aws
