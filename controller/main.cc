#include <string_view>
#include <utility>
#include <vector>

#include "common/program/program.h"
#include "controller/app/ec2_catalogue.h"
#include "controller/app/program.h"
#include "controller/planner/program.h"

int main(int argc, char** argv) {
  namespace k = karpenter;
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (!args.empty() && args.front() == "plan")
    return k::planner::plan_main(std::span(args).subspan(1), k::app::read_ec2_catalogue);
  k::options::Options settings;
  k::program::Program program;
  program.name = "karpenter-controller";
  program.help = k::options::help;
  program.parse = [&](auto given, const auto& environment) -> k::base::Status {
    ASSIGN_OR_RETURN(settings, k::options::parse(given, environment));
    return k::base::ok();
  };
  program.run = [&](auto& runtime, const auto& environment, std::stop_token stop) {
    return k::app::run_program(runtime, settings, environment, std::move(stop));
  };
  return k::program::run_main(program, argc, argv);
}
