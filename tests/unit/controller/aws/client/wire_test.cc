#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "common/net/http.h"
#include "controller/aws/client/ec2_codec.h"
#include "controller/aws/client/service_client.h"

namespace karpenter::aws {
namespace {

// The parameters of a form body, decoded, one a line, sorted.
std::string sorted_lines(const QueryBody& body) {
  std::vector<std::string> lines;
  for (const auto& [key, value] : net::parse_query(body.text())) lines.push_back(key + "=" + value);
  std::ranges::sort(lines);
  return base::join(lines, "\n");
}

// What botocore 1.44.5 serializes for the same input, from the public service model.
constexpr std::string_view kCreateFleet = R"(Action=CreateFleet
ClientToken=tok
Context=ctx
LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateName=karpenter.k8s.aws/1
LaunchTemplateConfigs.1.LaunchTemplateSpecification.Version=$Latest
LaunchTemplateConfigs.1.Overrides.1.AvailabilityZone=us-west-2a
LaunchTemplateConfigs.1.Overrides.1.ImageId=ami-1
LaunchTemplateConfigs.1.Overrides.1.InstanceType=m5.large
LaunchTemplateConfigs.1.Overrides.1.Priority=0.096
LaunchTemplateConfigs.1.Overrides.1.SubnetId=subnet-1
LaunchTemplateConfigs.1.Overrides.2.AvailabilityZone=us-west-2b
LaunchTemplateConfigs.1.Overrides.2.ImageId=ami-1
LaunchTemplateConfigs.1.Overrides.2.InstanceType=c5.large
LaunchTemplateConfigs.1.Overrides.2.Priority=1.5
LaunchTemplateConfigs.1.Overrides.2.SubnetId=subnet-2
SpotOptions.AllocationStrategy=price-capacity-optimized
TagSpecification.1.ResourceType=instance
TagSpecification.1.Tag.1.Key=a
TagSpecification.1.Tag.1.Value=1
TagSpecification.1.Tag.2.Key=empty
TagSpecification.1.Tag.2.Value=
TagSpecification.2.ResourceType=volume
TagSpecification.2.Tag.1.Key=a
TagSpecification.2.Tag.1.Value=1
TagSpecification.2.Tag.2.Key=empty
TagSpecification.2.Tag.2.Value=
TargetCapacitySpecification.DefaultTargetCapacityType=spot
TargetCapacitySpecification.TotalTargetCapacity=1
Type=instant
Version=2016-11-15)";

constexpr std::string_view kCreateLaunchTemplate = R"(Action=CreateLaunchTemplate
ClientToken=tok
LaunchTemplateData.BlockDeviceMapping.1.DeviceName=/dev/xvda
LaunchTemplateData.BlockDeviceMapping.1.Ebs.DeleteOnTermination=true
LaunchTemplateData.BlockDeviceMapping.1.Ebs.Encrypted=true
LaunchTemplateData.BlockDeviceMapping.1.Ebs.Iops=3000
LaunchTemplateData.BlockDeviceMapping.1.Ebs.KmsKeyId=k
LaunchTemplateData.BlockDeviceMapping.1.Ebs.SnapshotId=snap-1
LaunchTemplateData.BlockDeviceMapping.1.Ebs.Throughput=125
LaunchTemplateData.BlockDeviceMapping.1.Ebs.VolumeInitializationRate=100
LaunchTemplateData.BlockDeviceMapping.1.Ebs.VolumeSize=20
LaunchTemplateData.BlockDeviceMapping.1.Ebs.VolumeType=gp3
LaunchTemplateData.CapacityReservationSpecification.CapacityReservationPreference=none
LaunchTemplateData.CpuOptions.NestedVirtualization=enabled
LaunchTemplateData.EnclaveOptions.Enabled=true
LaunchTemplateData.IamInstanceProfile.Name=demo_1
LaunchTemplateData.ImageId=ami-1
LaunchTemplateData.MetadataOptions.HttpEndpoint=enabled
LaunchTemplateData.MetadataOptions.HttpProtocolIpv6=disabled
LaunchTemplateData.MetadataOptions.HttpPutResponseHopLimit=1
LaunchTemplateData.MetadataOptions.HttpTokens=required
LaunchTemplateData.MetadataOptions.InstanceMetadataTags=disabled
LaunchTemplateData.Monitoring.Enabled=false
LaunchTemplateData.NetworkInterface.1.AssociatePublicIpAddress=false
LaunchTemplateData.NetworkInterface.1.ConnectionTrackingSpecification.TcpEstablishedTimeout=60
LaunchTemplateData.NetworkInterface.1.ConnectionTrackingSpecification.UdpStreamTimeout=61
LaunchTemplateData.NetworkInterface.1.ConnectionTrackingSpecification.UdpTimeout=30
LaunchTemplateData.NetworkInterface.1.DeviceIndex=0
LaunchTemplateData.NetworkInterface.1.InterfaceType=interface
LaunchTemplateData.NetworkInterface.1.Ipv4PrefixCount=2
LaunchTemplateData.NetworkInterface.1.Ipv6AddressCount=1
LaunchTemplateData.NetworkInterface.1.NetworkCardIndex=0
LaunchTemplateData.NetworkInterface.1.PrimaryIpv6=true
LaunchTemplateData.NetworkInterface.1.SecurityGroupId.1=sg-1
LaunchTemplateData.NetworkInterface.1.SecurityGroupId.2=sg-2
LaunchTemplateData.Placement.Tenancy=default
LaunchTemplateData.TagSpecification.1.ResourceType=network-interface
LaunchTemplateData.TagSpecification.1.Tag.1.Key=a
LaunchTemplateData.TagSpecification.1.Tag.1.Value=1
LaunchTemplateData.TagSpecification.1.Tag.2.Key=empty
LaunchTemplateData.TagSpecification.1.Tag.2.Value=
LaunchTemplateData.UserData=dXNlcg==
LaunchTemplateName=karpenter.k8s.aws/1
TagSpecification.1.ResourceType=launch-template
TagSpecification.1.Tag.1.Key=a
TagSpecification.1.Tag.1.Value=1
TagSpecification.1.Tag.2.Key=empty
TagSpecification.1.Tag.2.Value=
Version=2016-11-15)";

const Tags kTags = {{"a", "1"}, {"empty", ""}};

// spec: aws §2.6, §6.6
TEST(Ec2Query, encodes_create_fleet_as_the_service_model_says) {
  CreateFleetInput input;
  input.client_token = "tok";
  input.capacity_type = "spot";
  input.spot_allocation_strategy = "price-capacity-optimized";
  input.context = "ctx";
  input.templates = {{"karpenter.k8s.aws/1",
                      {{"m5.large", "subnet-1", "ami-1", "us-west-2a", 0.096},
                       {"c5.large", "subnet-2", "ami-1", "us-west-2b", 1.5}}}};
  input.tag_specifications = {{"instance", kTags}, {"volume", kTags}};
  EXPECT_EQ(sorted_lines(encode(input)), kCreateFleet);
}

// spec: aws §2.6, §7.3
TEST(Ec2Query, encodes_create_launch_template_as_the_service_model_says) {
  CreateLaunchTemplateInput input;
  input.client_token = "tok";
  input.name = "karpenter.k8s.aws/1";
  input.tag_specifications = {{"launch-template", kTags}};
  input.image_id = "ami-1";
  input.user_data = "dXNlcg==";
  input.instance_profile = "demo_1";
  input.enclaves = true;
  input.block_devices = {{"/dev/xvda", {true, true, "gp3", 3000, 125, "k", "snap-1", 100, 20}}};
  input.nested_virtualization = "enabled";
  input.metadata = {"enabled", "disabled", 1, "required"};
  InterfaceSettings interface;
  interface.network_card_index = 0;
  interface.interface_type = "interface";
  interface.security_group_ids = {"sg-1", "sg-2"};
  interface.ipv4_prefix_count = 2;
  interface.associate_public_ip = false;
  interface.primary_ipv6 = true;
  interface.tcp_established_timeout = 60;
  interface.udp_stream_timeout = 61;
  interface.udp_timeout = 30;
  input.interfaces = {interface};
  input.data_tag_specifications = {{"network-interface", kTags}};
  input.tenancy = "default";
  input.capacity_reservation_preference = "none";
  EXPECT_EQ(sorted_lines(encode(input)), kCreateLaunchTemplate);
}

TEST(QueryBody, escapes_and_omits) {
  QueryBody body("Op", "1");
  body.set("Text", "a b&c=d/\xC3\xA9");
  body.set("Empty", "");
  body.set("Missing", std::optional<std::int64_t>());
  body.set("Small", 0.0035);
  body.set("Large", 12345678.5);
  EXPECT_EQ(body.text(), "Action=Op&Version=1&Text=a%20b%26c%3Dd%2F%C3%A9&Small=0.0035&Large=12345678.5");
}

// spec: aws §2.6
TEST(ParseFailure, reads_every_protocol) {
  struct Case {
    std::string name;
    int status;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::string code;
    std::string message;
    std::string request_id;
  };
  const std::vector<Case> cases = {
      {"ec2",
       400,
       {},
       "<?xml version=\"1.0\"?><Response><Errors><Error><Code>InvalidAMIID.NotFound</Code><Message>no "
       "ami</Message></Error></Errors><RequestID>r1</RequestID></Response>",
       "InvalidAMIID.NotFound",
       "no ami",
       "r1"},
      {"iam with namespace",
       404,
       {},
       "<ErrorResponse "
       "xmlns=\"https://iam/\"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>role x "
       "missing</Message></Error><RequestId>r2</RequestId></ErrorResponse>",
       "NoSuchEntity",
       "role x missing",
       "r2"},
      {"json type in body",
       400,
       {{"x-amzn-RequestId", "r3"}},
       R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"gone"})",
       "QueueDoesNotExist",
       "gone",
       "r3"},
      {"json type in header",
       400,
       {{"x-amzn-ErrorType", "ParameterNotFound:http://internal/"}},
       R"({"Message":"m"})",
       "ParameterNotFound",
       "m",
       ""},
      {"html of a proxy",
       502,
       {},
       "<html><body>bad gateway</body></html>",
       "",
       "<html><body>bad gateway</body></html>",
       ""},
      {"broken xml", 500, {}, "<Response><Errors>", "", "<Response><Errors>", ""},
      {"nothing", 503, {}, "", "", "", ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    net::Headers headers;
    for (const auto& [name, value] : c.headers) headers.add(name, value);
    const auto failure = parse_failure(c.status, headers, c.body);
    EXPECT_EQ(failure.code, c.code);
    EXPECT_EQ(failure.message, c.message);
    EXPECT_EQ(failure.request_id, c.request_id);
    EXPECT_EQ(failure.status, c.status);
  }
}

TEST(Xml, malformed_answers_are_errors_and_missing_elements_are_empty) {
  EXPECT_TRUE(XmlDocument::parse("").failed_with(base::Code::kInvalid));
  EXPECT_TRUE(XmlDocument::parse("{}").failed_with(base::Code::kInvalid));
  EXPECT_TRUE(XmlDocument::parse("<a><b></a>").failed_with(base::Code::kInvalid));
  const auto document = XmlDocument::parse("<a><n>12x</n><list><member>1</member><item>2</item></list></a>");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root()["no"]["such"]["thing"].text(), "");
  EXPECT_EQ(document->root()["n"].integer_or(-1), -1);
  EXPECT_EQ(document->root()["list"].items().size(), 2U);  // whatever the entries are called
}

// spec: aws §2.10
TEST(Ec2Query, decodes_a_partial_fleet) {
  const auto document = XmlDocument::parse(R"(<CreateFleetResponse><fleetId>f-1</fleetId>
    <fleetInstanceSet><item><instanceIds><item>i-1</item></instanceIds><instanceType>m5.large</instanceType>
      <launchTemplateAndOverrides><overrides><subnetId>s-1</subnetId><availabilityZone>z1</availabilityZone>
      <imageId>ami-1</imageId></overrides></launchTemplateAndOverrides><future>x</future></item></fleetInstanceSet>
    <errorSet><item><errorCode>InsufficientInstanceCapacity</errorCode><errorMessage>none left</errorMessage>
      <launchTemplateAndOverrides><overrides><instanceType>c5.large</instanceType><availabilityZone>z2</availabilityZone>
      </overrides></launchTemplateAndOverrides></item></errorSet></CreateFleetResponse>)");
  const auto fleet = decode_fleet(document->root());
  ASSERT_EQ(fleet.instances.size(), 1U);
  EXPECT_EQ(fleet.instances[0].ids, std::vector<std::string>{"i-1"});
  EXPECT_EQ(fleet.instances[0].zone, "z1");
  ASSERT_EQ(fleet.errors.size(), 1U);
  EXPECT_EQ(fleet.errors[0].code, "InsufficientInstanceCapacity");
  EXPECT_EQ(fleet.errors[0].instance_type, "c5.large");
  EXPECT_EQ(fleet.errors[0].subnet_id, "");
}

}  // namespace
}  // namespace karpenter::aws
