#pragma once

#include "common/kube/api.h"
#include "common/kube/store.h"
#include "common/model/karpenter/v1.h"
#include "common/reconcile/reconciler.h"
#include "controller/aws/provider/aws_parts.h"

namespace karpenter::aws {

// `nodeclass.hash`: keeps the static-drift hash of an EC2NodeClass in its annotations and re-stamps
// NodeClaims that carry a hash of an older version. spec: aws §11.10
class NodeClassHashController final : public reconcile::Reconciler {
 public:
  NodeClassHashController(AwsParts& parts, const kube::Store<model::NodeClaim>& node_claims);
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;

 private:
  base::Status restamp_claims(const model::Ec2NodeClass& node_class, const std::string& hash,
                              const Call& call);

  AwsParts& parts_;
  const kube::Store<model::NodeClaim>& node_claims_;
  kube::Api<model::Ec2NodeClass> classes_;
  kube::Api<model::NodeClaim> claims_;
};

}  // namespace karpenter::aws
