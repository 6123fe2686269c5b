#include <utility>

#include "common/program/program.h"
#include "controller/app/program.h"

int main(int argc, char** argv) {
  namespace k = karpenter;
  k::options::Options settings;
  k::program::Program program;
  program.name = "karpenter-controller";
  program.help = k::options::help;
  program.parse = [&](auto args, const auto& environment) -> k::base::Status {
    ASSIGN_OR_RETURN(settings, k::options::parse(args, environment));
    return k::base::ok();
  };
  program.run = [&](auto& runtime, const auto& environment, std::stop_token stop) {
    return k::app::run_program(runtime, settings, environment, std::move(stop));
  };
  return k::program::run_main(program, argc, argv);
}
