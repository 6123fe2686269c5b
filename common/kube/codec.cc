#include "common/kube/codec.h"

#include "common/kube/kind.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/capacity_buffer.h"
#include "common/model/karpenter/node_overlay.h"
#include "common/model/karpenter/v1.h"
#include "common/model/legacy/v1alpha.h"
#include "common/schema/codec.h"

namespace karpenter::kube {

template <class T>
base::Result<T> decode(json::View object) {
  auto result = schema::decode<T>(object);
  if (!result) return std::move(result).error().add("kind", std::string(kind_of<T>().kind));
  return result;
}

template <class T>
json::Value encode(const T& object) {
  json::Value out = schema::encode(object);
  out["apiVersion"].set(kind_of<T>().api_version());
  out["kind"].set(kind_of<T>().kind);
  return out;
}

#define KARP_CODEC(type)                                       \
  template base::Result<type> decode<type>(json::View object); \
  template json::Value encode<type>(const type& object);

KARP_CODEC(model::Pod)
KARP_CODEC(model::Node)
KARP_CODEC(model::Namespace)
KARP_CODEC(model::Service)
KARP_CODEC(model::KubeEvent)
KARP_CODEC(model::PersistentVolume)
KARP_CODEC(model::PersistentVolumeClaim)
KARP_CODEC(model::DaemonSet)
KARP_CODEC(model::PodDisruptionBudget)
KARP_CODEC(model::StorageClass)
KARP_CODEC(model::CsiNode)
KARP_CODEC(model::VolumeAttachment)
KARP_CODEC(model::Lease)
KARP_CODEC(model::CustomResourceDefinition)
KARP_CODEC(model::NodePool)
KARP_CODEC(model::NodeClaim)
KARP_CODEC(model::Ec2NodeClass)
KARP_CODEC(model::NodeOverlay)
KARP_CODEC(model::CapacityBuffer)
KARP_CODEC(model::v1beta1::NodePool)
KARP_CODEC(model::v1beta1::NodeClaim)
KARP_CODEC(model::v1beta1::Ec2NodeClass)
KARP_CODEC(model::v1alpha5::Provisioner)
KARP_CODEC(model::v1alpha5::Machine)
KARP_CODEC(model::v1alpha1::AwsNodeTemplate)

#undef KARP_CODEC

}  // namespace karpenter::kube
