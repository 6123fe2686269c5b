#pragma once

#include <chrono>
#include <compare>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace karpenter::base {

using Nanos = std::chrono::nanoseconds;

// Wall-clock time (UTC). For API timestamps only; never for timeouts.
using Time = std::chrono::sys_time<Nanos>;

// Monotonic time: timeouts, backoff, latency. A type of its own, so that it cannot be mixed with Time.
// The clock has no now(): only a runtime::Runtime can tell the time.
struct MonoClock {
  using duration = Nanos;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonoClock>;
  static constexpr bool is_steady = true;
};
using Mono = MonoClock::time_point;

// `2006-01-02T15:04:05Z`, as metav1.Time prints it (whole seconds, truncated).
[[nodiscard]] std::string format_rfc3339(Time time);
// `2006-01-02T15:04:05.000000Z`, as metav1.MicroTime prints it.
[[nodiscard]] std::string format_rfc3339_micro(Time time);
// `2006-01-02T15:04:05.000Z`, for logs and AWS.
[[nodiscard]] std::string format_rfc3339_milli(Time time);
// `20060102T150405Z`, for SigV4.
[[nodiscard]] std::string format_basic_iso8601(Time time);
// RFC 3339 with any fraction and any offset.
[[nodiscard]] Result<Time> parse_rfc3339(std::string_view text);

}  // namespace karpenter::base
