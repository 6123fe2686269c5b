#include <gtest/gtest.h>

#include <algorithm>

#include "common/model/conditions.h"
#include "common/model/labels.h"
#include "tests/unit/controller/disruption/mini_cluster.h"

// What the cluster looks like after the reconcilers of claims, nodes and disruption have done their work.

namespace karpenter::test {
namespace {

namespace labels = model::labels;
using model::is_true;
using std::chrono::minutes;
using std::chrono::seconds;

class Stories : public testing::Test {
 protected:
  bool is_gone() {
    return world.all<model::NodeClaim>().empty() && world.all<model::Node>().empty() &&
           world.cloud.instances.empty();
  }
  void TearDown() override {
    if (!HasFailure()) return;
    for (const auto& line : world.log_lines()) std::printf("%s\n", line.c_str());
  }
  MiniCluster world;
};

// spec: lifecycle §4.2, §4.3, §4.4, §4.5, §4.8, §4.9, §4.10
TEST_F(Stories, a_claim_becomes_an_initialized_node_and_leaves_nothing_behind) {
  world.create_pool();
  const auto name = world.create_node("m5.large");
  const auto claim = world.claim_of_node(name);
  ASSERT_TRUE(claim);
  EXPECT_TRUE(is_true(claim->status.conditions, "Ready"));
  EXPECT_TRUE(claim->meta.has_finalizer(labels::kTerminationFinalizer));
  EXPECT_EQ(claim->meta.label(labels::kInstanceType), "m5.large");
  const auto node = world.find<model::Node>(name);
  EXPECT_EQ(node->meta.label(labels::kRegistered), "true");
  EXPECT_EQ(node->meta.label(labels::kInitialized), "true");
  EXPECT_EQ(node->meta.label(labels::kNodePool), "default");
  EXPECT_TRUE(node->spec.taints.empty());
  EXPECT_EQ(node->meta.owner_references.at(0).uid, claim->meta.uid);

  // spec: lifecycle §5.4, §6.1, disruption §17.4
  world.create_pod("web", name);
  ASSERT_TRUE(world.run([&] { return world.claim_of_node(name)->status.last_pod_event_time.has_value(); }));
  EXPECT_TRUE(is_true(world.claim_of_node(name)->status.conditions, "ConsistentStateFound"));
  EXPECT_TRUE(world.run([&] { return world.find<model::NodePool>("default")->status.nodes == 1; }));
  ASSERT_TRUE(world.remove<model::NodeClaim>(claim->meta.name));
  ASSERT_TRUE(world.run([&] { return is_gone(); }));
  EXPECT_TRUE(world.all<model::Pod>().empty());
  EXPECT_EQ(world.cloud.launches, 1);
  EXPECT_TRUE(world.has_event("Evicted"));
  EXPECT_EQ(
      world.metrics.value("karpenter_nodes_terminated_total", {{"nodepool", "default"}, {"zone", "z1"}}), 1);
}

TEST_F(Stories, deleting_the_node_takes_the_same_way) {
  world.create_pool();
  const auto name = world.create_node("m5.large");
  ASSERT_TRUE(world.remove<model::Node>(name));
  EXPECT_TRUE(world.run([&] { return is_gone(); }));
}

// spec: lifecycle §4.3
TEST_F(Stories, a_lost_status_patch_launches_no_second_instance) {
  world.create_pool();
  int lost = 0;
  world.faults.before = [&](const net::HttpRequest& request) -> std::optional<net::HttpResponse> {
    const bool hit = request.method == "PATCH" && request.path().ends_with("/status") &&
                     request.path().find("nodeclaims") != std::string_view::npos && ++lost <= 3;
    if (!hit) return std::nullopt;
    return net::HttpResponse{.status = 500};
  };
  (void)world.create_node("m5.large");
  EXPECT_GT(lost, 3);
  EXPECT_EQ(world.cloud.launches, 1);
}

TEST_F(Stories, a_claim_without_capacity_is_deleted) {
  world.create_pool();
  world.cloud.out_of_capacity = true;
  (void)world.create_claim("m5.large");
  EXPECT_TRUE(world.run([&] { return is_gone(); }));
  EXPECT_TRUE(world.has_event("InsufficientCapacityError"));
}

// spec: lifecycle §4.6
TEST_F(Stories, a_node_that_never_registers_costs_no_more_than_fifteen_minutes) {
  world.create_pool();
  (void)world.create_claim("m5.large");
  // Nobody boots the instance: time passes without the kubelet.
  const bool gone = world.runtime.run_until([&] { return is_gone(); }, minutes(16));
  EXPECT_TRUE(gone);
  EXPECT_EQ(world.metrics.value("karpenter_nodeclaims_disrupted_total", {{"reason", "registration_timeout"},
                                                                         {"nodepool", "default"},
                                                                         {"capacity_type", "on-demand"},
                                                                         {"consolidation_policy", ""},
                                                                         {"termination_mode", "graceful"}}),
            1);
}

// spec: lifecycle §5.1
TEST_F(Stories, a_claim_whose_instance_vanished_is_collected_once_the_node_is_not_ready) {
  world.create_pool("Never");
  const auto name = world.create_node("m5.large");
  world.create_pod("web", name);
  world.cloud.shutting_down.clear();
  world.cloud.instances.clear();
  world.run_for(minutes(5));
  EXPECT_TRUE(world.find<model::Node>(name));  // the kubelet still says Ready: believed over the cloud
  world.set_ready(name, "Unknown");
  EXPECT_TRUE(world.run([&] { return is_gone(); }));
}

// spec: disruption §20.3, lifecycle §4.9.1
TEST_F(Stories, draining_waits_for_the_budget) {
  world.create_pool("Never");
  const auto name = world.create_node("m5.large");
  world.create_pod("web", name);
  world.create_budget(0);
  ASSERT_TRUE(world.remove<model::Node>(name));
  world.run_for(seconds(60));
  EXPECT_TRUE(world.find<model::Pod>("web", "default"));
  EXPECT_TRUE(world.has_disrupted_taint(name));
  EXPECT_TRUE(world.has_event("FailedDraining"));
  EXPECT_EQ(world.cloud.instances.size(), 1U);
  world.allow_disruptions(1);
  EXPECT_TRUE(world.run([&] { return is_gone(); }));
}

// spec: disruption §6, §14.2, §16
TEST_F(Stories, an_empty_node_is_removed) {
  world.create_pool();
  const auto busy = world.create_node("m5.large");
  world.create_pod("web", busy, "1500m");
  (void)world.create_node("m5.large");
  ASSERT_TRUE(world.run([&] { return world.all<model::Node>().size() == 1; }));
  EXPECT_TRUE(world.find<model::Node>(busy));
  world.run_for(seconds(30));
  EXPECT_FALSE(world.has_disrupted_taint(busy));
  EXPECT_EQ(world.cloud.instances.size(), 1U);
  EXPECT_EQ(
      world.metrics.value("karpenter_voluntary_disruption_decisions_total",
                          {{"decision", "delete"}, {"reason", "empty"}, {"consolidation_type", "empty"}}),
      1);
}

// spec: disruption §8, §16.3
TEST_F(Stories, a_drifted_node_goes_only_after_its_replacement_is_initialized) {
  world.create_pool("Never");
  const auto old_node = world.create_node("m5.large");
  world.create_pod("web", old_node);
  const auto old_claim = world.claim_of_node(old_node)->meta.name;
  world.cloud.drift = "AMIDrift";
  bool initialized_first = false;
  ASSERT_TRUE(world.run(
      [&] {
        world.cloud.drift = world.all<model::NodeClaim>().size() > 1 ? "" : world.cloud.drift;
        const auto claims = world.all<model::NodeClaim>();
        const auto old = std::ranges::find(claims, old_claim, [](const auto& c) { return c.meta.name; });
        if (old != claims.end() && !old->meta.is_deleting()) return false;
        initialized_first = std::ranges::any_of(claims, [&](const auto& c) {
          return c.meta.name != old_claim && is_true(c.status.conditions, "Initialized");
        });
        return true;
      },
      minutes(10)));
  EXPECT_TRUE(initialized_first);
  EXPECT_TRUE(world.run([&] { return !world.find<model::NodeClaim>(old_claim); }));
  EXPECT_EQ(world.cloud.launches, 2);
  EXPECT_TRUE(world.has_event("DisruptionLaunching"));
  EXPECT_TRUE(world.has_event("DisruptionTerminating"));
}

// spec: lifecycle §6.2, disruption §17.1
TEST_F(Stories, a_changed_template_drifts_its_nodes_until_all_are_replaced) {
  world.create_pool("Never");
  for (const std::string pod : {"a", "b"}) world.create_pod(pod, world.create_node("m5.large"), "1500m");
  world.edit_pool([](auto& pool) { pool.spec.node_template.meta.labels["team"] = "blue"; });
  ASSERT_TRUE(world.run(
      [&] {
        const auto nodes = world.all<model::Node>();
        return !nodes.empty() &&
               std::ranges::all_of(nodes, [](const auto& n) { return n.meta.label("team") == "blue"; });
      },
      minutes(10)));
  world.run_for(seconds(30));
  EXPECT_EQ(world.cloud.launches, 4);  // each was replaced once
}

// spec: disruption §9.2, §11, §14.1
TEST_F(Stories, an_underused_node_is_replaced_by_a_cheaper_one) {
  world.create_pool();
  const auto big = world.create_node("m5.xlarge");
  world.create_pod("web", big, "500m");
  ASSERT_TRUE(world.run([&] { return !world.find<model::Node>(big); }));
  const auto nodes = world.all<model::Node>();
  ASSERT_EQ(nodes.size(), 1U);
  EXPECT_EQ(nodes[0].meta.label(labels::kInstanceType), "m5.large");
}

TEST_F(Stories, an_underused_node_is_deleted_when_its_pods_fit_elsewhere) {
  world.create_pool();
  const auto first = world.create_node("m5.large");
  world.create_pod("a", first, "500m");
  const auto second = world.create_node("m5.large");
  world.create_pod("b", second, "500m");
  ASSERT_TRUE(world.run([&] { return world.all<model::Node>().size() == 1; }));
  EXPECT_EQ(world.cloud.launches, 2);
}

// spec: disruption §16.3
TEST_F(Stories, a_replacement_that_cannot_launch_rolls_the_command_back) {
  world.create_pool();
  const auto big = world.create_node("m5.xlarge");
  world.create_pod("web", big, "500m");
  world.cloud.out_of_capacity = true;
  ASSERT_TRUE(world.run([&] { return world.has_disrupted_taint(big); }));
  ASSERT_TRUE(world.run([&] { return !world.has_disrupted_taint(big); }));
  EXPECT_FALSE(world.claim_of_node(big)->meta.is_deleting());
  EXPECT_EQ(model::find_condition(world.claim_of_node(big)->status.conditions, "DisruptionReason"), nullptr);
  world.cloud.out_of_capacity = false;
  EXPECT_TRUE(world.run([&] { return !world.find<model::Node>(big); }, minutes(10)));
}

// spec: disruption §2.4
TEST_F(Stories, marks_of_a_forgotten_command_are_taken_away) {
  world.create_pool("Never");
  const auto name = world.create_node("m5.large");
  world.taint_disrupted(name);
  EXPECT_TRUE(world.run([&] { return !world.has_disrupted_taint(name); }));
  EXPECT_TRUE(world.claim_of_node(name));
}

// spec: lifecycle §5.7
TEST_F(Stories, an_expired_claim_is_deleted_whatever_budgets_say) {
  world.create_pool("Never");
  world.edit_pool([](auto& pool) {
    pool.spec.node_template.spec.expire_after = "10m";
    pool.spec.disruption->budgets->front().nodes = "0";
  });
  const auto name = world.create_node("m5.large");
  world.run_for(minutes(8));
  EXPECT_TRUE(world.find<model::Node>(name));
  EXPECT_TRUE(world.run([&] { return is_gone(); }));
}

// spec: disruption §15.3
TEST_F(Stories, a_budget_of_zero_keeps_empty_nodes) {
  world.create_pool();
  world.edit_pool([](auto& pool) { pool.spec.disruption->budgets->front().nodes = "0"; });
  const auto name = world.create_node("m5.large");
  world.run_for(minutes(3));
  EXPECT_TRUE(world.find<model::Node>(name));
  EXPECT_TRUE(world.has_event("DisruptionBlocked"));
  world.edit_pool([](auto& pool) { pool.spec.disruption->budgets->front().nodes = "1"; });
  EXPECT_TRUE(world.run([&] { return is_gone(); }, minutes(10)));
}

// spec: disruption §20.2, §20.4
TEST_F(Stories, a_termination_grace_period_forces_protected_pods_out) {
  world.create_pool("Never");
  world.edit_pool([](auto& pool) { pool.spec.node_template.spec.termination_grace_period = "2m"; });
  const auto name = world.create_node("m5.large");
  world.create_pod("web", name, "100m", [](model::Pod& pod) {
    pod.meta.annotations[std::string(labels::kDoNotDisrupt)] = "true";
    pod.spec.termination_grace_period_seconds = 30;
  });
  ASSERT_TRUE(world.remove<model::Node>(name));
  world.run_for(seconds(80));
  EXPECT_TRUE(world.find<model::Pod>("web", "default"));  // until deadline - 30 s its wish is respected
  EXPECT_TRUE(world.run([&] { return is_gone(); }, minutes(2)));
  EXPECT_TRUE(world.has_event("Disrupted"));
  EXPECT_FALSE(world.has_event("Evicted"));
}

}  // namespace
}  // namespace karpenter::test
