#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "common/runtime/runtime.h"

namespace karpenter::net {

// Names to addresses, with a small cache. The system's resolver knows no deadline, so it runs on a thread of
// its own and the caller waits for it only as long as its Call allows; a late answer still fills the cache.
// Thread-safe.
class Resolver {
 public:
  explicit Resolver(runtime::Runtime& runtime);
  // Numeric addresses in the order to try. kUnavailable when the name is unknown, kTimeout, kCancelled.
  base::Result<std::vector<std::string>> resolve(const std::string& host, const runtime::Call& call);

 private:
  struct State;
  runtime::Runtime& runtime_;
  std::shared_ptr<State> state_;  // shared with look-ups that outlive their caller
};

}  // namespace karpenter::net
