#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace karpenter::base {

// Go duration notation: `1m30s`, `500ms`, `-1.5h`, `0`. Units ns, us, µs, ms, s, m, h. Overflow is an error.
[[nodiscard]] Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

// As Go's Duration.String(): `720h0m0s`, `1m30s`, `1.5s`, `500ms`, `0s`.
[[nodiscard]] std::string format_duration(std::chrono::nanoseconds duration);

}  // namespace karpenter::base
