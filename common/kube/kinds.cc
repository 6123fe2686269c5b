#include "common/kube/kind.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/capacity_buffer.h"
#include "common/model/karpenter/node_overlay.h"
#include "common/model/karpenter/v1.h"
#include "common/model/legacy/v1alpha.h"

namespace karpenter::kube {

std::string Kind::api_version() const {
  return group.empty() ? std::string(version) : std::string(group) + "/" + std::string(version);
}

#define KARP_KIND(type, ...)                    \
  template <>                                   \
  const Kind& kind_of<type>() {                 \
    static constexpr Kind kind = {__VA_ARGS__}; \
    return kind;                                \
  }

KARP_KIND(model::Pod, "", "v1", "Pod", "pods", true)
KARP_KIND(model::Node, "", "v1", "Node", "nodes", false)
KARP_KIND(model::Namespace, "", "v1", "Namespace", "namespaces", false)
KARP_KIND(model::Service, "", "v1", "Service", "services", true)
KARP_KIND(model::KubeEvent, "", "v1", "Event", "events", true)
KARP_KIND(model::PersistentVolume, "", "v1", "PersistentVolume", "persistentvolumes", false)
KARP_KIND(model::PersistentVolumeClaim, "", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true)
KARP_KIND(model::DaemonSet, "apps", "v1", "DaemonSet", "daemonsets", true)
KARP_KIND(model::PodDisruptionBudget, "policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", true)
KARP_KIND(model::StorageClass, "storage.k8s.io", "v1", "StorageClass", "storageclasses", false)
KARP_KIND(model::CsiNode, "storage.k8s.io", "v1", "CSINode", "csinodes", false)
KARP_KIND(model::VolumeAttachment, "storage.k8s.io", "v1", "VolumeAttachment", "volumeattachments", false)
KARP_KIND(model::Lease, "coordination.k8s.io", "v1", "Lease", "leases", true)
KARP_KIND(model::CustomResourceDefinition, "apiextensions.k8s.io", "v1", "CustomResourceDefinition",
          "customresourcedefinitions", false)
KARP_KIND(model::NodePool, "karpenter.sh", "v1", "NodePool", "nodepools", false)
KARP_KIND(model::NodeClaim, "karpenter.sh", "v1", "NodeClaim", "nodeclaims", false)
KARP_KIND(model::Ec2NodeClass, "karpenter.k8s.aws", "v1", "EC2NodeClass", "ec2nodeclasses", false)
KARP_KIND(model::NodeOverlay, "karpenter.sh", "v1alpha1", "NodeOverlay", "nodeoverlays", false)
KARP_KIND(model::CapacityBuffer, "autoscaling.x-k8s.io", "v1beta1", "CapacityBuffer", "capacitybuffers", true)
KARP_KIND(model::v1beta1::NodePool, "karpenter.sh", "v1beta1", "NodePool", "nodepools", false)
KARP_KIND(model::v1beta1::NodeClaim, "karpenter.sh", "v1beta1", "NodeClaim", "nodeclaims", false)
KARP_KIND(model::v1beta1::Ec2NodeClass, "karpenter.k8s.aws", "v1beta1", "EC2NodeClass", "ec2nodeclasses",
          false)
KARP_KIND(model::v1alpha5::Provisioner, "karpenter.sh", "v1alpha5", "Provisioner", "provisioners", false)
KARP_KIND(model::v1alpha5::Machine, "karpenter.sh", "v1alpha5", "Machine", "machines", false)
KARP_KIND(model::v1alpha1::AwsNodeTemplate, "karpenter.k8s.aws", "v1alpha1", "AWSNodeTemplate",
          "awsnodetemplates", false)

#undef KARP_KIND

}  // namespace karpenter::kube
