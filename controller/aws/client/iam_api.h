#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/runtime/runtime.h"
#include "controller/aws/client/ec2_types.h"

namespace karpenter::aws {

class ServiceClient;

struct InstanceProfile {
  std::string name;
  std::vector<std::string> roles;  // names without path
};

// IAM, query protocol. Thread-safe. spec: aws §2.11
class IamApi {
 public:
  virtual ~IamApi() = default;
  virtual base::Result<InstanceProfile> get_instance_profile(std::string_view name,
                                                             const runtime::Call& call) = 0;
  virtual base::Result<InstanceProfile> create_instance_profile(std::string_view name, std::string_view path,
                                                                const Tags& tags,
                                                                const runtime::Call& call) = 0;
  virtual base::Status add_role(std::string_view profile, std::string_view role,
                                const runtime::Call& call) = 0;
  virtual base::Status remove_role(std::string_view profile, std::string_view role,
                                   const runtime::Call& call) = 0;
  virtual base::Status delete_instance_profile(std::string_view name, const runtime::Call& call) = 0;
  // Names of all profiles under a path prefix.
  virtual base::Result<std::vector<std::string>> list_instance_profiles(std::string_view path_prefix,
                                                                        const runtime::Call& call) = 0;
};
[[nodiscard]] std::unique_ptr<IamApi> make_iam_api(ServiceClient& client);

}  // namespace karpenter::aws
