#pragma once

// Every model type that is read from or written to an API server: Api and reflect() are instantiated once for
// each. Include common/model/core/core.h, karpenter/v1.h and legacy/v1alpha.h first.
#define KARP_FOR_ALL_KINDS(X)         \
  X(model::CsiNode)                   \
  X(model::CustomResourceDefinition)  \
  X(model::DaemonSet)                 \
  X(model::Ec2NodeClass)              \
  X(model::KubeEvent)                 \
  X(model::Lease)                     \
  X(model::Namespace)                 \
  X(model::Node)                      \
  X(model::NodeClaim)                 \
  X(model::NodePool)                  \
  X(model::PersistentVolume)          \
  X(model::PersistentVolumeClaim)     \
  X(model::Pod)                       \
  X(model::PodDisruptionBudget)       \
  X(model::Service)                   \
  X(model::StorageClass)              \
  X(model::VolumeAttachment)          \
  X(model::v1alpha1::AwsNodeTemplate) \
  X(model::v1alpha5::Provisioner)
