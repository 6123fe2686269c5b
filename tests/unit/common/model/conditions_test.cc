#include "common/model/conditions.h"

#include <gtest/gtest.h>

namespace karpenter::model {
namespace {

using std::chrono::seconds;

const base::Time kCreated = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);

class ConditionsTest : public testing::Test {
 protected:
  ConditionsTest() {
    claim_.meta.creation_timestamp = kCreated;
    claim_.meta.generation = 3;
  }
  Conditions at(seconds since_creation) { return conditions_of(claim_, kCreated + since_creation); }
  const Condition& get(std::string_view type) { return *find_condition(claim_.status.conditions, type); }
  std::vector<std::string> order() {
    std::vector<std::string> out;
    for (const auto& c : claim_.status.conditions) out.push_back(c.type);
    return out;
  }
  NodeClaim claim_;
};

// spec: lifecycle §3.2
TEST_F(ConditionsTest, looking_adds_root_and_dependents_as_unknown_since_creation) {
  at(seconds(50));
  ASSERT_EQ(claim_.status.conditions.size(), 4U);
  for (const auto& c : claim_.status.conditions) {
    EXPECT_EQ(c.status, "Unknown") << c.type;
    EXPECT_EQ(c.reason, "AwaitingReconciliation") << c.type;
    EXPECT_EQ(c.last_transition_time, kCreated) << c.type;
    EXPECT_EQ(c.observed_generation, 3) << c.type;
  }
  EXPECT_TRUE(at(seconds(50)).is_unknown("Drifted"));  // one that does not exist counts as Unknown
  EXPECT_EQ(claim_.status.conditions.size(), 4U);
}

// spec: lifecycle §3.3
TEST_F(ConditionsTest, transition_time_moves_with_the_status_only_and_is_whole_seconds) {
  auto conditions = conditions_of(claim_, kCreated + seconds(10) + std::chrono::milliseconds(700));
  EXPECT_TRUE(conditions.set_true("Launched"));
  EXPECT_EQ(get("Launched").last_transition_time, kCreated + seconds(10));
  EXPECT_EQ(get("Launched").reason, "Launched");
  EXPECT_EQ(get("Launched").message, "");
  EXPECT_FALSE(at(seconds(20)).set_true("Launched"));
  EXPECT_TRUE(at(seconds(30)).set_true("Launched", "Other", "text"));
  EXPECT_EQ(get("Launched").last_transition_time, kCreated + seconds(10));
  EXPECT_TRUE(at(seconds(40)).set_false("Launched", "Lost", ""));
  EXPECT_EQ(get("Launched").last_transition_time, kCreated + seconds(40));
}

TEST_F(ConditionsTest, refresh_only_raises_the_observed_generation) {
  at(seconds(1)).set_true("Launched", "Why", "text");
  EXPECT_FALSE(at(seconds(2)).refresh("Launched"));
  claim_.meta.generation = 4;
  EXPECT_TRUE(at(seconds(2)).refresh("Launched"));
  EXPECT_EQ(get("Launched").observed_generation, 4);
  EXPECT_EQ(get("Launched").reason, "Why");
  EXPECT_EQ(get("Registered").observed_generation, 3);  // the others keep theirs
  EXPECT_FALSE(at(seconds(2)).refresh("Drifted"));
}

TEST_F(ConditionsTest, a_deleting_object_raises_the_generation_of_all) {
  at(seconds(1)).set_true("Launched");
  claim_.meta.generation = 4;
  claim_.meta.deletion_timestamp = kCreated + seconds(5);
  at(seconds(6)).set_true("InstanceTerminating");
  for (const auto& c : claim_.status.conditions) EXPECT_EQ(c.observed_generation, 4) << c.type;
}

TEST_F(ConditionsTest, are_sorted_by_transition_time_with_the_root_last) {
  at(seconds(9)).set_true("Initialized");
  at(seconds(5)).set_true("Drifted");
  at(seconds(7)).set_true("Launched");
  EXPECT_EQ(order(), (std::vector<std::string>{"Registered", "Drifted", "Launched", "Initialized", "Ready"}));
}

// spec: lifecycle §3.4
TEST_F(ConditionsTest, root_sums_up_the_dependents) {
  at(seconds(1)).set_true("Launched");
  EXPECT_EQ(get("Ready").status, "Unknown");
  EXPECT_EQ(get("Ready").reason, "ReconcilingDependents");
  EXPECT_EQ(get("Ready").message, "Initialized=Unknown, Registered=Unknown");
  at(seconds(2)).set_false("Registered", "MultipleNodesFound", "");
  EXPECT_EQ(get("Ready").status, "False");
  EXPECT_EQ(get("Ready").reason, "UnhealthyDependents");
  EXPECT_EQ(get("Ready").message, "Registered=False, Initialized=Unknown");  // newest first
  at(seconds(3)).set_true("Registered");
  at(seconds(4)).set_true("Initialized");
  EXPECT_EQ(get("Ready").status, "True");
  EXPECT_EQ(get("Ready").reason, "Ready");
  EXPECT_EQ(get("Ready").message, "");
  EXPECT_EQ(get("Ready").last_transition_time, kCreated + seconds(4));
  at(seconds(5)).set_false("Drained", "x", "");  // independent
  EXPECT_EQ(get("Ready").status, "True");
}

TEST_F(ConditionsTest, an_outdated_dependent_is_unhealthy_but_its_false_does_not_count) {
  at(seconds(1)).set_false("Registered", "MultipleNodesFound", "");
  claim_.meta.generation = 4;
  at(seconds(2)).set_true("Launched");
  EXPECT_EQ(get("Ready").status, "Unknown");
  EXPECT_EQ(get("Ready").message, "Registered=False, Initialized=Unknown");
  for (const auto type : {"Registered", "Initialized"}) at(seconds(3)).set_true(type);
  EXPECT_EQ(get("Ready").status, "True");
  claim_.meta.generation = 5;
  at(seconds(4)).refresh("Launched");
  EXPECT_EQ(get("Ready").message, "Initialized=True, Registered=True");
}

TEST_F(ConditionsTest, clear_removes_independent_conditions) {
  at(seconds(1)).set_true("Drifted", "AMIDrift", "AMIDrift");
  EXPECT_TRUE(at(seconds(2)).clear("Drifted"));
  EXPECT_EQ(find_condition(claim_.status.conditions, "Drifted"), nullptr);
  EXPECT_FALSE(at(seconds(2)).clear("Drifted"));
  EXPECT_DEATH(at(seconds(2)).clear("Launched"), "");
}

// spec: lifecycle §3.1
TEST(ConditionSets, belong_to_their_kinds) {
  EXPECT_EQ(node_pool_conditions().dependents.size(), 2U);
  EXPECT_FALSE(node_pool_conditions().is_dependent("NodeRegistrationHealthy"));
  EXPECT_TRUE(node_class_conditions(ReservedCapacity::kOn).is_dependent("CapacityReservationsReady"));
  EXPECT_FALSE(node_class_conditions(ReservedCapacity::kOff).is_dependent("CapacityReservationsReady"));
  EXPECT_TRUE(node_class_conditions(ReservedCapacity::kOff).is_dependent("PlacementGroupReady"));
}

}  // namespace
}  // namespace karpenter::model
