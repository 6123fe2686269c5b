#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

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
    EXPECT_EQ(condition.status, "True")
        << condition.type << " " << condition.reason << " " << condition.message;
  }
  const auto names = fixture.cloud.instance_profile_names();
  EXPECT_NE(std::ranges::find(names, node_class.status.instance_profile), names.end());
}

// spec: aws §6, §10.1, §10.2
TEST_F(AwsSide, creates_lists_and_removes_an_instance) {
  start();
  auto wanted = a_claim("one");
  model::NodeSelectorRequirement team;  // a label of the NodePool's template: EC2 knows nothing of it
  team.key = "example.com/team";
  team.op = "In";
  team.values = {"a"};
  wanted.spec.requirements.push_back(team);
  const auto claim = launch(wanted);
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

// spec: aws §6.7, §3.9, §3.10
TEST_F(AwsSide, learns_from_missing_capacity_and_forgets_after_three_minutes) {
  start();
  fixture.cloud.set_capacity("*", "*", "on-demand", 0);
  auto failed = fixture.aws->cloud().create(a_claim("one"), {});
  ASSERT_TRUE(failed.failed_with(base::Code::kNoCapacity)) << failed.error().text();
  EXPECT_TRUE(fixture.cloud.instances().empty());

  const auto available = [&] {
    std::size_t count = 0;
    const auto types = fixture.aws->cloud().instance_types(a_node_pool(), {}).value();
    for (const auto& type : types) {
      for (const auto& one : type->offerings)
        count += one.available && one.capacity_type == "on-demand" ? 1U : 0U;
    }
    return count;
  };
  const std::size_t marked = available();
  fixture.cloud.reset_capacity();
  launch(a_claim("two"));  // by what was not marked
  fixture.runtime.run_for(std::chrono::minutes(4));
  EXPECT_EQ(available(), marked);  // until the sweep tells
  fixture.aws->parts().unavailable->sweep();
  EXPECT_GT(available(), marked);
}

// spec: aws §6.7
TEST_F(AwsSide, falls_back_to_another_type) {
  start();
  const auto cheapest = launch(a_claim("one")).meta.labels.at(std::string(labels::kInstanceType));
  fixture.cloud.set_capacity(cheapest, "*", "*", 0);
  const auto other = launch(a_claim("two"));
  EXPECT_NE(other.meta.label(labels::kInstanceType), cheapest);
}

TEST_F(AwsSide, launches_spot_when_it_may) {
  start();
  auto claim = a_claim("one");
  claim.spec.requirements.front().values = {"on-demand", "spot"};
  claim = launch(claim);
  EXPECT_EQ(claim.meta.label(labels::kCapacityType), "spot");
  EXPECT_EQ(fixture.cloud.instances().front().capacity_type, "spot");
}

// A crash or a lost answer between CreateFleet and the status patch must not leave two instances. spec: aws
// §2.7
TEST_F(AwsSide, a_repeated_create_finds_the_same_instance) {
  start();
  int lost = 1;
  fixture.cloud.set_fault_hook(
      [&](const devcluster::AwsRequest& request) -> std::optional<devcluster::AwsFault> {
        if (request.operation != "CreateFleet" || lost-- <= 0) return std::nullopt;
        return devcluster::AwsFault{.when = devcluster::AwsFault::When::kAfter, .status = 503};
      });
  const auto first = launch(a_claim("one"));
  const auto again = launch(a_claim("one"));
  EXPECT_EQ(first.status.provider_id, again.status.provider_id);
  EXPECT_EQ(fixture.cloud.instances().size(), 1U);
}

// spec: aws §2.7
TEST_F(AwsSide, survives_throttling) {
  start();
  auto switches = fixture.cloud.switches();
  switches.throttle_every = 3;
  fixture.cloud.set_switches(switches);
  launch(a_claim("one"));
  EXPECT_EQ(fixture.cloud.instances().size(), 1U);
}

// spec: aws §16 R3
TEST_F(AwsSide, waits_for_templates_that_appear_late) {
  start();
  auto switches = fixture.cloud.switches();
  switches.launch_template_lag = std::chrono::seconds(1);
  fixture.cloud.set_switches(switches);
  const auto early = fixture.aws->cloud().create(a_claim("one"), {});
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, base::Code::kInternal);
  EXPECT_EQ(early.error().reason, "LaunchTemplateNotFound");
  const auto templates = fixture.cloud.launch_template_names();
  fixture.runtime.run_for(std::chrono::seconds(2));
  launch(a_claim("one"));
  EXPECT_EQ(fixture.cloud.launch_template_names(), templates);  // the same ones, not more with each try
}

// spec: aws §7.6
TEST_F(AwsSide, a_template_that_cannot_be_deleted_is_tried_again) {
  start();
  launch(a_claim("one"));
  fixture.runtime.run_for(std::chrono::minutes(2));
  fixture.cloud.set_fault_hook([](const auto&) { return devcluster::AwsFault{}; });
  fixture.aws->parts().templates->sweep({});
  EXPECT_FALSE(fixture.cloud.launch_template_names().empty());
  fixture.cloud.set_fault_hook({});
  fixture.runtime.run_for(std::chrono::minutes(2));
  fixture.aws->parts().templates->sweep({});
  EXPECT_TRUE(fixture.cloud.launch_template_names().empty());
}

// spec: aws §7.1
TEST_F(AwsSide, concurrent_launches_share_templates) {
  start();
  launch(a_claim("first"));
  const auto templates = fixture.cloud.launch_template_names();
  fixture.runtime.run_for(std::chrono::minutes(2));
  fixture.aws->parts().templates->sweep({});  // gone from EC2: all that follow must make them again, once
  ASSERT_TRUE(fixture.cloud.launch_template_names().empty());
  int failures = 0;
  for (int i = 0; i < 20; ++i) {
    fixture.runtime.spawn("launch", [&, i](std::stop_token) {
      const auto made = fixture.aws->cloud().create(a_claim("c" + std::to_string(i)), {});
      if (!made) ++failures;
    });
  }
  fixture.runtime.join_all();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(fixture.cloud.instances().size(), 21U);
  EXPECT_EQ(fixture.cloud.launch_template_names(), templates);
  for (const auto& count : fixture.cloud.request_counts()) {
    if (count.operation == "CreateLaunchTemplate") {
      EXPECT_EQ(count.errors, 0U);
    }
  }
}

// spec: aws §2.9
TEST_F(AwsSide, concurrent_terminations_are_merged_and_one_bad_id_hurts_nobody) {
  start();
  std::vector<std::string> ids;
  for (int i = 0; i < 10; ++i) {
    ids.push_back(instance_id_of(launch(a_claim("c" + std::to_string(i))).status.provider_id).value());
  }
  ids.emplace_back("i-00000000000000000");
  fixture.cloud.reset_request_counts();
  std::map<std::string, base::Code> failed;
  for (const auto& id : ids) {
    fixture.runtime.spawn("remove", [&, id](std::stop_token) {
      const auto removed = fixture.aws->parts().instances->remove(id, {});
      if (!removed) failed.emplace(id, removed.error().code);
    });
  }
  fixture.runtime.join_all();
  EXPECT_EQ(failed, (std::map<std::string, base::Code>{{"i-00000000000000000", base::Code::kNotFound}}));
  for (const auto& count : fixture.cloud.request_counts()) {
    if (count.operation == "TerminateInstances") {
      EXPECT_EQ(count.signed_requests, 1U);
    }
    if (count.operation == "DescribeInstances") {
      EXPECT_EQ(count.signed_requests, 1U + ids.size());
    }
  }
  fixture.runtime.run_for(std::chrono::seconds(10));
  EXPECT_TRUE(fixture.aws->cloud().list({})->empty());
}

// spec: aws §13.9
TEST_F(AwsSide, publishes_offerings) {
  start();
  run("cloudprovider.metrics");
  const auto value = [&](const std::string& name, const std::string& capacity_type) {
    return fixture.metrics.value(
        "karpenter_cloudprovider_instance_type_offering_" + name,
        {{"instance_type", "m5.large"}, {"capacity_type", capacity_type}, {"zone", "us-west-2a"}});
  };
  EXPECT_EQ(value("available", "on-demand"), 1);
  EXPECT_EQ(value("available", "reserved"), 0);
  EXPECT_GT(value("price_estimate", "on-demand"), value("price_estimate", "spot"));
}

TEST_F(AwsSide, a_stop_ends_a_call) {
  start();
  std::stop_source stop;
  stop.request_stop();
  Call call;
  call.stop = stop.get_token();
  fixture.cloud.set_fault_hook([](const devcluster::AwsRequest&) -> std::optional<devcluster::AwsFault> {
    return devcluster::AwsFault{.status = 503};
  });
  EXPECT_FALSE(fixture.aws->cloud().create(a_claim("one"), call));
  EXPECT_TRUE(fixture.cloud.instances().empty());
}

// spec: aws §7.6
TEST_F(AwsSide, deletes_idle_launch_templates) {
  start();
  fixture.aws->on_elected({});
  launch(a_claim("one"));
  EXPECT_FALSE(fixture.cloud.launch_template_names().empty());
  fixture.runtime.run_for(std::chrono::minutes(3));
  EXPECT_TRUE(fixture.cloud.launch_template_names().empty());
}

// spec: aws §10.5
TEST_F(AwsSide, sees_ami_and_hash_drift) {
  start();
  auto claim = launch(a_claim("one"));
  EXPECT_EQ(fixture.aws->cloud().is_drifted(claim, {}).value(), "");
  ASSERT_TRUE(fixture.cloud.release_ami("al2023"));
  fixture.runtime.run_for(std::chrono::hours(25));  // the parameter is remembered for a day
  run("nodeclass", "default");
  EXPECT_EQ(fixture.aws->cloud().is_drifted(claim, {}).value(), "AMIDrift");
  claim.meta.annotations[std::string(labels::kNodeClassHash)] = "other";
  EXPECT_EQ(fixture.aws->cloud().is_drifted(claim, {}).value(), "NodeClassDrift");
}

// spec: aws §12.3; lifecycle §5.9
TEST_F(AwsSide, a_spot_warning_deletes_the_claim) {
  start();
  auto claim = a_claim("one");
  claim.spec.requirements.front().values = {"spot"};
  claim = launch(claim);
  const auto other = launch(a_claim("two"));
  fixture.runtime.run_for(std::chrono::seconds(5));
  const auto id = fixture.cloud.instances().front().provider_id() == claim.status.provider_id
                      ? fixture.cloud.instances().front().id
                      : fixture.cloud.instances().back().id;
  while (fixture.cloud.queued_messages() > 0) run("interruption");  // state changes to running: no_op
  ASSERT_TRUE(fixture.cloud.interrupt(id));
  fixture.cloud.send_message("not json");
  fixture.cloud.send_message("");
  run("interruption");
  EXPECT_EQ(fixture.cloud.queued_messages(), 0U);
  EXPECT_EQ(fixture.node_claims.find("one"), nullptr);
  EXPECT_NE(fixture.node_claims.find("two"), nullptr);
  EXPECT_TRUE(fixture.aws->parts().unavailable->is_unavailable(
      {labels::kSpot, claim.meta.label(labels::kInstanceType), claim.meta.label(labels::kZone)}, {}));
  EXPECT_EQ(fixture.metrics.value("karpenter_interruption_received_messages_total",
                                  {{"message_type", "spot_interrupted"}}),
            1);
  const auto interrupted =
      std::ranges::count(fixture.events.all, "SpotInterrupted", &telemetry::Event::reason);
  EXPECT_EQ(interrupted, 1);
}

// spec: lifecycle §5.2
TEST_F(AwsSide, collects_instances_without_a_claim) {
  start();
  const auto kept = launch(a_claim("kept"));
  const auto orphan = launch(a_claim("orphan"));
  fixture.kube_server.objects.erase("/apis/karpenter.sh/v1/nodeclaims/orphan");
  model::Node node;
  node.meta.name = "orphan-node";
  node.spec.provider_id = orphan.status.provider_id;
  fixture.put(node);
  fixture.sync();
  run("instance.garbagecollection");  // too young
  EXPECT_EQ(fixture.aws->cloud().list({})->size(), 2U);
  fixture.runtime.run_for(std::chrono::seconds(40));
  run("instance.garbagecollection");
  fixture.runtime.run_for(std::chrono::seconds(10));
  const auto left = fixture.aws->cloud().list({}).value();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left.front().status.provider_id, kept.status.provider_id);
  EXPECT_EQ(fixture.nodes.find("orphan-node"), nullptr);
}

// spec: lifecycle §5.6
TEST_F(AwsSide, tags_instances_once_their_node_is_known) {
  start();
  auto claim = launch(a_claim("one"));
  run("nodeclaim.tagging", "one");
  EXPECT_FALSE(fixture.cloud.instances().front().tags.contains("karpenter.sh/nodeclaim"));
  claim.status.node_name = "node-1";
  fixture.put(claim);
  run("nodeclaim.tagging", "one");
  const auto tags = fixture.cloud.instances().front().tags;
  EXPECT_EQ(tags.at("karpenter.sh/nodeclaim"), "one");
  EXPECT_EQ(tags.at("Name"), "node-1");
  EXPECT_EQ(fixture.node_claims.find("one")->meta.annotation(labels::kTagged), "true");
}

// spec: aws §11.11
TEST_F(AwsSide, a_deleted_class_waits_for_its_claims_and_leaves_nothing) {
  start();
  const auto claim = launch(a_claim("one"));
  auto node_class = fixture.node_class();
  node_class.meta.deletion_timestamp = fixture.runtime.now();
  fixture.put(node_class);
  run("nodeclass", "default");
  EXPECT_TRUE(fixture.node_class().meta.has_finalizer(labels::kNodeClassFinalizer));
  EXPECT_FALSE(fixture.cloud.instance_profile_names().empty());
  // A class that goes is no class to launch from.
  EXPECT_TRUE(fixture.aws->cloud().create(a_claim("two"), {}).failed_with(base::Code::kNoCapacity));

  fixture.kube_server.objects.erase("/apis/karpenter.sh/v1/nodeclaims/one");
  fixture.sync();
  run("nodeclass", "default");
  EXPECT_FALSE(fixture.node_class().meta.has_finalizer(labels::kNodeClassFinalizer));
  EXPECT_TRUE(fixture.cloud.instance_profile_names().empty());
  EXPECT_TRUE(fixture.cloud.launch_template_names().empty());
}

// spec: aws §11.2-§11.4, §11.8
TEST_F(AwsSide, says_what_it_could_not_resolve) {
  auto node_class = a_node_class();
  node_class.spec.subnet_selector_terms[0].tags = {{"no", "such"}};
  node_class.spec.security_group_selector_terms[0].tags = {{"no", "such"}};
  node_class.spec.ami_selector_terms[0].alias = "";
  node_class.spec.ami_selector_terms[0].id = "ami-00000000";
  node_class.spec.ami_family = "AL2023";
  fixture.put(node_class);
  start();
  const auto status = fixture.node_class().status;
  const auto reason = [&](std::string_view type) {
    return model::find_condition(status.conditions, type)->reason;
  };
  EXPECT_EQ(reason("SubnetsReady"), "SubnetsNotFound");
  EXPECT_EQ(reason("SecurityGroupsReady"), "SecurityGroupsNotFound");
  EXPECT_EQ(reason("AMIsReady"), "AMINotFound");
  EXPECT_EQ(reason("ValidationSucceeded"), "DependenciesNotReady");
  EXPECT_EQ(model::find_condition(status.conditions, "Ready")->status, "False");
  EXPECT_TRUE(fixture.aws->cloud().create(a_claim("one"), {}).failed_with(base::Code::kNotReady));
}

// spec: aws §1.3
TEST_F(AwsSide, start_names_the_step_that_failed) {
  std::string broken;
  fixture.cloud.set_fault_hook(
      [&](const devcluster::AwsRequest& request) -> std::optional<devcluster::AwsFault> {
        if (request.operation != broken) return std::nullopt;
        return devcluster::AwsFault{.status = 403, .code = "UnauthorizedOperation"};
      });
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"DescribeInstanceTypes", "ec2 api connectivity check"},
      {"DescribeCluster", "cluster endpoint from EKS"},
      {"DescribeInstanceTypeOfferings", "instance types and offerings"},
  };
  for (const auto& [operation, step] : cases) {
    broken = operation;
    const auto started = fixture.aws->start({});
    ASSERT_FALSE(started) << operation;
    EXPECT_NE(started.error().text().find(step), std::string::npos) << started.error().text();
  }
  broken.clear();
  EXPECT_TRUE(fixture.aws->start({}));
}

}  // namespace
}  // namespace karpenter::aws
