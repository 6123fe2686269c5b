#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/core/core.h"
#include "common/model/requirements.h"
#include "controller/scheduling/bits.h"

namespace karpenter::scheduling {

// Which pods a constraint counts.
struct PodSelector {
  bool all_namespaces = false;
  std::set<std::string, std::less<>> namespaces;
  std::optional<model::LabelSelector> selector;
  [[nodiscard]] bool covers(const model::Pod& pod) const;  // an absent selector covers nothing
  [[nodiscard]] bool covers_running(
      const model::Pod& pod) const;  // an absent selector covers everything; spec: §15.4
};

// What the groups of a pass mean for a class of pods.
struct ClassTopology {
  struct Owned {
    Id group;
    bool self;  // the pod is counted by its own constraint
  };
  std::vector<Owned> owned;      // constraints the pods carry
  std::vector<Id> counted_by;    // constraints (of any pod) that count them
  std::vector<Id> kept_away_by;  // required anti-affinity of others that selects them
  std::vector<Id> keeps_away;    // their own required anti-affinity, as others see it
  [[nodiscard]] bool constrained() const { return !owned.empty() || !kept_away_by.empty(); }
};

// The counters behind topology spread, pod affinity and pod anti-affinity: required terms only. A domain is a
// value of a topology key; for kubernetes.io/hostname it is the target itself (existing nodes, then new
// claims, in one index space). Build: add constraints, then domains, then freeze(), then record(). Not
// thread-safe. spec: scheduling §15
class Topology {
 public:
  // The groups for a pod's required constraints, created when new. `alternatives` are what the pod requires
  // of nodes.
  [[nodiscard]] ClassTopology add_constraints(const model::Pod& pod,
                                              std::span<const model::Requirements> alternatives);
  // Only the inverse groups of a running pod: where others may not go.
  [[nodiscard]] std::vector<Id> add_inverse(const model::Pod& pod);
  // Fills counted_by and kept_away_by: after every constraint is known.
  void match(const model::Pod& pod, ClassTopology& topology) const;

  // Topology keys other than the hostname, by key id.
  [[nodiscard]] const std::vector<std::string>& keys() const { return keys_; }
  [[nodiscard]] bool empty() const { return groups_.empty(); }
  void add_domain(Id key, std::string_view value) { values_[key].emplace(value); }
  void freeze();
  // Domain of a label value, or kNoId.
  [[nodiscard]] Id domain(Id key, std::string_view value) const;
  [[nodiscard]] const std::string& domain_name(Id key, Id domain) const { return domains_[key][domain]; }

  // Where a pod is or goes.
  struct Place {
    std::size_t target = 0;
    std::vector<std::vector<Id>> domains;      // by key: the one domain, or all that a claim may still become
    const model::StringMap* labels = nullptr;  // of an existing node
    std::string_view hostname = {};
    const model::Requirements* claim = nullptr;  // of a new claim
  };
  // Counts a pod of the class at the place, or takes it away again (delta -1): a claim that is narrowed moves
  // its pods.
  void record(const ClassTopology& topology, const Place& place, std::int32_t delta = 1);
  void record_running(const model::Pod& pod, std::span<const Id> keeps_away, const Place& place);

  // Domains a pod may use for one key, best first: fewest counted pods, then by name.
  struct Choice {
    Id key;
    std::vector<Id> order;
    Bits allowed;
    bool required = false;  // else a place without any domain will do
  };
  // The choices for every key that matters; an empty optional when some key has none (`failed` then says
  // which group).
  [[nodiscard]] std::optional<std::vector<Choice>> choices(const ClassTopology& topology,
                                                           const model::Requirements& strict,
                                                           std::string* failed) const;
  enum class Verdict : std::uint8_t { kYes, kNotNow, kNever };
  // What the pods already on a target say. `domains` are a claim's, as in Place; null for an existing node.
  // kNever is final: a target only fills up.
  [[nodiscard]] Verdict target_allows(const ClassTopology& topology, std::size_t target,
                                      const std::vector<std::vector<Id>>* domains) const;

 private:
  enum class Kind : std::uint8_t { kSpread, kAffinity, kAntiAffinity, kInverse };
  struct Group {
    Kind kind = Kind::kSpread;
    Id key = kNoId;  // kNoId: hostname
    std::string key_name;
    PodSelector pods;
    std::int32_t max_skew = 0;
    std::int32_t min_domains = 0;
    std::vector<model::Requirements> node_filter;  // spread: nodes that count; empty: all
    std::vector<std::int32_t> by_domain;           // empty for the hostname
    std::vector<std::int32_t> by_target;           // for every key: one target is in one domain
    std::int64_t total = 0;
  };
  Id key_id(std::string_view key);
  Id find_or_add(Group group, const std::string& identity);
  Id add_spread(const model::Pod& pod, const model::TopologySpreadConstraint& constraint,
                std::span<const model::Requirements> alternatives);
  Id add_term(const model::Pod& pod, const model::PodAffinityTerm& term, Kind kind);
  void allow(const Group& group, bool self, const model::Requirements& strict, Choice& choice) const;
  [[nodiscard]] Bits spread_domains(const Group& group, bool self, const model::Requirement* own,
                                    const Choice&) const;
  [[nodiscard]] Bits affinity_domains(const Group& group, bool self, const model::Requirement* own) const;
  [[nodiscard]] bool admits(const model::Requirement* own, Id key, Id domain) const;
  [[nodiscard]] bool participates(const Group& group, const Place& place) const;
  [[nodiscard]] static std::int32_t here(const Group& group, std::size_t target) {
    return target < group.by_target.size() ? group.by_target[target] : 0;
  }
  static void add(Group& group, const Place& place, std::int32_t delta);
  [[nodiscard]] std::string describe(const Group& group) const;

  std::vector<Group> groups_;
  std::map<std::string, Id, std::less<>> identities_;
  std::vector<std::string> keys_;
  std::vector<std::set<std::string, std::less<>>> values_;  // while building
  std::vector<std::vector<std::string>> domains_;           // frozen: sorted by name
};

// Every label key that a selector of the pod's required constraints reads, added to `keys`.
void collect_selector_keys(const model::Pod& pod, std::set<std::string, std::less<>>& keys);

}  // namespace karpenter::scheduling
