#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "common/kube/api.h"
#include "common/kube/store.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "common/reconcile/reconciler.h"
#include "controller/aws/provider/aws_parts.h"

namespace karpenter::aws {

// Instances (as claims) that no NodeClaim knows although they are older than 30 s and not ending. Pure.
// spec: lifecycle §5.2
[[nodiscard]] std::vector<model::NodeClaim> plan_garbage_collection(
    const std::vector<model::NodeClaim>& instances, const std::set<std::string>& known_provider_ids,
    base::Time now);

// `instance.garbagecollection`: terminates instances without a NodeClaim and deletes their Nodes. Singleton.
// spec: aws §13.5, lifecycle §5.2
class GarbageCollectionController final : public reconcile::Reconciler {
 public:
  struct Stores {
    const kube::Store<model::NodeClaim>& node_claims;
    const kube::Store<model::Node>& nodes;
  };
  GarbageCollectionController(AwsParts& parts, Stores stores);
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;

 private:
  base::Status collect(const model::NodeClaim& instance, const Call& call);
  base::Result<bool> is_claimed(const model::NodeClaim& instance, const Call& call);

  AwsParts& parts_;
  Stores stores_;
  kube::Api<model::Node> nodes_api_;
  telemetry::Log log_;
  int passes_ = 0;  // successful ones; only the one worker touches it
};

}  // namespace karpenter::aws
