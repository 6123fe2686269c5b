#include "controller/scheduling/topology.h"

#include <algorithm>
#include <array>
#include <limits>

#include "common/model/labels.h"

namespace karpenter::scheduling {
namespace {

constexpr std::uint16_t kMostPodsCounted = std::numeric_limits<std::uint16_t>::max();

void set_to(Bits& bits, std::size_t i, bool value) {
  if (value) {
    bits.set(i);
  } else {
    bits.reset(i);
  }
}

}  // namespace

// The domains whose values `admits` accepts, given the set's requirement on the key (null: none).
template <class Admits>
const Bits& Topology::remember(Memo& memo, Id requirements, Id key, const Admits& admits) const {
  if (memo.slots.size() <= requirements) memo.slots.resize(c_.requirements.size(), kNoId);
  Id& slot = memo.slots[requirements];
  if (slot != kNoId) return memo.sets[slot];
  slot = static_cast<Id>(memo.sets.size());
  const KeyDomains& domains = *keys_[key];
  const model::Requirement* own = c_.requirements.get(requirements).find(domains.key);
  Bits& out = memo.sets.emplace_back(domains.names.size());
  for (Id d = 0; d < domains.names.size(); ++d)
    if (admits(own, domains.names[d])) out.set(d);
  return out;
}

const Bits& Topology::possible(Id requirements, Id key) {
  return remember(possible_[key], requirements, key, [&](const model::Requirement* own, const auto& value) {
    return own == nullptr ? keys_[key]->well_known : own->has(value);
  });
}

const Bits& Topology::admitted(Id requirements, Id key) {
  return remember(admitted_[key], requirements, key, [](const model::Requirement* own, const auto& value) {
    return own == nullptr || own->has(value);
  });
}

const Bits& Topology::named(Id requirements, Id key) {
  return remember(named_[key], requirements, key, [](const model::Requirement* own, const auto& value) {
    return own != nullptr && !own->complement() && own->has(value);
  });
}

void Topology::set_claim(std::size_t claim, Id old_requirements, Id requirements) {
  for (Id key = 0; key < keys_.size(); ++key) {
    const Bits& now = possible(requirements, key);
    now.each([&](std::size_t d) { claims_in_[key][d].set(claim); });
    if (old_requirements == kNoId) continue;
    possible(old_requirements, key).each([&](std::size_t d) {
      if (!now.has(d)) claims_in_[key][d].reset(claim);
    });
  }
}

std::int32_t Topology::least(const TopologyGroup& group, const Bits& own) const {
  std::int32_t out = std::numeric_limits<std::int32_t>::max();
  std::int32_t known = 0;
  group.known.each([&](std::size_t d) {
    if (!own.has(d)) return;
    out = std::min(out, group.by_domain[d]);
    ++known;
  });
  return known < group.min_domains ? 0 : out;
}

TopologyAsk::Choice& Topology::choice_for(const TopologyGroup& group, TopologyAsk& ask) {
  if (c_.strictness == Strictness::kJoint)
    for (std::size_t i = 0; i < ask.used; ++i)
      if (ask.choices[i].key == group.key) return ask.choices[i];
  if (ask.used == ask.choices.size()) ask.choices.emplace_back();
  TopologyAsk::Choice& choice = ask.choices[ask.used++];
  const std::size_t domains = keys_[group.key]->names.size();
  choice.key = group.key;
  choice.allowed.fill(domains);
  choice.score.assign(domains, 0);
  choice.required = choice.single = false;
  return choice;
}

// spec: scheduling §15.7
void Topology::ask_spread(const TopologyGroup& group, bool self, Id strict, TopologyAsk& ask) {
  const Bits& own = admitted(strict, group.key);
  const std::int32_t floor = least(group, own);
  TopologyAsk::Choice& choice = choice_for(group, ask);
  choice.single = choice.required = true;
  for (Id d = 0; d < group.by_domain.size(); ++d) {
    const std::int64_t skew = std::int64_t{group.by_domain[d]} + (self ? 1 : 0) - floor;
    if (!group.known.has(d) || skew > group.max_skew) choice.allowed.reset(d);
    choice.score[d] += group.by_domain[d];
  }
}

// The pod may be the first of its group: it selects itself, and no domain that it may use has a pod.
// spec: scheduling §15.8
bool Topology::starts_affinity(const TopologyGroup& group, bool self, Id strict) const {
  if (!self) return false;
  if (group.total == 0) return true;
  const model::Requirement* own = c_.requirements.get(strict).find(group.key_name);
  if (own == nullptr) return false;
  bool there = false;  // hostname only: a pod on a host that the pod could use
  group.occupied.each([&](std::size_t target) {
    there = there || (target < c_.nodes.size() && own->has(c_.nodes.row(target).hostname));
  });
  return !there;
}

void Topology::ask_affinity(const TopologyGroup& group, bool self, Id strict, TopologyAsk& ask) {
  const Bits& own = admitted(strict, group.key);
  TopologyAsk::Choice& choice = choice_for(group, ask);
  choice.required = true;
  bool any = false;
  group.known.each([&](std::size_t d) { any = any || (own.has(d) && group.by_domain[d] > 0); });
  // Pods on claims whose domain is open are in no domain yet: go where they are. Else start: one domain.
  const bool uncounted = !any && group.total > 0 && group.occupied.any();
  if (uncounted && c_.strictness == Strictness::kJoint) ask.include.push_back(&group.occupied);
  const bool starts = !any && (self || (uncounted && c_.strictness == Strictness::kJoint));
  if (starts) choice.single = true;
  for (Id d = 0; d < group.by_domain.size(); ++d) {
    const bool possible = group.known.has(d) && own.has(d) && (starts || group.by_domain[d] > 0);
    if (!possible) choice.allowed.reset(d);
  }
}

// spec: scheduling §15.9
void Topology::ask_apart(const TopologyGroup& group, Id strict, TopologyAsk& ask) {
  const Bits& own = admitted(strict, group.key);
  ask.exclude.push_back(&group.occupied);  // whatever domain it will be in
  TopologyAsk::Choice& choice = choice_for(group, ask);
  choice.required = true;
  if (c_.strictness == Strictness::kJoint) choice.single = true;  // blocks one domain instead of all
  for (Id d = 0; d < group.by_domain.size(); ++d)
    if (group.by_domain[d] > 0 || !group.known.has(d) || !own.has(d)) choice.allowed.reset(d);
}

void Topology::ask_host(const TopologyGroup& group, bool self, Id strict, TopologyAsk& ask) const {
  switch (group.kind) {
    case GroupKind::kSpread:
      ask.exclude.push_back(self ? &group.at_skew : &group.over_skew);
      return;
    case GroupKind::kAffinity:
      if (!starts_affinity(group, self, strict)) ask.include.push_back(&group.occupied);
      return;
    case GroupKind::kAntiAffinity:
    case GroupKind::kInverse:
      ask.exclude.push_back(&group.occupied);
      return;
  }
}

bool Topology::prepare(const PodGroups& groups, std::span<const PodGroups::Owned> owned, Id strict,
                       TopologyAsk& ask) {
  ask.used = 0;
  ask.exclude.clear();
  ask.include.clear();
  ask.owned = owned;
  ask.failed = kNoId;
  const auto add = [&](Id g, bool self) {
    const TopologyGroup& group = groups_[g];
    if (group.key == kNoId) {
      ask_host(group, self, strict, ask);
      return true;
    }
    if (group.kind == GroupKind::kSpread) ask_spread(group, self, strict, ask);
    if (group.kind == GroupKind::kAffinity) ask_affinity(group, self, strict, ask);
    if (group.kind == GroupKind::kAntiAffinity || group.kind == GroupKind::kInverse)
      ask_apart(group, strict, ask);
    const Bits& allowed = c_.strictness == Strictness::kJoint ? choice_for(group, ask).allowed
                                                              : ask.choices[ask.used - 1].allowed;
    if (!allowed.any()) ask.failed = g;
    return allowed.any();
  };
  for (const auto& [g, self] : owned)
    if (!add(g, self)) return false;
  for (const Id g : groups.kept_away_by)
    if (groups_[g].total > 0 && !add(g, false)) return false;
  // A pod that others must stay away from is given one domain at once: in an open claim it would block all or
  // none. spec: scheduling §26 item 10
  if (c_.strictness == Strictness::kJoint)
    for (const Id g : groups.counted_by)
      if (groups_[g].kind == GroupKind::kAntiAffinity && groups_[g].key != kNoId)
        choice_for(groups_[g], ask).single = true;
  return true;
}

bool Topology::may_pin(const TopologyAsk& ask, Id key, Id domain, std::size_t target) const {
  return std::ranges::all_of(ask.owned, [&](const PodGroups::Owned& owned) {
    const TopologyGroup& group = groups_[owned.group];
    if (group.key != key) return true;
    const std::int32_t here = group.at(target);
    if (here == 0) return true;
    if (group.kind == GroupKind::kAntiAffinity) return false;
    if (group.kind != GroupKind::kSpread) return true;
    const std::int32_t floor = least(group, group.known);
    return group.by_domain[domain] + here + (owned.self ? 1 : 0) - floor <= group.max_skew;
  });
}

void Topology::add_on_target(TopologyGroup& group, std::size_t target, std::int32_t delta) {
  group.total += delta;
  group.version = ++version_;
  if (group.by_target.size() <= target) group.by_target.resize(target + 64 + target / 2, 0);
  std::uint16_t& pods = group.by_target[target];
  if (delta < 0 ? pods > 0 : pods < kMostPodsCounted) pods = static_cast<std::uint16_t>(pods + delta);
  set_to(group.occupied, target, pods > 0);
  if (group.key != kNoId || group.kind != GroupKind::kSpread) return;
  set_to(group.at_skew, target, pods >= group.max_skew);
  set_to(group.over_skew, target, pods > group.max_skew);
}

void Topology::record_on_node(const PodGroups& groups, std::size_t row, std::int32_t delta) {
  const auto add = [&](Id g) {
    TopologyGroup& group = groups_[g];
    add_on_target(group, row, delta);
    if (group.key == kNoId) return;
    const Id domain = keys_[group.key]->of_place[row];
    if (domain == kNoId) return;
    group.by_domain[domain] += delta;
    group.known.set(domain);
  };
  for (const Id g : groups.counted_by)
    if (!groups_[g].is_filtered() || groups_[g].rows.has(row)) add(g);
  for (const Id g : groups.keeps_away) add(g);
}

void Topology::record_on_claim(const PodGroups& groups, std::size_t target, Id requirements, Id taints,
                               std::int32_t delta) {
  const auto add = [&](Id g) {
    TopologyGroup& group = groups_[g];
    add_on_target(group, target, delta);
    if (group.key == kNoId) return;
    const Bits& domains = named(requirements, group.key);
    const bool all = group.kind == GroupKind::kAntiAffinity || group.kind == GroupKind::kInverse;
    if (!all && !domains.is_single()) return;  // spec: scheduling §15.10
    domains.each([&](std::size_t d) {
      group.by_domain[d] += delta;
      group.known.set(d);
    });
  };
  const bool may_be = c_.problem.options.packing != Packing::kReference;
  const auto counts = [&](const TopologyGroup& group) {
    if (!group.is_filtered()) return true;
    if (group.honors_taints && group.tolerates[taints] == 0) return false;
    return group.filter.empty() || std::ranges::any_of(group.filter, [&](Id alternative) {
             // The reference counts only what the claim surely is; it may become more. spec: §15.3
             return may_be ? c_.requirements.meet(requirements, alternative) != kNoId
                           : c_.requirements.defines(requirements, alternative);
           });
  };
  for (const Id g : groups.counted_by)
    if (counts(groups_[g])) add(g);
  for (const Id g : groups.keeps_away) add(g);
}

bool Topology::keeps_domains_apart() const {
  return std::ranges::any_of(groups_, [](const TopologyGroup& group) {
    return group.key != kNoId &&
           (group.kind == GroupKind::kAntiAffinity || group.kind == GroupKind::kInverse);
  });
}

std::uint64_t Topology::version_of(const PodGroups& groups, std::span<const PodGroups::Owned> owned) const {
  std::uint64_t out = 0;
  for (const auto& [g, self] : owned) out = std::max(out, groups_[g].version);
  for (const Id g : groups.kept_away_by) out = std::max(out, groups_[g].version);
  return out;
}

std::string Topology::describe(Id id) const {
  static constexpr std::size_t kMaxShown = 25;
  static constexpr std::array<std::string_view, 4> kKinds = {
      "topology spread", "pod affinity", "pod anti-affinity", "pod anti-affinity of other pods"};
  const TopologyGroup& group = groups_[id];
  std::string out(kKinds[static_cast<std::size_t>(group.kind)]);
  out += " on " + group.key_name + ", pods by domain:";
  if (group.key == kNoId) return out + " every host";
  const auto& names = keys_[group.key]->names;
  for (Id d = 0; d < std::min(names.size(), kMaxShown); ++d)
    out += ' ' + names[d] + '=' + std::to_string(group.by_domain[d]);
  return names.empty() ? out + " no domain" : out;
}

}  // namespace karpenter::scheduling
