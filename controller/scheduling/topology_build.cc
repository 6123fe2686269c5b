#include <algorithm>

#include "common/model/labels.h"
#include "controller/scheduling/node_affinity.h"
#include "controller/scheduling/topology.h"

// Groups and what they count before the pass. spec: scheduling §15.1-§15.5, §15.11, §15.12

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
  out += '|';
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

// spec: scheduling §15.12
PodSelector pods_of_term(const model::Pod& pod, const model::PodAffinityTerm& term,
                         std::span<const model::Namespace* const> namespaces) {
  PodSelector out{.all_namespaces = false,
                  .namespaces = {term.namespaces.begin(), term.namespaces.end()},
                  .selector = term.label_selector};
  if (!term.namespace_selector) {
    if (term.namespaces.empty()) out.namespaces.insert(pod.meta.namespace_name);
    return out;
  }
  const auto& selector = *term.namespace_selector;
  out.all_namespaces = selector.match_labels.empty() && selector.match_expressions.empty();
  for (const auto* space : namespaces)
    if (!out.all_namespaces && model::matches(selector, space->meta.labels))
      out.namespaces.insert(space->meta.name);
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

void collect(const std::optional<model::LabelSelector>& selector,
             std::unordered_set<std::string_view>& keys) {
  if (!selector) return;
  for (const auto& [key, value] : selector->match_labels) keys.insert(key);
  for (const auto& expression : selector->match_expressions) keys.insert(expression.key);
}

// As kube-scheduler counts: PreferNoSchedule keeps nobody away, so that relaxing does not change what counts.
std::vector<char> tolerated_sets(const model::Pod& pod, const TaintSets& taints) {
  std::vector<char> out;
  for (Id set = 0; set < taints.size(); ++set)
    out.push_back(
        untolerated(taints.get(set), pod.spec.tolerations, PreferNoSchedule::kTolerated).empty() ? 1 : 0);
  return out;
}

std::uint64_t pair_hash(std::string_view key, std::string_view value) {
  return Hash().add(key).add(value).value();
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

Id KeyDomains::find(std::string_view name) const {
  const auto it = std::ranges::lower_bound(names, name);
  return it != names.end() && *it == name ? static_cast<Id>(it - names.begin()) : kNoId;
}

Topology::Topology(Context context) : c_(std::move(context)) {
  first_claim_ = (c_.nodes.size() + 63) / 64 * 64;
  for (const auto* pod : c_.problem.pods)
    if (!pod->spec.node_name.empty()) moving_.insert(pod->meta.uid);
}

Id Topology::key_id(const std::string& key) {
  if (key == model::labels::kHostname) return kNoId;
  const auto it = std::ranges::find(keys_, key, [](const KeyDomains* k) { return k->key; });
  if (it != keys_.end()) return static_cast<Id>(it - keys_.begin());
  const KeyDomains& domains = c_.domains(key);
  keys_.push_back(&domains);
  claims_in_.emplace_back(domains.names.size());
  given_.emplace_back(domains.names.size(), 0);
  possible_.emplace_back();
  named_.emplace_back();
  admitted_.emplace_back();
  return static_cast<Id>(keys_.size() - 1);
}

Id Topology::selector_id(PodSelector selector) {
  const auto [it, is_new] =
      selector_ids_.emplace(selector_identity(selector), static_cast<Id>(selectors_.size()));
  if (is_new) selectors_.push_back(std::move(selector));
  return it->second;
}

Id Topology::find_or_add(TopologyGroup group, const std::string& identity) {
  const auto [it, is_new] = identities_.emplace(identity, static_cast<Id>(groups_.size()));
  if (is_new) groups_.push_back(std::move(group));
  return it->second;
}

// Values of requirements and minDomains are part of the identity, so that constraints which Kubernetes treats
// apart stay apart; what the pod prefers is not, so that a relaxed pod keeps the counts of its pass.
// spec: scheduling §15.1, known-faults 1
Id Topology::add_spread(const model::Pod& pod, const model::TopologySpreadConstraint& constraint,
                        std::span<const Id> alternatives) {
  TopologyGroup group;
  group.kind = GroupKind::kSpread;
  group.key = key_id(constraint.topology_key);
  group.key_name = constraint.topology_key;
  group.selector = selector_id(pods_of_spread(pod, constraint));
  group.max_skew = std::max(constraint.max_skew, 1);
  group.min_domains = constraint.min_domains.value_or(0);
  const bool open = std::ranges::any_of(alternatives, [&](Id a) { return c_.requirements.get(a).empty(); });
  if (constraint.node_affinity_policy != "Ignore" && !open) {
    group.filter.assign(alternatives.begin(), alternatives.end());
    std::ranges::sort(group.filter);
  }
  group.honors_taints = constraint.node_taints_policy == "Honor";
  std::string identity = "spread";
  append_part(identity, constraint.topology_key);
  identity += std::to_string(group.max_skew) + '/' + std::to_string(group.min_domains) + '/' +
              std::to_string(group.selector);
  for (const Id alternative : group.filter) identity += ',' + std::to_string(alternative);
  if (group.honors_taints) {
    group.tolerates = tolerated_sets(pod, c_.taints);
    identity += 'T' + std::string(group.tolerates.begin(), group.tolerates.end());
  }
  return find_or_add(std::move(group), identity);
}

Id Topology::add_term(const model::Pod& pod, const model::PodAffinityTerm& term, GroupKind kind) {
  TopologyGroup group;
  group.kind = kind;
  group.key = key_id(term.topology_key);
  group.key_name = term.topology_key;
  group.selector = selector_id(pods_of_term(pod, term, c_.problem.namespaces));
  std::string identity = std::to_string(static_cast<int>(kind));
  append_part(identity, term.topology_key);
  identity += std::to_string(group.selector);
  return find_or_add(std::move(group), identity);
}

bool Topology::covers(Id group, const model::Pod& pod) const {
  return selectors_[groups_[group].selector].covers(pod);
}

void Topology::count() {
  for (const auto& kind : c_.running.keeping_away())
    for (const auto& term : kind.example->spec.affinity->pod_anti_affinity->required)
      static_cast<void>(add_term(*kind.example, term, GroupKind::kInverse));
  for (auto& group : groups_) set_up(group);
  for (auto& group : groups_)
    if (group.kind != GroupKind::kInverse) count_running(group);
  count_keeping_away();
  for (Id g = 0; g < groups_.size(); ++g) {
    const auto& selector = selectors_[groups_[g].selector].selector;
    if (!selector) continue;
    if (selector->match_labels.empty()) {
      other_groups_.push_back(g);
    } else {
      const auto& [key, value] = *selector->match_labels.begin();
      groups_by_label_[pair_hash(key, value)].push_back(g);
    }
  }
}

// Which nodes count and which domains are known before any pod. spec: scheduling §15.3
void Topology::set_up(TopologyGroup& group) {
  if (group.is_filtered()) {
    if (group.filter.empty()) group.rows = Bits::all(c_.nodes.size());
    for (const Id alternative : group.filter) group.rows |= c_.nodes.accepting(alternative, c_.requirements);
    if (group.honors_taints) {
      for (std::size_t row = 0; row < c_.nodes.size(); ++row)
        if (group.tolerates[c_.nodes.row(row).raw_taints] == 0) group.rows.reset(row);
    }
  }
  if (group.key == kNoId) return;
  const KeyDomains& key = *keys_[group.key];
  group.by_domain.assign(key.names.size(), 0);
  group.known = Bits(key.names.size());
  for (Id d = 0; d < key.names.size(); ++d) {
    const bool by_pool = std::ranges::any_of(
        key.makers[d], [&](Id taints) { return !group.honors_taints || group.tolerates[taints] != 0; });
    const bool by_node = group.is_filtered() ? key.rows[d].intersects(group.rows) : key.rows[d].any();
    if (by_pool || by_node) group.known.set(d);
  }
}

bool Topology::counts_place(const TopologyGroup& group, Place place) const {
  if (!group.is_filtered()) return true;
  if (place < c_.nodes.size()) return group.rows.has(place);
  const OtherNode& node = c_.problem.other_nodes[place - c_.nodes.size()];
  if (group.honors_taints) {
    // Its taints are no set of this pass, so they are compared here; few pods run on such nodes.
    const Id set = [&] {
      for (Id s = 0; s < c_.taints.size(); ++s)
        if (c_.taints.get(s) == node.taints) return s;
      return kNoId;
    }();
    if (set == kNoId ? !node.taints.empty() : group.tolerates[set] == 0) return false;
  }
  return group.filter.empty() || std::ranges::any_of(group.filter, [&](Id alternative) {
           return accepts(node.labels, node.name, c_.requirements.get(alternative));
         });
}

void Topology::add_at_place(TopologyGroup& group, Place place) {
  if (place < c_.nodes.size()) {
    add_on_target(group, place, 1);
  } else {
    ++group.total;  // a host that takes nobody, but a pod that is there
  }
  if (group.key == kNoId) return;
  const Id domain = keys_[group.key]->of_place[place];
  if (domain == kNoId) return;
  ++group.by_domain[domain];
  group.known.set(domain);
}

void Topology::count_running(TopologyGroup& group) {
  const PodSelector& pods = selectors_[group.selector];
  const auto count_kind = [&](const RunningPods::Kind& kind) {
    if (!pods.covers_running(*kind.example)) return;
    for (const auto& [pod, place] : kind.entries)
      if ((moving_.empty() || !moving_.contains(pod->meta.uid)) && counts_place(group, place))
        add_at_place(group, place);
  };
  if (pods.selector && !pods.selector->match_labels.empty()) {
    const auto& [key, value] = *pods.selector->match_labels.begin();
    for (const Id k : c_.running.kinds_with(key, value)) count_kind(c_.running.kinds()[k]);
  } else {
    for (const auto& kind : c_.running.kinds()) count_kind(kind);
  }
}

// spec: scheduling §15.11
void Topology::count_keeping_away() {
  for (const auto& kind : c_.running.keeping_away()) {
    for (const auto& term : kind.example->spec.affinity->pod_anti_affinity->required) {
      TopologyGroup& group = groups_[add_term(*kind.example, term, GroupKind::kInverse)];
      for (const auto& [pod, place] : kind.entries)
        if (moving_.empty() || !moving_.contains(pod->meta.uid)) add_at_place(group, place);
    }
  }
}

void Topology::match(const model::Pod& pod, PodGroups& groups) const {
  const auto look = [&](Id g) {
    if (!covers(g, pod)) return;
    (groups_[g].kind == GroupKind::kInverse ? groups.kept_away_by : groups.counted_by).push_back(g);
  };
  for (const Id g : other_groups_) look(g);
  if (!groups_by_label_.empty()) {
    for (const auto& [key, value] : pod.meta.labels) {
      const auto it = groups_by_label_.find(pair_hash(key, value));
      if (it == groups_by_label_.end()) continue;
      for (const Id g : it->second) look(g);
    }
  }
  std::ranges::sort(groups.counted_by);
  std::ranges::sort(groups.kept_away_by);
}

void collect_selector_keys(const model::Pod& pod, std::unordered_set<std::string_view>& keys) {
  for (const auto& constraint : pod.spec.topology_spread_constraints) {
    collect(constraint.label_selector, keys);
    keys.insert(constraint.match_label_keys.begin(), constraint.match_label_keys.end());
  }
  if (!pod.spec.affinity) return;
  for (const auto* affinity : {&pod.spec.affinity->pod_affinity, &pod.spec.affinity->pod_anti_affinity}) {
    if (!*affinity) continue;
    for (const auto& term : (*affinity)->required) collect(term.label_selector, keys);
    for (const auto& weighted : (*affinity)->preferred) collect(weighted.term.label_selector, keys);
  }
}

}  // namespace karpenter::scheduling
