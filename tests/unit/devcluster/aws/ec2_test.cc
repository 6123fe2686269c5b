#include <algorithm>
#include <map>
#include <set>

#include "common/base/strings.h"
#include "tests/unit/devcluster/aws/fixture.h"

namespace karpenter::devcluster {
namespace {

// Every page of a Describe call, joined.
std::string all_pages(AwsTest& test, const std::string& action, Params params, std::size_t& pages) {
  std::string all, token;
  pages = 0;
  do {
    auto page = params;
    if (!token.empty()) page.emplace_back("NextToken", token);
    const auto response = test.ec2(action, page);
    EXPECT_EQ(AwsTest::outcome(response), "200") << response.body;
    all += response.body;
    token = text(response.body, "nextToken");
    ++pages;
  } while (!token.empty() && pages < 200);
  return all;
}

// spec: aws §3.1
TEST_F(AwsTest, instance_types_come_in_pages_with_all_facts) {
  const Params params = {{"Filter.1.Name", "supported-virtualization-type"},
                         {"Filter.1.Value.1", "hvm"},
                         {"Filter.2.Name", "processor-info.supported-architecture"},
                         {"Filter.2.Value.1", "x86_64"},
                         {"Filter.2.Value.2", "arm64"},
                         {"MaxResults", "20"}};
  std::size_t pages = 0;
  const auto xml = all_pages(*this, "DescribeInstanceTypes", params, pages);
  const auto names = texts(xml, "instanceType");
  EXPECT_GE(names.size(), 60U);
  EXPECT_EQ(pages, (names.size() + 19) / 20);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());

  const auto m5 = ec2("DescribeInstanceTypes", {{"InstanceType.1", "m5.large"}}).body;
  EXPECT_EQ(text(m5, "defaultVCpus"), "2");
  EXPECT_EQ(text(m5, "sizeInMiB"), "8192");
  EXPECT_EQ(text(m5, "ipv4AddressesPerInterface"), "10");
  EXPECT_EQ(text(m5, "hypervisor"), "nitro");
  EXPECT_EQ(text(m5, "baselineBandwidthInGbps"), "0.75");
  const auto gpu = ec2("DescribeInstanceTypes", {{"InstanceType.1", "g4dn.12xlarge"}}).body;
  EXPECT_EQ(text(text(gpu, "gpus"), "count"), "4");
  EXPECT_EQ(text(gpu, "totalSizeInGB"), "900");
  EXPECT_EQ(text(gpu, "maximumEfaInterfaces"), "1");
  EXPECT_EQ(text(ec2("DescribeInstanceTypes", {{"InstanceType.1", "m6g.metal"}}).body, "hypervisor"), "");
}

// spec: aws §3.9
TEST_F(AwsTest, offerings_and_spot_prices_agree_and_differ_by_zone) {
  std::size_t pages = 0;
  const auto xml = all_pages(*this, "DescribeInstanceTypeOfferings",
                             {{"LocationType", "availability-zone"}, {"MaxResults", "1000"}}, pages);
  std::set<std::string> offered;
  const auto types = texts(xml, "instanceType");
  const auto zones = texts(xml, "location");
  ASSERT_EQ(types.size(), zones.size());
  std::map<std::string, int> by_zone;
  for (std::size_t i = 0; i < types.size(); ++i) {
    offered.insert(types[i] + "/" + zones[i]);
    ++by_zone[zones[i]];
  }
  EXPECT_EQ(by_zone.size(), 3U);
  EXPECT_GT(by_zone["us-west-2a"], by_zone["us-west-2b"]);
  EXPECT_FALSE(offered.contains("p3.2xlarge/us-west-2c"));

  const auto spot = all_pages(
      *this, "DescribeSpotPriceHistory",
      {{"ProductDescription.1", "Linux/UNIX"}, {"StartTime", "2026-01-01T00:00:00Z"}, {"MaxResults", "50"}},
      pages);
  const auto spot_types = texts(spot, "instanceType");
  const auto spot_zones = texts(spot, "availabilityZone");
  std::set<std::string> priced;
  for (std::size_t i = 0; i < spot_types.size(); ++i) priced.insert(spot_types[i] + "/" + spot_zones[i]);
  EXPECT_EQ(priced, offered);

  ASSERT_TRUE(cloud.set_spot_price("m5.large", "us-west-2b", 0.0111));
  const auto changed =
      ec2("DescribeSpotPriceHistory", {{"InstanceType.1", "m5.large"}, {"AvailabilityZone", "us-west-2b"}});
  EXPECT_EQ(texts(changed.body, "spotPrice"), Strings{"0.0111"});
}

// spec: aws §5.1 spec: aws §5.2
TEST_F(AwsTest, subnets_and_groups_are_found_by_tag_id_and_name) {
  struct Case {
    std::string action, filter, value;
    std::size_t want;
  };
  const std::vector<Case> cases = {
      {"DescribeSubnets", "tag:karpenter.sh/discovery", "demo", 3},
      {"DescribeSubnets", "tag:karpenter.sh/discovery", "d*", 3},
      {"DescribeSubnets", "tag:karpenter.sh/discovery", "other", 0},
      {"DescribeSubnets", "tag-key", "karpenter.sh/discovery", 3},
      {"DescribeSubnets", "subnet-id", "subnet-0000000000000000b", 1},
      {"DescribeSubnets", "availability-zone", "us-west-2a", 2},
      {"DescribeSecurityGroups", "tag:karpenter.sh/discovery", "demo", 1},
      {"DescribeSecurityGroups", "group-name", "default", 1},
      {"DescribeSecurityGroups", "group-id", "sg-0000000000000000a", 1},
  };
  for (const auto& test : cases) {
    const auto response =
        ec2(test.action, {{"Filter.1.Name", test.filter}, {"Filter.1.Value.1", test.value}});
    const auto tag = test.action == "DescribeSubnets" ? "subnetId" : "groupId";
    EXPECT_EQ(texts(response.body, tag).size(), test.want)
        << test.filter << "=" << test.value << response.body;
  }
  EXPECT_EQ(texts(ec2("DescribeAvailabilityZones").body, "zoneId"),
            (Strings{"usw2-az1", "usw2-az2", "usw2-az3"}));
}

// spec: aws §8.2
TEST_F(AwsTest, every_alias_names_an_image_of_its_architecture) {
  const std::string eks = "/aws/service/eks/optimized-ami/";
  struct Case {
    std::string path, architecture;
  };
  std::vector<Case> cases = {
      {eks + "1.32/amazon-linux-2/recommended", "x86_64"},
      {eks + "1.32/amazon-linux-2-arm64/recommended", "arm64"},
      {eks + "1.32/amazon-linux-2-gpu/recommended", "x86_64"},
      {eks + "1.34/amazon-linux-2023/x86_64/neuron/recommended", "x86_64"},
      {eks + "1.34/amazon-linux-2023/x86_64/standard/amazon-eks-node-al2023-x86_64-standard-1.34-v20260101",
       "x86_64"},
      {"/aws/service/bottlerocket/aws-k8s-1.34-nvidia/arm64/latest", "arm64"},
      {"/aws/service/bottlerocket/aws-k8s-1.34/x86_64/1.50.0", "x86_64"}};
  for (int minor = 29; minor <= 35; ++minor) {
    const auto version = "1." + std::to_string(minor);
    cases.push_back({eks + version + "/amazon-linux-2023/arm64/standard/recommended", "arm64"});
    cases.push_back({"/aws/service/bottlerocket/aws-k8s-" + version + "/x86_64/latest", "x86_64"});
  }
  for (const auto& test : cases) {
    const auto response =
        json_call("ssm", "AmazonSSM.GetParameter", R"({"Name":")" + test.path + R"(/image_id"})");
    ASSERT_EQ(outcome(response), "200") << test.path;
    const auto id = json::parse(response.body)->view()["Parameter"]["Value"].string_or("");
    const auto images = ec2("DescribeImages", {{"Filter.1.Name", "image-id"},
                                               {"Filter.1.Value.1", id},
                                               {"Filter.2.Name", "state"},
                                               {"Filter.2.Value.1", "available"},
                                               {"IncludeDeprecated", "true"},
                                               {"MaxResults", "1000"}});
    EXPECT_EQ(texts(images.body, "architecture"), Strings{test.architecture}) << test.path;
  }
}

// spec: aws §8.4
TEST_F(AwsTest, a_release_moves_the_alias_to_a_newer_image) {
  const auto before = image("x86_64");
  runtime.run_for(std::chrono::hours(1));
  const auto version = cloud.release_ami("al2023");
  ASSERT_TRUE(version);
  EXPECT_EQ(*version, "v20260102");
  const auto after = image("x86_64");
  EXPECT_NE(before, after);
  const auto created = [&](const std::string& id) {
    return text(ec2("DescribeImages", {{"ImageId.1", id}}).body, "creationDate");
  };
  EXPECT_LT(created(before), created(after));
  EXPECT_TRUE(cloud.release_ami("windows").failed_with(base::Code::kInvalid));
  EXPECT_EQ(texts(ec2("DescribeImages", {{"Owner.1", "self"}}).body, "imageId").size(), 2U);
}

// spec: aws §7.3 spec: aws §7.6
TEST_F(AwsTest, launch_templates_are_created_found_and_deleted) {
  make_launch_template("karpenter.k8s.aws/1");
  const auto found = ec2(
      "DescribeLaunchTemplates",
      {{"Filter.1.Name", "tag:eks:eks-cluster-name"}, {"Filter.1.Value.1", "demo"}, {"MaxResults", "200"}});
  EXPECT_EQ(texts(found.body, "launchTemplateName"), Strings{"karpenter.k8s.aws/1"});
  const auto id = text(found.body, "launchTemplateId");
  EXPECT_EQ(outcome(ec2("CreateLaunchTemplate", {{"LaunchTemplateName", "karpenter.k8s.aws/1"},
                                                 {"LaunchTemplateData.ImageId", "ami-1"}})),
            "400 InvalidLaunchTemplateName.AlreadyExistsException");
  EXPECT_EQ(outcome(ec2("DeleteLaunchTemplate", {{"LaunchTemplateId", id}})), "200");
  EXPECT_EQ(outcome(ec2("DeleteLaunchTemplate", {{"LaunchTemplateId", id}})),
            "400 InvalidLaunchTemplateId.NotFound");
  EXPECT_EQ(outcome(ec2("DeleteLaunchTemplate", {{"LaunchTemplateName", "karpenter.k8s.aws/1"}})),
            "400 InvalidLaunchTemplateName.NotFoundException");
  EXPECT_EQ(outcome(ec2("DescribeLaunchTemplates", {{"LaunchTemplateName.1", "karpenter.k8s.aws/1"}})),
            "400 InvalidLaunchTemplateName.NotFoundException");
}

TEST_F(AwsTest, launch_template_data_is_checked) {
  const auto create = [&](Params data) {
    Params params = {{"LaunchTemplateName", "checked"}, {"DryRun", "true"}};
    for (auto& [key, value] : data) params.emplace_back("LaunchTemplateData." + key, value);
    return outcome(ec2("CreateLaunchTemplate", params));
  };
  EXPECT_EQ(create({{"ImageId", "ami-1"}}), "412 DryRunOperation");
  EXPECT_EQ(create({}), "400 MissingParameter");
  EXPECT_EQ(create({{"UserData", "not base64"}}), "400 InvalidUserData.Malformed");
  EXPECT_EQ(create({{"UserData", base::base64_encode(std::string(16384, 'x'))}}), "412 DryRunOperation");
  EXPECT_EQ(create({{"UserData", base::base64_encode(std::string(16385, 'x'))}}),
            "400 InvalidUserData.Malformed");
  EXPECT_EQ(create({{"MetadataOptions.HttpTokens", "maybe"}}), "400 InvalidParameterValue");
  EXPECT_EQ(create({{"NetworkInterfaces.1.DeviceIndex", "0"}}), "400 UnknownParameter");
  EXPECT_EQ(create({{"SecurityGroupId.1", "sg-1"}, {"NetworkInterface.1.DeviceIndex", "0"}}),
            "400 InvalidParameterCombination");
  EXPECT_TRUE(cloud.launch_template_names().empty());
}

// spec: aws §2.10
TEST_F(AwsTest, bad_ec2_requests_are_refused) {
  struct Case {
    std::string action;
    Params params;
    std::string want;
  };
  const std::vector<Case> cases = {
      {"DescribeNothing", {}, "400 InvalidAction"},
      {"DescribeInstanceTypes", {{"DryRun", "true"}}, "412 DryRunOperation"},
      {"DescribeInstanceTypes", {{"MaxResults", "101"}}, "400 InvalidParameterValue"},
      {"DescribeInstanceTypes", {{"NextToken", "???"}}, "400 InvalidNextToken"},
      {"DescribeInstanceTypes", {{"InstanceType.1", "z9.large"}}, "400 InvalidInstanceType"},
      {"DescribeInstanceTypes", {{"InstanceTypes.1", "m5.large"}}, "400 UnknownParameter"},
      {"DescribeInstanceTypeOfferings", {{"LocationType", "moon"}}, "400 InvalidParameterValue"},
      {"DescribeSubnets",
       {{"Filter.1.Name", "colour"}, {"Filter.1.Value.1", "red"}},
       "400 InvalidParameterValue"},
      {"DescribeSubnets", {{"Filter.1.Name", "subnet-id"}}, "400 InvalidParameterValue"},
      {"DescribeSubnets",
       {{"Filter.2.Name", "subnet-id"}, {"Filter.2.Value.1", "x"}},
       "400 InvalidParameter"},
      {"DescribeSubnets", {{"SubnetId.1", "subnet-123"}}, "400 InvalidSubnetID.NotFound"},
      {"DescribeSubnets", {{"SubnetId.1", "net"}}, "400 InvalidSubnetID.Malformed"},
      {"DescribeSecurityGroups", {{"GroupId.1", "sg-123"}}, "400 InvalidGroup.NotFound"},
      {"DescribeImages", {{"ImageId.1", "ami-123"}}, "400 InvalidAMIID.NotFound"},
      {"DescribeImages", {{"ImageId.1", "image"}}, "400 InvalidAMIID.Malformed"},
      {"DescribeSpotPriceHistory", {{"StartTime", "now"}}, "400 InvalidParameterValue"},
      {"DescribePlacementGroups", {{"GroupName.1", "g"}}, "400 InvalidPlacementGroup.Unknown"},
      {"DescribeCapacityReservations",
       {{"CapacityReservationId.1", "cr-1"}},
       "400 InvalidCapacityReservationId.NotFound"},
      {"CreateTags", {{"ResourceId.1", "i-123"}, {"Tag.1.Key", "a"}}, "400 InvalidInstanceID.NotFound"},
      {"CreateTags", {{"ResourceId.1", "subnet-0000000000000000a"}}, "400 MissingParameter"},
      {"CreateTags",
       {{"ResourceId.1", "subnet-0000000000000000a"}, {"Tag.1.Key", "aws:x"}},
       "400 InvalidParameterValue"},
      {"TerminateInstances", {}, "400 MissingParameter"},
      {"RunInstances", {}, "400 MissingParameter"},
  };
  for (const auto& test : cases) {
    const auto response = ec2(test.action, test.params);
    EXPECT_EQ(outcome(response), test.want) << test.action << " " << response.body;
  }
  EXPECT_EQ(outcome(query("ec2", "2010-01-01", "DescribeSubnets", {})), "400 NoSuchVersion");
}

TEST_F(AwsTest, throttling_hits_every_nth_request_and_empties_a_bucket) {
  AwsSwitches switches;
  switches.throttle_every = 3;
  cloud.set_switches(switches);
  Strings seen;
  for (int i = 0; i < 6; ++i) seen.push_back(outcome(ec2("DescribeAvailabilityZones")));
  EXPECT_EQ(std::count(seen.begin(), seen.end(), "503 RequestLimitExceeded"), 2);

  switches = {};
  switches.mutating_rate = 1;
  switches.mutating_burst = 2;
  cloud.set_switches(switches);
  const auto tag = [&] {
    return outcome(ec2("CreateTags", {{"ResourceId.1", "subnet-0000000000000000a"}, {"Tag.1.Key", "a"}}));
  };
  EXPECT_EQ((Strings{tag(), tag(), tag()}), (Strings{"200", "200", "503 RequestLimitExceeded"}));
  EXPECT_EQ(outcome(ec2("DescribeAvailabilityZones")), "200") << "reads do not count";
  runtime.run_for(std::chrono::seconds(1));
  EXPECT_EQ(tag(), "200");
}

TEST_F(AwsTest, faults_fail_before_the_work_or_lose_its_answer) {
  auto when = AwsFault::When::kBefore;
  cloud.set_fault_hook([&](const AwsRequest& request) -> std::optional<AwsFault> {
    if (request.operation != "CreateLaunchTemplate") return std::nullopt;
    return AwsFault{when, 503, "Unavailable", "lost"};
  });
  const auto create = [&](const std::string& name) {
    return outcome(
        ec2("CreateLaunchTemplate",
            {{"LaunchTemplateName", name}, {"LaunchTemplateData.ImageId", "ami-1"}, {"ClientToken", name}}));
  };
  EXPECT_EQ(create("before"), "503 Unavailable");
  EXPECT_TRUE(cloud.launch_template_names().empty());
  when = AwsFault::When::kAfter;
  EXPECT_EQ(create("after"), "503 Unavailable");
  EXPECT_EQ(cloud.launch_template_names(), Strings{"after"});
  cloud.set_fault_hook({});
  EXPECT_EQ(create("after"), "200") << "the client token makes the repeat harmless";
}

}  // namespace
}  // namespace karpenter::devcluster
