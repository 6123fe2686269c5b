#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.h"
#include "common/model/karpenter/v1.h"
#include "controller/cloud/instance_type.h"
#include "controller/cluster/snapshot.h"
#include "controller/scheduling/schedule.h"

// From a Snapshot to the scheduler's input: for provisioning, for disruption simulations and for offline
// plans. Pure.

namespace karpenter::cluster {

// A NodePool and what it can launch now.
struct Pool {
  std::shared_ptr<const model::NodePool> node_pool;
  cloud::InstanceTypes instance_types;
};

// Dynamic, ready and not being deleted. spec: scheduling §8.1
[[nodiscard]] bool is_usable(const model::NodePool& pool);

// Whose pods move and which nodes are no targets.
struct Simulation {
  std::vector<PodPtr> pods = {};  // to place, besides those below
  std::set<std::string, std::less<>> without_provider_ids =
      {};                        // candidates for disruption: no targets; their reschedulable pods are placed
  bool include_deleting = true;  // also place the pods of nodes marked for deletion
  base::Time now{};              // for do-not-disrupt annotations
  scheduling::Options options = {};
};

// A Problem and the owners of everything it points to. Movable; the pointers stay valid.
struct OwnedProblem {
  SnapshotPtr snapshot;
  std::vector<Pool> pools;
  std::vector<PodPtr> pods;
  scheduling::Problem problem;
  std::vector<StateNodePtr> targets;  // targets[i] is problem.nodes[i]
};

// Targets are the active nodes (not marked for deletion) without the candidates, ordered as the snapshot; the
// pods of the others count for topology. spec: scheduling §8.5, §15.4, §24
[[nodiscard]] OwnedProblem make_problem(SnapshotPtr snapshot, std::vector<Pool> pools, Simulation simulation);

// Makes the problems of consecutive passes of one Cluster. While nothing but pending pods changes, the
// problem of the pass before is given pods and otherwise used again, and keeps its version. Not thread-safe.
class ProblemKeeper {
 public:
  // Valid until the next call. `simulation.options` must not change between calls.
  const OwnedProblem& make(SnapshotPtr snapshot, std::vector<Pool> pools, Simulation simulation);

 private:
  std::unique_ptr<OwnedProblem> last_;
  std::uint64_t versions_ = 0;
};

// Pods of a node that would need a place if it went away now, ordered by key. spec: scheduling §2.4
[[nodiscard]] std::vector<PodPtr> reschedulable_pods(const StateNode& node, const Surroundings& surroundings,
                                                     base::Time now);

}  // namespace karpenter::cluster
