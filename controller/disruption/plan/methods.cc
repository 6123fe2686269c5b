#include "controller/disruption/plan/methods.h"

#include <algorithm>
#include <map>
#include <utility>

#include "common/base/strings.h"
#include "common/model/conditions.h"
#include "common/model/labels.h"
#include "controller/disruption/plan/cost.h"

namespace karpenter::disruption::plan {

namespace {

using Objection = std::optional<std::string>;  // "": out, but not worth an event

constexpr std::size_t kUnscheduledShown = 5;

bool claim_is(const Candidate& candidate, std::string_view condition) {
  return model::is_true(candidate.view.claim->status.conditions, condition);
}

Time drifted_since(const Candidate& candidate) {
  const auto* drifted =
      model::find_condition(candidate.view.claim->status.conditions, model::condition::kDrifted);
  return drifted == nullptr ? Time{} : drifted->last_transition_time.value_or(Time{});
}

std::string disabled_message(const Candidate& candidate) {
  return "NodePool \"" + candidate.node_pool + "\" has consolidation disabled";
}

Objection emptiness_objection(const Candidate& candidate) {
  if (is_static(*candidate.pool)) return "";
  if (!consolidate_after(*candidate.pool)) return disabled_message(candidate);
  return candidate.empty() && claim_is(candidate, model::condition::kConsolidatable) ? std::nullopt
                                                                                     : Objection("");
}

Objection consolidation_objection(const Candidate& candidate) {
  if (is_static(*candidate.pool)) return "";
  if (!candidate.instance_type) {
    const auto name = candidate.view.label(model::labels::kInstanceType);
    return "Instance Type \"" + std::string(name) + "\" not found";
  }
  if (candidate.capacity_type.empty()) return "Node does not have label \"karpenter.sh/capacity-type\"";
  if (candidate.zone.empty()) return "Node does not have label \"topology.kubernetes.io/zone\"";
  if (!consolidate_after(*candidate.pool)) return disabled_message(candidate);
  if (candidate.empty()) return "";
  const auto& disruption = candidate.pool->spec.disruption;
  if (disruption && disruption->consolidation_policy == "WhenEmpty") {
    return "NodePool \"" + candidate.node_pool + "\" has non-empty consolidation disabled";
  }
  return claim_is(candidate, model::condition::kConsolidatable) ? std::nullopt : Objection("");
}

Candidates keep(Candidates candidates, Objection (*objection)(const Candidate&), std::vector<Note>& notes) {
  Candidates out;
  for (auto& candidate : candidates) {
    auto message = objection(candidate);
    if (!message) {
      out.push_back(std::move(candidate));
    } else if (!message->empty()) {
      notes.push_back(
          {.kind = Note::Kind::kUnconsolidatable, .view = candidate.view, .message = *std::move(message)});
    }
  }
  return out;
}

double total_price(std::span<const Candidate> candidates) {
  double total = 0;
  for (const auto& candidate : candidates) total += candidate.price;
  return total;
}

// The i-th candidate of each pool for i = 0, 1, ...: no pool starves the others. Pools of `first` lead.
Candidates interleave(Candidates candidates, const std::set<std::string, std::less<>>& first) {
  std::map<std::pair<bool, std::string>, Candidates> by_pool;  // false sorts before true
  for (auto& candidate : candidates) {
    const std::pair key(!first.contains(candidate.node_pool), candidate.node_pool);
    by_pool[key].push_back(std::move(candidate));
  }
  Candidates out;
  for (std::size_t i = 0; out.size() < candidates.size(); ++i) {
    for (auto& [key, list] : by_pool) {
      if (i < list.size()) out.push_back(std::move(list[i]));
    }
  }
  return out;
}

// The fresh candidates that the command names.
Candidates named_by(const Command& command, const Candidates& fresh) {
  Candidates out;
  for (const auto& candidate : fresh) {
    const bool named = std::ranges::any_of(command.candidates,
                                           [&](const Candidate& c) { return c.name() == candidate.name(); });
    if (named) out.push_back(candidate);
  }
  return out;
}

// Every type of the planned replacement is still on offer.
bool still_offered(const scheduling::NewNode& planned, const scheduling::NewNode& offered) {
  return std::ranges::all_of(planned.instance_types, [&](const auto& type) {
    return std::ranges::any_of(offered.instance_types,
                               [&](const auto& other) { return other->name == type->name; });
  });
}

Churn compare_simulation(const Command& command, const SimulationResult& simulation) {
  if (simulation.candidate_deleting || !simulation.all_scheduled()) return Churn::kScheduling;
  if (simulation.create.size() != command.replacements.size()) return Churn::kScheduling;
  for (std::size_t i = 0; i < command.replacements.size(); ++i) {
    if (!still_offered(command.replacements[i], simulation.create[i])) return Churn::kScheduling;
  }
  return Churn::kNone;
}

}  // namespace

std::string SimulationResult::unscheduled_text() const {
  const auto shown = std::span(unscheduled).first(std::min(unscheduled.size(), kUnscheduledShown));
  auto text = base::join(shown, "; ");
  if (unscheduled.size() > shown.size()) {
    text += " and " + std::to_string(unscheduled.size() - shown.size()) + " other(s)";
  }
  return text;
}

std::string Command::text() const {
  std::vector<std::string> names;
  for (const auto& candidate : candidates) names.push_back(candidate.name());
  auto out = std::string(decision()) + ": [" + base::join(names, ", ") + "]";
  if (!replacements.empty()) out += " -> [" + std::to_string(replacements.size()) + " replacement(s)]";
  return out;
}

std::string_view name_of(Churn churn) {
  switch (churn) {
    case Churn::kNone:
      return "";
    case Churn::kChurn:
      return "churn";
    case Churn::kBudget:
      return "budget";
    case Churn::kScheduling:
      return "scheduling";
    case Churn::kUnknown:
      return "unknown";
  }
  return "";
}

Candidates filter_emptiness(Candidates candidates, std::vector<Note>& notes) {
  return keep(std::move(candidates), emptiness_objection, notes);
}

Candidates filter_drift(Candidates candidates) {
  std::erase_if(candidates, [](const Candidate& c) {
    return is_static(*c.pool) || !claim_is(c, model::condition::kDrifted);
  });
  return candidates;
}

Candidates filter_consolidation(Candidates candidates, std::vector<Note>& notes) {
  return keep(std::move(candidates), consolidation_objection, notes);
}

Selection plan_emptiness(Candidates candidates, Budgets budgets) {
  Selection out;
  sort_by_savings(candidates);
  Candidates taken;
  for (auto& candidate : candidates) {
    if (take_one(budgets, candidate.node_pool)) {
      taken.push_back(std::move(candidate));
    } else {
      out.constrained = true;
    }
  }
  if (taken.empty()) return out;
  Command command{.reason = Reason::kEmpty, .consolidation_type = "empty"};
  command.savings = total_price(taken);
  command.candidates = std::move(taken);
  out.command = std::move(command);
  return out;
}

base::Result<Selection> plan_drift(Candidates candidates, const Budgets& budgets, const Simulate& simulate) {
  std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
    const bool a_busy = !a.reschedulable.empty();
    const bool b_busy = !b.reschedulable.empty();
    if (a_busy != b_busy) return b_busy;
    const auto a_since = drifted_since(a);
    const auto b_since = drifted_since(b);
    return a_since != b_since ? a_since < b_since : a.name() < b.name();
  });
  Selection out;
  for (const auto& candidate : candidates) {
    if (remaining(budgets, candidate.node_pool) <= 0) {
      out.constrained = true;
      continue;
    }
    ASSIGN_OR_RETURN(auto simulation, simulate(std::span(&candidate, 1)));
    if (simulation.candidate_deleting) continue;
    if (!simulation.all_scheduled()) {
      out.notes.push_back({.kind = Note::Kind::kDisruptionBlocked,
                           .view = candidate.view,
                           .message = "Not all pods would schedule, " + simulation.unscheduled_text()});
      continue;
    }
    out.command = Command{.reason = Reason::kDrifted,
                          .consolidation_type = "",
                          .candidates = {candidate},
                          .replacements = std::move(simulation.create),
                          .nominate = std::move(simulation.nominate),
                          .owner = std::move(simulation.owner),
                          .savings = candidate.price};
    return out;
  }
  return out;
}

Selection plan_single_node(Candidates candidates, const Budgets& budgets, const Simulate& simulate,
                           const ConsolidationOptions& options, const std::function<bool()>& expired,
                           std::set<std::string, std::less<>>& first_pools) {
  Selection out;
  sort_by_savings(candidates);
  const auto order = interleave(std::move(candidates), first_pools);
  std::set<std::string, std::less<>> unseen;
  for (const auto& candidate : order) unseen.insert(candidate.node_pool);
  for (const auto& candidate : order) {
    if (expired()) {
      out.timed_out = true;
      break;
    }
    unseen.erase(candidate.node_pool);
    if (remaining(budgets, candidate.node_pool) <= 0) {
      out.constrained = true;
      continue;
    }
    auto simulation = simulate(std::span(&candidate, 1));
    if (!simulation) {
      out.errors.push_back(std::move(simulation).error().add("Node", candidate.name()));
      continue;
    }
    auto evaluation = evaluate_consolidation(std::span(&candidate, 1), *std::move(simulation), options);
    std::ranges::move(evaluation.notes, std::back_inserter(out.notes));
    if (evaluation.command) {
      out.command = std::move(evaluation.command);
      return out;
    }
  }
  first_pools = std::move(unseen);
  return out;
}

Revalidated validate_emptiness(const Command& command, const Candidates& fresh, Budgets budgets) {
  Revalidated out;
  auto still = named_by(command, fresh);
  if (still.empty())
    return {.candidates = {}, .failure = Churn::kChurn, .dropped = command.candidates.size()};
  for (auto& candidate : still) {
    if (!candidate.view.nominated && take_one(budgets, candidate.node_pool)) {
      out.candidates.push_back(std::move(candidate));
    } else {
      ++out.dropped;
    }
  }
  if (out.candidates.empty()) out.failure = Churn::kBudget;
  return out;
}

base::Result<Churn> validate_consolidation(const Command& command, const Candidates& fresh, Budgets budgets,
                                           const Simulate& simulate) {
  const auto still = named_by(command, fresh);
  if (still.size() != command.candidates.size()) return Churn::kChurn;
  for (const auto& candidate : still) {
    if (candidate.view.nominated || !take_one(budgets, candidate.node_pool)) return Churn::kBudget;
  }
  if (still.empty()) return Churn::kUnknown;
  ASSIGN_OR_RETURN(const auto simulation, simulate(still));
  return compare_simulation(command, simulation);
}

}  // namespace karpenter::disruption::plan
