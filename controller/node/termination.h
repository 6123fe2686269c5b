#pragma once

#include <chrono>
#include <optional>

#include "controller/node/drain.h"
#include "controller/node/eviction_queue.h"
#include "controller/node/services.h"

namespace karpenter::node {

// node.termination: takes a deleted Node down: taint, drain, wait for volumes, terminate the instance, let
// the object go. spec: lifecycle §4.9, disruption §19.2
//
// Key: the Node's name. Triggers: changes of Nodes that carry label karpenter.k8s.aws/ec2nodeclass.
class Termination final : public reconcile::Reconciler {
 public:
  struct Options {
    std::chrono::nanoseconds drain_poll = std::chrono::seconds(1);
    std::chrono::nanoseconds min_drain =
        std::chrono::seconds(5);  // catches pods bound before the taint was seen
  };
  Termination(Services services, EvictionQueue& evictions, Options options);
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;
  [[nodiscard]] static reconcile::ControllerSpec spec();

 private:
  using Outcome = reconcile::Outcome;
  using Wait = std::optional<std::chrono::nanoseconds>;  // none: the stage is passed
  struct Pass {
    const model::Node& node;
    model::NodeClaim* claim;  // null without one; conditions are written here
    Deadline deadline;
  };

  base::Result<Outcome> take_down(const model::Node& node, const model::NodeClaim* claim, const Call& call);
  base::Result<bool> is_instance_gone(const model::Node& node, const Call& call);
  base::Result<model::Node> taint(const model::Node& node, const Call& call);
  base::Result<Wait> run_stages(const Pass& pass, const Call& call);
  Wait drain(const Pass& pass);
  Wait settle_drain(const Pass& pass) const;
  Wait detach_volumes(const Pass& pass);
  base::Result<Wait> terminate_instance(const Pass& pass, const Call& call);
  base::Status persist(const model::NodeClaim& before, const model::NodeClaim& after, const Call& call);
  base::Result<Outcome> remove_finalizer(const model::Node& node, const Call& call);
  [[nodiscard]] std::set<std::string, std::less<>> volumes_of_staying_pods(
      const std::string& node_name) const;
  void publish(const model::Node& node, std::string type, std::string reason, std::string message);

  Services services_;
  EvictionQueue& evictions_;
  Options options_;
  kube::Api<model::Node> api_;
  kube::Api<model::NodeClaim> claim_api_;
};

}  // namespace karpenter::node
