#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/runtime/runtime.h"

namespace karpenter::aws {

class ServiceClient;

struct EksCluster {
  std::string endpoint;
  std::string arn;
  std::string version;
  std::string service_ipv4_cidr;
  std::string service_ipv6_cidr;
};

// EKS, REST-JSON. Thread-safe. spec: aws §2.11
class EksApi {
 public:
  virtual ~EksApi() = default;
  virtual base::Result<EksCluster> describe_cluster(std::string_view name, const runtime::Call& call) = 0;
};
[[nodiscard]] std::unique_ptr<EksApi> make_eks_api(ServiceClient& client);

}  // namespace karpenter::aws
