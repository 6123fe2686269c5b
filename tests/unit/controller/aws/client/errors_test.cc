#include "controller/aws/client/errors.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace karpenter::aws {
namespace {

using base::Code;

// spec: aws §2.7, §2.8
TEST(AwsErrors, classifies_codes) {
  struct Case {
    std::string code;
    int status;
    Code want;
    bool retryable;
  };
  const std::vector<Case> cases = {
      {"InvalidInstanceID.NotFound", 400, Code::kNotFound, false},
      {"InvalidLaunchTemplateName.NotFoundException", 400, Code::kNotFound, false},
      {"NoSuchEntity", 404, Code::kNotFound, false},
      {"AWS.SimpleQueueService.NonExistentQueue", 400, Code::kNotFound, false},
      {"EntityAlreadyExists", 409, Code::kAlreadyExists, false},
      {"UnauthorizedOperation", 403, Code::kForbidden, false},
      {"AuthFailure", 401, Code::kForbidden, false},
      {"RequestLimitExceeded", 503, Code::kThrottled, true},
      {"ThrottlingException", 400, Code::kThrottled, true},
      {"InsufficientInstanceCapacity", 500, Code::kNoCapacity, true},
      {"InternalError", 500, Code::kUnavailable, true},
      {"", 502, Code::kUnavailable, true},
      {"", 504, Code::kUnavailable, true},
      {"RequestTimeout", 400, Code::kTimeout, true},
      {"InvalidParameterValue", 400, Code::kInvalid, false},
      {"SomethingNew", 403, Code::kForbidden, false},
      {"NotImplemented", 501, Code::kUnavailable, false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.code + " " + std::to_string(c.status));
    EXPECT_EQ(code_of(c.code, c.status), c.want);
    EXPECT_EQ(is_retryable(c.code, c.status), c.retryable);
  }
}

// spec: aws §2.8
TEST(AwsErrors, launch_reason_is_the_first_that_matches) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"AuthFailure.ServiceLinkedRoleCreationNotPermitted: x", "SpotSLRCreationFailed"},
      {"UnauthorizedOperation: with an explicit deny in a permissions boundary", "Unauthorized"},
      {"UnauthorizedOperation: Not authorized for images: [ami-1]", "AMIAuthorizationFailure"},
      {"AccessDenied: no", "Unauthorized"},
      {"InvalidParameter: Security group sg-1 and subnet subnet-1 belong to different networks.",
       "SecurityGroupSubnetVPCMismatch"},
      {"InvalidParameter: other", "LaunchFailed"},
      {"InvalidParameterValue: Value (x) for parameter iamInstanceProfile.name is invalid",
       "InstanceProfileNameInvalid"},
      {"InvalidLaunchTemplateId.NotFound: x", "LaunchTemplateNotFound"},
      {"InvalidUserData.Malformed: User data is limited to 16384 bytes", "UserDataSizeLimitExceeded"},
      {"InvalidAMIID.Malformed: x", "InvalidAMIID"},
      {"InvalidAMIID.NotFound: x", "AMINotFound"},
      {"RequestLimitExceeded: x", "RequestLimitExceeded"},
      {"InternalError: x; VcpuLimitExceeded: y", "InternalError"},
      {"MaxFleetCountExceeded: x", "FleetQuotaExceeded"},
      {"PendingVerification: x", "AccountPendingVerification"},
      {"MaxSpotInstanceCountExceeded: x", "SpotQuotaExceeded"},
      {"VcpuLimitExceeded: x", "VCPULimitExceeded"},
      {"InsufficientFreeAddressesInSubnet: x", "InsufficientFreeAddressesInSubnet"},
      {"InsufficientInstanceCapacity: x", "LaunchFailed"},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(launch_reason(text).reason, want) << text;
}

TEST(AwsErrors, role_missing_needs_the_message) {
  EXPECT_TRUE(is_role_missing(
      make_aws_error({"NoSuchEntity", "The role with name x cannot be found.", "", 404}, "IAM", "")));
  EXPECT_FALSE(is_role_missing(
      make_aws_error({"NoSuchEntity", "Instance Profile x cannot be found.", "", 404}, "IAM", "")));
}

}  // namespace
}  // namespace karpenter::aws
