#pragma once

#include <algorithm>
#include <chrono>

#include "common/base/time.h"
#include "common/model/meta.h"

namespace karpenter::cloud {

// When to ask again whether an instance is gone: after as long as it has been going, between one and five
// seconds. The reference waits five seconds each time (lifecycle §4.8, §4.9.3). `terminating`: the claim's
// condition InstanceTerminating, may be null.
[[nodiscard]] inline std::chrono::nanoseconds next_termination_poll(const model::Condition* terminating,
                                                                    base::Time now) {
  constexpr std::chrono::nanoseconds kSoon = std::chrono::seconds(1);
  constexpr std::chrono::nanoseconds kLate = std::chrono::seconds(5);
  if (terminating == nullptr || !terminating->last_transition_time) return kSoon;
  return std::clamp<std::chrono::nanoseconds>(now - *terminating->last_transition_time, kSoon, kLate);
}

}  // namespace karpenter::cloud
