#include "controller/disruption/disruption.h"

#include <algorithm>
#include <array>
#include <utility>

#include "controller/disruption/marking.h"

namespace karpenter::disruption {

namespace {

using base::Code;

struct MethodTraits {
  plan::Reason reason;
  std::string_view consolidation_type;
};
constexpr std::array kTraits{MethodTraits{plan::Reason::kEmpty, "empty"},
                             MethodTraits{plan::Reason::kDrifted, ""},
                             MethodTraits{plan::Reason::kUnderutilized, "single"}};

}  // namespace

Disruption::Disruption(Services services, OrchestrationQueue& queue, Options options)
    : services_(std::move(services)), queue_(queue), options_(options), reporter_(services_) {}

reconcile::ControllerSpec Disruption::spec() {
  // One pass may search for three minutes and validates for a quarter of one more.
  return {.name = "disruption",
          .limit = {.base = std::chrono::milliseconds(5),
                    .cap = std::chrono::seconds(1000),
                    .bucket_qps = 10,
                    .bucket_burst = 100},
          .singleton = true,
          .timeout = std::chrono::minutes(10)};
}

World Disruption::read(const Call& call) const {
  return read_world(
      services_, [this](const std::string& id) { return queue_.contains(id); }, call);
}

base::Result<reconcile::Outcome> Disruption::reconcile(const model::ObjectKey&, const Call& call) {
  constexpr std::array<Method, 3> kMethods{&Disruption::emptiness, &Disruption::drift,
                                           &Disruption::single_node};
  if (!services_.cluster.synced()) return reconcile::Outcome(reconcile::RequeueAfter{options_.unsynced});
  const auto world = read(call);
  reporter_.invalid_budgets(world.pools, world.now);
  auto cleaned = clean_up(world, call);
  if (!cleaned) return reconcile::outcome_of(std::move(cleaned).error());
  for (std::size_t i = 0; i < kMethods.size(); ++i) {
    const auto begin = services_.runtime.mono();
    auto progress = (this->*kMethods[i])(world, call);
    const std::chrono::duration<double> took = services_.runtime.mono() - begin;
    reporter_.evaluated(kTraits[i].reason, kTraits[i].consolidation_type, took.count());
    if (!progress) return reconcile::outcome_of(std::move(progress).error());
    if (*progress == Progress::kStarted) {
      return reconcile::Outcome(reconcile::RequeueAfter{std::chrono::nanoseconds(1)});
    }
  }
  return reconcile::Outcome(reconcile::RequeueAfter{options_.period});
}

// Takes away the marks of commands that this process knows nothing of: a restart, or a failed start. spec:
// disruption §2.4
base::Status Disruption::clean_up(const World& world, const Call& call) {
  for (const auto& view : world.nodes) {
    const bool idle =
        view.node && view.claim && !view.in_flight && !view.rebooting() && !view.marked_for_deletion();
    if (idle && has_marks(view)) RETURN_IF_ERROR(unmark(services_, view, call));
  }
  return base::ok();
}

plan::Candidates Disruption::candidates(const World& world, plan::Class disruption_class) {
  auto screening = plan::screen(
      world.nodes,
      {.pools = world.pools, .pdbs = *world.pdbs, .disruption_class = disruption_class, .now = world.now});
  reporter_.blocked(screening.rejected);
  return std::move(screening.candidates);
}

plan::Budgets Disruption::budgets(const World& world, plan::Reason reason) {
  auto out = plan::count_budgets(world.pools, world.nodes, reason, world.now);
  reporter_.budgets(out, reason, world.pools);
  return out;
}

bool Disruption::Consolidated::covers(const World& world, const plan::Candidates& now) const {
  return at == world.changed_at && std::ranges::all_of(now, [&](const auto& candidate) {
           return candidates.contains(candidate.name());
         });
}

void Disruption::Consolidated::set(const World& world, const plan::Candidates& now) {
  at = world.changed_at;
  candidates.clear();
  for (const auto& candidate : now) candidates.insert(candidate.name());
}

base::Result<Disruption::Progress> Disruption::emptiness(const World& world, const Call& call) {
  std::vector<plan::Note> notes;
  const auto chosen = plan::filter_emptiness(candidates(world, plan::Class::kGraceful), notes);
  reporter_.notes(notes);
  reporter_.eligible(plan::Reason::kEmpty, chosen.size());
  if (chosen.empty() || emptiness_seen_.covers(world, chosen)) return Progress::kNothing;
  auto selection = plan::plan_emptiness(chosen, budgets(world, plan::Reason::kEmpty));
  if (selection.command) return validate_and_start(*std::move(selection.command), call);
  if (!selection.constrained) emptiness_seen_.set(world, chosen);
  return Progress::kNothing;
}

base::Result<Disruption::Progress> Disruption::drift(const World& world, const Call& call) {
  const auto chosen = plan::filter_drift(candidates(world, plan::Class::kEventual));
  reporter_.eligible(plan::Reason::kDrifted, chosen.size());
  if (chosen.empty()) return Progress::kNothing;
  const auto what_if = [&](std::span<const plan::Candidate> gone) {
    return simulate(world, gone, Purpose::kOther);
  };
  ASSIGN_OR_RETURN(auto selection, plan::plan_drift(chosen, budgets(world, plan::Reason::kDrifted), what_if));
  reporter_.notes(selection.notes);
  if (!selection.command) return Progress::kNothing;
  return start(*std::move(selection.command), call);
}

base::Result<Disruption::Progress> Disruption::single_node(const World& world, const Call& call) {
  std::vector<plan::Note> notes;
  const auto chosen = plan::filter_consolidation(candidates(world, plan::Class::kGraceful), notes);
  reporter_.notes(notes);
  reporter_.eligible(plan::Reason::kUnderutilized, chosen.size());
  if (chosen.empty() || single_node_seen_.covers(world, chosen)) return Progress::kNothing;
  const auto what_if = [&](std::span<const plan::Candidate> gone) {
    return simulate(world, gone, Purpose::kConsolidation);
  };
  const auto deadline = services_.runtime.mono() + options_.single_node_timeout;
  auto selection = plan::plan_single_node(
      chosen, budgets(world, plan::Reason::kUnderutilized), what_if, options_.consolidation,
      [&] { return services_.runtime.mono() > deadline || call.stop.stop_requested(); }, unreached_pools_);
  reporter_.notes(selection.notes);
  for (const auto& error : selection.errors) services_.log.error(error, "failed computing consolidation");
  if (selection.command) return validate_and_start(*std::move(selection.command), call);
  if (selection.timed_out) {
    reporter_.timed_out("single");
  } else if (!selection.constrained) {
    single_node_seen_.set(world, chosen);
  }
  return Progress::kNothing;
}

base::Result<Disruption::Progress> Disruption::validate_and_start(plan::Command command, const Call& call) {
  RETURN_IF_ERROR(runtime::sleep_for(services_.runtime, options_.validation_delay, call));
  const auto world = read(call);
  if (command.reason == plan::Reason::kEmpty) {
    std::vector<plan::Note> notes;
    const auto fresh = plan::filter_emptiness(candidates(world, plan::Class::kGraceful), notes);
    auto still = plan::validate_emptiness(command, fresh, budgets(world, plan::Reason::kEmpty));
    if (still.dropped > 0) reporter_.failed_validation(command, still.dropped);
    if (still.failure != plan::Churn::kNone) {
      services_.log.debug("abandoning empty node command", {{"command", command.text()}});
      return Progress::kNothing;
    }
    command.candidates = std::move(still.candidates);
    return start(std::move(command), call);
  }
  ASSIGN_OR_RETURN(const auto churn, revalidate(command, world));
  if (churn == plan::Churn::kNone) return start(std::move(command), call);
  const bool counted = churn == plan::Churn::kChurn || churn == plan::Churn::kBudget;
  if (counted) reporter_.failed_validation(command, command.candidates.size());
  reporter_.rejected(command, churn);
  return Progress::kNothing;
}

base::Result<plan::Churn> Disruption::revalidate(const plan::Command& command, const World& world) const {
  auto screening = plan::screen(world.nodes, {.pools = world.pools,
                                              .pdbs = *world.pdbs,
                                              .disruption_class = plan::Class::kGraceful,
                                              .now = world.now});
  std::vector<plan::Note> notes;
  const auto fresh = plan::filter_consolidation(std::move(screening.candidates), notes);
  return plan::validate_consolidation(
      command, fresh, plan::count_budgets(world.pools, world.nodes, command.reason, world.now),
      [&](std::span<const plan::Candidate> gone) { return simulate(world, gone, Purpose::kConsolidation); });
}

base::Result<Disruption::Progress> Disruption::start(plan::Command command, const Call& call) {
  RETURN_IF_ERROR(queue_.start(std::move(command), call));
  return Progress::kStarted;
}

}  // namespace karpenter::disruption
