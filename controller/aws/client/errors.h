#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/base/error.h"

// What AWS errors mean. An AWS failure is a base::Error whose `reason` is the AWS code and whose `with`
// carries the keys aws-service-name, aws-operation-name, aws-request-id, aws-status-code, aws-error-code,
// aws-error-message. All pure. spec: aws §2.8

namespace karpenter::aws {

struct AwsFailure {
  std::string code;  // "" when the answer named none
  std::string message;
  std::string request_id;
  int status = 0;
};
[[nodiscard]] base::Error make_aws_error(const AwsFailure& failure, std::string_view service,
                                         std::string_view operation);

[[nodiscard]] base::Code code_of(std::string_view aws_code, int status);
[[nodiscard]] bool is_retryable(std::string_view aws_code, int status);  // spec: aws §2.7
[[nodiscard]] bool is_throttling(std::string_view aws_code);
[[nodiscard]] bool is_clock_skew(std::string_view aws_code);

// "code: message" of an AWS error, else the error's message.
[[nodiscard]] std::string aws_text(const base::Error& error);

[[nodiscard]] bool is_not_found(const base::Error& error);
[[nodiscard]] bool is_already_exists(const base::Error& error);
[[nodiscard]] bool is_dry_run_success(const base::Error& error);
[[nodiscard]] bool is_unauthorized(const base::Error& error);
[[nodiscard]] bool is_rate_limited(const base::Error& error);
[[nodiscard]] bool is_server_fault(const base::Error& error);
[[nodiscard]] bool is_launch_template_not_found(const base::Error& error);
[[nodiscard]] bool is_role_missing(const base::Error& error);

// ---- codes of one override in CreateFleet's errorSet
[[nodiscard]] bool is_unfulfillable_capacity(std::string_view aws_code);  // ICE
[[nodiscard]] bool is_spot_service_linked_role_missing(std::string_view aws_code);
[[nodiscard]] bool is_out_of_addresses(std::string_view aws_code);

// The `Launched` condition reason for an error text ("code: message", or several joined). spec: aws §2.8
struct LaunchReason {
  std::string_view reason;   // "Unauthorized", ..., "LaunchFailed"
  std::string_view message;  // one human sentence; "" for LaunchFailed
};
[[nodiscard]] LaunchReason launch_reason(std::string_view error_text);

}  // namespace karpenter::aws
