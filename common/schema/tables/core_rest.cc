#include "common/model/core/core.h"
#include "common/schema/binding.h"

// Nodes, budgets, storage and the small built-in kinds. The API server validates these: no limits here.

namespace karpenter::schema {
namespace {

Type int_or_string_text() {
  Type type = int_or_string();
  type.binding = &json_text_binding();
  return type;
}

}  // namespace

template <>
const Type& type_of<model::Node>() {
  using model::NodeSpec;
  using model::NodeStatus;
  static const Type type = object({
      metadata<&model::Node::meta>(),
      field<&model::Node::spec>("spec", object({
                                            field<&NodeSpec::provider_id>("providerID"),
                                            field<&NodeSpec::taints>("taints"),
                                            field<&NodeSpec::unschedulable>("unschedulable"),
                                        })),
      field<&model::Node::status>(
          "status", object({
                        field<&NodeStatus::capacity>("capacity"),
                        field<&NodeStatus::allocatable>("allocatable"),
                        field<&NodeStatus::conditions>("conditions"),
                        group("nodeInfo", object({
                                              field<&NodeStatus::boot_id>("bootID"),
                                              field<&NodeStatus::kubelet_version>("kubeletVersion"),
                                          })),
                    })),
  });
  return type;
}

template <>
const Type& type_of<model::PodDisruptionBudget>() {
  using model::PodDisruptionBudget;
  static const Type type = object({
      metadata<&PodDisruptionBudget::meta>(),
      group("spec",
            object({
                field<&PodDisruptionBudget::selector>("selector"),
                field<&PodDisruptionBudget::min_available>("minAvailable", int_or_string_text()),
                field<&PodDisruptionBudget::max_unavailable>("maxUnavailable", int_or_string_text()),
                field<&PodDisruptionBudget::unhealthy_pod_eviction_policy>("unhealthyPodEvictionPolicy"),
            })),
      group("status", object({
                          field<&PodDisruptionBudget::disruptions_allowed>("disruptionsAllowed"),
                          field<&PodDisruptionBudget::expected_pods>("expectedPods"),
                          field<&PodDisruptionBudget::current_healthy>("currentHealthy"),
                          field<&PodDisruptionBudget::desired_healthy>("desiredHealthy"),
                      })),
  });
  return type;
}

template <>
const Type& type_of<model::PersistentVolumeClaim>() {
  using model::PersistentVolumeClaim;
  static const Type type = object({
      metadata<&PersistentVolumeClaim::meta>(),
      group("spec", object({
                        field<&PersistentVolumeClaim::storage_class_name>("storageClassName"),
                        field<&PersistentVolumeClaim::volume_name>("volumeName"),
                    })),
      group("status", object({field<&PersistentVolumeClaim::phase>("phase")})),
  });
  return type;
}

template <>
const Type& type_of<model::PersistentVolume>() {
  using model::PersistentVolume;
  static const Type type = object({
      metadata<&PersistentVolume::meta>(),
      group("spec",
            object({
                group("nodeAffinity",
                      object({group("required", object({field<&PersistentVolume::node_affinity_required>(
                                                    "nodeSelectorTerms")}))})),
                group("csi", object({field<&PersistentVolume::csi_driver>("driver")})),
                field<&PersistentVolume::is_ebs>("awsElasticBlockStore", presence()),
                field<&PersistentVolume::is_local>("local", presence()),
                field<&PersistentVolume::is_host_path>("hostPath", presence()),
                field<&PersistentVolume::storage_class_name>("storageClassName"),
            })),
  });
  return type;
}

template <>
const Type& type_of<model::StorageClass>() {
  using model::NodeSelectorRequirement;
  using model::NodeSelectorTerm;
  using model::StorageClass;
  // A TopologySelectorTerm: like a NodeSelectorTerm, but its expressions have no operator (always In).
  static const Type type = object({
      metadata<&StorageClass::meta>(),
      field<&StorageClass::provisioner>("provisioner"),
      field<&StorageClass::volume_binding_mode>("volumeBindingMode"),
      field<&StorageClass::allowed_topologies>(
          "allowedTopologies",
          list(object({field<&NodeSelectorTerm::match_expressions>(
              "matchLabelExpressions", list(object({
                                           field<&NodeSelectorRequirement::key>("key", string().required()),
                                           field<&NodeSelectorRequirement::values>("values"),
                                       })))}))),
  });
  return type;
}

template <>
const Type& type_of<model::CsiNode>() {
  using model::CsiNode;
  using model::CsiNodeDriver;
  static const Type type = object({
      metadata<&CsiNode::meta>(),
      group("spec", object({field<&CsiNode::drivers>(
                        "drivers",
                        list(object({
                            field<&CsiNodeDriver::name>("name", string().required()),
                            group("allocatable", object({field<&CsiNodeDriver::allocatable_count>("count")})),
                        })))})),
  });
  return type;
}

template <>
const Type& type_of<model::VolumeAttachment>() {
  using model::VolumeAttachment;
  static const Type type = object({
      metadata<&VolumeAttachment::meta>(),
      group("spec", object({
                        field<&VolumeAttachment::attacher>("attacher"),
                        field<&VolumeAttachment::node_name>("nodeName"),
                        group("source", object({field<&VolumeAttachment::persistent_volume_name>(
                                            "persistentVolumeName")})),
                    })),
  });
  return type;
}

template <>
const Type& type_of<model::Namespace>() {
  static const Type type = object({metadata<&model::Namespace::meta>()});
  return type;
}

template <>
const Type& type_of<model::CustomResourceDefinition>() {
  static const Type type = object({metadata<&model::CustomResourceDefinition::meta>()});
  return type;
}

template <>
const Type& type_of<model::Lease>() {
  using model::Lease;
  static const Type type = object({
      metadata<&Lease::meta>(),
      group("spec", object({
                        field<&Lease::holder_identity>("holderIdentity"),
                        field<&Lease::lease_duration_seconds>("leaseDurationSeconds"),
                        field<&Lease::acquire_time>("acquireTime", micro_time()),
                        field<&Lease::renew_time>("renewTime", micro_time()),
                        field<&Lease::lease_transitions>("leaseTransitions"),
                    })),
  });
  return type;
}

template <>
const Type& type_of<model::Service>() {
  using model::Service;
  static const Type type = object({
      metadata<&Service::meta>(),
      group("spec", object({field<&Service::cluster_ip>("clusterIP")})),
  });
  return type;
}

template <>
const Type& type_of<model::KubeEvent>() {
  using model::KubeEvent;
  using model::ObjectReference;
  static const Type type = object({
      metadata<&KubeEvent::meta>(),
      field<&KubeEvent::involved_object>("involvedObject",
                                         object({
                                                    field<&ObjectReference::api_version>("apiVersion"),
                                                    field<&ObjectReference::kind>("kind"),
                                                    field<&ObjectReference::namespace_name>("namespace"),
                                                    field<&ObjectReference::name>("name"),
                                                    field<&ObjectReference::uid>("uid"),
                                                })
                                             .required()),
      field<&KubeEvent::reason>("reason"),
      field<&KubeEvent::message>("message"),
      field<&KubeEvent::type>("type"),
      field<&KubeEvent::count>("count", int32().required()),
      group("source", object({field<&KubeEvent::source_component>("component")})),
      field<&KubeEvent::reporting_component>("reportingComponent"),
      field<&KubeEvent::first_timestamp>("firstTimestamp"),
      field<&KubeEvent::last_timestamp>("lastTimestamp"),
  });
  return type;
}

}  // namespace karpenter::schema
