#pragma once

#include <chrono>
#include <vector>

#include "common/model/karpenter/v1.h"
#include "common/runtime/runtime.h"
#include "controller/aws/client/ec2_api.h"
#include "controller/aws/provider/ttl_cache.h"

namespace karpenter::aws {

// Security groups of an EC2NodeClass. Thread-safe. spec: aws §5.2
class SecurityGroupProvider {
 public:
  SecurityGroupProvider(runtime::Runtime& runtime, Ec2Api& ec2, std::chrono::nanoseconds refresh_interval);
  // What the selector terms match (cached for the refresh interval), ordered by id.
  base::Result<std::vector<SecurityGroup>> list(const model::Ec2NodeClass& node_class, const Call& call);
  void sweep() { static_cast<void>(lists_.sweep()); }

 private:
  Ec2Api& ec2_;
  std::chrono::nanoseconds refresh_interval_;
  TtlCache<std::vector<SecurityGroup>> lists_;
};

}  // namespace karpenter::aws
