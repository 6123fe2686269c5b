#pragma once

#include "common/kube/store.h"
#include "common/model/core/core.h"
#include "common/reconcile/reconciler.h"
#include "controller/cluster/pod_ledger.h"
#include "controller/provisioning/batch_window.h"

namespace karpenter::provisioning {

// Provisionable pods trigger the provisioner, again every 10 s while they are. spec: scheduling §3.1
class PodTrigger final : public reconcile::Reconciler {
 public:
  PodTrigger(const kube::Store<model::Pod>& pods, cluster::PodLedger& ledger, Batcher& batcher)
      : pods_(pods), ledger_(ledger), batcher_(batcher) {}
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const net::Call& call) override;

 private:
  const kube::Store<model::Pod>& pods_;
  cluster::PodLedger& ledger_;
  Batcher& batcher_;
};

// Nodes under disruption trigger it: their pods need a place. spec: scheduling §3.1
class NodeTrigger final : public reconcile::Reconciler {
 public:
  NodeTrigger(const kube::Store<model::Node>& nodes, Batcher& batcher) : nodes_(nodes), batcher_(batcher) {}
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const net::Call& call) override;

 private:
  const kube::Store<model::Node>& nodes_;
  Batcher& batcher_;
};

}  // namespace karpenter::provisioning
