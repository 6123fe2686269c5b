#include <algorithm>
#include <array>
#include <cstdio>

#include "common/base/strings.h"
#include "common/model/labels.h"
#include "controller/scheduling/search.h"

// Why a class of pods has no place, and the least change that would give it one. Only computed for classes
// with unplaced pods, from the state at the end of the pass. spec: scheduling §12.3

namespace karpenter::scheduling {

// What a class asked for when the last of its stages failed.
struct Search::Wanted {
  const PodRules* rules;
  const PodSize* size;
  const Stage* stage;
  const std::vector<char>* tolerates;
  bool topology_possible;  // ask_ holds what topology asks
};

namespace {

// `key In [a b c d e and 7 other(s)]`
std::string short_text(const model::Requirement& requirement) {
  static constexpr std::size_t kMaxValues = 5;
  if (requirement.values().size() <= kMaxValues) return requirement.text();
  std::string out = requirement.key() + (requirement.complement() ? " NotIn [" : " In [");
  std::size_t n = 0;
  for (const auto& value : requirement.values()) {
    if (n++ == kMaxValues) break;
    out += value + ' ';
  }
  return out + "and " + std::to_string(requirement.values().size() - kMaxValues) + " other(s)]";
}

std::string short_text(const model::Requirements& requirements) {
  std::vector<std::string> parts;
  for (const auto& [key, requirement] : requirements) {
    if (key == model::labels::kRegistered || key == model::labels::kInitialized ||
        key == model::labels::kHostname)
      continue;
    parts.push_back(short_text(requirement));
  }
  return base::join(parts, ", ");
}

std::string short_text(const model::Resources& resources) {
  std::vector<std::string> parts;
  for (const auto& [name, amount] : resources) parts.push_back(name + "=" + amount.text());
  return base::join(parts, ", ");
}

std::optional<std::string> likely_key(const std::string& key, const std::set<std::string_view>& known,
                                      const model::Requirements& node) {
  std::vector<std::string_view> candidates(known.begin(), known.end());
  for (const auto& [own, requirement] : node) candidates.push_back(own);
  const auto near = base::nearest_word(key, candidates);
  return near ? std::optional<std::string>(*near) : std::nullopt;
}

const std::string* undefined_key(const model::Requirements& node, const model::Requirements& pod,
                                 const std::set<std::string_view>& known) {
  for (const auto& [key, requirement] : pod)
    if (!node.has(key) && !known.contains(key) && !accepts_absence(requirement)) return &key;
  return nullptr;
}

// Every conflicting key with both sides. spec: scheduling §12.3
std::vector<std::string> conflicts_of(const model::Requirements& node, const model::Requirements& pod) {
  std::vector<std::string> out;
  for (const auto& [key, requirement] : pod) {
    const model::Requirement* own = node.find(key);
    if (own != nullptr && !agree(*own, requirement))
      out.push_back(short_text(requirement) + " not in " + short_text(*own));
  }
  return out;
}

std::string taints_text(const std::vector<const model::Taint*>& taints) {
  std::vector<std::string> parts;
  for (const auto* taint : taints) parts.push_back(taint->text());
  return base::join(parts, ", ");
}

std::string limits_text(const model::Resources& limits, const model::Resources& left) {
  std::vector<std::string> parts;
  for (const auto& [name, limit] : limits)
    parts.push_back(name + ": " + left.get(name).text() + " left of " + limit.text());
  return "no fitting instance type within the limits of the nodepool (" + base::join(parts, ", ") + ")";
}

std::string amount_text(const std::string& resource, std::int64_t milli) {
  const auto quantity = model::Quantity::of_milli(milli);
  if (resource != model::kMemory && resource != model::kEphemeralStorage) return quantity.text();
  static constexpr std::int64_t kMib = std::int64_t{1} << 20U;
  return std::to_string((quantity.value() + kMib - 1) / kMib) + "Mi";
}

// `cpu 92100m, memory 3Mi`: what of `load` is beyond `there`; "" when nothing is.
std::string excess_text(const Interner& names, const Amounts& load,
                        const std::function<std::int64_t(Id)>& there) {
  std::vector<std::string> parts;
  for (Id r = 0; r < load.size(); ++r)
    if (load[r] > 0 && load[r] > there(r))
      parts.push_back(names.name(r) + " " + amount_text(names.name(r), load[r] - there(r)));
  return base::join(parts, ", ");
}

// How far `load` is beyond `there`, relative to what is asked; 0 when it fits.
double excess(const Amounts& load, const std::function<std::int64_t(Id)>& there) {
  double out = 0;
  for (Id r = 0; r < load.size(); ++r)
    if (load[r] > 0)
      out = std::max(out, static_cast<double>(load[r] - there(r)) / static_cast<double>(load[r]));
  return out;
}

}  // namespace

Reasons Search::explain(Id pod_class) {
  const PodClass& c = world_.classes[pod_class];
  const PodRules& rules = world_.rules[c.rules];
  const Stage& stage = world_.stages[rules.stages.back()];
  const Wanted wanted{
      .rules = &rules,
      .size = &world_.sizes[c.size],
      .stage = &stage,
      .tolerates = stage.tolerates_preferred_taints ? &rules.tolerates_soft : &rules.tolerates,
      .topology_possible = topology_.prepare(rules.groups, stage.owned, stage.strict, ask_)};
  std::vector<Reason> pools;
  for (Id t = 0; t < world_.ground.templates.size(); ++t) {
    pools.push_back(explain_template(t, wanted));
    if (pools.back().code == ReasonCode::kReservedCapacity) break;  // no lower-ranked one was tried
  }
  if (pools.empty()) {
    pools.push_back({.code = ReasonCode::kNoNodePools,
                     .detail = "no nodepool can make nodes, and no existing node takes the pod",
                     .nearest = "a ready NodePool"});
  }
  return Reasons(std::move(pools), explain_nodes(wanted));
}

Reason Search::explain_template(Id owner, const Wanted& wanted) {
  const Template& t = world_.ground.templates[owner];
  const auto& pool = *t.view->pool;
  const auto reason = [&](ReasonCode code, std::string detail, std::string nearest) {
    return Reason{code, pool.meta.name, std::move(detail), std::move(nearest)};
  };
  if (!t.broken.empty()) return reason(ReasonCode::kRequirementsConflict, t.broken, "");
  const auto taints = untolerated(
      world_.ground.taints.get(t.taints), wanted.rules->example->spec.tolerations,
      wanted.stage->tolerates_preferred_taints ? PreferNoSchedule::kTolerated : PreferNoSchedule::kHard);
  if (!taints.empty())
    return reason(ReasonCode::kTaintNotTolerated, "did not tolerate taint(s) " + taints_text(taints),
                  "a toleration of " + taints_text(taints));
  const auto& asked = requirements_.get(wanted.stage->requirements);
  const auto& node = requirements_.get(t.base);
  if (wanted.stage->impossible)
    return reason(ReasonCode::kRequirementsConflict,
                  "the pod's own requirements contradict each other, " + short_text(asked), "");
  const Id base = requirements_.meet(t.base, wanted.stage->requirements);
  if (base == kNoId) {
    if (const auto* key = undefined_key(node, asked, requirements_.well_known())) {
      const auto likely = likely_key(*key, requirements_.well_known(), node);
      return reason(ReasonCode::kRequirementsConflict,
                    "label \"" + *key + "\" does not have known values" +
                        (likely ? " (typo of \"" + *likely + "\"?)" : ""),
                    likely ? "the label \"" + *likely + "\" instead of \"" + *key + "\""
                           : "a label \"" + *key + "\" in the nodepool's template");
    }
    const auto conflicts = conflicts_of(node, asked);
    return reason(ReasonCode::kRequirementsConflict,
                  "incompatible requirements, " + base::join(conflicts, "; "),
                  conflicts.size() == 1 ? "a nodepool or a pod without " + conflicts.front() : "");
  }
  return explain_types(owner, wanted, base, fresh_[owner].options);
}

// What the limits lack for the type that lacks least.
model::Resources Search::limit_shortage(Id owner, const Bits& types) const {
  const TypeTable& table = world_.catalogue.tables[world_.ground.templates[owner].table];
  model::Resources least;
  double best = kNoPrice;
  types.each([&](std::size_t i) {
    model::Resources over;
    double worst = 0;
    for (const auto& [name, left] : limits_left_[owner]) {
      const model::Quantity needs =
          name == model::kNodes ? model::Quantity::of(1) : table.type(i).capacity.get(name);
      if (needs <= left) continue;
      over.set(name, needs - left);
      worst = std::max(worst, (needs - left).as_double() / std::max(needs.as_double(), 1e-9));
    }
    if (worst < best) {
      best = worst;
      least = std::move(over);
    }
  });
  return least;
}

// `large is too small by cpu 92100m`: the type that lacks least.
std::string Search::size_shortage(Id owner, const Wanted& wanted, const Bits& types) const {
  const Template& t = world_.ground.templates[owner];
  const TypeTable& table = world_.catalogue.tables[t.table];
  std::string out;
  double best = kNoPrice;
  types.each([&](std::size_t i) {
    for (const auto& group : t.overhead) {
      if (!group.types.has(i)) continue;
      const auto there = [&](Id r) {
        return table.allocatable(r)[i] - (r < group.load.size() ? group.load[r] : 0);
      };
      const double over = excess(wanted.size->load, there);
      if (over >= best) continue;
      best = over;
      out = table.type(i).name + " is too small by " +
            excess_text(world_.catalogue.resources, wanted.size->load, there);
    }
  });
  return out;
}

// The rest of a template whose requirements suit: limits, types, topology, volumes, reservations.
Reason Search::explain_types(Id owner, const Wanted& wanted, Id requirements, const Bits& options) {
  const Template& t = world_.ground.templates[owner];
  Reason out{.code = ReasonCode::kNoInstanceTypeFits, .node_pool = t.view->pool->meta.name};
  const std::string asked = "requirements=" + short_text(requirements_.get(requirements)) +
                            ", resources=" + short_text(wanted.size->requests);
  struct Kept {
    Bits met, offered, fitting, both;
    bool ports_free = false;
  };
  const Attempt attempt{.rules = wanted.rules, .size = wanted.size, .stage = wanted.stage};
  const auto keep = [&](const Bits& from) {
    Kept kept{from, from, from, from, false};
    kept.met &= requirements_.meeting(requirements, t.table);
    kept.offered &= requirements_.types(requirements, t.table);
    for (const auto& group : t.overhead)
      kept.ports_free = kept.ports_free || !conflict(group.ports, wanted.rules->ports);
    keep_fitting(fresh_[owner], attempt, wanted.size->load, kept.fitting);
    kept.both = kept.offered;
    kept.both &= kept.fitting;
    return kept;
  };
  const Kept all = keep(t.options);
  if (all.both.any() && !keep(options).both.any()) {
    out.code = ReasonCode::kLimitExceeded;
    out.detail = limits_text(t.view->pool->spec.limits, limits_left_[owner]);
    out.nearest = "limits raised by " + short_text(limit_shortage(owner, all.both));
    return out;
  }
  if (!all.ports_free) {
    out.code = ReasonCode::kHostPort;
    out.detail = "a host port of the pod is taken by a daemonset on every instance type";
  } else if (!all.met.any()) {
    out.code = ReasonCode::kNoOffering;
    out.detail = "no instance type met the scheduling requirements, " + asked;
  } else if (!all.offered.any()) {
    out.code = ReasonCode::kNoOffering;
    out.detail = "no instance type which met the requirements has an available offering, " + asked;
  } else if (!all.both.any()) {
    out.detail = all.fitting.any()
                     ? "no instance type has enough resources and met the requirements at once, " + asked
                     : "no instance type has enough resources, " + asked;
    if (wanted.size->requests.get(model::kCpu) >= model::Quantity::of(1'000'000))
      out.detail += " (CPU request >= 1 million, was \"M\" written for \"m\"?)";
    if (!all.fitting.any()) out.nearest = size_shortage(owner, wanted, all.offered);
  } else if (!wanted.topology_possible || !topology_allows_new(requirements)) {
    out.code = ReasonCode::kTopology;
    out.detail = ask_.failed != kNoId ? "unsatisfiable: " + topology_.describe(ask_.failed)
                                      : "unsatisfiable: pod affinity to pods on other hosts";
    if (ask_.failed == kNoId && ask_.include.empty())
      out.detail = "no instance type is offered in a domain that the topology allows";
  } else {
    explain_rest(owner, wanted, requirements, all.both, out);
  }
  if (out.nearest.empty() && out.code != ReasonCode::kTopology)
    out.nearest = requirement_in_the_way(owner, wanted);
  return out;
}

// The claim was refused though types fit: by volumes, minValues, reservations or the choice of domains.
void Search::explain_rest(Id owner, const Wanted& wanted, Id requirements, const Bits& types, Reason& out) {
  const Template& t = world_.ground.templates[owner];
  const auto& volumes = wanted.rules->volume_alternatives;
  const bool reachable = std::ranges::any_of(volumes, [&](Id volume) {
    const Id there = requirements_.meet(requirements, volume);
    if (there == kNoId) return false;
    Bits kept = types;
    kept &= requirements_.types(there, t.table);
    return kept.any();
  });
  if (!volumes.empty() && !reachable) {
    out.code = ReasonCode::kVolume;
    out.detail = "incompatible with the topology of the pod's volumes, " +
                 short_text(requirements_.get(volumes.front()));
    return;
  }
  Id relaxed_requirements = requirements;
  bool relaxed = false;
  Claim strict = fresh_[owner];
  if (t.has_min_values && !meets_min_values(strict, relaxed_requirements, types, relaxed)) {
    out.code = ReasonCode::kMinValues;
    out.detail = "minValues requirement is not met";
    for (const auto& [key, count] : requirements_.min_values(requirements)) {
      const auto have = requirements_.distinct_values(requirements, key, t.table, types);
      if (have < count)
        out.nearest =
            "minValues of " + key + " lowered from " + std::to_string(count) + " to " + std::to_string(have);
    }
    return;
  }
  Reservations::Offer offer;
  const auto verdict = reservations_.active()
                           ? reservations_.judge(world_, t.table, requirements, types, {}, offer)
                           : Reservations::Verdict::kAccepted;
  if (verdict == Reservations::Verdict::kDeferred) {
    out.code = ReasonCode::kReservedCapacity;
    out.detail = "waits for reserved capacity: every reservation is held by nodes of this pass";
  } else if (verdict == Reservations::Verdict::kRefused) {
    out.code = ReasonCode::kNoOffering;
    out.detail = "only capacity reservations without free instances are left";
  } else {
    out.code = ReasonCode::kTopology;
    out.detail = "no instance type is offered in a domain that the topology allows";
  }
}

// Whether what topology asks of hosts and domains can hold for a new claim.
bool Search::topology_allows_new(Id requirements) {
  if (!ask_.include.empty()) return false;
  for (std::size_t i = 0; i < ask_.used; ++i) {
    const auto& choice = ask_.choices[i];
    if (choice.required && !choice.allowed.intersects(topology_.possible(requirements, choice.key)))
      return false;
  }
  return true;
}

// The one requirement of the pod without which the template would take it; "" when there is none.
std::string Search::requirement_in_the_way(Id owner, const Wanted& wanted) {
  const Template& t = world_.ground.templates[owner];
  const model::Requirements& asked = requirements_.get(wanted.stage->requirements);
  const Attempt attempt{.rules = wanted.rules, .size = wanted.size, .stage = wanted.stage};
  for (const auto& [key, requirement] : asked) {
    model::Requirements without = asked;
    without.erase(key);
    const Id base = requirements_.meet(t.base, requirements_.intern(without));
    if (base == kNoId) continue;
    Bits kept = fresh_[owner].options;
    kept &= requirements_.types(base, t.table);
    keep_fitting(fresh_[owner], attempt, wanted.size->load, kept);
    if (kept.any()) return "the pod without " + short_text(requirement);
  }
  return "";
}

std::vector<NodeReason> Search::explain_nodes(const Wanted& wanted) {
  std::vector<NodeReason> out;
  NodeTable& nodes = world_.nodes;
  Bits rest = Bits::all(nodes.size());
  const auto take = [&](ReasonCode code, const Bits& rows) {
    Bits held = rest;
    held &= rows;
    rest -= rows;
    const std::size_t first = held.first();
    if (first == SIZE_MAX) return;
    NodeReason reason = explain_row(code, first, wanted);
    reason.nodes = held.count();
    out.push_back(std::move(reason));
  };
  Bits not_ready = rest;
  not_ready -= nodes.open();
  if (!wanted.rules->settles) not_ready |= nodes.settling();
  take(ReasonCode::kNotReady, not_ready);
  Bits tainted(nodes.size());
  for (Id set = 0; set < nodes.taint_sets(); ++set)
    if ((*wanted.tolerates)[set] == 0) tainted |= nodes.tainted(set);
  take(ReasonCode::kTaintNotTolerated, tainted);
  Bits refusing = rest;
  refusing -= nodes.accepting(wanted.stage->requirements, requirements_);
  take(ReasonCode::kRequirementsConflict, refusing);
  if (!wanted.rules->volume_alternatives.empty()) {
    Bits elsewhere = rest;
    for (const Id volume : wanted.rules->volume_alternatives)
      elsewhere -= nodes.accepting(volume, requirements_);
    take(ReasonCode::kVolume, elsewhere);
  }
  Bits too_small(nodes.size());
  rest.each([&](std::size_t row) {
    for (Id r = 0; r < wanted.size->load.size(); ++r)
      if (wanted.size->load[r] > 0 && wanted.size->load[r] > left_[r][row]) too_small.set(row);
  });
  take(ReasonCode::kNoInstanceTypeFits, too_small);
  const Attempt attempt{.rules = wanted.rules, .size = wanted.size, .stage = wanted.stage};
  Bits taken(nodes.size());
  if (!wanted.rules->ports.empty() || !wanted.rules->attached.empty())
    rest.each([&](std::size_t row) {
      if (!row_takes(row, attempt)) taken.set(row);
    });
  take(wanted.rules->ports.empty() ? ReasonCode::kVolume : ReasonCode::kHostPort, taken);
  const Bits all = rest;
  take(ReasonCode::kTopology, all);
  return out;
}

// About one node that the code holds back.
NodeReason Search::explain_row(ReasonCode code, std::size_t row, const Wanted& wanted) const {
  const NodeRow& node = world_.nodes.row(row);
  NodeReason out{.code = code, .nodes = 1, .example = node.node->name};
  switch (code) {
    case ReasonCode::kNotReady:
      out.detail = node.node->is_settling ? "pods came or went there within consolidateAfter"
                                          : "more is requested there already than it has";
      break;
    case ReasonCode::kTaintNotTolerated: {
      const auto taints =
          untolerated(node.node->taints, wanted.rules->example->spec.tolerations, PreferNoSchedule::kHard);
      out.detail = "did not tolerate taint(s) " + taints_text(taints);
      out.nearest = "a toleration of " + taints_text(taints);
      break;
    }
    case ReasonCode::kRequirementsConflict: {
      std::vector<std::string> unmet;
      for (const auto& [key, requirement] : requirements_.get(wanted.stage->requirements)) {
        model::Requirements one;
        one.add(requirement);
        if (accepts(node.node->labels, node.hostname, one)) continue;
        const auto label = node.node->labels.find(key);
        unmet.push_back(short_text(requirement) +
                        (label == node.node->labels.end() ? ", no such label" : ", is " + label->second));
      }
      out.detail = "does not select it: " + base::join(unmet, "; ");
      if (unmet.size() == 1) out.nearest = "the pod without " + unmet.front();
      break;
    }
    case ReasonCode::kNoInstanceTypeFits: {
      const auto there = [&](Id r) { return left_[r][row]; };
      out.detail = "too full, missing " + excess_text(world_.catalogue.resources, wanted.size->load, there);
      break;
    }
    case ReasonCode::kVolume:
      out.detail = "a volume of the pod cannot be attached there";
      break;
    case ReasonCode::kHostPort:
      out.detail = "a host port of the pod is taken there";
      break;
    default:
      out.detail = ask_.failed != kNoId ? "unsatisfiable: " + topology_.describe(ask_.failed)
                                        : "spread, affinity or anti-affinity keeps the pod away";
  }
  return out;
}

}  // namespace karpenter::scheduling
