#include <cstdlib>

#include "common/options/program.h"
#include "common/runtime/signals.h"
#include "webhook/app/app.h"

namespace karpenter::webhook {
namespace {

constexpr const char* kProgram = "karpenter-webhook";

std::optional<std::string> from_environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

int run_program(const std::vector<std::string>& args) {
  runtime::block_signals();
  WebhookOptions settings;
  const auto code = options::answer_or_parse(kProgram, args, help, [&]() -> base::Status {
    ASSIGN_OR_RETURN(settings, parse(args, from_environment));
    return base::ok();
  });
  if (code) return *code;
  const auto real = runtime::make_real_runtime();
  base::Status status = base::ok();
  runtime::run_until_signal(
      [&](std::stop_token stop) { status = run(*real, settings, from_environment, std::move(stop)); });
  real->stop_all();
  real->join_all();
  if (status.has_value()) return 0;
  std::fprintf(stderr, "%s: %s\n", kProgram, status.error().text().c_str());
  return 1;
}

}  // namespace
}  // namespace karpenter::webhook

int main(int argc, char** argv) { return karpenter::webhook::run_program({argv + 1, argv + argc}); }
