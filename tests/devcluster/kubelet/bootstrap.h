#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/model/meta.h"
#include "common/model/resources.h"
#include "common/model/taints.h"
#include "tests/devcluster/aws/aws_cloud.h"

namespace karpenter::devcluster {

// What a node's boot agent takes from user data.
struct Bootstrap {
  std::string cluster_name;
  std::string api_server;
  model::StringMap labels;
  std::vector<model::Taint> taints;
  std::optional<std::int64_t> max_pods;
};

// Reads nodeadm's NodeConfig (plain or inside MIME) and the bootstrap.sh line of AL2. kInvalid for user data
// that a real node would not join a cluster with.
[[nodiscard]] base::Result<Bootstrap> read_user_data(std::string_view user_data);

// `a=b,c=d`
[[nodiscard]] model::StringMap parse_label_list(std::string_view text);
// `key=value:Effect,key:Effect`; kInvalid for one without a key or a known effect.
[[nodiscard]] base::Result<std::vector<model::Taint>> parse_taint_list(std::string_view text);

// Capacity and allocatable as kubelet would report them: some memory is the kernel's, the rest of the
// difference is what EKS reserves for kubelet, system and eviction.
struct NodeSize {
  model::Resources capacity;
  model::Resources allocatable;
};
[[nodiscard]] NodeSize node_size(const InstanceView& instance, std::int64_t max_pods);

}  // namespace karpenter::devcluster
