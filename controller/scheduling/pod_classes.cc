#include <algorithm>
#include <array>
#include <tuple>
#include <unordered_map>

#include "controller/scheduling/pod_shape.h"
#include "controller/scheduling/world.h"

// From pods to classes, and a class's stages of relaxation. spec: scheduling §5.9, §9.1, §16

namespace karpenter::scheduling {
namespace {

// Distinct things by hash and comparison.
class Index {
 public:
  template <class Same>
  Id find(std::uint64_t hash, const Same& same) const {
    for (auto [it, end] = ids_.equal_range(hash); it != end; ++it)
      if (same(it->second)) return it->second;
    return kNoId;
  }
  void add(std::uint64_t hash, Id id) { ids_.emplace(hash, id); }

 private:
  std::unordered_multimap<std::uint64_t, Id> ids_;
};

template <class Term>
std::vector<const Term*> heaviest_first(const std::vector<Term>& terms) {
  std::vector<const Term*> out;
  for (const auto& term : terms) out.push_back(&term);
  std::ranges::stable_sort(out, std::greater{}, [](const Term* term) { return term->weight; });
  return out;
}

// The OR-term and the node selector ask for values of one label that exclude each other: the conjunction
// reads as "does not exist", which nobody asked for. spec: known-faults 4
bool contradicts(const model::PodSpec& spec, std::size_t or_term, const model::Requirements& alternative) {
  return std::ranges::any_of(alternative, [&](const auto& entry) {
    const auto& [key, requirement] = entry;
    if (!requirement.empty()) return false;
    for (const auto& [name, value] : spec.node_selector)
      if (model::normalize_label(name) == key) return true;
    if (!spec.affinity || !spec.affinity->node_affinity || !spec.affinity->node_affinity->required)
      return false;
    const auto& terms = *spec.affinity->node_affinity->required;
    return or_term < terms.size() &&
           std::ranges::any_of(terms[or_term].match_expressions, [&](const auto& expression) {
             const auto one = model::Requirements::of({&expression, 1});
             const model::Requirement* own = one ? one->find(key) : nullptr;
             return own != nullptr && !accepts_absence(*own);
           });
  });
}

// Sorts pods into classes: first by what the specification says, then by the labels that some selector of the
// pass reads.
class Classifier {
 public:
  explicit Classifier(World& world) : world_(world) {}
  void run();

 private:
  struct Shape {  // same specification
    const model::Pod* example;
  };
  struct Read {
    Id shape;
    Id size;
  };
  Id shape_of(const model::Pod& pod);
  Id size_of(const model::Pod& pod);
  Id rules_of(const model::Pod& pod, Id shape);
  Id class_of(Id rules, Id size);
  Id make_rules(const model::Pod& pod);
  void make_groups(PodRules& rules);
  [[nodiscard]] bool settles(const model::Pod& pod) const;
  [[nodiscard]] bool same_labels(const model::Pod& a, const model::Pod& b) const;

  World& world_;
  std::vector<const model::Pod*> shapes_;
  std::vector<const model::Pod*> sizes_;
  std::vector<Id> rules_shape_;  // by rules
  Index shape_index_;
  Index size_index_;
  Index rules_index_;
  std::unordered_map<std::uint64_t, Id> class_ids_;
  std::unordered_set<std::string_view> selector_keys_;
};

Id Classifier::shape_of(const model::Pod& pod) {
  const std::uint64_t hash = rules_hash(pod);
  const Id known = shape_index_.find(hash, [&](Id id) { return same_rules(*shapes_[id], pod); });
  if (known != kNoId) return known;
  const Id id = static_cast<Id>(shapes_.size());
  shapes_.push_back(&pod);
  shape_index_.add(hash, id);
  return id;
}

Id Classifier::size_of(const model::Pod& pod) {
  const std::uint64_t hash = size_hash(pod.spec);
  const Id known = size_index_.find(hash, [&](Id id) { return same_size(sizes_[id]->spec, pod.spec); });
  if (known != kNoId) return known;
  const Id id = static_cast<Id>(sizes_.size());
  sizes_.push_back(&pod);
  size_index_.add(hash, id);
  PodSize& size = world_.sizes.emplace_back();
  size.requests = effective_requests(pod.spec);
  size.load = requested(size.requests, world_.catalogue.resources);
  return id;
}

bool Classifier::settles(const model::Pod& pod) const {
  return world_.nodes.settling().any() &&
         (pod.status.phase == "Pending" || world_.problem.deleting_nodes.contains(pod.spec.node_name));
}

bool Classifier::same_labels(const model::Pod& a, const model::Pod& b) const {
  if (a.meta.labels == b.meta.labels) return true;
  return std::ranges::all_of(selector_keys_, [&](std::string_view key) {
    const auto x = a.meta.labels.find(key);
    const auto y = b.meta.labels.find(key);
    return x == a.meta.labels.end() ? y == b.meta.labels.end()
                                    : y != b.meta.labels.end() && x->second == y->second;
  });
}

Id Classifier::rules_of(const model::Pod& pod, Id shape) {
  Hash hash;
  hash.add(shape).add(settles(pod) ? 1 : 0);
  if (!selector_keys_.empty())
    for (const auto& [key, value] : pod.meta.labels)
      if (selector_keys_.contains(key)) hash.add(key).add(value);
  const Id known = rules_index_.find(hash.value(), [&](Id id) {
    const PodRules& rules = world_.rules[id];
    return rules_shape_[id] == shape && rules.settles == settles(pod) && same_labels(*rules.example, pod);
  });
  if (known != kNoId) return known;
  const Id id = make_rules(pod);
  rules_shape_.push_back(shape);
  rules_index_.add(hash.value(), id);
  return id;
}

Id Classifier::class_of(Id rules, Id size) {
  const auto [it, is_new] =
      class_ids_.emplace((std::uint64_t{rules} << 32U) | size, static_cast<Id>(world_.classes.size()));
  if (is_new) world_.classes.push_back({rules, size});
  return it->second;
}

Id Classifier::make_rules(const model::Pod& pod) {
  const Id id = static_cast<Id>(world_.rules.size());
  PodRules& rules = world_.rules.emplace_back();
  rules.example = &pod;
  rules.settles = settles(pod);
  add_host_ports(pod.spec, rules.ports);
  const auto alternatives = required_alternatives(pod.spec);
  if (!alternatives) return id;  // malformed: without alternatives
  for (const auto& alternative : *alternatives) {
    rules.contradicts.push_back(contradicts(pod.spec, rules.alternatives.size(), alternative) ? 1 : 0);
    rules.alternatives.push_back(world_.requirements.intern(alternative));
  }
  if (uses_claims(pod.spec)) {
    auto volumes = world_.ground.volumes.resolve(pod);
    for (const auto& alternative : volumes.alternatives)
      rules.volume_alternatives.push_back(world_.requirements.intern(alternative));
    rules.attached = std::move(volumes.attached);
  }
  for (const auto prefer : {PreferNoSchedule::kHard, PreferNoSchedule::kTolerated}) {
    auto& tolerates = prefer == PreferNoSchedule::kHard ? rules.tolerates : rules.tolerates_soft;
    for (Id set = 0; set < world_.ground.taints.size(); ++set)
      tolerates.push_back(
          untolerated(world_.ground.taints.get(set), pod.spec.tolerations, prefer).empty() ? 1 : 0);
  }
  make_groups(rules);
  return id;
}

// spec: scheduling §15.1; with policy Ignore preferences are invisible
void Classifier::make_groups(PodRules& rules) {
  const model::Pod& pod = *rules.example;
  Topology& topology = world_.topology;
  const bool respect = world_.problem.options.preferences == PreferencePolicy::kRespect;
  const auto own = [&](Id group) { return PodGroups::Owned{group, topology.covers(group, pod)}; };
  for (std::size_t i = 0; i < pod.spec.topology_spread_constraints.size(); ++i) {
    const auto& constraint = pod.spec.topology_spread_constraints[i];
    const bool soft = constraint.when_unsatisfiable == "ScheduleAnyway";
    if (soft && respect) rules.next.soft_spreads.push_back(i);
    rules.spreads.push_back(soft && !respect ? PodGroups::Owned{kNoId, false}
                                             : own(topology.add_spread(pod, constraint, rules.alternatives)));
  }
  if (!pod.spec.affinity) return;
  const auto add = [&](const std::optional<model::PodAffinity>& affinity, GroupKind kind,
                       std::vector<PodGroups::Owned>& soft) {
    if (!affinity) return;
    for (const auto& term : affinity->required)
      rules.terms.push_back(own(topology.add_term(pod, term, kind)));
    if (!respect) return;
    for (const auto* weighted : heaviest_first(affinity->preferred))
      soft.push_back(own(topology.add_term(pod, weighted->term, kind)));
  };
  add(pod.spec.affinity->pod_affinity, GroupKind::kAffinity, rules.soft_affinity);
  add(pod.spec.affinity->pod_anti_affinity, GroupKind::kAntiAffinity, rules.soft_anti_affinity);
  if (pod.spec.affinity->pod_anti_affinity)
    for (const auto& term : pod.spec.affinity->pod_anti_affinity->required)
      rules.groups.keeps_away.push_back(topology.add_term(pod, term, GroupKind::kInverse));
  if (pod.spec.affinity->node_affinity && respect)
    rules.preferred = heaviest_first(pod.spec.affinity->node_affinity->preferred);
}

void Classifier::run() {
  const auto& pods = world_.problem.pods;
  std::vector<Read> read;
  read.reserve(pods.size());
  for (const auto* pod : pods) read.push_back({shape_of(*pod), size_of(*pod)});
  for (const auto* example : shapes_) collect_selector_keys(*example, selector_keys_);
  for (const auto& kind : world_.ground.running.keeping_away())
    collect_selector_keys(*kind.example, selector_keys_);
  world_.pods.reserve(pods.size());
  for (std::size_t i = 0; i < pods.size(); ++i)
    world_.pods.push_back({pods[i], class_of(rules_of(*pods[i], read[i].shape), read[i].size)});
}

// The order of the queue. spec: scheduling §9.1
struct OrderKey {
  std::uint32_t rank;  // of the size: cpu, then memory, descending
  bool has_time;
  base::Time created;
  std::array<std::uint64_t, 2> uid;  // its first 16 characters
  const model::ObjectMeta* meta;
  QueuedPod pod;
};

// Numbers that order as the texts do, up to 16 characters.
std::array<std::uint64_t, 2> first_characters(const std::string& text) {
  std::array<std::uint64_t, 2> out = {0, 0};
  for (std::size_t i = 0; i < 16; ++i)
    out[i / 8] = (out[i / 8] << 8U) | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0U);
  return out;
}

bool goes_before(const OrderKey& a, const OrderKey& b) {
  const auto head = [](const OrderKey& k) { return std::tie(k.rank, k.has_time, k.created, k.uid); };
  if (head(a) != head(b)) return head(a) < head(b);
  const auto tail = [](const OrderKey& k) {
    return std::tie(k.meta->uid, k.meta->namespace_name, k.meta->name);
  };
  return tail(a) < tail(b);
}

void sort_queue(World& world) {
  std::vector<Id> order(world.sizes.size());
  for (Id i = 0; i < order.size(); ++i) order[i] = i;
  const auto amounts_of = [&](Id i) {
    const auto& requests = world.sizes[i].requests;
    return std::make_pair(requests.get(model::kCpu), requests.get(model::kMemory));
  };
  std::ranges::sort(order, [&](Id a, Id b) { return amounts_of(b) < amounts_of(a); });
  std::vector<std::uint32_t> rank(order.size(), 0);
  for (std::size_t i = 1; i < order.size(); ++i)
    rank[order[i]] = rank[order[i - 1]] + (amounts_of(order[i]) == amounts_of(order[i - 1]) ? 0 : 1);
  std::vector<OrderKey> keys;
  keys.reserve(world.pods.size());
  for (const auto& pod : world.pods) {
    const auto& meta = pod.pod->meta;
    keys.push_back({rank[world.classes[pod.pod_class].size], meta.creation_timestamp.has_value(),
                    meta.creation_timestamp.value_or(base::Time{}), first_characters(meta.uid), &meta, pod});
  }
  std::ranges::stable_sort(keys, goes_before);
  for (std::size_t i = 0; i < keys.size(); ++i) world.pods[i] = keys[i].pod;
}

// Takes out what cannot be planned for. spec: scheduling §21
void set_malformed_aside(World& world) {
  const auto is_malformed = [](const PodRules& rules) {
    return rules.alternatives.empty() || rules.example->spec.has_resource_claims;
  };
  if (std::ranges::none_of(world.rules, is_malformed)) return;
  std::erase_if(world.pods, [&](const QueuedPod& queued) {
    const PodRules& rules = world.rules[world.classes[queued.pod_class].rules];
    const bool dra = rules.example->spec.has_resource_claims;
    if (!is_malformed(rules)) return false;
    std::string why = "the pod has dynamic resource claims, which are not supported";
    if (!dra) why = required_alternatives(queued.pod->spec).error().text();
    world.malformed.push_back(
        {queued.pod, Reasons({{.code = ReasonCode::kUnsupported, .detail = std::move(why)}})});
    return true;
  });
}

// One step of §16: drops the next thing. False when nothing is left. Steps that cannot change anything are
// left out (§27.49). OR-terms go before preferences, so at the end those that went are tried without any.
bool relax(PodRules& rules, bool can_tolerate) {
  Relaxation& next = rules.next;
  if (next.or_term + 1 < rules.alternatives.size()) {
    ++next.or_term;
  } else if (next.affinity < rules.soft_affinity.size()) {
    ++next.affinity;
  } else if (next.anti_affinity < rules.soft_anti_affinity.size()) {
    ++next.anti_affinity;
  } else if (next.node < rules.preferred.size()) {
    ++next.node;
  } else if (!next.soft_spreads.empty()) {
    next.soft_spreads.front() = next.soft_spreads.back();
    next.soft_spreads.pop_back();
  } else if (can_tolerate && !next.tolerating && rules.tolerates != rules.tolerates_soft) {
    next.tolerating = true;
  } else if (!next.again && next.or_term > 0 && (next.node > 0 || next.affinity + next.anti_affinity > 0)) {
    next.again = true;
    next.or_term = 0;
  } else {
    return false;
  }
  return true;
}

Stage make_stage(World& world, const PodRules& rules) {
  const Relaxation& now = rules.next;
  Stage out;
  out.strict = out.requirements = rules.alternatives[now.or_term];
  out.tolerates_preferred_taints = now.tolerating;
  out.impossible = rules.contradicts[now.or_term] != 0;
  if (now.node < rules.preferred.size()) {
    const auto preferred = model::Requirements::of(rules.preferred[now.node]->preference.match_expressions);
    const auto full = preferred ? both(world.requirements.get(out.strict), *preferred)
                                : std::optional<model::Requirements>();
    out.impossible = out.impossible || !full.has_value();
    if (full) out.requirements = world.requirements.intern(*full);
  }
  for (std::size_t i = 0; i < rules.spreads.size(); ++i) {
    const bool soft =
        rules.example->spec.topology_spread_constraints[i].when_unsatisfiable == "ScheduleAnyway";
    if (!soft || std::ranges::find(now.soft_spreads, i) != now.soft_spreads.end())
      out.owned.push_back(rules.spreads[i]);
  }
  out.owned.insert(out.owned.end(), rules.terms.begin(), rules.terms.end());
  const auto rest = [&](const std::vector<PodGroups::Owned>& soft, std::size_t dropped) {
    out.owned.insert(out.owned.end(), soft.begin() + static_cast<std::ptrdiff_t>(dropped), soft.end());
  };
  rest(rules.soft_affinity, now.affinity);
  rest(rules.soft_anti_affinity, now.anti_affinity);
  return out;
}

}  // namespace

std::optional<model::Requirements> both(const model::Requirements& a, const model::Requirements& b) {
  model::Requirements out = a;
  for (const auto& [key, requirement] : b) {
    const model::Requirement* own = a.find(key);
    if (own != nullptr && !agree(*own, requirement)) return std::nullopt;
    out.add(requirement);
  }
  return out;
}

World::World(const Problem& p, Ground& g, Packing how)
    : problem(p),
      packing(how),
      ground(g),
      catalogue(g.catalogue),
      requirements(g.catalogue.requirements),
      nodes(g.nodes),
      topology({.problem = p,
                .requirements = requirements,
                .nodes = nodes,
                .running = g.running,
                .taints = g.taints,
                .domains = [&g](const std::string& key) -> const KeyDomains& { return g.domains(key); },
                .strictness = how == Packing::kReference ? Strictness::kReference : Strictness::kJoint}) {
  Classifier(*this).run();
  set_malformed_aside(*this);
  sort_queue(*this);
  topology.count();
  for (auto& r : rules) topology.match(*r.example, r.groups);
  for (auto& table : catalogue.tables) table.know(catalogue.resources);
}

Id World::stage(Id rules_id, std::size_t i) {
  PodRules& r = rules[rules_id];
  while (r.stages.size() <= i) {
    if (r.exhausted) return kNoId;
    if (!r.stages.empty() && !relax(r, ground.has_prefer_no_schedule)) {
      r.exhausted = true;
      return kNoId;
    }
    r.stages.push_back(static_cast<Id>(stages.size()));
    stages.push_back(make_stage(*this, r));
  }
  return r.stages[i];
}

// spec: scheduling §10 steps 1, 5, 6
const Bits& World::rows_of(Id rules_id, Id stage_id) {
  Stage& s = stages[stage_id];
  if (s.has_rows) return s.rows;
  const PodRules& r = rules[rules_id];
  s.has_rows = true;
  s.rows = nodes.open();
  s.rows &= nodes.accepting(s.requirements, requirements);
  if (!r.volume_alternatives.empty()) {
    Bits there;
    for (const Id alternative : r.volume_alternatives) there |= nodes.accepting(alternative, requirements);
    s.rows &= there;
  }
  if (!r.settles) s.rows -= nodes.settling();
  const auto& tolerates = s.tolerates_preferred_taints ? r.tolerates_soft : r.tolerates;
  for (Id taints = 0; taints < nodes.taint_sets(); ++taints)
    if (tolerates[taints] == 0) s.rows -= nodes.tainted(taints);
  return s.rows;
}

}  // namespace karpenter::scheduling
