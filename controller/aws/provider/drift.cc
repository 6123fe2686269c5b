#include "controller/aws/provider/drift.h"

#include <algorithm>
#include <set>

#include "common/json/json.h"
#include "common/model/labels.h"
#include "common/model/legacy/annotations.h"
#include "controller/aws/provider/amis.h"

namespace karpenter::aws {
namespace {

base::Error unresolved(std::string message, const model::Ec2NodeClass& node_class) {
  return base::invalid(std::move(message)).add("EC2NodeClass", node_class.meta.name);
}

}  // namespace

std::string static_drift(const model::NodeClaim& claim, const model::Ec2NodeClass& node_class) {
  namespace labels = model::labels;
  const auto class_hash = node_class.meta.annotation(labels::kNodeClassHash);
  const auto class_version = node_class.meta.annotation(labels::kNodeClassHashVersion);
  const auto claim_hash = claim.meta.annotation(labels::kNodeClassHash);
  const auto claim_version = claim.meta.annotation(labels::kNodeClassHashVersion);
  if (class_hash.empty() || class_version.empty() || claim_hash.empty() || claim_version.empty()) return "";
  return class_version == claim_version && class_hash != claim_hash ? "NodeClassDrift" : "";
}

std::string kubelet_drift(const model::NodeClaim& claim, const model::NodePool& pool,
                          const model::Ec2NodeClass& node_class) {
  namespace labels = model::labels;
  const auto version = claim.meta.annotation(labels::kNodeClassHashVersion);
  if (version.empty() || version != node_class.meta.annotation(labels::kNodeClassHashVersion)) return "";
  const auto text = [](const model::ObjectMeta& meta) {
    return meta.annotation(model::v1beta1::kKubeletAnnotation);
  };
  if (text(claim.meta) == text(pool.meta)) return "";
  // Releases differ in how they write the same configuration.
  const auto made = json::parse(text(claim.meta));
  const auto now = json::parse(text(pool.meta));
  return made && now && *made == *now ? "" : "NodeClassDrift";
}

base::Result<std::string> ami_drift(const model::NodeClaim& claim, const model::Ec2NodeClass& node_class,
                                    const cloud::InstanceType& type) {
  if (node_class.status.amis.empty()) return unresolved("no AMIs are resolved", node_class);
  if (claim.status.image_id.empty())
    return base::invalid("the NodeClaim has no image id").add("NodeClaim", claim.meta.name);
  const model::AmiStatus* ami = find_ami(node_class.status, type);
  return std::string(ami != nullptr && ami->id == claim.status.image_id ? "" : "AMIDrift");
}

base::Result<std::string> instance_drift(const CloudInstance& instance,
                                         const model::Ec2NodeClass& node_class) {
  const auto& status = node_class.status;
  if (status.security_groups.empty()) return unresolved("no security groups are resolved", node_class);
  if (status.subnets.empty()) return unresolved("no subnets are resolved", node_class);
  std::set<std::string> wanted;
  for (const auto& group : status.security_groups) wanted.insert(group.id);
  if (wanted !=
      std::set<std::string>(instance.security_group_ids.begin(), instance.security_group_ids.end())) {
    return std::string("SecurityGroupDrift");
  }
  const bool in_subnets =
      std::ranges::find(status.subnets, instance.subnet_id, &model::SubnetStatus::id) != status.subnets.end();
  return std::string(in_subnets ? "" : "SubnetDrift");
}

}  // namespace karpenter::aws
