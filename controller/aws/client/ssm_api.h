#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/runtime/runtime.h"

namespace karpenter::aws {

class ServiceClient;
using runtime::Call;

// SSM, JSON 1.1. Thread-safe. spec: aws §2.11
class SsmApi {
 public:
  virtual ~SsmApi() = default;
  // The value of a parameter by name or ARN; kNotFound when there is none.
  virtual base::Result<std::string> get_parameter(std::string_view name, const Call& call) = 0;
};
[[nodiscard]] std::unique_ptr<SsmApi> make_ssm_api(ServiceClient& client);

}  // namespace karpenter::aws
