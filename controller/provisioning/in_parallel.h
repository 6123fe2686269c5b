#pragma once

#include <cstddef>
#include <functional>

#include "common/runtime/runtime.h"

namespace karpenter::provisioning {

// Calls body(0) ... body(count - 1) on up to `threads` threads and returns when all have returned. The body
// must be thread-safe and end soon when its own call is stopped.
void in_parallel(runtime::Runtime& runtime, std::size_t count, std::size_t threads,
                 const std::function<void(std::size_t)>& body);

}  // namespace karpenter::provisioning
