#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/model/taints.h"
#include "controller/scheduling/amounts.h"
#include "controller/scheduling/bits.h"
#include "controller/scheduling/daemons.h"
#include "controller/scheduling/pods.h"
#include "controller/scheduling/requirement_table.h"
#include "controller/scheduling/schedule.h"
#include "controller/scheduling/volumes.h"

namespace karpenter::scheduling {

// Distinct lists of taints by id. Few, so found by comparing.
class TaintSets {
 public:
  Id intern(const std::vector<model::Taint>& taints);
  [[nodiscard]] const std::vector<model::Taint>& get(Id id) const { return sets_[id]; }
  [[nodiscard]] std::size_t size() const { return sets_.size(); }

 private:
  std::vector<std::vector<model::Taint>> sets_;
};

// Volumes `there` (sorted) and `more` together stay within every limit. spec: scheduling §13.2
[[nodiscard]] bool within_limits(const std::vector<VolumeLimit>& limits,
                                 const std::vector<AttachedVolume>& there,
                                 const std::vector<AttachedVolume>& more);

// An existing node. spec: scheduling §8.5
struct NodeRow {
  const ExistingNode* node = nullptr;
  std::size_t index = 0;  // into Problem::nodes
  std::string_view hostname;
  Id taints = kNoId;
  Id raw_taints = kNoId;
  std::vector<AttachedVolume> volumes;  // of its pods, sorted, distinct; only when it has limits
};

// The existing nodes as rows, initialized first, then by name, with columns that are made when first asked
// for. What depends on labels, taints and allocatable is kept for as long as the nodes stay the same; what a
// pass changes is the pass's own copy. Not thread-safe. spec: scheduling §25.2 items 6, 11
class NodeTable {
 public:
  NodeTable(const Problem& problem, TaintSets& taints, const VolumeIndex& volumes);

  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] const NodeRow& row(std::size_t i) const { return rows_[i]; }
  [[nodiscard]] const std::vector<NodeRow>& rows() const { return rows_; }
  // Rows that can take pods at all: nothing overdrawn.
  [[nodiscard]] const Bits& open() const { return open_; }
  [[nodiscard]] const Bits& settling() const { return settling_; }

  // Rows whose labels meet the set, no undefined label allowed. spec: §10 step 5
  [[nodiscard]] const Bits& accepting(Id requirements, const RequirementTable& table);
  // Rows with these taints.
  [[nodiscard]] const Bits& tainted(Id taints) const { return by_taints_[taints]; }
  [[nodiscard]] std::size_t taint_sets() const { return by_taints_.size(); }  // beyond: on no row
  // Host ports of the pods that run there; looked at only when a pod asks for one.
  [[nodiscard]] const std::vector<HostPort>& ports(std::size_t row);
  // What is left of a resource at the start, by row, in milli-units.
  [[nodiscard]] const std::vector<std::int64_t>& left(Id resource, const std::string& name);
  // The value of a label by row; kNoId: none. The hostname falls back to the name.
  struct Column {
    Interner values;
    std::vector<Id> by_row;
  };
  [[nodiscard]] const Column& column(const std::string& key);

 private:
  std::vector<NodeRow> rows_;
  Bits open_;
  Bits settling_;
  std::vector<Bits> by_taints_;
  std::unordered_map<std::size_t, std::vector<HostPort>> ports_;
  std::vector<std::vector<std::int64_t>> left_columns_;
  std::map<std::string, Column, std::less<>> columns_;
  std::unordered_map<Id, Bits> accepting_;
};

// Where a running pod is: a row of the node table, or beyond them an index into Problem::other_nodes.
using Place = std::uint32_t;

// The pods that run, in groups that no selector can tell apart. spec: scheduling §15.4, §15.11
class RunningPods {
 public:
  RunningPods(const Problem& problem, const NodeTable& nodes);

  struct Entry {
    const model::Pod* pod;
    Place place;
  };
  // Same namespace and labels; without those that are being deleted. Ordered by first sight.
  struct Kind {
    const model::Pod* example;
    std::vector<Entry> entries;
  };
  [[nodiscard]] const std::vector<Kind>& kinds();
  // Kinds that may have this label pair; a superset is never given.
  [[nodiscard]] const std::vector<Id>& kinds_with(const std::string& key, const std::string& value);
  // Same required anti-affinity, also of pods that are being deleted.
  [[nodiscard]] const std::vector<Kind>& keeping_away() const { return keeping_away_; }

 private:
  void group();

  std::vector<Entry> pods_;
  bool grouped_ = false;
  std::vector<Kind> kinds_;
  std::unordered_map<std::uint64_t, std::vector<Id>> by_label_;
  std::vector<Kind> keeping_away_;
};

}  // namespace karpenter::scheduling
