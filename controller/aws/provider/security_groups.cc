#include "controller/aws/provider/security_groups.h"

#include <map>
#include <utility>

#include "controller/aws/provider/selectors.h"

namespace karpenter::aws {

SecurityGroupProvider::SecurityGroupProvider(runtime::Runtime& runtime, Ec2Api& ec2,
                                             std::chrono::nanoseconds refresh_interval)
    : ec2_(ec2), refresh_interval_(refresh_interval), lists_(runtime) {}

base::Result<std::vector<SecurityGroup>> SecurityGroupProvider::list(const model::Ec2NodeClass& node_class,
                                                                     const Call& call) {
  const std::string key = node_class.meta.uid + "-" + std::to_string(node_class.meta.generation);
  if (auto cached = lists_.find(key)) return std::move(*cached);
  std::map<std::string, SecurityGroup> found;
  for (const auto& filters :
       selector_queries(node_class.spec.security_group_selector_terms, {"group-id", "group-name"})) {
    ASSIGN_OR_RETURN(auto groups, ec2_.describe_security_groups(filters, call));
    for (auto& group : groups) found.insert_or_assign(group.id, group);
  }
  std::vector<SecurityGroup> out;
  for (auto& [id, group] : found) out.push_back(std::move(group));
  lists_.put(key, out, refresh_interval_);
  return out;
}

}  // namespace karpenter::aws
