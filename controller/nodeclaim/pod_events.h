#pragma once

#include "controller/nodeclaim/services.h"

namespace karpenter::nodeclaim {

// A pod change that restarts the consolidateAfter clock of its node: created on it, bound, terminal or
// terminating; no DaemonSet pods. spec: disruption §17.4
[[nodiscard]] bool is_pod_event(const kube::Change<model::Pod>& change);

// nodeclaim.podevents: writes status.lastPodEventTime, at most every ten seconds.
//
// Key: namespace and name of the pod. Triggers: Pod changes for which is_pod_event() holds.
class PodEvents final : public reconcile::Reconciler {
 public:
  PodEvents(Services services, const kube::Store<model::Pod>& pods);
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;
  [[nodiscard]] static reconcile::ControllerSpec spec();

 private:
  Services services_;
  const kube::Store<model::Pod>& pods_;
};

}  // namespace karpenter::nodeclaim
