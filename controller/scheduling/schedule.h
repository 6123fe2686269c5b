#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "common/model/requirements.h"
#include "controller/cloud/instance_type.h"
#include "controller/scheduling/reasons.h"
#include "controller/scheduling/type_list.h"

// The pure scheduler: a problem in, a plan out. No clock, no log, no socket. spec: scheduling §8-§18, §22

namespace karpenter::scheduling {

using base::Time;

// How many volumes of a CSI driver a node can have attached; a driver without an entry is unbounded.
// spec: scheduling §13.2
struct VolumeLimit {
  std::string driver;
  std::int64_t count = 0;
};

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
  std::vector<const model::Pod*> pods = {};  // bound, not terminal: host ports, volumes, topology
  std::vector<VolumeLimit> volume_limits = {};
  // The taints that count for nodeTaintsPolicy: the Node's own. Empty: `taints`. spec: scheduling §6.2
  std::vector<model::Taint> raw_taints = {};
  // Under consolidateAfter: takes only pods that are Pending or on one of Problem::deleting_nodes. spec: §24
  bool is_settling = false;
};

// A node that takes no pods of this pass but whose pods count for topology: candidates for disruption, nodes
// that are being deleted. spec: scheduling §15.4
struct OtherNode {
  std::string name;
  model::StringMap labels = {};
  std::vector<model::Taint> taints = {};
  std::vector<const model::Pod*> pods = {};  // bound
};

// A NodePool as the scheduler sees it. One with spec.replicas is left out. spec: scheduling §8.1-§8.4, §18
struct NodePoolView {
  const model::NodePool* pool = nullptr;
  cloud::InstanceTypes instance_types;
  model::Resources usage;  // of active nodes, incl. "nodes"
};

// What volumes of pods resolve to; objects that are not listed do not exist. spec: scheduling §13.2, §14
struct VolumeObjects {
  std::vector<const model::PersistentVolumeClaim*> claims = {};
  std::vector<const model::PersistentVolume*> volumes = {};
  std::vector<const model::StorageClass*> classes = {};
};

enum class PreferencePolicy : std::uint8_t { kRespect, kIgnore };    // spec: scheduling §16
enum class MinValuesPolicy : std::uint8_t { kStrict, kBestEffort };  // spec: scheduling §12.2
enum class ReservedMode : std::uint8_t {
  kOff,
  kStrict,
  kFallback
};  // kOff: gate ReservedCapacity is off; §17
// kReference: the reference's own greedy, for comparison. kDefault: better where the reference is loose
// (§26).
enum class Packing : std::uint8_t { kDefault, kReference };

// spec: scheduling §1.2, §8.7
struct Options {
  PreferencePolicy preferences = PreferencePolicy::kRespect;
  MinValuesPolicy min_values = MinValuesPolicy::kStrict;
  ReservedMode reserved = ReservedMode::kStrict;
  Packing packing = Packing::kDefault;
  std::string credited_reservation = {};  // one more unit of this reservation than the offerings say; §24.1
  // Labels that are well-known besides the provider's own: those of a foreign catalogue. spec: §5.10
  std::set<std::string, std::less<>> more_well_known = {};
  // The label of reservation ids; "" is the provider's.
  std::string reservation_label = {};
  bool ignore_dra_requests = true;  // pods with resource claims are refused. false is not built. spec: §21
};

struct Problem {
  std::vector<const model::Pod*> pods = {};  // to place; nowhere counted where they run now
  std::vector<NodePoolView> pools = {};
  std::vector<ExistingNode> nodes = {};
  std::vector<const model::Pod*> daemon_pods = {};  // one per DaemonSet
  std::vector<const model::Pod*> bound_pods = {};   // on `nodes`, for topology; may repeat nodes[].pods
  std::vector<OtherNode> other_nodes = {};
  std::vector<const model::Namespace*> namespaces = {};  // for namespace selectors of pod affinity
  VolumeObjects volumes = {};
  std::set<std::string, std::less<>> deleting_nodes = {};  // see ExistingNode::is_settling
  Options options = {};
  // Not 0: a promise that everything but `pods` and Options::packing equals the last problem of this version
  // that the same Scheduler solved, so that what was built from it is used again.
  std::uint64_t version = 0;
};

struct Limits {
  std::uint64_t max_steps = UINT64_MAX;  // targets looked at
  std::function<bool()> expired = {};    // asked before each pod
};

struct Placement {
  const model::Pod* pod = nullptr;
  std::size_t node = 0;  // index into Problem::nodes
};
struct NewNode {
  std::string node_pool;
  model::Requirements requirements;
  model::Resources requests;  // pods + daemons
  TypeList instance_types;    // cheapest first, at most 600
  std::vector<const model::Pod*> pods;
  double price = 0;                 // of the cheapest launchable offering now; infinite when there is none
  bool min_values_relaxed = false;  // policy BestEffort lowered minValues. spec: scheduling §11.3
};

struct Unplaced {
  const model::Pod* pod = nullptr;
  Reasons reasons;
};

struct Plan {
  std::vector<NewNode> create;
  std::vector<Placement> onto_existing;
  std::vector<Unplaced> unplaced;
  bool complete = true;  // false when a limit ended the pass; pods without a turn then carry kStepsExhausted
  double total_price = 0;  // of `create`, $/h
};

// Pure, total, deterministic: equal problems give byte-equal plans; order of inputs of equal rank does not
// matter.
[[nodiscard]] Plan schedule(const Problem& problem, const Limits& limits);

// The same, keeping what does not change between passes: instance types, requirement sets, and nodes while
// Problem::version stays. Gives the same plans as schedule(). Not thread-safe. Keeps no pointer into a
// problem beyond those of an unchanged version, which the caller keeps alive.
class Scheduler {
 public:
  Scheduler();
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  [[nodiscard]] Plan schedule(const Problem& problem, const Limits& limits);

 private:
  struct Kept;
  std::unique_ptr<Kept> kept_;
};

// The NodeClaim to create for a planned node, without generated name. spec: scheduling §22.1
[[nodiscard]] model::NodeClaim make_node_claim(const NewNode& node, const model::NodePool& pool);

}  // namespace karpenter::scheduling
