#pragma once

#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "common/options/setting.h"
#include "common/runtime/runtime.h"

namespace karpenter::program {

// What differs between our programs.
struct Program {
  std::string_view name;  // "karpenter-controller"
  std::function<std::string()> help;
  // Reads and keeps the settings. kInvalid with one clear line.
  std::function<base::Status(std::span<const std::string> args, const options::Environment&)> parse;
  // Works until `stop`. An error ends the process with exit code 1 and one line on stderr.
  std::function<base::Status(runtime::Runtime&, const options::Environment&, std::stop_token stop)> run;
};

// The main() of every program of ours: --help, --version, settings from arguments and the process's
// environment (exit code 2 when they are wrong), signals, threads. Returns the exit code.
[[nodiscard]] int run_main(const Program& program, int argc, char** argv);

}  // namespace karpenter::program
