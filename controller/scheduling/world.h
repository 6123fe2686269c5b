#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "controller/scheduling/amounts.h"
#include "controller/scheduling/bits.h"
#include "controller/scheduling/daemons.h"
#include "controller/scheduling/node_affinity.h"
#include "controller/scheduling/node_table.h"
#include "controller/scheduling/pods.h"
#include "controller/scheduling/requirement_table.h"
#include "controller/scheduling/schedule.h"
#include "controller/scheduling/topology.h"
#include "controller/scheduling/type_table.h"
#include "controller/scheduling/volumes.h"

// A Problem as small integers and dense arrays, in three layers of different lifetime: the catalogue (kept
// across passes), the ground (kept while only pods change) and the world of one pass.

namespace karpenter::scheduling {

// Instance types and requirement sets: what they mean never changes. Grows; start anew when it gets big.
struct Catalogue {
  explicit Catalogue(const Options& options);
  Catalogue(const Catalogue&) = delete;
  Catalogue& operator=(const Catalogue&) = delete;
  [[nodiscard]] bool serves(const Options& options) const;
  // The table of a list of types; equal lists share one.
  [[nodiscard]] std::size_t table_of(const cloud::InstanceTypes& types);

  const std::set<std::string, std::less<>> more_well_known;
  const std::string reservation_label;
  Interner resources;
  std::deque<TypeTable> tables;
  RequirementTable requirements;
};

// A NodePool as the start of new claims. spec: scheduling §8.3, §8.4, §8.6
struct Template {
  const NodePoolView* view = nullptr;
  model::Requirements own;  // of the NodePool and its labels, without what Karpenter adds
  Id base = kNoId;          // requirements, with a placeholder for the hostname
  Id taints = kNoId;        // taint set
  std::size_t table = 0;
  Bits options;  // types that meet `base` and have an offering
  std::vector<OverheadGroup> overhead;
  model::Resources limits_left;  // only limited resources; empty: unlimited
  bool has_min_values = false;
  std::string broken;  // why it can make no node at all; "" when it can
};

// What a pass finds there, whichever pods it places.
struct Ground {
  Ground(const Problem& problem, Catalogue& catalogue);
  Ground(const Ground&) = delete;
  Ground& operator=(const Ground&) = delete;
  [[nodiscard]] const KeyDomains& domains(const std::string& key);

  const Problem& problem;
  Catalogue& catalogue;
  VolumeIndex volumes;
  TaintSets taints;
  std::vector<Daemon> daemons;
  std::vector<Template> templates;      // weight descending, then name descending; spec: §8.1, §27.1
  bool has_prefer_no_schedule = false;  // some template has such a taint; spec: §6.4
  NodeTable nodes;
  RunningPods running;

 private:
  std::map<std::string, KeyDomains, std::less<>> domains_;
};

// What pods request, once per distinct amount.
struct PodSize {
  model::Resources requests;
  Amounts load;
};

// One way to read what a pod asks; the stages of a pod are tried in order, each over all targets. spec: §9.3,
// §16
struct Stage {
  Id requirements = kNoId;  // with the heaviest preferred term
  Id strict = kNoId;        // without
  bool impossible = false;  // contradicts itself
  bool tolerates_preferred_taints = false;
  std::vector<PodGroups::Owned> owned;
  // Rows whose labels, taints and state allow these pods, made when first asked for.
  bool has_rows = false;
  Bits rows;
};

// What is left to drop of a pod's preferences.
struct Relaxation {
  std::size_t or_term = 0;   // the one in force
  std::size_t affinity = 0;  // dropped, heaviest first
  std::size_t anti_affinity = 0;
  std::size_t node = 0;
  std::vector<std::size_t> soft_spreads;  // left, in the order in which they go
  bool tolerating = false;
  bool again = false;  // through the OR-terms once more, without preferences
};

// Pods that ask the same of a node, whatever they request.
struct PodRules {
  const model::Pod* example = nullptr;
  bool settles = false;  // may go on nodes under consolidateAfter
  std::vector<HostPort> ports;
  std::vector<Id> alternatives;         // strict requirements, one per OR-term; none: malformed
  std::vector<char> contradicts;        // by OR-term
  std::vector<Id> volume_alternatives;  // empty: anywhere
  std::vector<AttachedVolume> attached;
  PodGroups groups;
  std::vector<PodGroups::Owned> spreads;        // by constraint; group kNoId: left out
  std::vector<PodGroups::Owned> terms;          // required affinity and anti-affinity
  std::vector<PodGroups::Owned> soft_affinity;  // heaviest first
  std::vector<PodGroups::Owned> soft_anti_affinity;
  std::vector<const model::PreferredSchedulingTerm*> preferred;  // node affinity, heaviest first
  std::vector<char> tolerates;                                   // by taint set
  std::vector<char> tolerates_soft;                              // ... with PreferNoSchedule tolerated
  std::vector<Id> stages;                                        // into World::stages, grown by World::stage
  Relaxation next;                                               // what the stages so far have dropped
  bool exhausted = false;                                        // nothing is left to drop
};

// Pods that no rule of the pass can tell apart. spec: scheduling §25.2 item 5
struct PodClass {
  Id rules = kNoId;
  Id size = kNoId;
};

struct QueuedPod {
  const model::Pod* pod = nullptr;
  Id pod_class = kNoId;
};

struct World {
  World(const Problem& problem, Ground& ground, Packing packing);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  // Stage `i` of the rules, or kNoId when nothing is left to relax.
  [[nodiscard]] Id stage(Id rules, std::size_t i);
  [[nodiscard]] const Bits& rows_of(Id rules, Id stage);

  const Problem& problem;
  const Packing packing;
  Ground& ground;
  Catalogue& catalogue;
  RequirementTable& requirements;
  NodeTable& nodes;
  Topology topology;
  std::vector<PodSize> sizes;
  std::deque<PodRules> rules;
  std::deque<Stage> stages;
  std::vector<PodClass> classes;
  std::vector<QueuedPod> pods;      // in the order of §9.1
  std::vector<Unplaced> malformed;  // pods that cannot be read
};

// The conjunction of two sets, or nullopt when it contradicts itself: it must not turn into "does not exist".
// spec: known-faults 4
[[nodiscard]] std::optional<model::Requirements> both(const model::Requirements& a,
                                                      const model::Requirements& b);

}  // namespace karpenter::scheduling
