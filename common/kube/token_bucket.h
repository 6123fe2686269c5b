#pragma once

#include <algorithm>
#include <chrono>

#include "common/base/time.h"

namespace karpenter::kube {

// A token bucket that hands out reservations: pure, the caller tells the time and does the waiting. Not
// thread-safe.
class TokenBucket {
 public:
  // `qps` > 0 tokens a second, at most `burst` saved up; full at first.
  TokenBucket(double qps, int burst) : qps_(qps), burst_(std::max(burst, 1)), tokens_(burst_) {}

  // Takes one token, on credit if need be: how long to wait until it is really there.
  std::chrono::nanoseconds reserve(base::Mono now) {
    refill(now);
    tokens_ -= 1;
    if (tokens_ >= 0) return std::chrono::nanoseconds(0);
    return std::chrono::nanoseconds(static_cast<std::int64_t>(-tokens_ / qps_ * 1e9));
  }
  // Takes one token if there is one.
  [[nodiscard]] bool try_take(base::Mono now) {
    refill(now);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  void refill(base::Mono now) {
    if (last_ != base::Mono::min() && now > last_) {
      tokens_ = std::min(burst_, tokens_ + std::chrono::duration<double>(now - last_).count() * qps_);
    }
    last_ = std::max(last_, now);
  }
  double qps_;
  double burst_;
  double tokens_;
  base::Mono last_ = base::Mono::min();
};

}  // namespace karpenter::kube
