#pragma once

#include <string_view>

#include "common/kube/api.h"
#include "common/kube/store.h"
#include "common/model/karpenter/v1.h"
#include "common/reconcile/reconciler.h"
#include "controller/aws/provider/aws_parts.h"

namespace karpenter::aws {

// The tags that the instance of a registered claim lacks. Existing keys are kept. Pure. spec: aws §10.4
[[nodiscard]] Tags missing_tags(const model::NodeClaim& claim, const Tags& present, std::string_view cluster);

// `nodeclaim.tagging`: tags instances with node and claim once the node is known, then says so in
// annotations. One worker: CreateTags shares its request budget with CreateFleet. spec: lifecycle §5.6
class TaggingController final : public reconcile::Reconciler {
 public:
  TaggingController(AwsParts& parts, const kube::Store<model::NodeClaim>& node_claims);
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;

 private:
  base::Status tag_instance(const model::NodeClaim& claim, const std::string& id, const Call& call);

  AwsParts& parts_;
  const kube::Store<model::NodeClaim>& node_claims_;
  kube::Api<model::NodeClaim> api_;
  telemetry::Log log_;
};

}  // namespace karpenter::aws
