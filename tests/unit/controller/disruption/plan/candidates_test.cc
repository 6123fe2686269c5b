#include "controller/disruption/plan/candidates.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "tests/unit/controller/disruption/plan/builders.h"

namespace karpenter::disruption::plan::test {
namespace {

class Eligibility : public testing::Test {
 protected:
  std::optional<Blocked> blocking(const NodeView& node, Class disruption_class = Class::kGraceful) {
    const PdbLimits limits(budgets_);
    return find_blocking(
        node, {.pools = pools_, .pdbs = limits, .disruption_class = disruption_class, .now = kNow});
  }
  Pools pools_ = pools_of({a_pool()});
  std::vector<std::shared_ptr<const model::PodDisruptionBudget>> budgets_;
};

// Each check rejects a node that passes all checks before it. spec: disruption §3.2
TEST_F(Eligibility, names_the_first_check_that_objects) {
  auto budget = std::make_shared<model::PodDisruptionBudget>();
  budget->meta.name = "pdb";
  budget->meta.namespace_name = "default";
  budget->selector = model::LabelSelector{};
  budgets_ = {budget};
  const std::map<std::string, std::function<void(NodeBuilder&)>> breakers{
      {"in-flight", [](NodeBuilder& n) { n.view.in_flight = true; }},
      {"rebooting", [](NodeBuilder& n) { n.is("Rebooting"); }},
      {"marked-for-deletion", [](NodeBuilder& n) { n.view.marked = true; }},
      {"uninitialized", [](NodeBuilder& n) { n.node.meta.labels.erase(std::string(labels::kInitialized)); }},
      {"nominated", [](NodeBuilder& n) { n.view.nominated = true; }},
      {"node-do-not-disrupt",
       [](NodeBuilder& n) { n.node.meta.annotations[std::string(labels::kDoNotDisrupt)] = "true"; }},
      {"without-nodepool-label",
       [](NodeBuilder& n) { n.node.meta.labels.erase(std::string(labels::kNodePool)); }},
      {"unknown-nodepool", [](NodeBuilder& n) { n.label(labels::kNodePool, "gone"); }},
      {"pod-do-not-disrupt",
       [](NodeBuilder& n) {
         n.pod(a_pod().owner("apps/v1", "DaemonSet").annotation(labels::kDoNotDisrupt, "true"));
       }},
      {"pod-disruption-budget", [](NodeBuilder& n) { n.pod(a_pod()); }}};
  for (const auto& [check, breaks] : breakers) {
    auto node = a_node();
    breaks(node);
    const auto found = blocking(node.build());
    ASSERT_TRUE(found) << check;
    EXPECT_EQ(found->check, check);
    EXPECT_EQ(found->message.empty(), check == "in-flight") << check;
  }
  EXPECT_FALSE(blocking(a_node().build()));
  auto unmanaged = a_node().build();
  unmanaged.claim = nullptr;
  EXPECT_EQ(blocking(unmanaged)->check, "unmanaged");
  auto without_node = a_node().build();
  without_node.node = nullptr;
  EXPECT_EQ(blocking(without_node)->check, "without-node");
}

TEST_F(Eligibility, checks_have_unique_names_and_run_in_order) {
  std::set<std::string_view> names;
  for (const auto& check : eligibility_checks()) EXPECT_TRUE(names.insert(check.name).second) << check.name;
  auto everything_wrong = a_node();
  everything_wrong.view = {.node = nullptr, .claim = nullptr, .pods = {}, .marked = true, .nominated = true};
  EXPECT_EQ(blocking(everything_wrong.build())->check, "marked-for-deletion");
}

TEST_F(Eligibility, a_node_level_annotation_must_be_exactly_true) {
  auto node = a_node();
  node.node.meta.annotations[std::string(labels::kDoNotDisrupt)] = "30m";
  EXPECT_FALSE(blocking(node.build()));
}

// spec: disruption §3.6
TEST_F(Eligibility, a_termination_grace_period_overrules_pods_for_eventual_disruption_only) {
  auto node = a_node().pod(a_pod().annotation(labels::kDoNotDisrupt, "true"));
  EXPECT_TRUE(blocking(node.build(), Class::kEventual));
  node.claim.spec.termination_grace_period = "0s";
  EXPECT_FALSE(blocking(node.build(), Class::kEventual));
  EXPECT_EQ(blocking(node.build(), Class::kGraceful)->check, "pod-do-not-disrupt");
}

TEST_F(Eligibility, a_pool_without_instance_types_counts_as_not_found) {
  pools_.at("p").instance_types.clear();
  EXPECT_EQ(blocking(a_node().build())->check, "unknown-nodepool");
}

// spec: disruption §3.7, §4.5
TEST_F(Eligibility, screening_yields_candidates_with_price_and_cost) {
  const PdbLimits limits(budgets_);
  const std::vector<NodeView> nodes{
      a_node("busy").pod(a_pod("x")).pod(a_pod("d").owner("apps/v1", "DaemonSet")).build(),
      a_node("dear").label(labels::kInstanceType, "m5.xlarge").build(),
      a_node("odd").label(labels::kInstanceType, "unknown").build(), a_node("b").build(),
      a_node("a").build()};
  auto screening = screen(nodes, {.pools = pools_, .pdbs = limits, .now = kNow});
  ASSERT_EQ(screening.candidates.size(), 5U);
  EXPECT_TRUE(screening.rejected.empty());
  const auto& busy = screening.candidates[0];
  EXPECT_EQ(busy.reschedulable.size(), 1U);
  EXPECT_DOUBLE_EQ(busy.disruption_cost, 2.0);
  EXPECT_DOUBLE_EQ(busy.price, 0.10);
  EXPECT_FALSE(busy.empty());
  EXPECT_EQ(screening.candidates[2].instance_type, nullptr);
  sort_by_savings(screening.candidates);
  std::vector<std::string> order;
  for (const auto& c : screening.candidates) order.push_back(c.name());
  EXPECT_EQ(order, (std::vector<std::string>{"dear", "a", "b", "busy", "odd"}));
}

// spec: disruption §17.3
TEST(ConsolidateAfter, counts_from_the_last_pod_event_or_from_initialization) {
  auto node = a_node();
  EXPECT_FALSE(is_within_consolidate_after(node.claim, seconds(0), kNow));
  EXPECT_TRUE(is_within_consolidate_after(node.claim, hours(2), kNow));
  EXPECT_FALSE(is_within_consolidate_after(node.claim, hours(1), kNow));  // strict
  node.claim.status.last_pod_event_time = kNow - seconds(10);
  EXPECT_TRUE(is_within_consolidate_after(node.claim, seconds(11), kNow));
  EXPECT_FALSE(is_within_consolidate_after(node.claim, seconds(10), kNow));
  node.is_not("Initialized");
  EXPECT_FALSE(is_within_consolidate_after(node.claim, seconds(11), kNow));
  auto pool = a_pool();
  pool->spec.disruption->consolidate_after = "Never";
  EXPECT_EQ(consolidate_after(*pool), std::nullopt);
}

// spec: lifecycle §14.1.1
TEST(DisruptedLabels, tell_how_the_claim_ends) {
  model::NodeClaim claim;
  EXPECT_EQ(termination_mode(claim), "graceful");
  claim.spec.termination_grace_period = "0s";
  EXPECT_EQ(termination_mode(claim), "forceful");
  claim.spec.termination_grace_period = "5m";
  EXPECT_EQ(termination_mode(claim), "eventual");
  EXPECT_EQ(snake_case("WhenEmptyOrUnderutilized"), "when_empty_or_underutilized");
  EXPECT_EQ(snake_case("Balanced"), "balanced");
}

}  // namespace
}  // namespace karpenter::disruption::plan::test
