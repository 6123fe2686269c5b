#include "controller/aws/client/endpoints.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace karpenter::aws {
namespace {

// spec: aws §2.4
TEST(Endpoints, default_hosts_and_scopes) {
  struct Case {
    Service service;
    std::string region;
    bool fips;
    bool dual;
    std::string host;
    std::string signing_region;
  };
  const std::vector<Case> cases = {
      {Service::kEc2, "us-west-2", false, false, "ec2.us-west-2.amazonaws.com", "us-west-2"},
      {Service::kEc2, "us-west-2", true, false, "ec2-fips.us-west-2.amazonaws.com", "us-west-2"},
      {Service::kSqs, "us-gov-west-1", true, false, "sqs.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
      {Service::kSsm, "cn-north-1", false, true, "ssm.cn-north-1.api.amazonwebservices.com.cn", "cn-north-1"},
      {Service::kSts, "eusc-de-east-1", false, false, "sts.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"},
      {Service::kEks, "us-east-2", true, false, "fips.eks.us-east-2.amazonaws.com", "us-east-2"},
      {Service::kEks, "us-gov-east-1", true, false, "eks.us-gov-east-1.amazonaws.com", "us-gov-east-1"},
      {Service::kEks, "us-iso-east-1", true, false, "eks-fips.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"},
      {Service::kIam, "eu-west-1", false, false, "iam.amazonaws.com", "us-east-1"},
      {Service::kIam, "us-gov-west-1", false, false, "iam.us-gov.amazonaws.com", "us-gov-west-1"},
      {Service::kPricing, "ap-northeast-1", false, false, "api.pricing.ap-south-1.amazonaws.com",
       "ap-south-1"},
      {Service::kPricing, "us-west-2", false, false, "api.pricing.us-east-1.amazonaws.com", "us-east-1"},
      {Service::kEc2, "mars-north-1", false, false, "ec2.mars-north-1.amazonaws.com", "mars-north-1"},
  };
  for (const auto& c : cases) {
    EndpointSettings settings;
    settings.region = c.region;
    settings.fips = c.fips;
    settings.dual_stack = c.dual;
    const auto endpoint = resolve_endpoint(c.service, settings);
    ASSERT_TRUE(endpoint);
    EXPECT_EQ(endpoint->origin.host, c.host);
    EXPECT_EQ(endpoint->scope.region, c.signing_region) << c.host;
  }
}

TEST(Endpoints, overrides_keep_the_signing_scope) {
  EndpointSettings settings;
  settings.region = "us-west-2";
  settings.url = "http://127.0.0.1:4566/base/";
  settings.service_urls["PRICING"] = "https://prices.test";
  const auto iam = resolve_endpoint(Service::kIam, settings);
  ASSERT_TRUE(iam);
  EXPECT_EQ(iam->origin, (net::Origin{"http", "127.0.0.1", 4566}));
  EXPECT_EQ(iam->base_path, "/base");
  EXPECT_EQ(iam->scope.region, "us-east-1");
  EXPECT_EQ(resolve_endpoint(Service::kPricing, settings)->origin.host, "prices.test");
  settings.ignore_configured = true;
  EXPECT_EQ(resolve_endpoint(Service::kIam, settings)->origin.host, "iam.amazonaws.com");
}

TEST(Endpoints, bad_settings_are_errors) {
  EndpointSettings settings;
  EXPECT_TRUE(resolve_endpoint(Service::kEc2, settings).failed_with(base::Code::kInvalid));
  settings.region = "us-west-2";
  settings.url = "not a url";
  EXPECT_FALSE(resolve_endpoint(Service::kEc2, settings));
  settings.url = "http://127.0.0.1:1";
  settings.fips = true;
  EXPECT_TRUE(resolve_endpoint(Service::kEc2, settings).failed_with(base::Code::kInvalid));
}

}  // namespace
}  // namespace karpenter::aws
