#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "common/model/core/core.h"
#include "common/model/requirements.h"
#include "controller/scheduling/bits.h"
#include "controller/scheduling/node_table.h"
#include "controller/scheduling/requirement_table.h"

namespace karpenter::scheduling {

// Which pods a constraint counts.
struct PodSelector {
  bool all_namespaces = false;
  std::set<std::string, std::less<>> namespaces;
  std::optional<model::LabelSelector> selector;
  [[nodiscard]] bool covers(const model::Pod& pod) const;  // an absent selector covers nothing
  // An absent selector covers everything. spec: §15.4
  [[nodiscard]] bool covers_running(const model::Pod& pod) const;
};

// A topology key other than the hostname. spec: scheduling §15.2
struct KeyDomains {
  std::string key;
  bool well_known = false;         // a new node may leave it undefined
  std::vector<std::string> names;  // sorted: the value of each domain
  std::vector<Id> of_place;        // by Place; kNoId: no such label
  std::vector<Bits> rows;          // by domain: rows of the node table in it
  // By domain: the taint sets of the NodePools that can make nodes there; empty when none can.
  std::vector<std::vector<Id>> makers;
  std::vector<Id> pinned;  // by domain: the requirement `key In [name]`
  [[nodiscard]] Id find(std::string_view name) const;
};

enum class GroupKind : std::uint8_t { kSpread, kAffinity, kAntiAffinity, kInverse };

// One counter of pods over domains. For the hostname a domain is a target: rows of the node table, then, from
// Topology::first_claim() on, claims of the pass.
struct TopologyGroup {
  GroupKind kind = GroupKind::kSpread;
  Id key = kNoId;  // into Topology::keys(); kNoId: hostname
  std::string key_name;
  Id selector = kNoId;
  std::int32_t max_skew = 0;
  std::int32_t min_domains = 0;
  // Which nodes count: any of these requirement sets (none: all), and, when `honors_taints`, tolerated
  // taints.
  std::vector<Id> filter;
  bool honors_taints = false;
  std::vector<char> tolerates;  // by taint set
  Bits rows;                    // that count, when there is a filter

  Bits known;                           // domains
  std::vector<std::int32_t> by_domain;  // empty for the hostname
  std::vector<std::uint16_t> by_target;
  Bits occupied;   // targets with a counted pod
  Bits at_skew;    // hostname spread: targets with max_skew pods or more
  Bits over_skew;  // ... with more
  std::int64_t total = 0;
  std::uint64_t version = 0;  // of the last change
  [[nodiscard]] bool is_filtered() const { return !filter.empty() || honors_taints; }
  [[nodiscard]] std::int32_t at(std::size_t target) const {
    return target < by_target.size() ? by_target[target] : 0;
  }
};

// What the groups of a pass mean for pods of one kind.
struct PodGroups {
  struct Owned {
    Id group;
    bool self;  // the pod is counted by its own constraint
  };
  std::vector<Id> counted_by;    // constraints (of any pod) that count them
  std::vector<Id> kept_away_by;  // required anti-affinity of others that selects them
  std::vector<Id> keeps_away;    // their own required anti-affinity, as others see it
};

// What topology asks of any target, for one attempt. Reused between attempts: nothing is allocated anew.
struct TopologyAsk {
  struct Choice {
    Id key = kNoId;
    Bits allowed;
    bool single = false;   // one of the allowed, that with the least score; else all of them stay
    bool required = true;  // a place without any domain is refused
    std::vector<std::int64_t> score;
  };
  std::vector<Choice> choices;  // the first `used` count
  std::size_t used = 0;
  std::vector<const Bits*> exclude;  // targets
  std::vector<const Bits*> include;  // targets
  std::span<const PodGroups::Owned> owned;
  Id failed = kNoId;  // the group that no target can satisfy now
};

enum class Strictness : std::uint8_t {
  kReference,  // every group picks for itself; the least counted domain or none
  kJoint,      // groups on one key choose together; the next domain when the best has no capacity
};

// The counters behind topology spread, pod affinity and pod anti-affinity. Build: add groups, then count().
// Not thread-safe. spec: scheduling §15
class Topology {
 public:
  // What lies outside, alive for as long as this is.
  struct Context {
    const Problem& problem;
    RequirementTable& requirements;
    NodeTable& nodes;
    RunningPods& running;
    const TaintSets& taints;
    std::function<const KeyDomains&(const std::string&)> domains;
    Strictness strictness = Strictness::kJoint;
  };
  explicit Topology(Context context);
  Topology(const Topology&) = delete;
  Topology& operator=(const Topology&) = delete;

  // The group of a constraint, created when new. `alternatives` are what the pod requires of nodes.
  [[nodiscard]] Id add_spread(const model::Pod& pod, const model::TopologySpreadConstraint& constraint,
                              std::span<const Id> alternatives);
  [[nodiscard]] Id add_term(const model::Pod& pod, const model::PodAffinityTerm& term, GroupKind kind);
  [[nodiscard]] bool covers(Id group, const model::Pod& pod) const;
  // Counts what runs, without the pods to be placed. Call once, when every group is known. spec: §15.4,
  // §15.11
  void count();
  // Fills counted_by and kept_away_by. After count().
  void match(const model::Pod& pod, PodGroups& groups) const;

  [[nodiscard]] bool empty() const { return groups_.empty(); }
  // Some group is anti-affinity over a key other than the hostname.
  [[nodiscard]] bool keeps_domains_apart() const;
  [[nodiscard]] const TopologyGroup& group(Id id) const { return groups_[id]; }
  [[nodiscard]] const std::vector<const KeyDomains*>& keys() const { return keys_; }
  // The first target index of claims: rows, padded to whole words.
  [[nodiscard]] std::size_t first_claim() const { return first_claim_; }
  // Domains that a claim of this requirement set may be in, and those that it names.
  [[nodiscard]] const Bits& possible(Id requirements, Id key);
  [[nodiscard]] const Bits& named(Id requirements, Id key);
  // Domains that the requirement on the key admits; all when there is none.
  [[nodiscard]] const Bits& admitted(Id requirements, Id key);
  // Claims (from 0) that may be in a domain.
  [[nodiscard]] const Bits& claims_in(Id key, Id domain) const { return claims_in_[key][domain]; }
  void set_claim(std::size_t claim, Id old_requirements, Id requirements);  // kNoId: a new one

  // False: no target can take the pod now (ask.failed says why). `strict` are the requirements without
  // preferred ones.
  [[nodiscard]] bool prepare(const PodGroups& groups, std::span<const PodGroups::Owned> owned, Id strict,
                             TopologyAsk& ask);
  // Whether a domain may be given to an open claim with pods that were counted nowhere yet.
  [[nodiscard]] bool may_pin(const TopologyAsk& ask, Id key, Id domain, std::size_t target) const;
  // Domains given to claims so far: a tie-break.
  [[nodiscard]] std::int64_t given(Id key, Id domain) const { return given_[key][domain]; }
  void give(Id key, Id domain) { ++given_[key][domain]; }

  // Counts a pod, or takes it away again (delta -1).
  void record_on_node(const PodGroups& groups, std::size_t row, std::int32_t delta = 1);
  void record_on_claim(const PodGroups& groups, std::size_t target, Id requirements, Id taints,
                       std::int32_t delta = 1);
  // The last change of a group that constrains the pod.
  [[nodiscard]] std::uint64_t version_of(const PodGroups& groups,
                                         std::span<const PodGroups::Owned> owned) const;
  // `topology spread on zone, pods by domain: a=1 b=2`. spec: scheduling §12.3
  [[nodiscard]] std::string describe(Id group) const;

 private:
  Id key_id(const std::string& key);
  Id selector_id(PodSelector selector);
  Id find_or_add(TopologyGroup group, const std::string& identity);
  void set_up(TopologyGroup& group);
  void count_running(TopologyGroup& group);
  void count_keeping_away();
  [[nodiscard]] bool counts_place(const TopologyGroup& group, Place place) const;
  void add_at_place(TopologyGroup& group, Place place);
  void add_on_target(TopologyGroup& group, std::size_t target, std::int32_t delta);
  void ask_spread(const TopologyGroup& group, bool self, Id strict, TopologyAsk& ask);
  void ask_affinity(const TopologyGroup& group, bool self, Id strict, TopologyAsk& ask);
  void ask_apart(const TopologyGroup& group, Id strict, TopologyAsk& ask);
  void ask_host(const TopologyGroup& group, bool self, Id strict, TopologyAsk& ask) const;
  [[nodiscard]] bool starts_affinity(const TopologyGroup& group, bool self, Id strict) const;
  TopologyAsk::Choice& choice_for(const TopologyGroup& group, TopologyAsk& ask);
  [[nodiscard]] std::int32_t least(const TopologyGroup& group, const Bits& own) const;

  Context c_;
  std::size_t first_claim_ = 0;
  std::vector<TopologyGroup> groups_;
  std::map<std::string, Id, std::less<>> identities_;
  std::vector<PodSelector> selectors_;
  std::map<std::string, Id, std::less<>> selector_ids_;
  std::unordered_map<std::uint64_t, std::vector<Id>> groups_by_label_;  // of groups with matchLabels
  std::vector<Id> other_groups_;
  std::vector<const KeyDomains*> keys_;
  std::vector<std::vector<Bits>> claims_in_;  // by key, domain
  std::vector<std::vector<std::int64_t>> given_;
  // By key: memo by requirement id.
  struct Memo {
    std::vector<Id> slots;  // by requirement id; kNoId: not known
    std::deque<Bits> sets;
  };
  template <class Admits>
  const Bits& remember(Memo& memo, Id requirements, Id key, const Admits& admits) const;
  std::vector<Memo> possible_;
  std::vector<Memo> named_;
  std::vector<Memo> admitted_;
  std::unordered_set<std::string_view> moving_;  // UIDs of bound pods that are to be placed
  std::uint64_t version_ = 0;
};

// Every label key that a selector of the pod's constraints reads, added to `keys`.
void collect_selector_keys(const model::Pod& pod, std::unordered_set<std::string_view>& keys);

}  // namespace karpenter::scheduling
