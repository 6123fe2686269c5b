#include "common/model/core/core.h"
#include "common/schema/binding.h"

// Pods and what pod specs are made of. The API server validates these: no limits here.

namespace karpenter::schema {

template <>
const Type& type_of<model::ContainerPort>() {
  using model::ContainerPort;
  static const Type type = object({
      field<&ContainerPort::container_port>("containerPort", int32().required()),
      field<&ContainerPort::host_port>("hostPort"),
      field<&ContainerPort::host_ip>("hostIP"),
      field<&ContainerPort::protocol>("protocol"),
  });
  return type;
}

template <>
const Type& type_of<model::ResourceRequirements>() {
  using model::ResourceRequirements;
  static const Type type = object({
      field<&ResourceRequirements::requests>("requests"),
      field<&ResourceRequirements::limits>("limits"),
  });
  return type;
}

template <>
const Type& type_of<model::Container>() {
  using model::Container;
  static const Type type = object({
      field<&Container::name>("name", string().required()),
      field<&Container::restart_policy>("restartPolicy"),
      field<&Container::ports>("ports"),
      field<&Container::resources>("resources"),
  });
  return type;
}

template <>
const Type& type_of<model::NodeSelectorTerm>() {
  using model::NodeSelectorTerm;
  static const Type type = object({
      field<&NodeSelectorTerm::match_expressions>("matchExpressions"),
      field<&NodeSelectorTerm::match_fields>("matchFields"),
  });
  return type;
}

template <>
const Type& type_of<model::LabelSelectorRequirement>() {
  using model::LabelSelectorRequirement;
  static const Type type = object({
      field<&LabelSelectorRequirement::key>("key", string().required()),
      field<&LabelSelectorRequirement::op>("operator", string().required()),
      field<&LabelSelectorRequirement::values>("values"),
  });
  return type;
}

template <>
const Type& type_of<model::LabelSelector>() {
  using model::LabelSelector;
  static const Type type = object({
      field<&LabelSelector::match_labels>("matchLabels"),
      field<&LabelSelector::match_expressions>("matchExpressions"),
  });
  return type;
}

template <>
const Type& type_of<model::PreferredSchedulingTerm>() {
  using model::PreferredSchedulingTerm;
  static const Type type = object({
      field<&PreferredSchedulingTerm::weight>("weight", int32().required()),
      field<&PreferredSchedulingTerm::preference>("preference", type_of<model::NodeSelectorTerm>()),
  });
  return type;
}

template <>
const Type& type_of<model::NodeAffinity>() {
  using model::NodeAffinity;
  static const Type type = object({
      group("requiredDuringSchedulingIgnoredDuringExecution",
            object({field<&NodeAffinity::required>("nodeSelectorTerms")})),
      field<&NodeAffinity::preferred>("preferredDuringSchedulingIgnoredDuringExecution"),
  });
  return type;
}

template <>
const Type& type_of<model::PodAffinityTerm>() {
  using model::PodAffinityTerm;
  static const Type type = object({
      field<&PodAffinityTerm::label_selector>("labelSelector"),
      field<&PodAffinityTerm::namespace_selector>("namespaceSelector"),
      field<&PodAffinityTerm::namespaces>("namespaces"),
      field<&PodAffinityTerm::topology_key>("topologyKey", string().required()),
      field<&PodAffinityTerm::match_label_keys>("matchLabelKeys"),
      field<&PodAffinityTerm::mismatch_label_keys>("mismatchLabelKeys"),
  });
  return type;
}

template <>
const Type& type_of<model::WeightedPodAffinityTerm>() {
  using model::WeightedPodAffinityTerm;
  static const Type type = object({
      field<&WeightedPodAffinityTerm::weight>("weight", int32().required()),
      field<&WeightedPodAffinityTerm::term>("podAffinityTerm"),
  });
  return type;
}

template <>
const Type& type_of<model::PodAffinity>() {
  using model::PodAffinity;
  static const Type type = object({
      field<&PodAffinity::required>("requiredDuringSchedulingIgnoredDuringExecution"),
      field<&PodAffinity::preferred>("preferredDuringSchedulingIgnoredDuringExecution"),
  });
  return type;
}

template <>
const Type& type_of<model::Affinity>() {
  using model::Affinity;
  static const Type type = object({
      field<&Affinity::node_affinity>("nodeAffinity"),
      field<&Affinity::pod_affinity>("podAffinity"),
      field<&Affinity::pod_anti_affinity>("podAntiAffinity"),
  });
  return type;
}

template <>
const Type& type_of<model::Toleration>() {
  using model::Toleration;
  static const Type type = object({
      field<&Toleration::key>("key"),
      field<&Toleration::op>("operator"),
      field<&Toleration::value>("value"),
      field<&Toleration::effect>("effect"),
      field<&Toleration::toleration_seconds>("tolerationSeconds"),
  });
  return type;
}

template <>
const Type& type_of<model::TopologySpreadConstraint>() {
  using model::TopologySpreadConstraint;
  static const Type type = object({
      field<&TopologySpreadConstraint::max_skew>("maxSkew", int32().required()),
      field<&TopologySpreadConstraint::topology_key>("topologyKey", string().required()),
      field<&TopologySpreadConstraint::when_unsatisfiable>("whenUnsatisfiable", string().required()),
      field<&TopologySpreadConstraint::label_selector>("labelSelector"),
      field<&TopologySpreadConstraint::min_domains>("minDomains"),
      field<&TopologySpreadConstraint::node_affinity_policy>("nodeAffinityPolicy"),
      field<&TopologySpreadConstraint::node_taints_policy>("nodeTaintsPolicy"),
      field<&TopologySpreadConstraint::match_label_keys>("matchLabelKeys"),
  });
  return type;
}

template <>
const Type& type_of<model::PodVolume>() {
  using model::PodVolume;
  static const Type type = object({
      field<&PodVolume::name>("name", string().required()),
      group("persistentVolumeClaim", object({field<&PodVolume::persistent_volume_claim>("claimName")})),
      field<&PodVolume::is_ephemeral>("ephemeral", presence()),
      group("ephemeral",
            object({group("volumeClaimTemplate",
                          object({group("spec", object({field<&PodVolume::ephemeral_storage_class>(
                                                    "storageClassName")}))}))})),
  });
  return type;
}

template <>
const Type& type_of<model::PodSpec>() {
  using model::PodSpec;
  static const Type type = object({
      field<&PodSpec::node_name>("nodeName"),
      field<&PodSpec::scheduler_name>("schedulerName"),
      field<&PodSpec::priority_class_name>("priorityClassName"),
      field<&PodSpec::priority>("priority"),
      field<&PodSpec::preemption_policy>("preemptionPolicy"),
      field<&PodSpec::node_selector>("nodeSelector"),
      field<&PodSpec::affinity>("affinity"),
      field<&PodSpec::tolerations>("tolerations"),
      field<&PodSpec::topology_spread_constraints>("topologySpreadConstraints"),
      field<&PodSpec::containers>("containers", list(type_of<model::Container>()).required()),
      field<&PodSpec::init_containers>("initContainers"),
      field<&PodSpec::resources>("resources"),
      field<&PodSpec::overhead>("overhead"),
      field<&PodSpec::volumes>("volumes"),
      field<&PodSpec::has_resource_claims>("resourceClaims", presence()),
      field<&PodSpec::scheduling_gates>("schedulingGates", list(object({self("name")}))),
      field<&PodSpec::termination_grace_period_seconds>("terminationGracePeriodSeconds"),
      field<&PodSpec::restart_policy>("restartPolicy"),
      field<&PodSpec::host_network>("hostNetwork"),
  });
  return type;
}

template <>
const Type& type_of<model::PodStatus>() {
  using model::PodStatus;
  static const Type type = object({
      field<&PodStatus::phase>("phase"),
      field<&PodStatus::nominated_node_name>("nominatedNodeName"),
      field<&PodStatus::reason>("reason"),
      field<&PodStatus::conditions>("conditions"),
      field<&PodStatus::start_time>("startTime"),
  });
  return type;
}

template <>
const Type& type_of<model::Pod>() {
  using model::Pod;
  static const Type type = object({
      metadata<&Pod::meta>(),
      field<&Pod::spec>("spec"),
      field<&Pod::status>("status"),
  });
  return type;
}

template <>
const Type& type_of<model::PodTemplate>() {
  using model::PodTemplate;
  static const Type type = object({
      metadata<&PodTemplate::meta>(),
      field<&PodTemplate::spec>("spec", Type(type_of<model::PodSpec>()).required()),
  });
  return type;
}

template <>
const Type& type_of<model::DaemonSet>() {
  using model::DaemonSet;
  static const Type type = object({
      metadata<&DaemonSet::meta>(),
      group("spec", object({
                        field<&DaemonSet::selector>("selector"),
                        field<&DaemonSet::pod_template>("template"),
                    })),
  });
  return type;
}

}  // namespace karpenter::schema
