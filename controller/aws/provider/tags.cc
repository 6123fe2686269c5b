#include "controller/aws/provider/tags.h"

#include <algorithm>
#include <array>
#include <string>

#include "common/model/labels.h"
#include "controller/aws/provider/aws_labels.h"

namespace karpenter::aws {
namespace {

constexpr std::string_view kClusterTagPrefix = "kubernetes.io/cluster/";

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool is_restricted(std::string_view key) {
  static constexpr std::array<std::string_view, 4> kOwned = {model::labels::kNodePool, tag::kClusterName,
                                                             model::labels::kNodeClass, tag::kNodeClaim};
  if (std::ranges::find(kOwned, key) != kOwned.end()) return true;
  if (!key.starts_with(kClusterTagPrefix)) return false;
  const std::string_view name = key.substr(kClusterTagPrefix.size());
  return !name.empty() && is_alphanumeric(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; });
}

Tags owned_tags(const model::Ec2NodeClass& node_class, std::string_view cluster) {
  Tags out = node_class.spec.tags;
  out[std::string(kClusterTagPrefix) + std::string(cluster)] = "owned";
  out[std::string(tag::kClusterName)] = cluster;
  out[std::string(model::labels::kNodeClass)] = node_class.meta.name;
  return out;
}

}  // namespace

Tags launch_tags(const model::Ec2NodeClass& node_class, std::string_view node_pool,
                 std::string_view cluster) {
  Tags out = owned_tags(node_class, cluster);
  out[std::string(model::labels::kNodePool)] = node_pool;
  return out;
}

Tags profile_tags(const model::Ec2NodeClass& node_class, std::string_view cluster, std::string_view region) {
  Tags out = owned_tags(node_class, cluster);
  out[std::string(model::labels::kRegion)] = region;
  return out;
}

base::Status check_tags(const model::StringMap& tags) {
  for (const auto& [key, value] : tags) {
    if (is_restricted(key)) return base::invalid("the tag key is managed by Karpenter").add("tag", key);
  }
  return base::ok();
}

}  // namespace karpenter::aws
