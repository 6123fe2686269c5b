#include <utility>

#include "common/program/program.h"
#include "webhook/app/app.h"

int main(int argc, char** argv) {
  namespace k = karpenter;
  k::webhook::WebhookOptions settings;
  k::program::Program program;
  program.name = "karpenter-webhook";
  program.help = k::webhook::help;
  program.parse = [&](auto args, const auto& environment) -> k::base::Status {
    ASSIGN_OR_RETURN(settings, k::webhook::parse(args, environment));
    return k::base::ok();
  };
  program.run = [&](auto& runtime, const auto& environment, std::stop_token stop) {
    return k::webhook::run(runtime, settings, environment, std::move(stop));
  };
  return k::program::run_main(program, argc, argv);
}
