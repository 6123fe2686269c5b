#pragma once

#include <map>
#include <memory>
#include <string>

#include "common/kube/api.h"
#include "common/kube/store.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "common/reconcile/reconciler.h"
#include "controller/aws/provider/aws_parts.h"
#include "controller/aws/reconcile/interruption_message.h"

namespace karpenter::aws {

// `interruption`: reads the queue and deletes the NodeClaims of instances that are about to go, so that they
// drain in time. A message that could not be handled stays in the queue. Singleton. spec: aws §12.1-§12.4
class InterruptionController final : public reconcile::Reconciler {
 public:
  struct Stores {
    const kube::Store<model::NodeClaim>& node_claims;
    const kube::Store<model::Node>& nodes;
  };
  InterruptionController(AwsParts& parts, Stores stores);
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;

 private:
  // Instance id -> object, of one pass.
  struct Index {
    std::multimap<std::string, std::shared_ptr<const model::NodeClaim>> claims;
    std::map<std::string, std::shared_ptr<const model::Node>> nodes;
  };
  [[nodiscard]] Index index() const;
  base::Status process(const QueueMessage& message, const Index& index, const Call& call);
  base::Status handle(const InterruptionMessage& message, const Index& index, const Call& call);
  base::Status act(InterruptionKind kind, const model::NodeClaim& claim, const model::Node* node,
                   const Call& call);
  void notify(InterruptionKind kind, const model::NodeClaim& claim, const model::Node* node);
  void publish(const model::NodeClaim& claim, const model::Node* node, const telemetry::Event& event);

  AwsParts& parts_;
  Stores stores_;
  kube::Api<model::NodeClaim> claims_;
  telemetry::Log log_;
  std::string queue_url_;  // resolved at the first pass that can; only the one worker touches it
};

}  // namespace karpenter::aws
