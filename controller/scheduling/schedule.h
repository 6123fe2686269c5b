#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "common/model/requirements.h"
#include "controller/cloud/instance_type.h"

// The pure scheduler: a problem in, a plan out. No clock, no log, no socket. spec: scheduling §8-§12

namespace karpenter::scheduling {

using base::Time;

// A node (or a launched claim that has no node yet) that pods can be placed on. spec: scheduling §8.5
struct ExistingNode {
  std::string name;        // node name, or claim name while there is no node
  std::string node_claim;  // "" for unmanaged nodes
  std::string node_pool;   // "" for unmanaged nodes
  model::StringMap labels;
  std::vector<model::Taint> taints;          // after the view rules of scheduling §4.3
  model::Resources available;                // allocatable - requests of pods on it
  model::Resources daemon_requests_pending;  // daemon pods that will still come
  bool initialized = false;
  std::vector<const model::Pod*> pods;  // bound, not terminal
};

// A NodePool as the scheduler sees it. spec: scheduling §8.1-§8.4
struct NodePoolView {
  const model::NodePool* pool = nullptr;
  cloud::InstanceTypes instance_types;
  model::Resources usage;  // of active nodes, incl. "nodes"
};

struct Problem {
  std::vector<const model::Pod*> pods;  // to place
  std::vector<NodePoolView> pools;
  std::vector<ExistingNode> nodes;
  std::vector<const model::Pod*> daemon_pods;  // one per DaemonSet
  std::vector<const model::Pod*> bound_pods;   // for topology; may overlap nodes[].pods
};

struct Limits {
  std::uint64_t max_steps = UINT64_MAX;
  std::function<bool()> expired = {};
};

struct Placement {
  const model::Pod* pod = nullptr;
  std::size_t node = 0;  // index into Problem::nodes
};
struct NewNode {
  std::string node_pool;
  model::Requirements requirements;
  model::Resources requests;                                               // pods + daemons
  std::vector<std::shared_ptr<const cloud::InstanceType>> instance_types;  // cheapest first
  std::vector<const model::Pod*> pods;
  double price = 0;  // of the cheapest offering now
};

enum class ReasonCode : std::uint8_t {
  kNoNodePools,
  kRequirementsConflict,  // detail: pod requirement vs template's
  kTaintNotTolerated,
  kLimitExceeded,
  kNoInstanceTypeFits,  // resources
  kNoOffering,          // requirements and availability
  kTopology,
  kUnsupported,  // the pod asks for what this scheduler does not place
  kStepsExhausted,
};
struct Reason {
  ReasonCode code = ReasonCode::kNoNodePools;
  std::string node_pool;  // "" when not about one pool
  std::string detail;     // rendered arguments, complete
};
struct Unplaced {
  const model::Pod* pod = nullptr;
  std::vector<Reason> reasons;
};

struct Plan {
  std::vector<NewNode> create;
  std::vector<Placement> onto_existing;
  std::vector<Unplaced> unplaced;
  bool complete = true;  // false when a limit ended the pass; unplaced pods then carry kStepsExhausted
};

// Pure, total, deterministic: equal problems give byte-equal plans; order of inputs of equal rank does not
// matter.
[[nodiscard]] Plan schedule(const Problem& problem, const Limits& limits);

// One line as events word it. spec: scheduling §23.1
[[nodiscard]] std::string render(const Unplaced& unplaced);

// The NodeClaim to create for a planned node, without generated name. spec: scheduling §22.1
[[nodiscard]] model::NodeClaim make_node_claim(const NewNode& node, const model::NodePool& pool);

}  // namespace karpenter::scheduling
