#include <algorithm>

#include "controller/scheduling/search.h"

// Placing on claims of the pass. spec: scheduling §11, §12.1, §12.2, §15.6, §17.2

namespace karpenter::scheduling {
namespace {

Amounts most_of(const TypeTable& table, const Template& owner, const Bits& options, std::size_t resources) {
  Amounts out(resources, 0);
  for (Id r = 0; r < resources; ++r) {
    std::int64_t least_overhead = INT64_MAX;
    for (const auto& group : owner.overhead)
      least_overhead = std::min(least_overhead, r < group.load.size() ? group.load[r] : 0);
    out[r] = table.most(r, options) - (least_overhead == INT64_MAX ? 0 : least_overhead);
  }
  return out;
}

}  // namespace

Claim Search::fresh_claim(Id owner) const {
  const Template& t = world_.ground.templates[owner];
  Claim out;
  out.owner = owner;
  out.requirements = t.base;
  if (t.broken.empty()) out.options = within_limits(owner);
  return out;
}

// Types whose whole capacity the NodePool's limits still allow. spec: scheduling §9.4 step 5
Bits Search::within_limits(Id owner) const {
  const Template& t = world_.ground.templates[owner];
  Bits out = t.options;
  for (const auto& [name, left] : limits_left_[owner]) {
    if (name != model::kNodes) {
      world_.catalogue.tables[t.table].keep_at_most(name, floor_milli(left), out);
    } else if (left < model::Quantity::of(1)) {
      out.clear();
    }
  }
  return out;
}

// The most that the claim may turn out to use. spec: scheduling §8.6; nodes are counted too (known-faults 6)
void Search::charge_limits(Id owner, const Bits& options) {
  model::Resources& left = limits_left_[owner];
  if (left.empty()) return;
  model::Resources most;
  TypeTable& table = world_.catalogue.tables[world_.ground.templates[owner].table];
  for (const auto& [name, unused] : left)
    most.set(name, name == model::kNodes ? model::Quantity::of(1)
                                         : model::Quantity::of_milli(table.most_capacity(name, options)));
  left -= most;
  fresh_[owner] = fresh_claim(owner);
}

// Open claims that may take the pod, as bits; then fewest pods first. spec: scheduling §9.4 step 3
bool Search::place_on_claim(const Attempt& attempt) {
  if (claims_.empty()) return false;
  const std::size_t words = (claims_.size() + 63) / 64;
  const std::size_t offset = topology_.first_claim() / 64;
  StageState& state = *attempt.state;
  open_.assign(words, 0);
  for (std::size_t w = 0; w < words; ++w) {
    const std::size_t rest = claims_.size() - w * 64;
    std::uint64_t some = rest >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << rest) - 1;
    some &= ~state.refused_claims.word(w);
    for (const Bits* bits : ask_.exclude) some &= ~bits->word(offset + w);
    for (const Bits* bits : ask_.include) some &= bits->word(offset + w);
    for (std::size_t i = 0; i < ask_.used && some != 0; ++i) {
      const auto& choice = ask_.choices[i];
      if (!choice.required) continue;
      std::uint64_t in = 0;
      choice.allowed.each(
          [&](std::size_t d) { in |= topology_.claims_in(choice.key, static_cast<Id>(d)).word(w); });
      some &= in;
    }
    open_[w] = some;
  }
  return order_.visit(open_, [&](Id c) {
    ++steps_;
    const Verdict verdict = try_claim(claims_[c], topology_.first_claim() + c, attempt);
    if (verdict == Verdict::kNever) state.refused_claims.set(c);
    if (verdict != Verdict::kYes) return false;
    commit_claim(c, attempt);
    return true;
  });
}

// spec: scheduling §9.4 step 5
bool Search::place_on_new_claim(const Attempt& attempt) {
  defer_ = false;  // what open claims wait for does not count
  // Affinity to pods on other hosts: no new host has one.
  for (const Bits* bits : ask_.include)
    if (!bits->has(topology_.first_claim() + claims_.size())) return false;
  for (Id t = 0; t < fresh_.size(); ++t) {
    ++steps_;
    if (!fresh_[t].options.any()) continue;
    defer_ = false;
    const std::size_t c = claims_.size();
    if (try_claim(fresh_[t], topology_.first_claim() + c, attempt) != Verdict::kYes) {
      if (defer_) return false;  // no lower-ranked template may be used; spec: §17.2
      continue;
    }
    ++claim_changes_;
    claims_.push_back(fresh_[t]);
    charge_limits(t, fit_.options);
    commit_claim(c, attempt);
    return true;
  }
  return false;
}

// spec: scheduling §11.2. On kYes fit_ says what the claim becomes.
Search::Verdict Search::try_claim(const Claim& claim, std::size_t target, const Attempt& attempt) {
  const Template& owner = world_.ground.templates[claim.owner];
  if (!attempt.tolerates(owner.taints)) return Verdict::kNever;
  const Amounts& more = attempt.size->load;
  load_ = claim.load;
  add(load_, more);
  for (std::size_t r = 0; r < more.size() && !claim.most.empty(); ++r)
    if (load_[r] > claim.most[r]) return Verdict::kNever;
  if (!claim.ports.empty() && conflict(claim.ports, attempt.rules->ports)) return Verdict::kNever;
  const Id base = requirements_.meet(claim.requirements, attempt.stage->requirements);
  if (base == kNoId) return Verdict::kNever;
  Verdict verdict = Verdict::kNever;
  const auto try_volumes = [&](Id requirements) {
    if (requirements == kNoId) return false;
    defer_ = false;
    if (choose_domains(claim, target, attempt, requirements)) return true;
    // Was it only the domain, or the reservation?
    if (defer_ || (ask_.used > 0 && keep_types(claim, attempt, requirements)) || defer_)
      verdict = Verdict::kNotNow;
    return false;
  };
  const auto& volumes = attempt.rules->volume_alternatives;
  if (volumes.empty()) {
    if (try_volumes(base)) return Verdict::kYes;
  } else {
    for (const Id volume : volumes)
      if (try_volumes(requirements_.meet(base, volume))) return Verdict::kYes;
  }
  return verdict;
}

bool Search::choose_domains(const Claim& claim, std::size_t target, const Attempt& attempt, Id requirements) {
  if (ask_.used == 0) return keep_types(claim, attempt, requirements);
  if (joint_) return choose_jointly(claim, target, attempt, 0, requirements);
  const Id chosen = choose_each(claim, target, requirements);
  return chosen != kNoId && keep_types(claim, attempt, chosen);
}

// The cheapest that a new claim could be launched for in the domain, whatever its load.
double Search::price_in(const Claim& claim, Id key, Id domain) {
  const Id there = requirements_.meet(claim.requirements, topology_.keys()[key]->pinned[domain]);
  if (there == kNoId) return kNoPrice;
  const auto& prices = requirements_.by_price(there, world_.ground.templates[claim.owner].table);
  return prices.empty() ? kNoPrice : prices.front().price;
}

// The least score; ties to the preferred, for a new claim to the cheapest, then to what was given least, then
// by name. SIZE_MAX: none.
std::size_t Search::best_domain(const Claim& claim, const TopologyAsk::Choice& choice, const Bits& among,
                                const Bits* preferred) {
  if (among.is_single()) return among.first();
  std::size_t best = SIZE_MAX;
  const auto rank = [&](std::size_t d) {
    const Id domain = static_cast<Id>(d);
    return std::make_tuple(choice.score[d], preferred != nullptr && !preferred->has(d),
                           claim.pods.empty() && joint_ ? price_in(claim, choice.key, domain) : 0.0,
                           topology_.given(choice.key, domain));
  };
  among.each([&](std::size_t d) {
    if (best == SIZE_MAX || rank(d) < rank(best)) best = d;
  });
  return best;
}

// Tries the allowed domains of each key, best first, until some instance type is left. spec: scheduling §26
// items 7-10
bool Search::choose_jointly(const Claim& claim, std::size_t target, const Attempt& attempt, std::size_t k,
                            Id requirements) {
  if (k == ask_.used) return keep_types(claim, attempt, requirements);
  const auto& choice = ask_.choices[k];
  const KeyDomains& key = *topology_.keys()[choice.key];
  const Bits& possible = topology_.possible(requirements, choice.key);
  Bits among = choice.allowed;
  among &= possible;
  if (!choice.single && among.any()) {
    const Id some = narrowed(requirements, choice.key, among);
    return some != kNoId && choose_jointly(claim, target, attempt, k + 1, some);
  }
  const bool open = !topology_.named(claim.requirements, choice.key).is_single();
  while (true) {
    const std::size_t d = best_domain(claim, choice, among, nullptr);
    if (d == SIZE_MAX) break;
    among.reset(d);
    if (open && !claim.pods.empty() && !topology_.may_pin(ask_, choice.key, static_cast<Id>(d), target))
      continue;
    const Id one = requirements_.meet(requirements, key.pinned[d]);
    if (one != kNoId && choose_jointly(claim, target, attempt, k + 1, one)) return true;
    ++steps_;
  }
  return !choice.required && !possible.any() && choose_jointly(claim, target, attempt, k + 1, requirements);
}

// Every group for itself against the same requirements, then all of them together. spec: scheduling §15.6
Id Search::choose_each(const Claim& claim, std::size_t target, Id requirements) {
  Id out = requirements;
  for (Id key = 0; key < topology_.keys().size(); ++key) {
    bool any = false;
    picked_ = topology_.possible(requirements, key);
    for (const bool single : {false, true}) {
      for (std::size_t i = 0; i < ask_.used; ++i) {
        const auto& choice = ask_.choices[i];
        if (choice.key != key || choice.single != single) continue;
        any = true;
        group_kept_ = topology_.possible(requirements, key);
        group_kept_ &= choice.allowed;
        if (single) {
          if (recounts_ && !claim.pods.empty() && !topology_.named(claim.requirements, key).is_single())
            group_kept_.each([&](std::size_t d) {
              if (!topology_.may_pin(ask_, key, static_cast<Id>(d), target)) group_kept_.reset(d);
            });
          const std::size_t d = best_domain(claim, choice, group_kept_, &picked_);
          group_kept_.clear();
          if (d != SIZE_MAX) group_kept_.set(d);
        }
        picked_ &= group_kept_;
      }
    }
    if (!any) continue;
    if (!picked_.any()) return kNoId;
    out = narrowed(out, key, picked_);
    if (out == kNoId) return kNoId;
  }
  return out;
}

Id Search::narrowed(Id requirements, Id key, const Bits& domains) {
  const KeyDomains& k = *topology_.keys()[key];
  if (domains.is_single()) return requirements_.meet(requirements, k.pinned[domains.first()]);
  std::vector<std::string> values;
  domains.each([&](std::size_t d) { values.push_back(k.names[d]); });
  return requirements_.meet(requirements,
                            requirements_.intern(model::Requirement::in(k.key, std::move(values))));
}

// spec: scheduling §12.1
void Search::keep_fitting(const Claim& claim, const Attempt& attempt, const Amounts& load, Bits& kept) {
  const Template& owner = world_.ground.templates[claim.owner];
  const TypeTable& table = world_.catalogue.tables[owner.table];
  const auto fit_group = [&](const OverheadGroup& group, Bits& types) {
    if (!group.ports.empty() && conflict(group.ports, attempt.rules->ports)) {
      types.clear();
      return;
    }
    total_ = load;
    add(total_, group.load);
    table.keep_fitting(total_, types);
  };
  if (owner.overhead.size() == 1) return fit_group(owner.overhead.front(), kept);
  Bits all(table.size());
  for (const auto& group : owner.overhead) {
    group_kept_ = kept;
    group_kept_ &= group.types;
    if (!group_kept_.any()) continue;
    fit_group(group, group_kept_);
    all |= group_kept_;
  }
  kept = all;
}

// With load_ as the load of the claim. On true fit_ is set; a deferral sets defer_. spec: scheduling §11.2
// d-f
bool Search::keep_types(const Claim& claim, const Attempt& attempt, Id requirements) {
  const Template& owner = world_.ground.templates[claim.owner];
  kept_ = claim.options;
  kept_ &= requirements_.types(requirements, owner.table);
  keep_fitting(claim, attempt, load_, kept_);
  if (!kept_.any()) return false;
  bool relaxed = claim.min_values_relaxed;
  if (owner.has_min_values && !meets_min_values(claim, requirements, kept_, relaxed)) return false;
  if (reservations_.active()) {
    Reservations::Offer offer;
    const auto verdict = reservations_.judge(world_, owner.table, requirements, kept_, claim.held, offer);
    if (verdict == Reservations::Verdict::kDeferred) defer_ = true;
    if (verdict != Reservations::Verdict::kAccepted) return false;
    fit_.reserve = std::move(offer.reservable);
  }
  fit_.requirements = requirements;
  fit_.options = kept_;
  fit_.min_values_relaxed = relaxed;
  return true;
}

// A new claim may be content with less under BestEffort; an open one may not. spec: scheduling §12.2
bool Search::meets_min_values(const Claim& claim, Id& requirements, const Bits& kept, bool& relaxed) {
  const std::size_t table = world_.ground.templates[claim.owner].table;
  std::vector<RequirementTable::MinValues> lower;
  for (const auto& [key, count] : requirements_.min_values(requirements)) {
    const std::int64_t have = requirements_.distinct_values(requirements, key, table, kept);
    if (have < count) lower.push_back({key, have});
  }
  if (lower.empty()) return true;
  if (!claim.pods.empty() || world_.problem.options.min_values == MinValuesPolicy::kStrict) return false;
  requirements = requirements_.with_min_values(requirements, lower);
  relaxed = true;
  return true;
}

void Search::set_most(Claim& claim) const {
  const Template& owner = world_.ground.templates[claim.owner];
  claim.most =
      most_of(world_.catalogue.tables[owner.table], owner, claim.options, world_.catalogue.resources.size());
}

void Search::record_pods(std::size_t c, std::int32_t delta) {
  const Claim& claim = claims_[c];
  const Id taints = world_.ground.templates[claim.owner].taints;
  for (const Id p : claim.pods) {
    const PodRules& rules = world_.rules[world_.classes[world_.pods[p].pod_class].rules];
    topology_.record_on_claim(rules.groups, topology_.first_claim() + c, claim.requirements, taints, delta);
  }
}

// The claim's pods count where the claim can be: what it loses, they lose. The reference leaves them where
// they were counted.
void Search::narrow(std::size_t c, Id requirements) {
  Claim& claim = claims_[c];
  const bool is_new = claim.pods.empty();
  if (!is_new && claim.requirements == requirements) return;
  const bool recount = recounts_ && !is_new && !topology_.keys().empty();
  if (recount) record_pods(c, -1);
  for (Id key = 0; key < topology_.keys().size(); ++key) {
    const Bits& now = topology_.named(requirements, key);
    if (now.is_single() && (is_new || !topology_.named(claim.requirements, key).is_single()))
      topology_.give(key, static_cast<Id>(now.first()));
  }
  topology_.set_claim(c, is_new ? kNoId : claim.requirements, requirements);
  // A label that the claim now defines may suit pods that it lacked before.
  if (!is_new && requirements_.custom_keys(requirements) > requirements_.custom_keys(claim.requirements)) {
    ++claim_changes_;
    for (auto& state : states_)
      for (auto& stage : state.stages) stage.refused_claims.reset(c);
  }
  claim.requirements = requirements;
  if (recount) record_pods(c, 1);
}

void Search::commit_claim(std::size_t c, const Attempt& attempt) {
  narrow(c, fit_.requirements);
  Claim& claim = claims_[c];
  const bool shrank = claim.most.empty() || !(claim.options == fit_.options);
  claim.options = fit_.options;
  claim.min_values_relaxed = fit_.min_values_relaxed;
  add(claim.load, attempt.size->load);
  if (shrank) set_most(claim);
  claim.ports.insert(claim.ports.end(), attempt.rules->ports.begin(), attempt.rules->ports.end());
  if (reservations_.active()) reservations_.hold(claim.held, fit_.reserve);
  if (claim.pods.empty()) {
    order_.add();
  } else {
    order_.grow(static_cast<Id>(c));
  }
  claim.pods.push_back(attempt.pod);
  if (!topology_.empty())
    topology_.record_on_claim(attempt.rules->groups, topology_.first_claim() + c, claim.requirements,
                              world_.ground.templates[claim.owner].taints);
}

}  // namespace karpenter::scheduling
