#include "controller/scheduling/search.h"

#include <algorithm>
#include <deque>
#include <set>

namespace karpenter::scheduling {
namespace {

constexpr std::uint64_t kNeverFailed = UINT64_MAX;

bool ports_clash(const std::vector<HostPort>& a, const std::vector<HostPort>& b) {
  return std::ranges::any_of(a, [&](const HostPort& mine) {
    return std::ranges::any_of(b, [&](const HostPort& other) { return conflict(mine, other); });
  });
}

}  // namespace

Search::Search(World& world, const Limits& limits)
    : world_(world),
      limits_(limits),
      refused_nodes_(world.variants.size()),
      refused_claims_(world.variants.size()),
      failed_at_(world.classes.size(), kNeverFailed) {}

bool Search::out_of_budget() { return steps_ >= limits_.max_steps || (limits_.expired && limits_.expired()); }

// The queue and its progress rule: ends when a whole cycle placed nothing. spec: scheduling §9.2
void Search::run() {
  std::deque<Id> queue;
  for (Id p = 0; p < world_.pods.size(); ++p) queue.push_back(p);
  std::vector<std::size_t> mark(queue.size(), 0);
  while (!queue.empty()) {
    const Id pod = queue.front();
    if (mark[pod] == queue.size()) break;
    if (out_of_budget()) {
      complete_ = false;
      break;
    }
    queue.pop_front();
    if (place(pod)) continue;
    queue.push_back(pod);
    mark[pod] = queue.size();
  }
  unplaced_.assign(queue.begin(), queue.end());
  std::ranges::sort(unplaced_);
}

bool Search::place(Id pod) {
  const Id class_id = world_.pods[pod].pod_class;
  const PodClass& pod_class = world_.classes[class_id];
  // Nothing changed since a pod of this class failed. Without topology a failure is final: targets only fill
  // up.
  const bool failed = failed_at_[class_id] != kNeverFailed;
  if (failed && (failed_at_[class_id] == version_ || !pod_class.topology.constrained())) return false;
  for (const Id v : pod_class.variants) {
    Attempt attempt{
        .pod = pod, .variant_id = v, .pod_class = &pod_class, .variant = &world_.variants[v], .choices = {}};
    auto choices = world_.topology.choices(pod_class.topology,
                                           world_.requirements.get(attempt.variant->requirements), nullptr);
    if (!choices) continue;
    attempt.choices = std::move(*choices);
    if (place_on_node(attempt) || place_on_claim(attempt) || place_on_new_claim(attempt)) {
      ++version_;
      return true;
    }
  }
  failed_at_[class_id] = version_;
  return false;
}

bool Search::place_on_node(const Attempt& attempt) {
  Bits& refused = refused_nodes_[attempt.variant_id];
  for (std::size_t w = 0; w * 64 < world_.nodes.size(); ++w) {
    if (refused.word(w) == ~std::uint64_t{0}) continue;
    const std::size_t end = std::min(world_.nodes.size(), (w + 1) * 64);
    for (std::size_t n = w * 64; n < end; ++n) {
      if (refused.has(n)) continue;
      ++steps_;
      const Verdict verdict = try_node(n, attempt);
      if (verdict == Verdict::kNever) refused.set(n);
      if (verdict != Verdict::kYes) continue;
      commit_node(n, attempt);
      return true;
    }
  }
  return false;
}

// spec: scheduling §10
Search::Verdict Search::try_node(std::size_t n, const Attempt& attempt) const {
  const NodeRow& row = world_.nodes[n];
  const PodClass& pod_class = *attempt.pod_class;
  if (row.closed || attempt.variant->tolerates[row.taints] == 0) return Verdict::kNever;
  if (!fits(pod_class.load, row.left) || ports_clash(row.ports, pod_class.ports)) return Verdict::kNever;
  if (!accepts(row.node->labels, row.hostname, world_.requirements.get(attempt.variant->requirements)))
    return Verdict::kNever;
  const Verdict host = world_.topology.target_allows(pod_class.topology, n, nullptr);
  if (host != Verdict::kYes) return host;
  for (const auto& choice : attempt.choices) {
    const auto label = row.node->labels.find(world_.topology.keys()[choice.key]);
    if (label == row.node->labels.end() && !choice.required) continue;
    if (label == row.node->labels.end()) return Verdict::kNever;
    const Id domain = world_.topology.domain(choice.key, label->second);
    if (domain == kNoId || !choice.allowed.has(domain)) return Verdict::kNotNow;
  }
  return Verdict::kYes;
}

void Search::commit_node(std::size_t n, const Attempt& attempt) {
  NodeRow& row = world_.nodes[n];
  const PodClass& pod_class = *attempt.pod_class;
  subtract(row.left, pod_class.load);
  row.ports.insert(row.ports.end(), pod_class.ports.begin(), pod_class.ports.end());
  on_nodes_.push_back({attempt.pod, n});
  if (!world_.topology.empty()) world_.topology.record(pod_class.topology, place_of(world_, n));
}

bool Search::may_hold(const Claim& claim, const Attempt& attempt) const {
  return std::ranges::all_of(attempt.choices, [&](const Topology::Choice& choice) {
    const auto& domains = claim.domains[choice.key];
    return domains.empty() || std::ranges::any_of(domains, [&](Id d) { return choice.allowed.has(d); });
  });
}

// Open claims that may take the pod: fewest pods first, then oldest. spec: scheduling §9.4 step 3
std::vector<Id> Search::candidates(const Attempt& attempt) const {
  const Bits& refused = refused_claims_[attempt.variant_id];
  std::vector<Id> out;
  for (Id c = 0; c < claims_.size(); ++c) {
    if (c % 64 == 0 && refused.word(c / 64) == ~std::uint64_t{0}) {
      c += 63;
      continue;
    }
    if (!refused.has(c) && may_hold(claims_[c], attempt)) out.push_back(c);
  }
  std::ranges::stable_sort(out, {}, [&](Id c) { return claims_[c].pods.size(); });
  return out;
}

bool Search::place_on_claim(const Attempt& attempt) {
  for (const Id c : candidates(attempt)) {
    ++steps_;
    Fit fit;
    const std::size_t target = world_.nodes.size() + c;
    const Verdict verdict = try_claim(claims_[c], target, attempt, fit);
    if (verdict == Verdict::kNever) refused_claims_[attempt.variant_id].set(c);
    if (verdict != Verdict::kYes) continue;
    commit_claim(claims_[c], target, attempt, std::move(fit));
    return true;
  }
  return false;
}

// spec: scheduling §11.2
Search::Verdict Search::try_claim(const Claim& claim, std::size_t target, const Attempt& attempt, Fit& fit) {
  const Template& owner = world_.templates[claim.owner];
  const PodClass& pod_class = *attempt.pod_class;
  if (attempt.variant->tolerates[owner.taints] == 0 || ports_clash(claim.ports, pod_class.ports))
    return Verdict::kNever;
  const Id base = world_.requirements.meet(claim.requirements, attempt.variant->requirements);
  if (base == kNoId) return Verdict::kNever;
  const Verdict host = world_.topology.target_allows(pod_class.topology, target, &claim.domains);
  if (host != Verdict::kYes) return host;
  Amounts load = claim.load;
  add(load, pod_class.load);
  if (attempt.choices.empty())
    return keep_types(claim, attempt, load, base, fit) ? Verdict::kYes : Verdict::kNever;
  if (pin_keys(claim, attempt, load, 0, base, fit)) return Verdict::kYes;
  return keep_types(claim, attempt, load, base, fit) ? Verdict::kNotNow
                                                     : Verdict::kNever;  // was it only the domain?
}

// Tries the allowed domains of each key, best first, until some instance type is left. spec: scheduling
// §15.6, §26 items 7-10
bool Search::pin_keys(const Claim& claim, const Attempt& attempt, const Amounts& load, std::size_t k,
                      Id requirements, Fit& fit) {
  if (k == attempt.choices.size()) return keep_types(claim, attempt, load, requirements, fit);
  const auto& choice = attempt.choices[k];
  const bool pinned = std::ranges::any_of(choice.order, [&](Id domain) {
    const Id one = world_.requirements.pin(requirements, world_.topology.keys()[choice.key],
                                           world_.topology.domain_name(choice.key, domain));
    return one != kNoId && pin_keys(claim, attempt, load, k + 1, one, fit);
  });
  return pinned || (!choice.required && pin_keys(claim, attempt, load, k + 1, requirements, fit));
}

// spec: scheduling §12.1
bool Search::keep_types(const Claim& claim, const Attempt& attempt, const Amounts& load, Id requirements,
                        Fit& fit) {
  const Template& owner = world_.templates[claim.owner];
  const TypeTable& table = world_.tables[owner.table];
  Bits options(table.size());
  for (const auto& group : owner.overhead) {
    if (ports_clash(group.ports, attempt.pod_class->ports)) continue;
    Bits kept = claim.options;
    kept &= group.types;
    kept &= world_.requirements.types(requirements, owner.table);
    Amounts total = load;
    add(total, group.load);
    table.keep_fitting(total, kept);
    options |= kept;
  }
  if (!options.any() || !meets_min_values(owner, requirements, options)) return false;
  fit = {requirements, std::move(options)};
  return true;
}

// spec: scheduling §12.2, policy Strict
bool Search::meets_min_values(const Template& owner, Id requirements, const Bits& options) const {
  if (!owner.has_min_values) return true;
  const TypeTable& table = world_.tables[owner.table];
  for (const auto& [key, requirement] : world_.requirements.get(requirements)) {
    if (!requirement.min_values()) continue;
    std::set<std::string_view> values;
    options.each([&](std::size_t i) {
      const model::Requirement* own = table.type(i).requirements.find(key);
      if (own == nullptr) return;
      for (const auto& value : own->values())
        if (requirement.has(value)) values.insert(value);
    });
    if (static_cast<std::int64_t>(values.size()) < *requirement.min_values()) return false;
  }
  return true;
}

// Types whose whole capacity the NodePool's limits still allow. spec: scheduling §9.4 step 5
Bits Search::within_limits(const Template& owner) const {
  if (owner.limits_left.empty()) return owner.options;
  const TypeTable& table = world_.tables[owner.table];
  Bits out(table.size());
  const model::Quantity* nodes = owner.limits_left.find(model::kNodes);
  if (nodes != nullptr && *nodes < model::Quantity::of(1)) return out;
  owner.options.each([&](std::size_t i) {
    const bool within = std::ranges::all_of(owner.limits_left, [&](const auto& limit) {
      return table.type(i).capacity.get(limit.first) <= limit.second;
    });
    if (within) out.set(i);
  });
  return out;
}

Claim Search::fresh_claim(Id owner, Bits options) const {
  const Template& t = world_.templates[owner];
  return {.owner = owner,
          .requirements = t.base,
          .options = std::move(options),
          .load = {},
          .ports = {},
          .pods = {},
          .domains = {}};
}

bool Search::place_on_new_claim(const Attempt& attempt) {
  for (Id t = 0; t < world_.templates.size(); ++t) {
    ++steps_;
    Template& owner = world_.templates[t];
    if (!owner.broken.empty() || attempt.variant->tolerates[owner.taints] == 0) continue;
    Bits options = within_limits(owner);
    if (!options.any()) continue;
    Claim claim = fresh_claim(t, std::move(options));
    Fit fit;
    const std::size_t target = world_.nodes.size() + claims_.size();
    if (try_claim(claim, target, attempt, fit) != Verdict::kYes) continue;
    charge_limits(owner, fit.options);
    claims_.push_back(std::move(claim));
    commit_claim(claims_.back(), target, attempt, std::move(fit));
    return true;
  }
  return false;
}

// The most that the claim may turn out to use. spec: scheduling §8.6; nodes are counted too (§26 item 16)
void Search::charge_limits(Template& owner, const Bits& options) const {
  if (owner.limits_left.empty()) return;
  model::Resources most;
  const TypeTable& table = world_.tables[owner.table];
  for (const auto& [name, left] : owner.limits_left) {
    model::Quantity amount;
    options.each([&](std::size_t i) { amount = std::max(amount, table.type(i).capacity.get(name)); });
    most.set(name, name == model::kNodes ? model::Quantity::of(1) : amount);
  }
  owner.limits_left -= most;
}

std::vector<std::vector<Id>> Search::domains_of(Id requirements) const {
  std::vector<std::vector<Id>> out(world_.topology.keys().size());
  for (Id key = 0; key < out.size(); ++key) {
    const model::Requirement* own = world_.requirements.get(requirements).find(world_.topology.keys()[key]);
    if (own == nullptr || own->complement()) continue;  // open: nothing is counted
    for (const auto& value : own->values())
      if (const Id d = world_.topology.domain(key, value); d != kNoId) out[key].push_back(d);
  }
  return out;
}

void Search::commit_claim(Claim& claim, std::size_t target, const Attempt& attempt, Fit fit) {
  const PodClass& pod_class = *attempt.pod_class;
  if (claim.requirements != fit.requirements || claim.pods.empty()) narrow(claim, target, fit.requirements);
  claim.options = std::move(fit.options);
  add(claim.load, pod_class.load);
  claim.ports.insert(claim.ports.end(), pod_class.ports.begin(), pod_class.ports.end());
  claim.pods.push_back(attempt.pod);
  if (!world_.topology.empty()) world_.topology.record(pod_class.topology, place_of_claim(claim, target));
}

// The claim's pods count where the claim can be: what it loses, they lose.
void Search::narrow(Claim& claim, std::size_t target, Id requirements) {
  const bool recount = !world_.topology.empty() && !claim.pods.empty();
  const auto count_all = [&](std::int32_t delta) {
    const Topology::Place place = place_of_claim(claim, target);
    for (const Id p : claim.pods)
      world_.topology.record(world_.classes[world_.pods[p].pod_class].topology, place, delta);
  };
  if (recount) count_all(-1);
  claim.requirements = requirements;
  claim.domains = domains_of(requirements);
  if (recount) count_all(1);
}

Topology::Place Search::place_of_claim(const Claim& claim, std::size_t target) const {
  return {.target = target,
          .domains = claim.domains,
          .labels = nullptr,
          .hostname = {},
          .claim = &world_.requirements.get(claim.requirements)};
}

}  // namespace karpenter::scheduling
