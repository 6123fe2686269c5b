#pragma once

#include "common/base/error.h"

namespace karpenter::reconcile {

// What the failure of a reconcile means. The one table of the project (architecture §5.1).
enum class Retrying : std::uint8_t { kNever, kRateLimited };
enum class Counting : std::uint8_t { kSilent, kCounted };  // counted failures are logged, too
struct RetryPolicy {
  Retrying retrying = Retrying::kRateLimited;
  Counting counting = Counting::kCounted;
};

// spec: lifecycle §2.10
[[nodiscard]] constexpr RetryPolicy retry_policy(base::Code code) {
  switch (code) {
    case base::Code::kConflict:
      return {Retrying::kRateLimited, Counting::kSilent};  // someone else wrote: read again
    case base::Code::kCancelled:
      return {Retrying::kRateLimited, Counting::kSilent};  // we are stopping
    case base::Code::kTerminal:
      return {Retrying::kNever, Counting::kCounted};
    case base::Code::kNotFound:
    case base::Code::kAlreadyExists:
    case base::Code::kGone:
    case base::Code::kInvalid:
    case base::Code::kForbidden:
    case base::Code::kThrottled:
    case base::Code::kTimeout:
    case base::Code::kUnavailable:
    case base::Code::kNoCapacity:
    case base::Code::kNotReady:
    case base::Code::kInternal:
      break;
  }
  return {};
}

}  // namespace karpenter::reconcile
