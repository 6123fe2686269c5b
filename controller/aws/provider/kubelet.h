#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/model/meta.h"
#include "common/model/resources.h"

namespace karpenter::aws {

// The members of spec.kubelet that the provider itself understands. The raw text stays the source for
// nodeadm. spec: aws §3.6, §3.7, §9.1
struct KubeletConfig {
  std::optional<std::int64_t> max_pods;
  std::optional<std::int64_t> pods_per_core;
  std::vector<std::string> cluster_dns;
  model::StringMap system_reserved;
  model::StringMap kube_reserved;
  model::StringMap eviction_hard;
  model::StringMap eviction_soft;
  model::StringMap eviction_soft_grace_period;
  std::optional<std::int64_t> eviction_max_pod_grace_period;
  std::optional<std::int64_t> image_gc_high_threshold;
  std::optional<std::int64_t> image_gc_low_threshold;
  std::optional<bool> cpu_cfs_quota;
};

// Reads the compact JSON text of spec.kubelet; "" is an empty configuration. kInvalid when it is not an
// object.
[[nodiscard]] base::Result<KubeletConfig> parse_kubelet(std::string_view text);

// The entries that are quantities. Others are dropped: expressions are behind a gate that is off. spec: aws
// §3.8
[[nodiscard]] model::Resources reserved_resources(const model::StringMap& entries);

}  // namespace karpenter::aws
