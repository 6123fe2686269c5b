#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "controller/planner/plan.h"
#include "controller/planner/report.h"
#include "tests/support/plan_verifier_files.h"

// One scenario of hack/differential: plans with both packings and judges these plans and those of the peer.
//   differential_probe CLUSTER TYPES NOW [PEER-PLAN]   prints one JSON document

namespace karpenter {
namespace {

std::string read(const char* path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

base::Result<planner::Question> question_of(char** argv) {
  planner::Question out;
  const std::vector<planner::Source> sources = {{.name = argv[1], .text = read(argv[1])}};
  ASSIGN_OR_RETURN(out.cluster, planner::read_manifests(sources));
  ASSIGN_OR_RETURN(out.catalogue, planner::read_catalogue({.name = argv[2], .text = read(argv[2])}));
  ASSIGN_OR_RETURN(out.now, base::parse_rfc3339(argv[3]));
  return out;
}

void set_broken(json::Ref to, const planner::Question& question, json::View plan) {
  to.set_array();
  for (const auto& sentence : support::verify(question.cluster, question.catalogue, plan))
    to.push_back(std::string_view(sentence));
}

base::Status plan_with(runtime::Runtime& runtime, planner::Question& question, scheduling::Packing packing,
                       json::Ref to) {
  question.options.packing = packing;
  ASSIGN_OR_RETURN(const auto answer, planner::answer(runtime, question));
  to["plan"].set(planner::to_json(answer, {.loading = {}, .solving = answer.solving}));
  set_broken(to["broken"], question, to.view()["plan"]);
  return base::ok();
}

base::Status run(int argc, char** argv) {
  if (argc < 4) return base::invalid("usage: differential_probe CLUSTER TYPES NOW [PEER-PLAN]");
  const auto runtime = runtime::make_real_runtime();
  ASSIGN_OR_RETURN(auto question, question_of(argv));
  json::Value out = json::Value::object();
  RETURN_IF_ERROR(plan_with(*runtime, question, scheduling::Packing::kDefault, out["default"]));
  RETURN_IF_ERROR(plan_with(*runtime, question, scheduling::Packing::kReference, out["reference"]));
  if (argc > 4) {
    ASSIGN_OR_RETURN(const auto peer, json::parse(read(argv[4])));
    set_broken(out["peer"]["broken"], question, peer);
    json::Ref others = out["peer"]["alternatives"];
    others.set_array();
    for (const auto& plan : peer.view()["alternatives"].items())
      set_broken(others.push_back(), question, plan);
  }
  std::printf("%s\n", out.dump().c_str());
  return base::ok();
}

}  // namespace
}  // namespace karpenter

int main(int argc, char** argv) {
  const auto status = karpenter::run(argc, argv);
  if (status) return 0;
  std::fprintf(stderr, "differential_probe: %s\n", status.error().text().c_str());
  return 2;
}
