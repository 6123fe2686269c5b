#include "controller/aws/client/errors.h"

#include <algorithm>
#include <array>

namespace karpenter::aws {
namespace {

using base::Code;

template <std::size_t N>
bool is_one_of(std::string_view value, const std::array<std::string_view, N>& set) {
  return std::ranges::find(set, value) != set.end();
}

constexpr std::array<std::string_view, 9> kNotFoundCodes = {"InvalidCapacityReservationId.NotFound",
                                                            "InvalidInstanceID.NotFound",
                                                            "InvalidLaunchTemplateName.NotFoundException",
                                                            "InvalidLaunchTemplateId.NotFound",
                                                            "QueueDoesNotExist",
                                                            "AWS.SimpleQueueService.NonExistentQueue",
                                                            "NoSuchEntity",
                                                            "ParameterNotFound",
                                                            "ResourceNotFoundException"};

constexpr std::array<std::string_view, 14> kThrottlingCodes = {"Throttling",
                                                               "ThrottlingException",
                                                               "ThrottledException",
                                                               "RequestThrottledException",
                                                               "TooManyRequestsException",
                                                               "ProvisionedThroughputExceededException",
                                                               "TransactionInProgressException",
                                                               "RequestLimitExceeded",
                                                               "BandwidthLimitExceeded",
                                                               "LimitExceededException",
                                                               "RequestThrottled",
                                                               "SlowDown",
                                                               "PriorRequestNotComplete",
                                                               "EC2ThrottledException"};

constexpr std::array<std::string_view, 10> kForbiddenCodes = {"UnauthorizedOperation",
                                                              "AuthFailure",
                                                              "AccessDenied",
                                                              "AccessDeniedException",
                                                              "InvalidClientTokenId",
                                                              "SignatureDoesNotMatch",
                                                              "InvalidSignatureException",
                                                              "UnrecognizedClientException",
                                                              "ExpiredToken",
                                                              "ExpiredTokenException"};

constexpr std::array<std::string_view, 5> kSkewCodes = {"RequestExpired", "RequestTimeTooSkewed",
                                                        "InvalidSignatureException", "SignatureDoesNotMatch",
                                                        "AuthFailure"};

constexpr std::array<std::string_view, 4> kServerFaultCodes = {
    "ServerException", "ServiceUnavailableException", "InternalServerError", "ServiceFailure"};

constexpr std::array<std::string_view, 10> kIceCodes = {"InsufficientInstanceCapacity",
                                                        "MaxSpotInstanceCountExceeded",
                                                        "VcpuLimitExceeded",
                                                        "UnfulfillableCapacity",
                                                        "Unsupported",
                                                        "InsufficientFreeAddressesInSubnet",
                                                        "MaxFleetCountExceeded",
                                                        "ReservationCapacityExceeded",
                                                        "SpotMaxPriceTooLow",
                                                        "InvalidCapacityReservationState.Unavailable"};

std::string_view with_of(const base::Error& error, std::string_view key) {
  for (const auto& [name, value] : error.with) {
    if (name == key) return value;
  }
  return {};
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

LaunchReason unauthorized_reason(std::string_view text) {
  if (contains(text, "with an explicit deny in a permissions boundary")) {
    return {"Unauthorized", "User is not authorized to perform this operation due to a permissions boundary"};
  }
  if (contains(text, "with an explicit deny in a service control policy")) {
    return {"Unauthorized",
            "User is not authorized to perform this operation due to a service control policy"};
  }
  if (contains(text, "Not authorized for images")) {
    return {"AMIAuthorizationFailure", "User is not authorized to use the selected AMI"};
  }
  return {"Unauthorized",
          "User is not authorized to perform this operation because no identity-based policy allows it"};
}

struct ReasonRule {
  std::string_view part;
  LaunchReason reason;
};
// In order; the first part that the text contains wins. spec: aws §2.8
constexpr std::array<ReasonRule, 13> kReasonRules = {{
    {"iamInstanceProfile.name is invalid",
     {"InstanceProfileNameInvalid", "The instance profile name of the EC2NodeClass does not exist"}},
    {"InvalidLaunchTemplateId.NotFound", {"LaunchTemplateNotFound", "The launch template does not exist"}},
    {"User data is limited to",
     {"UserDataSizeLimitExceeded", "The user data is larger than EC2 allows (16384 bytes)"}},
    {"InvalidAMIID.Malformed", {"InvalidAMIID", "The AMI id is malformed"}},
    {"InvalidAMIID.NotFound", {"AMINotFound", "The AMI does not exist"}},
    {"RequestLimitExceeded", {"RequestLimitExceeded", "The EC2 request limit was exceeded"}},
    {"InternalError", {"InternalError", "EC2 reported an internal error"}},
    {"not eligible for Free Tier",
     {"FreeTierIneligible", "The instance type is not eligible for the free tier"}},
    {"MaxFleetCountExceeded", {"FleetQuotaExceeded", "The fleet quota was exceeded"}},
    {"PendingVerification", {"AccountPendingVerification", "The AWS account is being verified"}},
    {"MaxSpotInstanceCountExceeded", {"SpotQuotaExceeded", "The spot instance quota was exceeded"}},
    {"VcpuLimitExceeded", {"VCPULimitExceeded", "The vCPU quota was exceeded"}},
    {"InsufficientFreeAddressesInSubnet",
     {"InsufficientFreeAddressesInSubnet", "The subnet has not enough free addresses"}},
}};

}  // namespace

base::Error make_aws_error(const AwsFailure& failure, std::string_view service, std::string_view operation) {
  base::Error error;
  error.code = code_of(failure.code, failure.status);
  error.message = "AWS request failed";
  error.reason = failure.code;
  error.with = {{"aws-error-code", failure.code},
                {"aws-error-message", failure.message},
                {"aws-operation-name", std::string(operation)},
                {"aws-request-id", failure.request_id},
                {"aws-service-name", std::string(service)},
                {"aws-status-code", std::to_string(failure.status)}};
  return error;
}

Code code_of(std::string_view aws_code, int status) {
  if (is_one_of(aws_code, kNotFoundCodes)) return Code::kNotFound;
  if (is_throttling(aws_code) || status == 429) return Code::kThrottled;
  if (is_one_of(aws_code, kForbiddenCodes)) return Code::kForbidden;
  if (aws_code == "EntityAlreadyExists" || aws_code.ends_with(".AlreadyExistsException"))
    return Code::kAlreadyExists;
  if (is_unfulfillable_capacity(aws_code)) return Code::kNoCapacity;
  if (aws_code == "RequestTimeout" || aws_code == "RequestTimeoutException") return Code::kTimeout;
  if (is_one_of(aws_code, kServerFaultCodes) || status >= 500) return Code::kUnavailable;
  if (status == 401 || status == 403) return Code::kForbidden;
  if (status >= 400) return Code::kInvalid;
  return Code::kInternal;
}

bool is_throttling(std::string_view aws_code) { return is_one_of(aws_code, kThrottlingCodes); }

bool is_retryable(std::string_view aws_code, int status) {
  return status == 500 || status == 502 || status == 503 || status == 504 || is_throttling(aws_code) ||
         aws_code == "RequestTimeout" || aws_code == "RequestTimeoutException";
}

bool is_clock_skew(std::string_view aws_code) { return is_one_of(aws_code, kSkewCodes); }

std::string aws_text(const base::Error& error) {
  const auto message = with_of(error, "aws-error-message");
  if (error.reason.empty() || with_of(error, "aws-error-code").empty()) return error.text();
  return error.reason + ": " + std::string(message);
}

bool is_not_found(const base::Error& error) { return error.code == Code::kNotFound; }
bool is_already_exists(const base::Error& error) { return error.code == Code::kAlreadyExists; }
bool is_dry_run_success(const base::Error& error) { return error.reason == "DryRunOperation"; }
bool is_unauthorized(const base::Error& error) { return error.reason == "UnauthorizedOperation"; }
bool is_rate_limited(const base::Error& error) { return error.reason == "RequestLimitExceeded"; }
bool is_server_fault(const base::Error& error) { return error.code == Code::kUnavailable; }
bool is_launch_template_not_found(const base::Error& error) {
  return error.reason == "InvalidLaunchTemplateName.NotFoundException";
}
bool is_role_missing(const base::Error& error) {
  return error.reason == "NoSuchEntity" && contains(with_of(error, "aws-error-message"), "role");
}

bool is_unfulfillable_capacity(std::string_view aws_code) { return is_one_of(aws_code, kIceCodes); }
bool is_spot_service_linked_role_missing(std::string_view aws_code) {
  return aws_code == "AuthFailure.ServiceLinkedRoleCreationNotPermitted";
}
bool is_out_of_addresses(std::string_view aws_code) {
  return aws_code == "InsufficientFreeAddressesInSubnet";
}

LaunchReason launch_reason(std::string_view text) {
  if (contains(text, "AuthFailure.ServiceLinkedRoleCreationNotPermitted")) {
    return {"SpotSLRCreationFailed",
            "User does not have the permission to create the service-linked role for EC2 Spot"};
  }
  if (contains(text, "UnauthorizedOperation") || contains(text, "AccessDenied") ||
      contains(text, "AuthFailure")) {
    return unauthorized_reason(text);
  }
  if (contains(text, "InvalidParameter") && contains(text, "belong to different networks")) {
    return {"SecurityGroupSubnetVPCMismatch", "Security groups and subnets belong to different VPCs"};
  }
  for (const auto& rule : kReasonRules) {
    if (contains(text, rule.part)) return rule.reason;
  }
  return {"LaunchFailed", ""};
}

}  // namespace karpenter::aws
