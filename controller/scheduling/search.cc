#include "controller/scheduling/search.h"

#include <algorithm>
#include <deque>

namespace karpenter::scheduling {

Search::Search(World& world, const Limits& limits)
    : world_(world),
      requirements_(world.requirements),
      topology_(world.topology),
      limits_(limits),
      joint_(world.packing != Packing::kReference),
      recounts_(world.problem.options.packing != Packing::kReference),
      reservations_(world),
      states_(world.classes.size()) {
  const std::size_t resources = world.catalogue.resources.size();
  for (Id r = 0; r < resources; ++r) left_.push_back(world.nodes.left(r, world.catalogue.resources.name(r)));
  for (Id t = 0; t < world.ground.templates.size(); ++t) {
    limits_left_.push_back(world.ground.templates[t].limits_left);
    fresh_.push_back(fresh_claim(t));
  }
}

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

double Search::price() const {
  double total = 0;
  for (const Claim& claim : claims_) {
    const auto& prices =
        requirements_.by_price(claim.requirements, world_.ground.templates[claim.owner].table);
    const auto cheapest =
        std::ranges::find_if(prices, [&](const auto& priced) { return claim.options.has(priced.type); });
    if (cheapest != prices.end() && cheapest->price < kNoPrice) total += cheapest->price;
  }
  return total;
}

std::uint64_t Search::topology_version(const PodRules& rules) const {
  std::uint64_t out = 0;
  for (const Id stage : rules.stages)
    out = std::max(out, topology_.version_of(rules.groups, world_.stages[stage].owned));
  return out;
}

// A pod of this class failed and nothing changed since that could help one. Targets only fill up; what may
// help is another count of its groups, a new claim, a label that a claim now defines, a released reservation.
// spec: scheduling §25.2 item 6
bool Search::is_hopeless(Id pod_class) const {
  const ClassState& state = states_[pod_class];
  if (!state.failed) return false;
  if (state.deferred) return state.failed_at == placed_;
  const PodRules& rules = world_.rules[world_.classes[pod_class].rules];
  return state.failed_with == claim_changes_ && state.failed_at == topology_version(rules);
}

bool Search::place(Id pod) {
  const Id class_id = world_.pods[pod].pod_class;
  const PodClass& pod_class = world_.classes[class_id];
  if (is_hopeless(class_id)) return false;
  ClassState& state = states_[class_id];
  const PodRules& rules = world_.rules[pod_class.rules];
  defer_ = false;
  for (std::size_t i = 0; !defer_; ++i) {
    const Id stage = world_.stage(pod_class.rules, i);
    if (stage == kNoId) break;
    if (state.stages.size() <= i) state.stages.emplace_back();
    const Attempt attempt{.pod = pod,
                          .stage_id = stage,
                          .rules = &rules,
                          .size = &world_.sizes[pod_class.size],
                          .stage = &world_.stages[stage],
                          .state = &state.stages[i]};
    if (attempt.stage->impossible) continue;
    if (!topology_.prepare(rules.groups, attempt.stage->owned, attempt.stage->strict, ask_)) continue;
    if (place_on_node(attempt) || place_on_claim(attempt) || place_on_new_claim(attempt)) {
      ++placed_;
      return true;
    }
  }
  state.failed = true;
  state.deferred = defer_;
  state.failed_at = defer_ ? placed_ : topology_version(rules);
  state.failed_with = claim_changes_;
  return false;
}

// Rows that topology allows, among the candidates of one word.
std::uint64_t Search::topology_rows(std::uint64_t candidates, std::size_t word) const {
  for (const Bits* bits : ask_.exclude) candidates &= ~bits->word(word);
  for (const Bits* bits : ask_.include) candidates &= bits->word(word);
  for (std::size_t i = 0; i < ask_.used && candidates != 0; ++i) {
    const auto& choice = ask_.choices[i];
    const auto& rows = topology_.keys()[choice.key]->rows;
    std::uint64_t in_allowed = 0;
    std::uint64_t in_any = 0;
    choice.allowed.each([&](std::size_t d) { in_allowed |= rows[d].word(word); });
    if (!choice.required)
      for (const auto& domain : rows) in_any |= domain.word(word);
    candidates &= choice.required ? in_allowed : (in_allowed | ~in_any);
  }
  return candidates;
}

// First fit over rows, 64 at a time. spec: scheduling §9.4 step 2
bool Search::place_on_node(const Attempt& attempt) {
  if (world_.nodes.size() == 0) return false;
  const Bits& rows =
      world_.rows_of(world_.classes[world_.pods[attempt.pod].pod_class].rules, attempt.stage_id);
  StageState& state = *attempt.state;
  for (std::size_t w = state.first_word; w < rows.word_count(); ++w) {
    std::uint64_t candidates = rows.word(w) & ~state.refused_rows.word(w);
    if (candidates == 0) {
      if (w == state.first_word) ++state.first_word;
      continue;
    }
    for (candidates = topology_rows(candidates, w); candidates != 0; candidates &= candidates - 1) {
      const std::size_t row = w * 64 + static_cast<std::size_t>(std::countr_zero(candidates));
      ++steps_;
      if (row_takes(row, attempt)) {
        commit_node(row, attempt);
        return true;
      }
      state.refused_rows.set(row);  // for good: a node only fills up
    }
  }
  return false;
}

// spec: scheduling §10 steps 2-4; the others are in rows_of() and topology_rows()
bool Search::row_takes(std::size_t row, const Attempt& attempt) const {
  const Amounts& load = attempt.size->load;
  for (std::size_t r = 0; r < load.size(); ++r)
    if (load[r] > 0 && load[r] > left_[r][row]) return false;
  const NodeRow& node = world_.nodes.row(row);
  if (!attempt.rules->ports.empty()) {
    if (conflict(world_.nodes.ports(row), attempt.rules->ports)) return false;
    const auto more = more_ports_.find(row);
    if (more != more_ports_.end() && conflict(more->second, attempt.rules->ports)) return false;
  }
  if (attempt.rules->attached.empty() || node.node->volume_limits.empty()) return true;
  const auto more = more_volumes_.find(row);
  return scheduling::within_limits(node.node->volume_limits,
                                   more == more_volumes_.end() ? node.volumes : more->second,
                                   attempt.rules->attached);
}

void Search::commit_node(std::size_t row, const Attempt& attempt) {
  const Amounts& load = attempt.size->load;
  for (std::size_t r = 0; r < load.size(); ++r) left_[r][row] -= load[r];
  const PodRules& rules = *attempt.rules;
  if (!rules.ports.empty()) {
    auto& ports = more_ports_[row];
    ports.insert(ports.end(), rules.ports.begin(), rules.ports.end());
  }
  const NodeRow& node = world_.nodes.row(row);
  if (!rules.attached.empty() && !node.node->volume_limits.empty()) {
    auto& volumes = more_volumes_.try_emplace(row, node.volumes).first->second;
    for (const auto& volume : rules.attached) {
      const auto at = std::ranges::lower_bound(volumes, volume);
      if (at == volumes.end() || *at != volume) volumes.insert(at, volume);
    }
  }
  on_nodes_.push_back({attempt.pod, row});
  if (!topology_.empty()) topology_.record_on_node(rules.groups, row);
}

}  // namespace karpenter::scheduling
