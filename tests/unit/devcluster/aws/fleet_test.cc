#include <map>

#include "common/base/strings.h"
#include "tests/unit/devcluster/aws/fixture.h"

namespace karpenter::devcluster {
namespace {

class FleetTest : public AwsTest {
 public:
  FleetTest() { make_launch_template("nodes"); }
  // "m5.large@us-west-2a x2" per launched pool.
  static Strings launched(const net::HttpResponse& response) {
    Strings out;
    for (const auto& pool : split_items(text(response.body, "fleetInstanceSet"))) {
      const auto ids = texts(text(pool, "instanceIds"), "item");
      out.push_back(text(pool, "instanceType") + "@" + text(pool, "availabilityZone") + " x" +
                    std::to_string(ids.size()));
    }
    return out;
  }
  // "m5.large@us-west-2a InsufficientInstanceCapacity" per refused pool.
  static Strings refused(const net::HttpResponse& response) {
    Strings out;
    for (const auto& pool : split_items(text(response.body, "errorSet"))) {
      out.push_back(text(pool, "instanceType") + "@" + text(pool, "availabilityZone") + " " +
                    text(pool, "errorCode"));
    }
    return out;
  }

 private:
  static Strings split_items(const std::string& set) {
    Strings pieces;
    constexpr std::string_view kStart = "<item><launchTemplateAndOverrides>";
    for (auto at = set.find(kStart); at != std::string::npos;) {
      const auto next = set.find(kStart, at + 1);
      pieces.push_back(set.substr(at, next == std::string::npos ? next : next - at));
      at = next;
    }
    return pieces;
  }
};

// spec: aws §6.6
TEST_F(FleetTest, takes_the_cheapest_pool_for_all_instances) {
  const auto response = fleet("on-demand", 3, {{"m5.xlarge", 0}, {"c5.large", 1}, {"m5.large", 2}});
  EXPECT_EQ(launched(response), Strings{"c5.large@us-west-2b x3"}) << response.body;
  EXPECT_EQ(refused(response), Strings{});
  const auto instances = cloud.instances();
  ASSERT_EQ(instances.size(), 3U);
  const auto& view = instances.front();
  EXPECT_EQ(view.state, InstanceState::kPending);
  EXPECT_EQ(view.zone_id, "usw2-az2");
  EXPECT_EQ(view.user_data, "#!/bin/bash");
  EXPECT_EQ(view.tags.at("karpenter.sh/nodepool"), "default");
  EXPECT_EQ(view.max_pods, 29);
  EXPECT_EQ(view.volume_gib, 20);
  EXPECT_EQ(view.architecture, "x86_64");
  EXPECT_EQ(view.capacity_type, "on-demand");
  EXPECT_EQ(view.provider_id(), "aws:///us-west-2b/" + view.id);
  EXPECT_NE(instances[0].private_ip, instances[1].private_ip);
}

TEST_F(FleetTest, follows_the_allocation_strategy) {
  ASSERT_TRUE(cloud.set_spot_price("m5.large", "us-west-2a", 0.05));
  ASSERT_TRUE(cloud.set_spot_price("m5.large", "us-west-2b", 0.01));
  const auto spot = fleet("spot", 1, {{"m5.large", 0}, {"m5.large", 1}},
                          {{"SpotOptions.AllocationStrategy", "price-capacity-optimized"}});
  EXPECT_EQ(launched(spot), Strings{"m5.large@us-west-2b x1"});
  const auto prioritized = fleet("on-demand", 1, {{"m5.large", 0}, {"c5.large", 0}},
                                 {{"OnDemandOptions.AllocationStrategy", "prioritized"},
                                  {"LaunchTemplateConfigs.1.Overrides.1.Priority", "1"},
                                  {"LaunchTemplateConfigs.1.Overrides.2.Priority", "2.5"}});
  EXPECT_EQ(launched(prioritized), Strings{"m5.large@us-west-2a x1"});
}

// spec: aws §6.7 spec: aws §2.8
TEST_F(FleetTest, pools_without_capacity_are_reported_and_the_next_one_serves) {
  cloud.set_capacity("c5.large", "us-west-2a", "on-demand", 0);
  cloud.set_capacity("m5.large", "*", "*", 1);
  const auto response = fleet("on-demand", 3, {{"c5.large", 0}, {"m5.large", 0}, {"m5.2xlarge", 0}});
  EXPECT_EQ(launched(response), (Strings{"m5.large@us-west-2a x1", "m5.2xlarge@us-west-2a x2"}))
      << response.body;
  EXPECT_EQ(refused(response), (Strings{"c5.large@us-west-2a InsufficientInstanceCapacity",
                                        "m5.large@us-west-2a InsufficientInstanceCapacity"}));
  const auto none = fleet("on-demand", 1, {{"c5.large", 0}});
  EXPECT_EQ(outcome(none), "200") << "only errors is still an answer";
  EXPECT_EQ(launched(none), Strings{});
  EXPECT_EQ(launched(fleet("spot", 1, {{"c5.large", 0}})), Strings{"c5.large@us-west-2a x1"})
      << "another capacity type";
  cloud.reset_capacity();
  EXPECT_EQ(launched(fleet("on-demand", 1, {{"c5.large", 0}})), Strings{"c5.large@us-west-2a x1"});
}

TEST_F(FleetTest, a_partial_fleet_yields_fewer_than_asked) {
  AwsSwitches switches;
  switches.fleet_limit = 2;
  cloud.set_switches(switches);
  const auto response = fleet("on-demand", 5, {{"m5.large", 0}});
  EXPECT_EQ(launched(response), Strings{"m5.large@us-west-2a x2"});
  EXPECT_EQ(refused(response), Strings{"m5.large@us-west-2a InsufficientInstanceCapacity"});
}

// spec: aws §6.7
TEST_F(FleetTest, an_override_that_cannot_launch_is_an_error_of_its_own) {
  EXPECT_EQ(refused(fleet("spot", 1, {{"p3.2xlarge", 2}})), Strings{"p3.2xlarge@us-west-2c Unsupported"});
  EXPECT_EQ(refused(fleet("spot", 1, {{"m6g.large", 0}})),
            Strings{"m6g.large@us-west-2a InvalidParameterValue"})
      << "arm64 type, x86_64 image";
  EXPECT_EQ(refused(fleet("spot", 1, {{"z9.large", 0}})), Strings{"z9.large@us-west-2a InvalidInstanceType"});
  EXPECT_EQ(refused(fleet("spot", 1, {{"m5.large", 0}},
                          {{"LaunchTemplateConfigs.1.Overrides.1.ImageId", "ami-123"}})),
            Strings{"m5.large@us-west-2a InvalidAMIID.NotFound"});
  EXPECT_EQ(refused(fleet("spot", 1, {{"m5.large", 0}},
                          {{"LaunchTemplateConfigs.1.Overrides.1.AvailabilityZone", "us-west-2b"}})),
            Strings{"m5.large@us-west-2b InvalidParameterValue"});
  EXPECT_EQ(refused(fleet("capacity-block", 1, {{"m5.large", 0}})),
            Strings{"m5.large@us-west-2a UnfulfillableCapacity"});
  iam("RemoveRoleFromInstanceProfile",
      {{"InstanceProfileName", "profile"}, {"RoleName", "KarpenterNodeRole-demo"}});
  const auto response = fleet("spot", 1, {{"m5.large", 0}});
  EXPECT_NE(text(response.body, "errorMessage").find("Invalid IAM Instance Profile name"), std::string::npos);
  EXPECT_TRUE(cloud.instances().empty());
}

TEST_F(FleetTest, arm_overrides_launch_with_their_own_image) {
  const auto response =
      fleet("spot", 1, {{"m6g.large", 0}}, {{"LaunchTemplateConfigs.1.Overrides.1.ImageId", image("arm64")}});
  EXPECT_EQ(launched(response), Strings{"m6g.large@us-west-2a x1"}) << response.body;
  EXPECT_EQ(cloud.instances().front().architecture, "arm64");
}

// spec: aws §2.7
TEST_F(FleetTest, a_client_token_launches_once) {
  const auto first = fleet("spot", 1, {{"m5.large", 0}}, {{"ClientToken", "t"}});
  const auto again = fleet("spot", 1, {{"m5.large", 0}}, {{"ClientToken", "t"}});
  EXPECT_EQ(text(first.body, "instanceIds"), text(again.body, "instanceIds"));
  EXPECT_EQ(cloud.instances().size(), 1U);
  EXPECT_EQ(outcome(fleet("spot", 2, {{"m5.large", 0}}, {{"ClientToken", "t"}})),
            "400 IdempotentParameterMismatch");
}

TEST_F(FleetTest, bad_fleets_are_refused_as_a_whole) {
  EXPECT_EQ(outcome(fleet("spot", 1, {{"m5.large", 0}}, {{"DryRun", "true"}})), "412 DryRunOperation");
  EXPECT_EQ(outcome(fleet("spot", 0, {{"m5.large", 0}})), "400 InvalidParameterValue");
  EXPECT_EQ(outcome(fleet("gold", 1, {{"m5.large", 0}})), "400 InvalidParameterValue");
  EXPECT_EQ(outcome(fleet("spot", 1, {{"m5.large", 0}, {"m5.large", 0}})), "400 InvalidFleetConfig");
  EXPECT_EQ(outcome(fleet("spot", 1, {{"m5.large", 0}}, {{"Bogus", "1"}})), "400 UnknownParameter");
  EXPECT_EQ(outcome(fleet("spot", 1, {{"m5.large", 0}}, {{"SpotOptions.AllocationStrategy", "cheap"}})),
            "400 InvalidParameterValue");
  EXPECT_EQ(outcome(ec2("CreateFleet",
                        {{"Type", "instant"}, {"TargetCapacitySpecification.TotalTargetCapacity", "1"}})),
            "400 MissingParameter");
  ec2("DeleteLaunchTemplate", {{"LaunchTemplateName", "nodes"}});
  EXPECT_EQ(outcome(fleet("spot", 1, {{"m5.large", 0}})), "400 InvalidLaunchTemplateName.NotFoundException");
  EXPECT_TRUE(cloud.instances().empty());
}

// spec: aws §16
TEST_F(FleetTest, new_templates_and_profiles_may_be_unknown_for_a_while) {
  AwsSwitches switches;
  switches.launch_template_lag = std::chrono::seconds(5);
  switches.instance_profile_lag = std::chrono::seconds(30);
  cloud.set_switches(switches);
  iam("RemoveRoleFromInstanceProfile",
      {{"InstanceProfileName", "profile"}, {"RoleName", "KarpenterNodeRole-demo"}});
  iam("DeleteInstanceProfile", {{"InstanceProfileName", "profile"}});
  ec2("DeleteLaunchTemplate", {{"LaunchTemplateName", "nodes"}});
  make_launch_template("nodes");
  EXPECT_EQ(outcome(fleet("spot", 1, {{"m5.large", 0}})), "400 InvalidLaunchTemplateName.NotFoundException");
  runtime.run_for(std::chrono::seconds(5));
  EXPECT_EQ(refused(fleet("spot", 1, {{"m5.large", 0}})),
            Strings{"m5.large@us-west-2a InvalidParameterValue"});
  runtime.run_for(std::chrono::seconds(25));
  EXPECT_EQ(launched(fleet("spot", 1, {{"m5.large", 0}})), Strings{"m5.large@us-west-2a x1"});
}

// spec: aws §5.1
TEST_F(FleetTest, instances_take_addresses_and_give_them_back) {
  const auto free = [&] {
    return texts(ec2("DescribeSubnets", {{"SubnetId.1", subnet(0)}}).body, "availableIpAddressCount").at(0);
  };
  const auto before = free();
  const auto id = launch("spot", "m5.large");
  EXPECT_EQ(std::stoi(free()), std::stoi(before) - 1);
  ASSERT_TRUE(cloud.terminate(id));
  runtime.run_for(std::chrono::seconds(10));
  EXPECT_EQ(free(), before);
}

// spec: aws §11.9
TEST_F(FleetTest, a_dry_run_of_run_instances_checks_the_launch) {
  const auto run = [&](const std::string& subnet_id) {
    return outcome(ec2("RunInstances", {{"DryRun", "true"},
                                        {"MinCount", "1"},
                                        {"MaxCount", "1"},
                                        {"LaunchTemplate.LaunchTemplateName", "nodes"},
                                        {"LaunchTemplate.Version", "$Latest"},
                                        {"InstanceType", "m5.large"},
                                        {"NetworkInterface.1.DeviceIndex", "0"},
                                        {"NetworkInterface.1.SubnetId", subnet_id},
                                        {"TagSpecification.1.ResourceType", "instance"},
                                        {"TagSpecification.1.Tag.1.Key", "a"}}));
  };
  EXPECT_EQ(run(subnet(0)), "412 DryRunOperation");
  EXPECT_EQ(run("subnet-123"), "400 InvalidSubnetID.NotFound");
  iam("RemoveRoleFromInstanceProfile",
      {{"InstanceProfileName", "profile"}, {"RoleName", "KarpenterNodeRole-demo"}});
  EXPECT_EQ(run(subnet(0)), "400 InvalidParameterValue");
}

// The world of one run, outside the framework's own instance.
struct World final : FleetTest {
  void TestBody() override {}
  std::string run() {
    auto out = fleet("spot", 3, {{"m5.large", 0}, {"c5.large", 1}}).body;
    runtime.run_for(std::chrono::seconds(5));
    return out + ec2("DescribeInstances").body + admin("GET", "/_admin/instances").body;
  }
};

TEST(Determinism, equal_seeds_and_calls_give_equal_bytes) {
  const auto first = World().run();
  EXPECT_EQ(first, World().run());
  EXPECT_EQ(texts(first, "instanceId").size(), 3U) << first;
}

}  // namespace
}  // namespace karpenter::devcluster
