#include "controller/scheduling/topology.h"

#include <algorithm>
#include <limits>

#include "common/model/labels.h"
#include "controller/scheduling/node_affinity.h"
#include "controller/scheduling/type_table.h"

namespace karpenter::scheduling {
namespace {

void append_part(std::string& out, std::string_view text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

std::string selector_identity(const PodSelector& pods) {
  std::string out = pods.all_namespaces ? "*" : "";
  for (const auto& name : pods.namespaces) append_part(out, name);
  if (!pods.selector) return out + "none";
  out += '|';
  for (const auto& [key, value] : pods.selector->match_labels) {
    append_part(out, key);
    append_part(out, value);
  }
  std::set<std::string> expressions;
  for (const auto& expression : pods.selector->match_expressions) {
    std::string text;
    append_part(text, expression.key);
    append_part(text, expression.op);
    const std::set<std::string> values(expression.values.begin(), expression.values.end());
    for (const auto& value : values) append_part(text, value);
    expressions.insert(std::move(text));
  }
  for (const auto& text : expressions) append_part(out, text);
  return out;
}

// spec: scheduling §15.12. Namespace objects are not part of a problem: any namespace selector covers all
// namespaces.
PodSelector pods_of_term(const model::Pod& pod, const model::PodAffinityTerm& term) {
  PodSelector out{.all_namespaces = term.namespace_selector.has_value(),
                  .namespaces = {term.namespaces.begin(), term.namespaces.end()},
                  .selector = term.label_selector};
  if (term.namespaces.empty()) out.namespaces.insert(pod.meta.namespace_name);
  return out;
}

// spec: scheduling §15.1 (matchLabelKeys)
PodSelector pods_of_spread(const model::Pod& pod, const model::TopologySpreadConstraint& constraint) {
  PodSelector out{.namespaces = {pod.meta.namespace_name}, .selector = constraint.label_selector};
  for (const auto& key : constraint.match_label_keys) {
    const auto it = pod.meta.labels.find(key);
    if (it == pod.meta.labels.end() || !out.selector) continue;
    out.selector->match_expressions.push_back({.key = key, .op = "In", .values = {it->second}});
  }
  return out;
}

void collect(const std::optional<model::LabelSelector>& selector, std::set<std::string, std::less<>>& keys) {
  if (!selector) return;
  for (const auto& [key, value] : selector->match_labels) keys.insert(key);
  for (const auto& expression : selector->match_expressions) keys.insert(expression.key);
}

bool is_hard(const model::TopologySpreadConstraint& constraint) {
  return constraint.when_unsatisfiable != "ScheduleAnyway";
}

}  // namespace

bool PodSelector::covers(const model::Pod& pod) const {
  return (all_namespaces || namespaces.contains(pod.meta.namespace_name)) && selector &&
         model::matches(*selector, pod.meta.labels);
}

bool PodSelector::covers_running(const model::Pod& pod) const {
  return (all_namespaces || namespaces.contains(pod.meta.namespace_name)) &&
         (!selector || model::matches(*selector, pod.meta.labels));
}

Id Topology::key_id(std::string_view key) {
  if (key == model::labels::kHostname) return kNoId;
  const auto it = std::ranges::find(keys_, key);
  if (it != keys_.end()) return static_cast<Id>(it - keys_.begin());
  keys_.emplace_back(key);
  values_.emplace_back();
  return static_cast<Id>(keys_.size() - 1);
}

Id Topology::find_or_add(Group group, const std::string& identity) {
  const auto [it, is_new] = identities_.emplace(identity, static_cast<Id>(groups_.size()));
  if (is_new) groups_.push_back(std::move(group));
  return it->second;
}

Id Topology::add_spread(const model::Pod& pod, const model::TopologySpreadConstraint& constraint,
                        std::span<const model::Requirements> alternatives) {
  Group group{.kind = Kind::kSpread,
              .key = key_id(constraint.topology_key),
              .key_name = constraint.topology_key,
              .pods = pods_of_spread(pod, constraint),
              .max_skew = std::max(constraint.max_skew, 1),
              .min_domains = constraint.min_domains.value_or(0),
              .node_filter = {},
              .by_domain = {},
              .by_target = {}};
  const bool honor = constraint.node_affinity_policy != "Ignore";
  const bool open = std::ranges::any_of(alternatives, &model::Requirements::empty);
  if (honor && !open) group.node_filter.assign(alternatives.begin(), alternatives.end());
  std::string identity = "spread";
  append_part(identity, constraint.topology_key);
  identity += std::to_string(group.max_skew) + '/' + std::to_string(group.min_domains) + '/';
  identity += selector_identity(group.pods);
  for (const auto& alternative : group.node_filter) append_part(identity, fingerprint(alternative));
  return find_or_add(std::move(group), identity);
}

Id Topology::add_term(const model::Pod& pod, const model::PodAffinityTerm& term, Kind kind) {
  Group group{.kind = kind,
              .key = key_id(term.topology_key),
              .key_name = term.topology_key,
              .pods = pods_of_term(pod, term),
              .node_filter = {},
              .by_domain = {},
              .by_target = {}};
  std::string identity = std::to_string(static_cast<int>(kind));
  append_part(identity, term.topology_key);
  identity += selector_identity(group.pods);
  return find_or_add(std::move(group), identity);
}

ClassTopology Topology::add_constraints(const model::Pod& pod,
                                        std::span<const model::Requirements> alternatives) {
  ClassTopology out;
  const auto own = [&](Id group) { out.owned.push_back({group, groups_[group].pods.covers(pod)}); };
  for (const auto& constraint : pod.spec.topology_spread_constraints)
    if (is_hard(constraint)) own(add_spread(pod, constraint, alternatives));
  if (!pod.spec.affinity) return out;
  if (const auto& affinity = pod.spec.affinity->pod_affinity)
    for (const auto& term : affinity->required) own(add_term(pod, term, Kind::kAffinity));
  if (const auto& anti = pod.spec.affinity->pod_anti_affinity)
    for (const auto& term : anti->required) own(add_term(pod, term, Kind::kAntiAffinity));
  out.keeps_away = add_inverse(pod);
  return out;
}

std::vector<Id> Topology::add_inverse(const model::Pod& pod) {
  std::vector<Id> out;
  if (!pod.spec.affinity || !pod.spec.affinity->pod_anti_affinity) return out;
  for (const auto& term : pod.spec.affinity->pod_anti_affinity->required)
    out.push_back(add_term(pod, term, Kind::kInverse));
  return out;
}

void Topology::match(const model::Pod& pod, ClassTopology& topology) const {
  for (Id g = 0; g < groups_.size(); ++g) {
    if (!groups_[g].pods.covers(pod)) continue;
    (groups_[g].kind == Kind::kInverse ? topology.kept_away_by : topology.counted_by).push_back(g);
  }
}

void Topology::freeze() {
  domains_.clear();
  for (const auto& values : values_) domains_.emplace_back(values.begin(), values.end());
  for (auto& group : groups_)
    if (group.key != kNoId) group.by_domain.assign(domains_[group.key].size(), 0);
}

Id Topology::domain(Id key, std::string_view value) const {
  const auto& names = domains_[key];
  const auto it = std::ranges::lower_bound(names, value);
  return it != names.end() && *it == value ? static_cast<Id>(it - names.begin()) : kNoId;
}

bool Topology::participates(const Group& group, const Place& place) const {
  // A host that the owner's filter leaves out never takes an owner, so its count is never asked for. Counting
  // it anyway is right for a claim that is narrowed into the filter later.
  if (group.key == kNoId || group.node_filter.empty()) return true;
  return std::ranges::any_of(group.node_filter, [&](const model::Requirements& filter) {
    return place.claim != nullptr ? place.claim->compatible(filter, {})
                                  : accepts(*place.labels, place.hostname, filter);
  });
}

void Topology::add(Group& group, const Place& place, std::int32_t delta) {
  group.total += delta;
  if (group.by_target.size() <= place.target) group.by_target.resize(place.target + 1, 0);
  group.by_target[place.target] += delta;
  if (group.key == kNoId) return;
  const auto& domains = place.domains[group.key];
  const bool all = group.kind == Kind::kAntiAffinity || group.kind == Kind::kInverse;
  if (!all && domains.size() != 1) return;  // spec: scheduling §15.10
  for (const Id d : domains) group.by_domain[d] += delta;
}

void Topology::record(const ClassTopology& topology, const Place& place, std::int32_t delta) {
  for (const Id g : topology.counted_by)
    if (participates(groups_[g], place)) add(groups_[g], place, delta);
  for (const Id g : topology.keeps_away) add(groups_[g], place, delta);
}

void Topology::record_running(const model::Pod& pod, std::span<const Id> keeps_away, const Place& place) {
  for (auto& group : groups_) {
    if (pod.meta.is_deleting()) break;  // only keeps others away
    if (group.kind != Kind::kInverse && group.pods.covers_running(pod) && participates(group, place))
      add(group, place, 1);
  }
  for (const Id g : keeps_away) add(groups_[g], place, 1);
}

bool Topology::admits(const model::Requirement* own, Id key, Id domain) const {
  return own == nullptr || own->has(domains_[key][domain]);
}

// spec: scheduling §15.7
Bits Topology::spread_domains(const Group& group, bool self, const model::Requirement* own,
                              const Choice& choice) const {
  std::int32_t least = std::numeric_limits<std::int32_t>::max();
  std::int32_t known = 0;
  const std::size_t n = domains_[choice.key].size();
  for (Id d = 0; d < n; ++d) {
    if (!admits(own, choice.key, d)) continue;
    least = std::min(least, group.by_domain[d]);
    ++known;
  }
  if (known < group.min_domains) least = 0;
  Bits out(n);
  for (Id d = 0; d < n; ++d)
    if (admits(own, choice.key, d) && group.by_domain[d] + (self ? 1 : 0) - least <= group.max_skew)
      out.set(d);
  return out;
}

// spec: scheduling §15.8
Bits Topology::affinity_domains(const Group& group, bool self, const model::Requirement* own) const {
  const std::size_t n = domains_[group.key].size();
  Bits occupied(n);
  Bits possible(n);
  for (Id d = 0; d < n; ++d) {
    if (!admits(own, group.key, d)) continue;
    possible.set(d);
    if (group.by_domain[d] > 0) occupied.set(d);
  }
  if (occupied.any() || !self) return occupied;
  return possible;
}

void Topology::allow(const Group& group, bool self, const model::Requirements& strict, Choice& choice) const {
  const model::Requirement* own = strict.find(group.key_name);
  switch (group.kind) {
    case Kind::kSpread:
      choice.allowed &= spread_domains(group, self, own, choice);
      return;
    case Kind::kAffinity:
      choice.allowed &= affinity_domains(group, self, own);
      return;
    case Kind::kAntiAffinity:
    case Kind::kInverse: {
      Bits empty(domains_[choice.key].size());
      for (Id d = 0; d < domains_[choice.key].size(); ++d)
        if (group.by_domain[d] == 0) empty.set(d);
      choice.allowed &= empty;
      return;
    }
  }
}

std::optional<std::vector<Topology::Choice>> Topology::choices(const ClassTopology& topology,
                                                               const model::Requirements& strict,
                                                               std::string* failed) const {
  std::vector<ClassTopology::Owned> groups = topology.owned;
  for (const Id g : topology.kept_away_by)
    if (groups_[g].total > 0) groups.push_back({g, false});
  std::vector<Choice> out;
  const auto choice_of = [&](Id key) -> Choice& {
    const auto known = std::ranges::find(out, key, &Choice::key);
    if (known != out.end()) return *known;
    out.push_back({.key = key, .order = {}, .allowed = Bits(domains_[key].size())});
    for (Id d = 0; d < domains_[key].size(); ++d) out.back().allowed.set(d);
    return out.back();
  };
  for (const auto& [g, self] : groups) {
    const Group& group = groups_[g];
    if (group.key == kNoId) continue;
    Choice& choice = choice_of(group.key);
    choice.required = true;
    allow(group, self, strict, choice);
    if (!choice.allowed.any()) {
      if (failed != nullptr) *failed = describe(group);
      return std::nullopt;
    }
  }
  // A pod that others must stay away from is given one domain at once: in an open claim it would block all or
  // none.
  for (const Id g : topology.counted_by)
    if (groups_[g].kind == Kind::kAntiAffinity && groups_[g].key != kNoId)
      static_cast<void>(choice_of(groups_[g].key));
  for (auto& choice : out) {
    std::vector<std::int64_t> score(domains_[choice.key].size(), 0);
    for (const auto& [g, self] : groups)
      if (groups_[g].key == choice.key)
        for (Id d = 0; d < score.size(); ++d) score[d] += groups_[g].by_domain[d];
    choice.allowed.each([&](std::size_t d) { choice.order.push_back(static_cast<Id>(d)); });
    std::ranges::stable_sort(choice.order, {}, [&](Id d) { return score[d]; });  // ids are in name order
  }
  return out;
}

Topology::Verdict Topology::target_allows(const ClassTopology& topology, std::size_t target,
                                          const std::vector<std::vector<Id>>* domains) const {
  for (const Id g : topology.kept_away_by)
    if (here(groups_[g], target) > 0) return Verdict::kNever;
  Verdict verdict = Verdict::kYes;
  for (const auto& [g, self] : topology.owned) {
    const Group& group = groups_[g];
    const std::int32_t pods = here(group, target);
    const bool host = group.key == kNoId;
    if (group.kind == Kind::kAntiAffinity && pods > 0) return Verdict::kNever;
    if (group.kind == Kind::kSpread && host && pods + (self ? 1 : 0) > group.max_skew) return Verdict::kNever;
    // Pods on a claim whose domain is still open are counted in no domain yet; pinning it now would count
    // them at once.
    const bool open =
        domains != nullptr && !host && (domains->size() <= group.key || (*domains)[group.key].size() != 1);
    if (group.kind == Kind::kSpread && open && pods > 0) verdict = Verdict::kNotNow;
    if (group.kind == Kind::kAffinity && host && pods == 0 && !(self && group.total == 0))
      verdict = Verdict::kNotNow;
  }
  return verdict;
}

std::string Topology::describe(const Group& group) const {
  static constexpr std::size_t kMaxShown = 25;
  std::string out;
  switch (group.kind) {
    case Kind::kSpread:
      out = "topology spread";
      break;
    case Kind::kAffinity:
      out = "pod affinity";
      break;
    case Kind::kAntiAffinity:
      out = "pod anti-affinity";
      break;
    case Kind::kInverse:
      out = "pod anti-affinity of other pods";
      break;
  }
  out += " on " + group.key_name + ", pods by domain:";
  if (group.key == kNoId) return out + " every host";
  const auto& names = domains_[group.key];
  for (Id d = 0; d < std::min(names.size(), kMaxShown); ++d)
    out += ' ' + names[d] + '=' + std::to_string(group.by_domain[d]);
  return names.empty() ? out + " no domain" : out;
}

void collect_selector_keys(const model::Pod& pod, std::set<std::string, std::less<>>& keys) {
  for (const auto& constraint : pod.spec.topology_spread_constraints) {
    collect(constraint.label_selector, keys);
    keys.insert(constraint.match_label_keys.begin(), constraint.match_label_keys.end());
  }
  if (!pod.spec.affinity) return;
  if (const auto& affinity = pod.spec.affinity->pod_affinity)
    for (const auto& term : affinity->required) collect(term.label_selector, keys);
  if (const auto& anti = pod.spec.affinity->pod_anti_affinity)
    for (const auto& term : anti->required) collect(term.label_selector, keys);
}

}  // namespace karpenter::scheduling
