#pragma once

#include <string>
#include <vector>

#include "common/kube/api.h"
#include "common/kube/store.h"
#include "common/model/conditions.h"
#include "common/model/karpenter/v1.h"
#include "common/reconcile/reconciler.h"
#include "common/telemetry/events.h"
#include "common/telemetry/log.h"
#include "controller/aws/provider/aws_parts.h"

namespace karpenter::aws {

// `nodeclass`: resolves what an EC2NodeClass selects, publishes it in status with conditions, and cleans up
// in AWS when the class goes. Thread-safe. spec: aws §11.1-§11.8, §11.11
class NodeClassController final : public reconcile::Reconciler {
 public:
  NodeClassController(AwsParts& parts, const kube::Store<model::NodeClaim>& node_claims);
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;

 private:
  // What one step wants: a delay until the next pass, an error, or both unset.
  struct Step {
    std::optional<std::chrono::nanoseconds> again = std::nullopt;
    std::optional<base::Error> error = std::nullopt;
  };
  base::Result<reconcile::Outcome> resolve(const model::Ec2NodeClass& before, const Call& call);
  base::Result<reconcile::Outcome> finalize(const model::Ec2NodeClass& node_class, const Call& call);

  Step resolve_amis(model::Ec2NodeClass& out, model::Conditions& conditions, const Call& call);
  static Step resolve_reservations(model::Ec2NodeClass& out, model::Conditions& conditions);
  static Step resolve_placement_group(model::Ec2NodeClass& out, model::Conditions& conditions);
  Step resolve_subnets(model::Ec2NodeClass& out, model::Conditions& conditions, const Call& call);
  Step resolve_security_groups(model::Ec2NodeClass& out, model::Conditions& conditions, const Call& call);
  Step resolve_instance_profile(model::Ec2NodeClass& out, model::Conditions& conditions, const Call& call);
  Step validate(model::Ec2NodeClass& out, model::Conditions& conditions, const Call& call);

  AwsParts& parts_;
  const kube::Store<model::NodeClaim>& node_claims_;
  kube::Api<model::Ec2NodeClass> api_;
  telemetry::Log log_;
};

}  // namespace karpenter::aws
