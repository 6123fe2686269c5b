#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "controller/scheduling/amounts.h"
#include "controller/scheduling/bits.h"
#include "controller/scheduling/daemons.h"
#include "controller/scheduling/node_affinity.h"
#include "controller/scheduling/pods.h"
#include "controller/scheduling/requirement_table.h"
#include "controller/scheduling/schedule.h"
#include "controller/scheduling/topology.h"
#include "controller/scheduling/type_table.h"

// A Problem as small integers and dense arrays: built once per pass; the search changes only node and
// template rows.

namespace karpenter::scheduling {

// A NodePool as the start of new claims. spec: scheduling §8.3, §8.4, §8.6
struct Template {
  const NodePoolView* view = nullptr;
  Id base = kNoId;    // requirements
  Id taints = kNoId;  // taint set
  std::size_t table = 0;
  Bits options;  // types that meet `base` and have an offering
  std::vector<OverheadGroup> overhead;
  model::Resources limits_left;  // only limited resources; empty: unlimited
  bool has_min_values = false;
  std::string broken;  // why it can make no node at all; "" when it can
};

// An existing node. spec: scheduling §8.5
struct NodeRow {
  const ExistingNode* node = nullptr;
  std::size_t index = 0;  // into Problem::nodes
  std::string_view hostname;
  Amounts left;
  bool closed = false;  // some resource is overdrawn: takes nothing
  Id taints = kNoId;
  std::vector<HostPort> ports;
};

// One way to read what a pod requires; variants of a class are tried in order, each over all targets. spec:
// §9.3, §16
struct Variant {
  Id requirements = kNoId;
  PreferNoSchedule prefer = PreferNoSchedule::kHard;
  std::vector<char> tolerates;  // by taint set
};

// Pods that no rule of the pass can tell apart. spec: scheduling §25.2 item 5
struct PodClass {
  const model::Pod* example = nullptr;
  model::Resources requests;
  Amounts load;
  std::vector<HostPort> ports;
  ClassTopology topology;
  std::vector<Id> variants;
};

struct QueuedPod {
  const model::Pod* pod = nullptr;
  Id pod_class = kNoId;
};

struct World {
  explicit World(const Problem& p) : problem(p), requirements(tables) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  const Problem& problem;
  Interner resources;
  std::deque<TypeTable> tables;
  RequirementTable requirements;
  std::vector<std::vector<model::Taint>> taint_sets;
  Topology topology;
  std::vector<Daemon> daemons;
  std::vector<Template> templates;  // weight descending, then name descending; spec: §8.1, §27.1
  std::vector<NodeRow> nodes;       // initialized first, then by name
  std::vector<PodClass> classes;
  std::vector<Variant> variants;
  std::vector<QueuedPod> pods;      // in the order of §9.1
  std::vector<Unplaced> malformed;  // pods that cannot be read
};

// Fills the world from its problem. O(pods + nodes + pools x types).
void build(World& world);

// Where pods on an existing node (by row) are. Points into the world.
[[nodiscard]] Topology::Place place_of(const World& world, std::size_t row);

}  // namespace karpenter::scheduling
