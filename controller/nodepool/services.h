#pragma once

#include <memory>
#include <string>

#include "common/kube/api.h"
#include "common/kube/store.h"
#include "common/model/karpenter/v1.h"
#include "common/reconcile/reconciler.h"
#include "common/telemetry/log.h"

// What the NodePool reconcilers share.

namespace karpenter::nodepool {

using base::Time;
using net::Call;

// References outlive the reconcilers.
struct Services {
  runtime::Runtime& runtime;
  telemetry::Log& log;
  kube::Client& client;
  const kube::Store<model::NodePool>& pools;
  const kube::Store<model::NodeClaim>& claims;
  const kube::Store<model::Ec2NodeClass>& node_classes;
  std::string node_class_group = std::string(model::kAwsGroup);  // pools of other node classes are not ours
  std::string node_class_kind = "EC2NodeClass";

  // The pool of that name if it is ours, else null.
  [[nodiscard]] std::shared_ptr<const model::NodePool> find_managed(const model::ObjectKey& key) const;
  [[nodiscard]] std::shared_ptr<const model::Ec2NodeClass> node_class_of(const model::NodePool& pool) const;
};

// The pools that reference the class: for mapping EC2NodeClass events to NodePools.
[[nodiscard]] std::vector<model::ObjectKey> pools_of(const Services& services,
                                                     const model::Ec2NodeClass& node_class);

}  // namespace karpenter::nodepool
