#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/runtime/runtime.h"
#include "controller/planner/catalogue.h"

namespace karpenter::planner {

// How the program reaches the outside.
struct Io {
  std::function<base::Result<std::string>(const std::string& path)> read;  // "-": standard input
  std::function<void(std::string_view)> out;
  std::function<void(std::string_view)> err;
  CloudForm cloud_form = nullptr;  // of the catalogue; may be null
};

// `karpenter-controller plan ARGS`: reads the files, plans, prints. Returns the exit code: 0, or 2 with one
// line on `err` when an argument or an input is wrong.
[[nodiscard]] int run_plan(std::span<const std::string> args, runtime::Runtime& runtime, const Io& io);

// The same with files and standard streams. `args` without the program's name and `plan`.
[[nodiscard]] int plan_main(std::span<const std::string> args, CloudForm cloud_form);

}  // namespace karpenter::planner
