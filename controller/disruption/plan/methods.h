#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "controller/disruption/plan/budgets.h"
#include "controller/disruption/plan/candidates.h"
#include "controller/scheduling/schedule.h"

// The disruption methods: from candidates to at most one command. spec: disruption §6, §8, §9, §11, §14

namespace karpenter::disruption::plan {

// What the scheduler says would happen if some candidates went away. spec: disruption §5
struct SimulationResult {
  bool candidate_deleting = false;          // one of them is on its way out already: nothing to decide
  std::vector<scheduling::NewNode> create;  // new nodes that the pods would need
  std::vector<std::string> unscheduled;     // `ns/name => why` of pods that have a node now and would lose it
  std::vector<std::string> nominate;        // existing nodes that would take pods
  std::shared_ptr<const void> owner;        // keeps alive what `create` points to
  [[nodiscard]] bool all_scheduled() const { return unscheduled.empty(); }
  [[nodiscard]] std::string unscheduled_text() const;  // at most five, then how many more
};
using Simulate = std::function<base::Result<SimulationResult>(std::span<const Candidate>)>;

// One decision: what goes and what comes first.
struct Command {
  Reason reason = Reason::kEmpty;
  std::string consolidation_type = {};  // metric label: empty, single, or ""
  Candidates candidates = {};
  std::vector<scheduling::NewNode> replacements = {};
  std::vector<std::string> nominate = {};  // nodes that will take the pods
  std::shared_ptr<const void> owner = {};  // keeps alive what `replacements` point to
  double savings = 0;                      // $/h, estimated
  [[nodiscard]] std::string_view decision() const { return replacements.empty() ? "delete" : "replace"; }
  [[nodiscard]] std::string text() const;  // `replace: [a, b] -> [1 replacement(s)]`. spec: disruption §24
};

// Something to tell about a node: an event on its Node and NodeClaim.
struct Note {
  enum class Kind : std::uint8_t { kDisruptionBlocked, kUnconsolidatable, kConsolidationCandidate };
  Kind kind = Kind::kUnconsolidatable;
  NodeView view;
  std::string message;
};

struct Selection {
  std::optional<Command> command;
  bool constrained = false;  // a budget stood in the way: look again although nothing changed
  bool timed_out = false;
  std::vector<Note> notes;
  std::vector<base::Error> errors;  // of candidates that could not be evaluated; the others went on
};

struct ConsolidationOptions {
  bool spot_to_spot = false;  // gate SpotToSpotConsolidation
};

// ---- Filters: candidates of one method, in their order. Notes say why a node is left out, where that is
// worth an event.
[[nodiscard]] Candidates filter_emptiness(Candidates candidates,
                                          std::vector<Note>& notes);  // spec: disruption §6
[[nodiscard]] Candidates filter_drift(Candidates candidates);         // spec: disruption §8
[[nodiscard]] Candidates filter_consolidation(Candidates candidates,
                                              std::vector<Note>& notes);  // spec: disruption §9.1

// Every empty candidate that budgets allow, in one delete command. No simulation.
[[nodiscard]] Selection plan_emptiness(Candidates candidates, Budgets budgets);

// The longest drifted candidate whose pods find a place; empty ones first. kInternal and others of `simulate`
// end it.
[[nodiscard]] base::Result<Selection> plan_drift(Candidates candidates, const Budgets& budgets,
                                                 const Simulate& simulate);

// The first candidate that can go, or be replaced by a cheaper node. `first_pools` come first: those that the
// last pass did not reach; on return the pools that this pass did not reach. `expired` is asked between
// candidates.
[[nodiscard]] Selection plan_single_node(Candidates candidates, const Budgets& budgets,
                                         const Simulate& simulate, const ConsolidationOptions& options,
                                         const std::function<bool()>& expired,
                                         std::set<std::string, std::less<>>& first_pools);

// What a simulation allows for a set of candidates; no command when there is nothing to gain. spec:
// disruption §9.2-§9.4
struct Evaluation {
  std::optional<Command> command;
  std::vector<Note> notes;
};
[[nodiscard]] Evaluation evaluate_consolidation(std::span<const Candidate> candidates,
                                                SimulationResult simulation,
                                                const ConsolidationOptions& options);

// ---- Validation of a command some time after it was decided, with fresh candidates (filtered) and budgets.
enum class Churn : std::uint8_t { kNone, kChurn, kBudget, kScheduling, kUnknown };
[[nodiscard]] std::string_view name_of(Churn churn);  // "churn", "budget", ...; "" for kNone

// The part of an emptiness command that still holds; no candidates left says why. spec: disruption §14.2
struct Revalidated {
  Candidates candidates;
  Churn failure = Churn::kNone;
  std::size_t dropped = 0;  // for the failed_validations metric
};
[[nodiscard]] Revalidated validate_emptiness(const Command& command, const Candidates& fresh,
                                             Budgets budgets);

// Whether a consolidation command still holds as a whole. spec: disruption §14.1
[[nodiscard]] base::Result<Churn> validate_consolidation(const Command& command, const Candidates& fresh,
                                                         Budgets budgets, const Simulate& simulate);

}  // namespace karpenter::disruption::plan
