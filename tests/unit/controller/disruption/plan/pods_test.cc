#include "controller/disruption/plan/pods.h"

#include <gtest/gtest.h>

#include "controller/disruption/plan/cost.h"
#include "controller/disruption/plan/pdb.h"
#include "tests/unit/controller/disruption/plan/builders.h"

namespace karpenter::disruption::plan::test {
namespace {

// spec: disruption §3.3
TEST(Pods, predicates_follow_the_table) {
  struct Case {
    std::string name;
    model::Pod pod;
    bool reschedulable, evictable, drainable, waiting;
  };
  const std::vector<Case> cases{
      {"running", a_pod().get(), true, true, true, true},
      {"succeeded", a_pod().phase("Succeeded").get(), false, false, true, false},
      {"terminating", a_pod().deleted(kNow).get(), false, false, true, true},
      {"terminating stateful", a_pod().deleted(kNow).owner("apps/v1", "StatefulSet").get(), true, false, true,
       true},
      {"stuck terminating", a_pod().deleted(kNow - minutes(1) - seconds(1)).get(), false, false, false,
       false},
      {"daemon", a_pod().owner("apps/v1", "DaemonSet").get(), false, true, true, true},
      {"daemon set of another group", a_pod().owner("extensions/v1beta1", "DaemonSet").get(), true, true,
       true, true},
      {"mirror", a_pod().owner("v1", "Node").get(), false, false, false, false},
      {"tolerates the disrupted taint", a_pod().tolerates_everything().get(), true, false, false, false},
      {"do not disrupt", a_pod().annotation(labels::kDoNotDisrupt, "true").get(), true, false, true, true}};
  for (const auto& c : cases) {
    EXPECT_EQ(is_reschedulable(c.pod), c.reschedulable) << c.name;
    EXPECT_EQ(is_evictable(c.pod, kNow), c.evictable) << c.name;
    EXPECT_EQ(is_drainable(c.pod, kNow), c.drainable) << c.name;
    EXPECT_EQ(is_waiting_eviction(c.pod, kNow), c.waiting) << c.name;
  }
}

// spec: disruption §3.4
TEST(Pods, do_not_disrupt_reads_true_and_positive_durations_only) {
  using Kind = DoNotDisrupt::Kind;
  struct Case {
    std::string value;
    Kind want;
  };
  const std::vector<Case> cases{
      {"true", Kind::kForever}, {"false", Kind::kInvalid},  {"True", Kind::kInvalid}, {"30m", Kind::kUntil},
      {"10m", Kind::kElapsed},  {"9m59s", Kind::kElapsed},  {"10m1s", Kind::kUntil},  {"0s", Kind::kInvalid},
      {"-5m", Kind::kInvalid},  {"2540400h", Kind::kUntil},  // about 290 years: the end does not overflow
      {"abc", Kind::kInvalid},  {"", Kind::kInvalid}};
  for (const auto& c : cases) {
    const auto pod = a_pod().started(kNow - minutes(10)).annotation(labels::kDoNotDisrupt, c.value).get();
    EXPECT_EQ(do_not_disrupt(pod, kNow).kind, c.want) << c.value;
  }
  EXPECT_EQ(do_not_disrupt(a_pod().get(), kNow).kind, Kind::kAbsent);
  EXPECT_TRUE(do_not_disrupt(a_pod().annotation(labels::kDoNotDisrupt, "1m").get(), kNow).active());
}

std::shared_ptr<const model::PodDisruptionBudget> a_budget(std::string name, std::string app,
                                                           std::int32_t allowed) {
  auto out = std::make_shared<model::PodDisruptionBudget>();
  out->meta.name = std::move(name);
  out->meta.namespace_name = "default";
  out->selector = model::LabelSelector{.match_labels = {{"app", std::move(app)}}, .match_expressions = {}};
  out->disruptions_allowed = allowed;
  out->expected_pods = 3;
  out->desired_healthy = 2;
  return out;
}

// spec: disruption §3.5
TEST(PdbLimits, tests_follow_the_budgets) {
  using When = PdbLimits::Test;
  auto none_left = std::make_shared<model::PodDisruptionBudget>(*a_budget("tight", "web", 0));
  auto blocking = std::make_shared<model::PodDisruptionBudget>(*a_budget("full", "db", 0));
  blocking->desired_healthy = 3;
  auto unhealthy = std::make_shared<model::PodDisruptionBudget>(*a_budget("lenient", "sick", 0));
  unhealthy->unhealthy_pod_eviction_policy = "AlwaysAllow";
  auto no_selector = std::make_shared<model::PodDisruptionBudget>(*a_budget("nothing", "x", 0));
  no_selector->selector.reset();
  const std::vector<std::shared_ptr<const model::PodDisruptionBudget>> budgets{none_left,
                                                                               blocking,
                                                                               unhealthy,
                                                                               no_selector,
                                                                               a_budget("free", "api", 1),
                                                                               a_budget("second", "both", 9),
                                                                               a_budget("first", "both", 9)};
  const PdbLimits limits(budgets);
  const auto blocked = [&](model::Pod pod, When test) { return limits.blocking(pod, test, kNow); };
  using Keys = std::vector<std::string>;
  EXPECT_EQ(blocked(a_pod().label("app", "web").get(), When::kZeroDisruptions), Keys{"default/tight"});
  EXPECT_EQ(blocked(a_pod().label("app", "web").get(), When::kFullyBlocking), Keys{});
  EXPECT_EQ(blocked(a_pod().label("app", "db").get(), When::kFullyBlocking), Keys{"default/full"});
  EXPECT_EQ(blocked(a_pod().label("app", "api").get(), When::kZeroDisruptions), Keys{});
  EXPECT_EQ(blocked(a_pod().label("app", "both").get(), When::kZeroDisruptions),
            (Keys{"default/first", "default/second"}));
  EXPECT_EQ(blocked(a_pod().label("app", "none").get(), When::kZeroDisruptions), Keys{});
  // Not evictable anyway: no budget will be asked.
  EXPECT_EQ(blocked(a_pod().label("app", "web").owner("v1", "Node").get(), When::kZeroDisruptions), Keys{});
  auto elsewhere = a_pod().label("app", "web").get();
  elsewhere.meta.namespace_name = "other";
  EXPECT_EQ(blocked(elsewhere, When::kZeroDisruptions), Keys{});
  auto sick = a_pod().label("app", "sick").get();
  EXPECT_EQ(blocked(sick, When::kZeroDisruptions), Keys{"default/lenient"});
  sick.status.conditions = {condition("Ready", "False")};
  EXPECT_EQ(blocked(sick, When::kZeroDisruptions), Keys{});
  EXPECT_FALSE(limits.is_currently_reschedulable(a_pod().label("app", "db").get(), kNow));
  EXPECT_TRUE(limits.is_currently_reschedulable(a_pod().label("app", "web").get(), kNow));
}

// spec: disruption §4.1
TEST(Cost, of_a_pod_adds_annotation_and_priority_and_is_clamped) {
  const auto cost = [](std::string deletion_cost, std::optional<std::int32_t> priority) {
    auto pod = a_pod().get();
    if (!deletion_cost.empty()) pod.meta.annotations[std::string(labels::kPodDeletionCost)] = deletion_cost;
    pod.spec.priority = priority;
    return pod_eviction_cost(pod);
  };
  EXPECT_DOUBLE_EQ(cost("", {}), 1.0);
  EXPECT_DOUBLE_EQ(cost("134217728", {}), 2.0);
  EXPECT_DOUBLE_EQ(cost("-2147483648", {}), -10.0);
  EXPECT_DOUBLE_EQ(cost("2147483648", {}), 1.0);  // not an int32
  EXPECT_DOUBLE_EQ(cost("NaN", {}), 1.0);
  EXPECT_DOUBLE_EQ(cost("", 33554432), 2.0);
  EXPECT_DOUBLE_EQ(cost("", 2000000000), 10.0);
  const auto both =
      a_pod().annotation(labels::kDisruptionCost, "bad").annotation(labels::kPodDeletionCost, "134217728");
  EXPECT_DOUBLE_EQ(pod_eviction_cost(both.get()), 1.0);  // no falling back
  const std::vector<std::shared_ptr<const model::Pod>> pods{
      a_pod("a"), a_pod("b").annotation(labels::kDisruptionCost, "-2147483648")};
  EXPECT_DOUBLE_EQ(node_disruption_cost(pods), 2.0);  // negative costs do not pay for others
}

// spec: disruption §4.4, §4.6
TEST(Cost, of_types_uses_the_capacity_type_a_launch_would_choose) {
  const auto type = a_type("m5.large", 0.04, 0.10);
  EXPECT_DOUBLE_EQ(candidate_price(type.get(), "z1", "spot"), 0.04);
  EXPECT_DOUBLE_EQ(candidate_price(type.get(), "z2", "spot"), 0);
  EXPECT_DOUBLE_EQ(candidate_price(nullptr, "z1", "spot"), 0);
  EXPECT_DOUBLE_EQ(worst_launch_price(*type, {}), 0.04);
  model::Requirements on_demand;
  on_demand.add(model::Requirement::in(labels::kCapacityType, {"on-demand"}));
  EXPECT_DOUBLE_EQ(worst_launch_price(*type, on_demand), 0.10);
  auto sold_out = std::make_shared<cloud::InstanceType>(*type);
  for (auto& offering : sold_out->offerings) offering.available = false;
  EXPECT_DOUBLE_EQ(candidate_price(sold_out.get(), "z1", "on-demand"), 0.10);  // whatever its availability
  const auto cheaper = filter_cheaper({sold_out, type, a_type("big", 0.2, 0.5)}, {}, 0.05);
  ASSERT_TRUE(cheaper);
  ASSERT_EQ(cheaper->size(), 1U);
  EXPECT_EQ(cheaper->front()->name, "m5.large");
  EXPECT_TRUE(filter_cheaper({type}, {}, 0.04)->empty());  // strictly cheaper
  const auto ordered = order_by_price({a_type("b", 0.2, 0.5), sold_out, a_type("a", 0.2, 0.5), type}, {});
  EXPECT_EQ(ordered[0]->name, "m5.large");
  EXPECT_EQ(ordered[1]->name, "a");
  EXPECT_EQ(ordered[3]->name, "m5.large");  // nothing to launch: last
}

TEST(Cost, min_values_must_hold_for_what_remains) {
  model::Requirements two_types;
  const std::vector<std::string> no_values;
  two_types.add(
      *model::Requirement::make(labels::kInstanceType, model::Requirement::Op::kExists, no_values, 2));
  const auto a = a_type("a", 0.1, 0.2);
  const auto b = a_type("b", 0.3, 0.4);
  EXPECT_EQ(types_for_min_values({a, b}, two_types), 2U);
  EXPECT_EQ(types_for_min_values({a}, two_types), std::nullopt);
  EXPECT_FALSE(filter_cheaper({a, b}, two_types, 0.2));
  EXPECT_TRUE(
      filter_cheaper({a, b}, two_types, 0.05)->empty());  // an empty remainder is no failure of minValues
  EXPECT_EQ(filter_cheaper({a, b}, two_types, 1)->size(), 2U);
}

}  // namespace
}  // namespace karpenter::disruption::plan::test
