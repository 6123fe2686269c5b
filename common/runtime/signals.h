#pragma once

#include <functional>
#include <stop_token>

namespace karpenter::runtime {

// Blocks SIGINT and SIGTERM and ignores SIGPIPE for this thread and all it starts later: call it first in
// main().
void block_signals();

// Runs `body` with a token that is stopped by the first SIGINT or SIGTERM; a second one, of either kind,
// while `body` still runs ends the process at once with exit code 128 + signal. Returns when `body` does;
// then signals stay blocked. block_signals() must have been called.
void run_until_signal(const std::function<void(std::stop_token)>& body);

}  // namespace karpenter::runtime
