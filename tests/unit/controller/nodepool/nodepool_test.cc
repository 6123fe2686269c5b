#include <gtest/gtest.h>

#include "common/model/conditions.h"
#include "common/model/labels.h"
#include "controller/nodepool/counter.h"
#include "controller/nodepool/hash.h"
#include "controller/nodepool/readiness.h"
#include "controller/nodepool/registration_health.h"

namespace karpenter::nodepool {
namespace {

namespace labels = model::labels;
using Status = HealthRing::Status;

const Time kNow = std::chrono::sys_days(std::chrono::year(2026) / 3 / 4);

std::string text_of(const model::NodePool& pool, std::string_view type) {
  const auto* found = model::find_condition(pool.status.conditions, type);
  return found == nullptr ? "" : found->status + "/" + found->reason;
}

// spec: lifecycle §6.3
TEST(Readiness, follows_the_node_class) {
  const auto with = [](std::string status) {
    model::Ec2NodeClass out;
    auto& ready = out.status.conditions.emplace_back();
    ready.type = "Ready";
    ready.status = std::move(status);
    ready.reason = "SubnetsNotFound";
    return out;
  };
  const auto verdict = [](const model::Ec2NodeClass* node_class) {
    model::NodePool pool;
    update_readiness(pool, node_class, kNow);
    return text_of(pool, "NodeClassReady");
  };
  auto deleting = with("True");
  deleting.meta.deletion_timestamp = kNow;
  const auto ready = with("True");
  const auto unknown = with("Unknown");
  const auto broken = with("False");
  const model::Ec2NodeClass fresh;
  EXPECT_EQ(verdict(nullptr), "False/NodeClassNotFound");
  EXPECT_EQ(verdict(&deleting), "False/NodeClassTerminating");
  EXPECT_EQ(verdict(&unknown), "False/NodeClassReadinessUnknown");
  EXPECT_EQ(verdict(&fresh), "False/NodeClassReadinessUnknown");
  EXPECT_EQ(verdict(&broken), "False/SubnetsNotFound");
  EXPECT_EQ(verdict(&ready), "True/NodeClassReady");
}

// spec: lifecycle §6.2
TEST(Hash, carries_claims_over_unless_they_are_drifted) {
  model::NodeClaim claim;
  auto after = with_hash(claim, "42");
  EXPECT_EQ(after.meta.annotation(labels::kNodePoolHash), "42");
  EXPECT_EQ(after.meta.annotation(labels::kNodePoolHashVersion), labels::kNodePoolHashVersionNow);
  claim.status.conditions.emplace_back().type = "Drifted";
  after = with_hash(claim, "42");
  EXPECT_EQ(after.meta.annotation(labels::kNodePoolHash), "");
  EXPECT_EQ(after.meta.annotation(labels::kNodePoolHashVersion), labels::kNodePoolHashVersionNow);
}

// spec: lifecycle §6.5
TEST(HealthRing, is_unhealthy_after_two_failures_of_the_last_four) {
  EXPECT_EQ(HealthRing().status(), Status::kUnknown);
  EXPECT_EQ(HealthRing().with(true).status(), Status::kHealthy);
  EXPECT_EQ(HealthRing().with(false).status(), Status::kHealthy);
  EXPECT_EQ(HealthRing::unhealthy().status(), Status::kUnhealthy);
  EXPECT_EQ(HealthRing::unhealthy().with(true).with(true).status(), Status::kUnhealthy);
  EXPECT_EQ(HealthRing::unhealthy().with(true).with(true).with(true).status(), Status::kHealthy);
  EXPECT_EQ(HealthRing().with(false).with(true).with(true).with(false).status(), Status::kUnhealthy);
}

TEST(RegistrationHealth, writes_the_condition_when_the_ring_turns) {
  model::NodePool pool;
  model::NodeClaim claim;
  apply_sample(pool, claim, Status::kHealthy, true, kNow);
  EXPECT_EQ(text_of(pool, "NodeRegistrationHealthy"), "True/NodeRegistrationHealthy");
  apply_sample(pool, claim, Status::kHealthy, false, kNow);
  EXPECT_EQ(text_of(pool, "NodeRegistrationHealthy"), "True/NodeRegistrationHealthy");
  auto& launched = claim.status.conditions.emplace_back();
  launched.type = "Launched";
  launched.status = "Unknown";
  launched.reason = "Unauthorized";
  apply_sample(pool, claim, Status::kUnhealthy, false, kNow);
  EXPECT_EQ(text_of(pool, "NodeRegistrationHealthy"), "False/Unauthorized");
  apply_sample(pool, claim, Status::kUnhealthy, true, kNow);  // one success does not heal it
  EXPECT_EQ(text_of(pool, "NodeRegistrationHealthy"), "False/Unauthorized");
  claim.status.conditions.front().status = "True";
  model::NodePool fresh;
  apply_sample(fresh, claim, Status::kUnhealthy, false, kNow);
  EXPECT_EQ(text_of(fresh, "NodeRegistrationHealthy"), "False/RegistrationFailed");
}

TEST(RegistrationHealth, counts_only_claims_that_the_pool_owns) {
  model::NodePool pool;
  pool.meta.name = "p";
  pool.meta.uid = "1";
  model::NodeClaim claim;
  claim.meta.labels[std::string(labels::kNodePool)] = "p";
  EXPECT_FALSE(is_owned_by(claim, pool));
  auto& owner = claim.meta.owner_references.emplace_back();
  owner.kind = "NodePool";
  owner.uid = "1";
  EXPECT_TRUE(is_owned_by(claim, pool));
  claim.meta.owner_references.front().uid = "2";  // an earlier pool of the same name
  EXPECT_FALSE(is_owned_by(claim, pool));
}

// spec: lifecycle §6.1
TEST(Counter, sums_capacity_and_shows_zero_for_what_is_not_there) {
  model::NodePool pool;
  pool.meta.name = "p";
  cluster::Snapshot snapshot;
  EXPECT_EQ(count(pool, snapshot).resources.size(), 5U);
  EXPECT_EQ(count(pool, snapshot).nodes, 0);
  for (const std::string owner : {"p", "p", "q"}) {
    auto node = std::make_shared<cluster::StateNode>();
    auto claim = std::make_shared<model::NodeClaim>();
    claim->meta.labels[std::string(labels::kNodePool)] = owner;
    node->claim = claim;
    node->capacity = {
        {"cpu", model::Quantity::of(4)}, {"nodes", model::Quantity::of(1)}, {"gpu", model::Quantity::of(1)}};
    snapshot.nodes.push_back(node);
  }
  const auto status = count(pool, snapshot);
  EXPECT_EQ(status.nodes, 2);
  EXPECT_EQ(status.resources.get("cpu"), model::Quantity::of(8));
  EXPECT_EQ(status.resources.get("gpu"), model::Quantity::of(2));
  EXPECT_EQ(status.resources.get("nodes"), model::Quantity::of(2));
  EXPECT_NE(status.resources.find("memory"), nullptr);
}

}  // namespace
}  // namespace karpenter::nodepool
