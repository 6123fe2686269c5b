#pragma once

#include <set>
#include <string>
#include <vector>

#include "common/model/karpenter/v1.h"
#include "controller/aws/client/ec2_types.h"
#include "controller/aws/provider/ami_family.h"
#include "controller/aws/provider/kubelet.h"
#include "controller/cloud/instance_type.h"

// What one EC2 instance type means to Kubernetes under one EC2NodeClass: labels, capacity, overhead. Pure.

namespace karpenter::aws {

// The zones an EC2NodeClass can launch into, from status.subnets, ordered by zone. spec: aws §3.2
struct ZoneInfo {
  std::string zone;
  std::string zone_id;
  std::vector<std::string> subnet_ids;
};
[[nodiscard]] std::vector<ZoneInfo> zones_of(const model::Ec2NodeClassStatus& status);

// What all types of one EC2NodeClass share.
struct BuildContext {
  std::string region;
  AmiFamily family = AmiFamily::kAl2023;
  KubeletConfig kubelet;
  model::Ec2NodeClassSpec spec;
  std::vector<ZoneInfo> zones;
  double vm_memory_overhead_percent = 0.075;
  std::int64_t reserved_enis = 0;
};

// Name, labels, capacity and overhead; offerings are left empty. `offered_zones` are the zones EC2 offers the
// type in. spec: aws §3.3-§3.7
[[nodiscard]] cloud::InstanceType build_instance_type(const InstanceTypeInfo& info,
                                                      const std::set<std::string>& offered_zones,
                                                      const BuildContext& context);

// ---- the parts, for tests and launch templates
[[nodiscard]] model::Requirements type_labels(const InstanceTypeInfo& info,
                                              const std::set<std::string>& offered_zones,
                                              const BuildContext& context);
// Bytes after the VM overhead. spec: aws §3.5
[[nodiscard]] std::int64_t memory_bytes(const InstanceTypeInfo& info, double overhead_percent);
// Pods that addresses on the default network card allow. spec: aws §3.6
[[nodiscard]] std::int64_t eni_limited_pods(const InstanceTypeInfo& info, const model::Ec2NodeClassSpec& spec,
                                            std::int64_t reserved_enis);
[[nodiscard]] std::int64_t pod_capacity(const InstanceTypeInfo& info, const BuildContext& context);
[[nodiscard]] model::Quantity ephemeral_storage(const InstanceTypeInfo& info, const BuildContext& context);
[[nodiscard]] model::Resources kube_reserved(const InstanceTypeInfo& info, const BuildContext& context);
[[nodiscard]] std::int64_t kube_reserved_milli_cpu(std::int64_t vcpus);
[[nodiscard]] model::Resources eviction_threshold(const KubeletConfig& kubelet, const model::Quantity& memory,
                                                  const model::Quantity& storage);
// False when the EC2NodeClass asks for something the type cannot do; such types stay listed, unavailable.
// spec: aws §3.9
[[nodiscard]] bool is_compatible(const InstanceTypeInfo& info, const BuildContext& context);

}  // namespace karpenter::aws
