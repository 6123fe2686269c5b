#include "controller/nodepool/services.h"

namespace karpenter::nodepool {

namespace {

bool references_managed_class(const Services& services, const model::NodePool& pool) {
  const auto& ref = pool.spec.node_template.spec.node_class_ref;
  return ref.group == services.node_class_group && ref.kind == services.node_class_kind;
}

}  // namespace

std::shared_ptr<const model::NodePool> Services::find_managed(const model::ObjectKey& key) const {
  auto pool = pools.find(key);
  return pool && references_managed_class(*this, *pool) ? pool : nullptr;
}

std::shared_ptr<const model::Ec2NodeClass> Services::node_class_of(const model::NodePool& pool) const {
  return node_classes.find(pool.spec.node_template.spec.node_class_ref.name);
}

std::vector<model::ObjectKey> pools_of(const Services& services, const model::Ec2NodeClass& node_class) {
  std::vector<model::ObjectKey> out;
  for (const auto& pool : services.pools.list()) {
    const bool references = references_managed_class(services, *pool) &&
                            pool->spec.node_template.spec.node_class_ref.name == node_class.meta.name;
    if (references) out.push_back(model::key_of(pool->meta));
  }
  return out;
}

}  // namespace karpenter::nodepool
