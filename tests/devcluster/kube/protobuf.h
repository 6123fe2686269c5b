#pragma once

#include <string_view>

#include "common/base/result.h"
#include "common/json/json.h"

namespace karpenter::devcluster {

// A request body in application/vnd.kubernetes.protobuf, as current kubectls send a few small kinds (create
// namespace, drain, auth can-i). kInvalid when it is malformed, or holds a kind or field that is not in the
// table: nothing is ever dropped silently.
[[nodiscard]] base::Result<json::Value> decode_protobuf(std::string_view body);

}  // namespace karpenter::devcluster
