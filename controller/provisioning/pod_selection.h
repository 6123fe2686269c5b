#pragma once

#include <string>
#include <vector>

#include "controller/cluster/snapshot.h"

namespace karpenter::provisioning {

// A provisionable pod that does not enter the pass.
struct IgnoredPod {
  cluster::PodPtr pod;
  std::vector<std::string> errors;
  bool silent = false;  // it opted out of NodePools: no event. spec: scheduling §2.2
};

struct PodSelection {
  std::vector<cluster::PodPtr> pods;  // ordered by key
  std::vector<IgnoredPod> ignored;
};

// The provisionable pods of a snapshot, without those that ask for what can never be given. spec: scheduling
// §2.1, §2.2
[[nodiscard]] PodSelection select_pods(const cluster::Snapshot& snapshot);

// Everything wrong with the pod's node constraints; empty when nothing is. spec: scheduling §2.2
[[nodiscard]] std::vector<std::string> validate(const model::Pod& pod);

}  // namespace karpenter::provisioning
