#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/runtime/runtime.h"
#include "controller/cluster/pod_selection.h"
#include "controller/cluster/problem.h"
#include "controller/planner/catalogue.h"
#include "controller/planner/manifests.h"

namespace karpenter::planner {

// A question: what would the provisioner do?
struct Question {
  Manifests cluster;
  Catalogue catalogue;
  std::vector<std::string> deleted_nodes;  // by name: no targets, their pods need a place
  scheduling::Options options;
  base::Time now{};
};

// The answer, with everything it points to.
struct Answer {
  cluster::OwnedProblem problem;
  scheduling::Plan plan;
  std::vector<cluster::IgnoredPod> ignored;
  std::vector<std::string> remarks;    // about NodePools that were left out
  std::chrono::nanoseconds solving{};  // building the model included
};

// Feeds the objects to the controller's own cluster state, takes its snapshot and plans as a pass of the
// provisioner does. kNotFound for a deleted node that is not there.
[[nodiscard]] base::Result<Answer> answer(runtime::Runtime& runtime, const Question& question);

}  // namespace karpenter::planner
