#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/json/json.h"
#include "common/net/http.h"
#include "tests/devcluster/aws/account.h"
#include "tests/devcluster/aws/wire.h"

// The smaller services. spec: aws §2.6, §2.11

namespace karpenter::devcluster::aws_emulator {

// IAM and STS: form in, XML inside <OperationResult> out. Account::mutex is held.
struct QueryCall {
  Account& account;
  const Form& form;
  Param params;
  std::string access_key;  // of the caller; empty when unsigned
};
using QueryOperation = base::Result<std::string> (*)(QueryCall&);
[[nodiscard]] QueryOperation find_iam_operation(std::string_view name);
[[nodiscard]] QueryOperation find_sts_operation(std::string_view name);

// SQS, SSM, Pricing: JSON in and out. Account::mutex is held through `lock`, which a long poll waits with.
struct JsonCall {
  Account& account;
  json::View body;
  runtime::Lock& lock;
  const net::Call& call;
};
using JsonOperation = base::Result<json::Value> (*)(JsonCall&);
[[nodiscard]] JsonOperation find_sqs_operation(std::string_view name);
[[nodiscard]] JsonOperation find_ssm_operation(std::string_view name);
[[nodiscard]] JsonOperation find_pricing_operation(std::string_view name);

// Refuses members outside `known` and absent or empty `required` ones (all strings) with ValidationException.
[[nodiscard]] base::Status check_members(json::View body, std::initializer_list<std::string_view> required,
                                         std::initializer_list<std::string_view> optional);
// An integer member within [min, max]; `fallback` when absent.
[[nodiscard]] base::Result<std::int64_t> read_integer(json::View body, std::string_view name,
                                                      std::int64_t fallback, std::int64_t min,
                                                      std::int64_t max);

// EKS: the operation a method and path mean ("" when none), and its answer. Account::mutex is held.
[[nodiscard]] std::string find_eks_operation(std::string_view method, std::string_view path);
[[nodiscard]] base::Result<json::Value> describe_cluster(const Account& account, std::string_view path);

}  // namespace karpenter::devcluster::aws_emulator
