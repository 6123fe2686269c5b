#pragma once

#include <set>
#include <string>
#include <vector>

#include "controller/cluster/snapshot.h"

namespace karpenter::cluster {

// A provisionable pod that does not enter the pass.
struct IgnoredPod {
  PodPtr pod;
  std::vector<std::string> errors;
  bool silent = false;  // it opted out of NodePools: no event. spec: scheduling §2.2
};

struct PodSelection {
  std::vector<PodPtr> pods;  // ordered by key
  std::vector<IgnoredPod> ignored;
};

// Label keys that are well-known besides the provider's: those of a foreign catalogue.
using LabelKeys = std::set<std::string, std::less<>>;

// The provisionable pods of a snapshot, without those that ask for what can never be given. spec: scheduling
// §2.1, §2.2
[[nodiscard]] PodSelection select_pods(const Snapshot& snapshot, const LabelKeys& more_well_known = {});

// Everything wrong with the pod's node constraints; empty when nothing is. spec: scheduling §2.2
[[nodiscard]] std::vector<std::string> validate(const model::Pod& pod, const LabelKeys& more_well_known = {});

// Why the pod's volumes cannot be provided, or "". spec: scheduling §2.3
[[nodiscard]] std::string validate_volumes(const model::Pod& pod, const Surroundings& surroundings);

}  // namespace karpenter::cluster
