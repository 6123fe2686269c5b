#pragma once

#include <stop_token>

#include "common/options/options.h"
#include "common/runtime/runtime.h"

namespace karpenter::app {

// The controller as a process: sockets, logs, probes and metrics around an App. Returns when `stop` is
// requested or the lease is lost. `environment` is asked for the cluster's and AWS's settings.
base::Status run_program(runtime::Runtime& runtime, const options::Options& options,
                         const options::Environment& environment, std::stop_token stop);

}  // namespace karpenter::app
