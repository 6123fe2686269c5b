#pragma once

#include "common/kube/store.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "common/model/legacy/v1alpha.h"

namespace karpenter::app {

// A local copy of every kind the controllers read.
struct Stores {
  kube::Store<model::NodeClaim> claims;
  kube::Store<model::Node> nodes;
  kube::Store<model::Pod> pods;
  kube::Store<model::DaemonSet> daemon_sets;
  kube::Store<model::NodePool> pools;
  kube::Store<model::Ec2NodeClass> node_classes;
  kube::Store<model::PodDisruptionBudget> budgets;
  kube::Store<model::VolumeAttachment> attachments;
  kube::Store<model::PersistentVolumeClaim> volume_claims;
  kube::Store<model::PersistentVolume> volumes;
  kube::Store<model::StorageClass> storage_classes;
  kube::Store<model::CsiNode> csi_nodes;
  kube::Store<model::Namespace> namespaces;
  kube::Store<model::v1alpha5::Provisioner> provisioners;
  kube::Store<model::v1alpha1::AwsNodeTemplate> node_templates;

  // Calls f(store) for each.
  template <class F>
  void for_each(const F& f) {
    f(claims), f(nodes), f(pods), f(daemon_sets), f(pools), f(node_classes), f(budgets), f(attachments);
    f(volume_claims), f(volumes), f(storage_classes), f(csi_nodes), f(namespaces);
    f(provisioners), f(node_templates);
  }
  [[nodiscard]] bool synced() {
    bool all = true;
    for_each([&](const auto& store) { all = all && store.synced(); });
    return all;
  }
};

}  // namespace karpenter::app
