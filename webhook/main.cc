#include <string>
#include <utility>
#include <vector>

#include "common/program/program.h"
#include "webhook/app/app.h"
#include "webhook/offline/offline.h"

int main(int argc, char** argv) {
  namespace k = karpenter;
  const std::vector<std::string> args(argv + 1, argv + argc);
  const auto streams = k::webhook::offline::standard_streams();
  if (const auto code = k::webhook::offline::run_command(args, streams)) return *code;
  k::webhook::WebhookOptions settings;
  k::program::Program program;
  program.name = "karpenter-webhook";
  program.help = k::webhook::help;
  program.parse = [&](auto given, const auto& environment) -> k::base::Status {
    ASSIGN_OR_RETURN(settings, k::webhook::parse(given, environment));
    return k::base::ok();
  };
  program.run = [&](auto& runtime, const auto& environment, std::stop_token stop) {
    return k::webhook::run(runtime, settings, environment, std::move(stop));
  };
  return k::program::run_main(program, argc, argv);
}
