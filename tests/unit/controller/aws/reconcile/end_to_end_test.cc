#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "common/model/conditions.h"
#include "common/model/labels.h"
#include "controller/aws/reconcile/aws_controllers.h"
#include "tests/unit/controller/aws/provider/aws_fixture.h"

// The AWS side as a whole, against the AWS emulator over the wire, in virtual time.

namespace karpenter::aws {
namespace {

namespace labels = model::labels;

class AwsSide : public testing::Test {
 protected:
  AwsSide() {
    fixture.put(a_node_class());
    fixture.put(a_node_pool());
  }

  // One reconcile of the named controller; its result must be a success.
  reconcile::Outcome run(const std::string& controller, const std::string& object = "") {
    for (const auto& one : controllers.list()) {
      if (one.spec.name != controller) continue;
      auto outcome = one.reconciler->reconcile({.name = object}, {});
      EXPECT_TRUE(outcome) << controller << ": " << outcome.error().text();
      fixture.sync();
      return outcome ? *outcome : reconcile::Outcome(reconcile::Done{});
    }
    ADD_FAILURE() << "no controller " << controller;
    return reconcile::Done{};
  }

  void start() {
    const auto started = fixture.aws->start({});
    ASSERT_TRUE(started) << started.error().text();
    run("providers.pricing");
    run("nodeclass.hash", "default");
    run("nodeclass", "default");
  }

  model::NodeClaim launch(model::NodeClaim claim) {
    auto launched = fixture.aws->cloud().create(claim, {});
    EXPECT_TRUE(launched) << launched.error().text();
    if (!launched) return claim;
    claim.status = launched->status;
    claim.meta.annotations = launched->meta.annotations;
    for (const auto& [key, value] : launched->meta.labels) claim.meta.labels.emplace(key, value);
    fixture.put(claim);
    return claim;
  }

  AwsFixture fixture;
  AwsControllers controllers{*fixture.aws, {fixture.node_claims, fixture.nodes}};
};

// spec: aws §11.1-§11.7
TEST_F(AwsSide, resolves_the_node_class) {
  start();
  const auto node_class = fixture.node_class();
  EXPECT_TRUE(node_class.meta.has_finalizer(labels::kNodeClassFinalizer));
  EXPECT_EQ(node_class.meta.annotation(labels::kNodeClassHashVersion), labels::kNodeClassHashVersionNow);
  EXPECT_EQ(node_class.status.subnets.size(), 3U);
  EXPECT_FALSE(node_class.status.security_groups.empty());
  EXPECT_FALSE(node_class.status.amis.empty());
  EXPECT_FALSE(node_class.status.instance_profile.empty());
  for (const auto& condition : node_class.status.conditions) {
    EXPECT_EQ(condition.status, "True") << condition.type << " " << condition.reason << " " << condition.message;
  }
  const auto names = fixture.cloud.instance_profile_names();
  EXPECT_NE(std::ranges::find(names, node_class.status.instance_profile), names.end());
}

// spec: aws §6, §10.1, §10.2
TEST_F(AwsSide, creates_lists_and_removes_an_instance) {
  start();
  const auto claim = launch(a_claim("one"));
  ASSERT_EQ(fixture.cloud.instances().size(), 1U);
  const auto instance = fixture.cloud.instances().front();
  EXPECT_EQ(claim.status.provider_id, instance.provider_id());
  EXPECT_EQ(claim.meta.label(labels::kZone), instance.zone);
  EXPECT_EQ(claim.meta.label(labels::kInstanceType), instance.type);
  EXPECT_EQ(claim.meta.label(labels::kCapacityType), "on-demand");
  EXPECT_EQ(instance.tags.at("eks:eks-cluster-name"), "demo");
  EXPECT_EQ(instance.tags.at("karpenter.sh/nodepool"), "default");
  EXPECT_NE(instance.user_data.find("kind: NodeConfig"), std::string::npos);
  EXPECT_NE(instance.user_data.find("karpenter.sh/unregistered"), std::string::npos);

  const auto listed = fixture.aws->cloud().list({});
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ(listed->front().status.provider_id, claim.status.provider_id);
  EXPECT_FALSE(listed->front().meta.is_deleting());

  EXPECT_TRUE(fixture.aws->cloud().remove(claim, {}));
  fixture.runtime.run_for(std::chrono::seconds(10));
  EXPECT_TRUE(fixture.aws->cloud().remove(claim, {}).failed_with(base::Code::kNotFound));
  EXPECT_TRUE(fixture.aws->cloud().list({}).value().empty());
}

}  // namespace
}  // namespace karpenter::aws
