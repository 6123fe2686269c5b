#include "common/program/program.h"

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "common/options/program.h"
#include "common/runtime/signals.h"

namespace karpenter::program {
namespace {

std::optional<std::string> from_environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

}  // namespace

int run_main(const Program& program, int argc, char** argv) {
  runtime::block_signals();
  const std::vector<std::string> args(argv + 1, argv + argc);
  const auto code = options::answer_or_parse(program.name, args, program.help,
                                             [&] { return program.parse(args, from_environment); });
  if (code) return *code;
  const auto real = runtime::make_real_runtime();
  base::Status status = base::ok();
  runtime::run_until_signal(
      [&](std::stop_token stop) { status = program.run(*real, from_environment, std::move(stop)); });
  real->stop_all();
  real->join_all();
  if (status.has_value()) return 0;
  std::fprintf(stderr, "%s: %s\n", std::string(program.name).c_str(), status.error().text().c_str());
  return 1;
}

}  // namespace karpenter::program
