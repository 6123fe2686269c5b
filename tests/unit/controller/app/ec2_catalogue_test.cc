#include "controller/app/ec2_catalogue.h"

#include <gtest/gtest.h>

namespace karpenter::app {
namespace {

constexpr const char* kAnswer = R"({"InstanceTypes": [
  {"InstanceType": "m5.large", "Hypervisor": "nitro", "SupportedUsageClasses": ["on-demand", "spot"],
   "ProcessorInfo": {"SupportedArchitectures": ["x86_64"], "SustainedClockSpeedInGhz": 3.1, "Manufacturer": "Intel"},
   "VCpuInfo": {"DefaultVCpus": 2}, "MemoryInfo": {"SizeInMiB": 8192},
   "NetworkInfo": {"DefaultNetworkCardIndex": 0, "NetworkCards": [{"NetworkCardIndex": 0, "MaximumNetworkInterfaces": 3}],
                   "Ipv4AddressesPerInterface": 10, "EncryptionInTransitSupported": false},
   "Offerings": [{"Zone": "eu-west-1a", "CapacityType": "spot", "Price": 0.04},
                 {"Zone": "eu-west-1b", "CapacityType": "on-demand", "Price": 0.1, "Available": false}]}]})";

base::Result<cloud::InstanceTypes> read(const std::string& text) {
  auto root = json::parse(text);
  EXPECT_TRUE(root.has_value());
  return read_ec2_catalogue(*root);
}

TEST(Ec2Catalogue, computes_types_as_the_provider_does) {
  const auto types = read(kAnswer);
  ASSERT_TRUE(types.has_value()) << types.error().text();
  ASSERT_EQ(types->size(), 1U);
  const cloud::InstanceType& type = *types->front();
  EXPECT_EQ(type.name, "m5.large");
  EXPECT_EQ(type.capacity.get("cpu").text(), "2");
  EXPECT_EQ(type.capacity.get("pods").text(), "29");
  EXPECT_LT(type.allocatable().get("cpu"), type.capacity.get("cpu"));
  EXPECT_LT(type.capacity.get("memory").value(), std::int64_t{8} << 30U);
  const auto has = [&](const char* key, const char* value) {
    const auto* requirement = type.requirements.find(key);
    return requirement != nullptr && requirement->has(value);
  };
  EXPECT_TRUE(has("kubernetes.io/arch", "amd64"));
  EXPECT_TRUE(has("karpenter.k8s.aws/instance-family", "m5"));
  EXPECT_TRUE(has("topology.kubernetes.io/zone", "eu-west-1b"));
  EXPECT_TRUE(has("topology.kubernetes.io/region", "eu-west-1"));
  ASSERT_EQ(type.offerings.size(), 2U);
  EXPECT_EQ(type.offerings[0].price, 0.04);
  EXPECT_TRUE(type.offerings[0].available);
  EXPECT_FALSE(type.offerings[1].available);
}

TEST(Ec2Catalogue, says_what_is_wrong) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"InstanceTypes": []})", "no InstanceTypes"},
      {R"({"InstanceTypes": [{}]})", "no InstanceType"},
      {R"({"InstanceTypes": [{"InstanceType": "a", "Offerings": [{"CapacityType": "spot", "Price": 1}]}]})",
       "no Zone"},
      {R"({"InstanceTypes": [{"InstanceType": "a", "Offerings": [{"Zone": "z", "CapacityType": "free"}]}]})",
       "CapacityType"},
      {R"({"InstanceTypes": [{"InstanceType": "a", "Offerings": [{"Zone": "z", "CapacityType": "spot"}]}]})",
       "Price"},
  };
  for (const auto& [text, want] : cases) {
    const auto types = read(text);
    ASSERT_FALSE(types.has_value()) << text;
    EXPECT_NE(types.error().text().find(want), std::string::npos) << types.error().text();
  }
}

}  // namespace
}  // namespace karpenter::app
