#include "controller/disruption/plan/methods.h"

#include <gtest/gtest.h>

#include "tests/unit/controller/disruption/plan/builders.h"

namespace karpenter::disruption::plan::test {
namespace {

Candidates candidates_of(const Pools& pools, const std::vector<NodeView>& nodes) {
  const PdbLimits limits(std::vector<std::shared_ptr<const model::PodDisruptionBudget>>{});
  Candidates out;
  for (const auto& node : nodes)
    out.push_back(make_candidate(node, {.pools = pools, .pdbs = limits, .now = kNow}));
  return out;
}

std::vector<std::string> names(const Candidates& candidates) {
  std::vector<std::string> out;
  for (const auto& c : candidates) out.push_back(c.name());
  return out;
}
using Names = std::vector<std::string>;

Budgets a_budget(std::int64_t remaining) {
  return {{"p", {.total = 9, .allowed = remaining, .remaining = remaining}}};
}

SimulationResult fits() { return {}; }
SimulationResult needs(cloud::InstanceTypes types, std::vector<std::string> capacity_types = {}) {
  SimulationResult out;
  scheduling::NewNode node;
  node.node_pool = "p";
  node.instance_types = std::move(types);
  if (!capacity_types.empty()) {
    node.requirements.add(model::Requirement::in(labels::kCapacityType, std::move(capacity_types)));
  }
  out.create.push_back(std::move(node));
  return out;
}
SimulationResult unscheduled(std::vector<std::string> pods) {
  SimulationResult out;
  out.unscheduled = std::move(pods);
  return out;
}

class Methods : public testing::Test {
 protected:
  std::shared_ptr<model::NodePool> pool_ = a_pool();
  Pools pools_ = pools_of({pool_});
  std::vector<Note> notes_;
};

// spec: disruption §6
TEST_F(Methods, emptiness_takes_empty_consolidatable_nodes) {
  const auto chosen = filter_emptiness(
      candidates_of(
          pools_,
          {a_node("empty").build(), a_node("busy").pod(a_pod()).build(),
           a_node("daemons").pod(a_pod().owner("apps/v1", "DaemonSet")).build(),
           a_node("free-pods").pod(a_pod().annotation(labels::kDisruptionCost, "-2147483648")).build(),
           a_node("settling").is_not("Consolidatable").build(),
           a_node("gone-type").label(labels::kInstanceType, "none").build()}),
      notes_);
  EXPECT_EQ(names(chosen), (Names{"empty", "daemons", "free-pods", "gone-type"}));
  EXPECT_TRUE(notes_.empty());
}

TEST_F(Methods, emptiness_respects_never_and_static_pools) {
  pool_->spec.disruption->consolidate_after = "Never";
  EXPECT_TRUE(filter_emptiness(candidates_of(pools_, {a_node().build()}), notes_).empty());
  ASSERT_EQ(notes_.size(), 1U);
  EXPECT_EQ(notes_[0].kind, Note::Kind::kUnconsolidatable);
  pool_->spec.disruption->consolidate_after = "0s";
  pool_->spec.replicas = 0;
  EXPECT_TRUE(filter_emptiness(candidates_of(pools_, {a_node().build()}), notes_).empty());
  EXPECT_EQ(notes_.size(), 1U);
}

TEST_F(Methods, emptiness_deletes_as_many_as_the_budget_allows_in_one_command) {
  const auto all = candidates_of(pools_, {a_node("b").build(), a_node("a").build(),
                                          a_node("dear").label(labels::kInstanceType, "m5.xlarge").build()});
  const auto two = plan_emptiness(all, a_budget(2));
  ASSERT_TRUE(two.command);
  EXPECT_EQ(names(two.command->candidates), (Names{"dear", "a"}));
  EXPECT_TRUE(two.constrained);
  EXPECT_EQ(two.command->decision(), "delete");
  EXPECT_DOUBLE_EQ(two.command->savings, 0.30);
  EXPECT_EQ(two.command->text(), "delete: [dear, a]");
  const auto none = plan_emptiness(all, a_budget(0));
  EXPECT_FALSE(none.command);
  EXPECT_TRUE(none.constrained);
  EXPECT_FALSE(plan_emptiness(all, a_budget(9)).constrained);
}

// spec: disruption §8
TEST_F(Methods, drift_takes_idle_nodes_first_and_then_the_longest_drifted) {
  const auto all = filter_drift(
      candidates_of(pools_, {a_node("late").is("Drifted", kNow - minutes(1)).pod(a_pod()).build(),
                             a_node("early").is("Drifted", kNow - minutes(9)).pod(a_pod()).build(),
                             a_node("idle").is("Drifted", kNow).build(), a_node("fine").build()}));
  EXPECT_EQ(all.size(), 3U);
  Names asked;
  const auto never_fits = [&](std::span<const Candidate> gone) -> base::Result<SimulationResult> {
    asked.push_back(gone.front().name());
    return unscheduled({"default/pod => no room"});
  };
  const auto blocked = plan_drift(all, a_budget(1), never_fits);
  ASSERT_TRUE(blocked);
  EXPECT_EQ(asked, (Names{"idle", "early", "late"}));
  EXPECT_FALSE(blocked->command);
  ASSERT_EQ(blocked->notes.size(), 3U);
  EXPECT_EQ(blocked->notes[0].kind, Note::Kind::kDisruptionBlocked);
  const auto replaces = plan_drift(all, a_budget(1), [](auto) -> base::Result<SimulationResult> {
    return needs({a_type("dearer", 1, 2)});  // drift does not look at prices
  });
  ASSERT_TRUE(replaces->command);
  EXPECT_EQ(names(replaces->command->candidates), Names{"idle"});
  EXPECT_EQ(replaces->command->text(), "replace: [idle] -> [1 replacement(s)]");
  const auto no_budget = plan_drift(all, a_budget(0), never_fits);
  EXPECT_FALSE(no_budget->command);
  EXPECT_TRUE(no_budget->constrained);
  EXPECT_FALSE(plan_drift(all, a_budget(1),
                          [](auto) -> base::Result<SimulationResult> { return base::internal("broken"); }));
}

// spec: disruption §9.1
TEST_F(Methods, consolidation_leaves_nodes_out_for_a_reason) {
  struct Case {
    std::string name;
    NodeBuilder node;
    bool kept, noted;
  };
  auto no_zone = a_node("no-zone").pod(a_pod());
  no_zone.node.meta.labels.erase(std::string(labels::kZone));
  auto no_capacity = a_node("no-capacity").pod(a_pod());
  no_capacity.node.meta.labels.erase(std::string(labels::kCapacityType));
  const std::vector<Case> cases{
      {"busy", a_node().pod(a_pod()), true, false},
      {"empty", a_node(), false, false},
      {"unknown type", a_node().pod(a_pod()).label(labels::kInstanceType, "none"), false, true},
      {"no zone", no_zone, false, true},
      {"no capacity type", no_capacity, false, true},
      {"settling", a_node().pod(a_pod()).is_not("Consolidatable"), false, false}};
  for (const auto& c : cases) {
    notes_.clear();
    EXPECT_EQ(!filter_consolidation(candidates_of(pools_, {c.node.build()}), notes_).empty(), c.kept)
        << c.name;
    EXPECT_EQ(!notes_.empty(), c.noted) << c.name;
  }
  pool_->spec.disruption->consolidation_policy = "WhenEmpty";
  EXPECT_TRUE(filter_consolidation(candidates_of(pools_, {a_node().pod(a_pod()).build()}), notes_).empty());
}

// spec: disruption §9.2, §9.3
TEST_F(Methods, consolidation_deletes_or_replaces_by_strictly_cheaper) {
  const auto on_demand = candidates_of(pools_, {a_node().pod(a_pod()).build()});  // $0.10
  const auto evaluate = [&](SimulationResult simulation) {
    return evaluate_consolidation(on_demand, std::move(simulation), {});
  };
  const auto deletes = evaluate(fits());
  ASSERT_TRUE(deletes.command);
  EXPECT_EQ(deletes.command->decision(), "delete");
  EXPECT_DOUBLE_EQ(deletes.command->savings, 0.10);

  EXPECT_FALSE(evaluate(unscheduled({"x => y"})).command);
  EXPECT_EQ(evaluate(unscheduled({"x => y"})).notes.size(), 1U);
  auto two = needs({a_type("small", 0.01, 0.02)});
  two.create.push_back(two.create.front());
  EXPECT_FALSE(evaluate(std::move(two)).command);
  EXPECT_FALSE(evaluate(needs({a_type("same", 0, 0.10)}, {"on-demand"})).command);
  SimulationResult deleting;
  deleting.candidate_deleting = true;
  EXPECT_TRUE(evaluate(std::move(deleting)).notes.empty());

  // Spot prices count where there are any; then on-demand must not be a fallback.
  const auto to_spot =
      evaluate(needs({a_type("big", 0.09, 0.30), a_type("small", 0.02, 0.05), a_type("od", 0, 0.04)},
                     {"on-demand", "spot"}));
  ASSERT_TRUE(to_spot.command);
  const auto& node = to_spot.command->replacements.front();
  EXPECT_EQ(node.requirements.find(labels::kCapacityType)->values(),
            (std::set<std::string, std::less<>>{"spot"}));
  ASSERT_EQ(node.instance_types.size(), 2U);
  EXPECT_EQ(node.instance_types[0]->name,
            "small");  // cheapest first; the type without spot cannot be launched
  EXPECT_NEAR(to_spot.command->savings, 0.08, 1e-9);
  EXPECT_EQ(to_spot.notes.front().kind, Note::Kind::kConsolidationCandidate);

  // Nothing on spot is left: stay on demand.
  const auto stays = evaluate(needs({a_type("od", 0, 0.04)}, {"on-demand", "spot"}));
  ASSERT_TRUE(stays.command);
  EXPECT_EQ(stays.command->replacements.front().requirements.find(labels::kCapacityType)->values(),
            (std::set<std::string, std::less<>>{"on-demand"}));
}

// spec: disruption §9.4
TEST_F(Methods, spot_to_spot_is_gated_and_needs_fifteen_cheaper_types) {
  const auto spot = candidates_of(
      pools_, {a_node().pod(a_pod()).label(labels::kCapacityType, labels::kSpot).build()});  // $0.04
  const auto types = [](int n) {
    cloud::InstanceTypes out;
    for (int i = 0; i < n; ++i) out.push_back(a_type("t" + std::to_string(100 + i), 0.01 + 0.001 * i, 1));
    return out;
  };
  EXPECT_FALSE(evaluate_consolidation(spot, needs(types(20)), {}).command);
  const ConsolidationOptions on{.spot_to_spot = true};
  EXPECT_FALSE(evaluate_consolidation(spot, needs(types(14)), on).command);
  const auto found = evaluate_consolidation(spot, needs(types(20)), on);
  ASSERT_TRUE(found.command);
  EXPECT_EQ(found.command->replacements.front().instance_types.size(), 15U);
  // On-demand only: not spot to spot, and dearer.
  EXPECT_FALSE(evaluate_consolidation(spot, needs(types(20), {"on-demand"}), on).command);
  EXPECT_TRUE(evaluate_consolidation(spot, fits(), {}).command);  // deleting needs no gate
}

// spec: disruption §11
TEST_F(Methods, single_node_interleaves_pools_and_resumes_after_a_timeout) {
  auto pools = pools_of({a_pool("p"), a_pool("q")});
  std::vector<NodeView> nodes;
  for (const std::string name : {"p1", "p2", "q1", "q2"}) {
    nodes.push_back(a_node(name).label(labels::kNodePool, name.substr(0, 1)).pod(a_pod()).build());
  }
  const auto all = candidates_of(pools, nodes);
  Budgets budgets{{"p", {.remaining = 1}}, {"q", {.remaining = 1}}};
  Names asked;
  const auto stuck = [&](std::span<const Candidate> gone) -> base::Result<SimulationResult> {
    asked.push_back(gone.front().name());
    if (gone.front().name() == "p2") return base::internal("broken");
    return unscheduled({"x => y"});
  };
  std::set<std::string, std::less<>> first;
  const auto never = [] { return false; };
  const auto full = plan_single_node(all, budgets, stuck, {}, never, first);
  EXPECT_EQ(asked, (Names{"p1", "q1", "p2", "q2"}));
  EXPECT_EQ(full.errors.size(), 1U);  // the others were still looked at
  EXPECT_TRUE(first.empty());

  asked.clear();
  const auto cut = plan_single_node(
      all, budgets, stuck, {}, [&] { return !asked.empty(); }, first);
  EXPECT_TRUE(cut.timed_out);
  EXPECT_EQ(first, (std::set<std::string, std::less<>>{"q"}));
  asked.clear();
  (void)plan_single_node(all, budgets, stuck, {}, never, first);
  EXPECT_EQ(asked.front(), "q1");

  budgets.at("p").remaining = 0;
  const auto found = plan_single_node(
      all, budgets, [](auto) -> base::Result<SimulationResult> { return fits(); }, {}, never, first);
  ASSERT_TRUE(found.command);
  EXPECT_EQ(names(found.command->candidates), Names{"q1"});
  EXPECT_TRUE(found.constrained);
}

// spec: disruption §14.2
TEST_F(Methods, validation_of_emptiness_keeps_what_still_holds) {
  const auto command =
      *plan_emptiness(candidates_of(pools_, {a_node("a").build(), a_node("b").build()}), a_budget(2)).command;
  auto nominated = a_node("b");
  nominated.view.nominated = true;
  const auto fresh = candidates_of(pools_, {a_node("a").build(), nominated.build(), a_node("c").build()});
  const auto part = validate_emptiness(command, fresh, a_budget(2));
  EXPECT_EQ(names(part.candidates), Names{"a"});
  EXPECT_EQ(part.dropped, 1U);
  EXPECT_EQ(part.failure, Churn::kNone);
  EXPECT_EQ(validate_emptiness(command, {}, a_budget(2)).failure, Churn::kChurn);
  EXPECT_EQ(validate_emptiness(command, fresh, a_budget(0)).failure, Churn::kBudget);
}

// spec: disruption §14.1
TEST_F(Methods, validation_of_consolidation_wants_the_same_again) {
  const auto fresh = candidates_of(pools_, {a_node("a").pod(a_pod()).build()});
  const auto small = a_type("small", 0.01, 0.02);
  const auto command = *evaluate_consolidation(fresh, needs({small}), {}).command;
  const auto validate = [&](const Command& c, const Candidates& now, std::int64_t budget,
                            SimulationResult simulation) {
    return *validate_consolidation(c, now, a_budget(budget),
                                   [&](auto) -> base::Result<SimulationResult> { return simulation; });
  };
  EXPECT_EQ(validate(command, fresh, 1, needs({small, a_type("other", 1, 2)})), Churn::kNone);
  EXPECT_EQ(validate(command, fresh, 1, needs({a_type("other", 1, 2)})), Churn::kScheduling);
  EXPECT_EQ(validate(command, fresh, 1, fits()), Churn::kScheduling);
  EXPECT_EQ(validate(command, fresh, 1, unscheduled({"x => y"})), Churn::kScheduling);
  EXPECT_EQ(validate(command, {}, 1, needs({small})), Churn::kChurn);
  EXPECT_EQ(validate(command, fresh, 0, needs({small})), Churn::kBudget);
  const auto deletes = *evaluate_consolidation(fresh, fits(), {}).command;
  EXPECT_EQ(validate(deletes, fresh, 1, needs({small})), Churn::kScheduling);
  EXPECT_EQ(validate(deletes, fresh, 1, fits()), Churn::kNone);
}

TEST(SimulationResult, shows_at_most_five_pods) {
  SimulationResult result;
  for (int i = 0; i < 7; ++i) result.unscheduled.push_back("p" + std::to_string(i));
  EXPECT_EQ(result.unscheduled_text(), "p0; p1; p2; p3; p4 and 2 other(s)");
}

}  // namespace
}  // namespace karpenter::disruption::plan::test
