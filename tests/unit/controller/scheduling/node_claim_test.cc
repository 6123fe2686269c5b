#include <gtest/gtest.h>

#include "tests/unit/controller/scheduling/builders.h"

namespace karpenter::scheduling {
namespace {

namespace labels = model::labels;

const model::NodeSelectorRequirement* find(const model::NodeClaim& claim, std::string_view key) {
  for (const auto& requirement : claim.spec.requirements)
    if (requirement.key == key) return &requirement;
  return nullptr;
}

model::NodePool rich_pool() {
  model::NodePool pool = a_pool("p");
  auto& spec = pool.spec.node_template.spec;
  pool.spec.node_template.meta.labels = {{"team", "x"}};
  pool.spec.node_template.meta.annotations = {{"note", "y"}};
  spec.requirements = {expression("tier", "Exists", {}),
                       expression(std::string(labels::kInstanceCpu), "Lt", {"8"})};
  spec.taints = {{.key = "k", .value = {}, .effect = "PreferNoSchedule", .time_added = {}}};
  spec.startup_taints = {{.key = "s", .value = {}, .effect = "NoSchedule", .time_added = {}}};
  spec.expire_after = "720h";
  spec.termination_grace_period = "30m";
  return pool;
}

// spec: scheduling §22.1
TEST(MakeNodeClaim, carries_template_and_plan) {
  Scenario s;
  const auto& pool = s.add(rich_pool());
  s.add(a_pod("a", "3")).spec.node_selector = {{std::string(labels::kArch), "amd64"}};
  const Problem problem = s.problem();
  const Plan plan = schedule(problem, {});
  ASSERT_EQ(plan.create.size(), 1U);
  const model::NodeClaim claim = make_node_claim(plan.create[0], pool);

  EXPECT_EQ(claim.meta.generate_name, "p-");
  EXPECT_EQ(claim.meta.name, "");
  EXPECT_EQ(claim.meta.label(labels::kNodePool), "p");
  EXPECT_EQ(claim.meta.label("karpenter.k8s.aws/ec2nodeclass"), "default");
  EXPECT_EQ(claim.meta.label("team"), "x");
  EXPECT_NE(claim.meta.label("tier"), "");                  // an open requirement gets some value
  EXPECT_FALSE(claim.meta.labels.contains(labels::kArch));  // well-known: the cloud says
  EXPECT_EQ(claim.meta.annotation(labels::kNodePoolHash), "123");
  EXPECT_EQ(claim.meta.annotation(labels::kNodePoolHashVersion), "v3");
  EXPECT_EQ(claim.meta.annotation("note"), "y");
  ASSERT_EQ(claim.meta.owner_references.size(), 1U);
  EXPECT_EQ(claim.meta.owner_references[0].kind, "NodePool");
  EXPECT_EQ(claim.meta.owner_references[0].uid, "uid-p");
  EXPECT_EQ(claim.meta.owner_references[0].block_owner_deletion, true);
  EXPECT_FALSE(claim.meta.owner_references[0].controller.value_or(false));

  EXPECT_EQ(claim.spec.node_class_ref.name, "default");
  EXPECT_EQ(claim.spec.taints.size(), 1U);
  EXPECT_EQ(claim.spec.startup_taints.size(), 1U);
  EXPECT_EQ(claim.spec.expire_after, "720h");
  EXPECT_EQ(claim.spec.termination_grace_period, "30m");
  EXPECT_EQ(claim.spec.requests.get("cpu"), q("3"));
  EXPECT_EQ(claim.spec.requests.get("pods"), q("1"));
}

// spec: scheduling §5.8, §22.1 steps 1 and 3
TEST(MakeNodeClaim, requirements_name_types_and_capacity_types_but_no_simulation_keys) {
  Scenario s;
  const auto& pool = s.add(rich_pool());
  s.add(a_pod("a", "3"));
  const Problem problem = s.problem();
  const model::NodeClaim claim = make_node_claim(schedule(problem, {}).create.at(0), pool);
  ASSERT_NE(find(claim, labels::kInstanceType), nullptr);
  EXPECT_EQ(find(claim, labels::kInstanceType)->values, (std::vector<std::string>{"medium", "medium-arm"}));
  ASSERT_NE(find(claim, labels::kCapacityType), nullptr);
  EXPECT_EQ(find(claim, labels::kCapacityType)->values, (std::vector<std::string>{"on-demand", "spot"}));
  ASSERT_NE(find(claim, labels::kInstanceCpu), nullptr);
  EXPECT_EQ(find(claim, labels::kInstanceCpu)->op, "Lte");
  EXPECT_EQ(find(claim, labels::kRegistered), nullptr);
  EXPECT_EQ(find(claim, labels::kInitialized), nullptr);
  EXPECT_EQ(find(claim, labels::kHostname), nullptr);
}

}  // namespace
}  // namespace karpenter::scheduling
