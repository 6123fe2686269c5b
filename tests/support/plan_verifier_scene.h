#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "controller/cloud/instance_type.h"

// What the plan verifier looks at, whatever planner the plan is from. It shares no code with the scheduler:
// labels are tried value by value, requests are added up here again.

namespace karpenter::support {

using model::Pod;
[[nodiscard]] inline std::string name_of(const Pod& pod) { return model::key_of(pod.meta).text(); }
using Expressions = std::vector<model::NodeSelectorRequirement>;

// A node that exists.
struct SceneNode {
  std::string name;
  model::StringMap labels;  // with the hostname
  std::vector<model::Taint> taints;
  model::Resources free;  // allocatable less what runs there
  std::vector<const Pod*> running;
  std::map<std::string, std::int64_t> volume_limits;  // by CSI driver
  bool is_target = true;                              // false: its pods count, but it takes none
};

struct ScenePool {
  const model::NodePool* pool = nullptr;
  cloud::InstanceTypes types;
  model::Resources usage;
};

// A node that the plan wants.
struct SceneClaim {
  std::string pool;
  Expressions requirements;
  std::vector<std::string> types;
  std::vector<const Pod*> pods;
};

struct Scene {
  // ---- the cluster
  std::vector<SceneNode> nodes;
  std::vector<ScenePool> pools;
  std::vector<const Pod*> pods;     // to place
  std::vector<const Pod*> daemons;  // one per DaemonSet
  std::map<std::string, model::StringMap> namespaces;
  std::map<model::ObjectKey, const model::PersistentVolumeClaim*> volume_claims;
  std::map<std::string, const model::PersistentVolume*> volumes;
  std::map<std::string, const model::StorageClass*> classes;
  bool min_values_may_be_relaxed = false;
  // ---- the plan
  std::vector<SceneClaim> create;
  std::vector<std::vector<const Pod*>> onto;  // by index of `nodes`
};

using Broken = std::vector<std::string>;  // one sentence for each rule that does not hold

// ---- one label
// The expression holds for a node whose label has this value; null: the node lacks the label.
[[nodiscard]] bool holds(const model::NodeSelectorRequirement& expression, const std::string* value);

// The values each label of a new node may get: one entry for each type and offering it may be launched as.
// A key without entry is not on the node; "" stands for a label that may be missing.
using LabelChoices = std::map<std::string, std::set<std::string>>;
struct Launch {
  const cloud::InstanceType* type = nullptr;
  LabelChoices labels;
};
[[nodiscard]] std::vector<Launch> launches_of(const Scene& scene, const SceneClaim& claim);
[[nodiscard]] LabelChoices choices_of(const SceneNode& node);
[[nodiscard]] bool always_holds(const Expressions& all, const LabelChoices& labels);
// The required node terms of the pod, each joined with its nodeSelector; never empty.
[[nodiscard]] std::vector<Expressions> required_terms(const Pod& pod);
[[nodiscard]] bool tolerates_hard(const Pod& pod, const std::vector<model::Taint>& taints);
// What a pod takes, incl. `pods: 1`. spec: scheduling §7.1
[[nodiscard]] model::Resources requests_of(const Pod& pod);

// ---- the rules, by file
void check_nodes(const Scene& scene, Broken& broken);     // plan_verifier_nodes.cc
void check_topology(const Scene& scene, Broken& broken);  // plan_verifier_topology.cc
[[nodiscard]] Broken verify(const Scene& scene);

}  // namespace karpenter::support
