#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/json/json.h"
#include "tests/simulation/spec.h"

// The objects a simulated cluster is given.

namespace karpenter::simulation {

// An instance profile that is there from the start, for those that name one.
inline constexpr const char* kSeededProfile = "KarpenterNodeInstanceProfile-demo";

// Where objects of that kind are created, and where this one is found.
[[nodiscard]] std::string collection_of(json::View object);
[[nodiscard]] std::string path_of(json::View object);
// What an installation applies: CRDs, roles, webhook registrations. kNotFound names the file that is missing.
[[nodiscard]] base::Result<std::vector<json::Value>> install_objects();
[[nodiscard]] json::Value node_pool(const Spec& spec);
[[nodiscard]] json::Value node_class();
[[nodiscard]] json::Value deployment(const Scale& scale);
[[nodiscard]] json::Value disruption_budget(const Pdb& pdb);

}  // namespace karpenter::simulation
