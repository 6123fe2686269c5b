#include <utility>

#include "common/model/legacy/v1alpha.h"
#include "common/schema/binding.h"
#include "common/schema/codec.h"
#include "common/schema/inline_provider.h"
#include "common/schema/tables/aws_shared.h"
#include "common/schema/tables/shared.h"

// karpenter.sh/v1alpha5 and karpenter.k8s.aws/v1alpha1: no rules, hardly any limits. spec: api §11.1, §11.2,
// §12.1, §12.3

namespace karpenter::schema {
namespace {

using model::v1alpha1::AwsNodeTemplate;
using model::v1alpha1::AwsNodeTemplateSpec;
using model::v1alpha1::AwsNodeTemplateStatus;
using model::v1alpha5::Machine;
using model::v1alpha5::Provisioner;
using model::v1alpha5::ProvisionerSpec;
using model::v1alpha5::ProvisionerStatus;

Type kubelet() {
  using model::v1beta1::Kubelet;
  return object({
      field<&Kubelet::cluster_dns>("clusterDNS", "Addresses of the cluster DNS."),
      field<&Kubelet::container_runtime>("containerRuntime", "The container runtime."),
      field<&Kubelet::cpu_cfs_quota>("cpuCFSQuota", "Whether CPU limits are enforced."),
      field<&Kubelet::eviction_hard>("evictionHard", "Hard eviction thresholds."),
      field<&Kubelet::eviction_max_pod_grace_period>("evictionMaxPodGracePeriod",
                                                     "Longest grace period, in seconds, at soft eviction."),
      field<&Kubelet::eviction_soft>("evictionSoft", "Soft eviction thresholds."),
      field<&Kubelet::eviction_soft_grace_period>("evictionSoftGracePeriod",
                                                  "Grace periods of the soft thresholds."),
      field<&Kubelet::image_gc_high_threshold_percent>("imageGCHighThresholdPercent", int32().range(0, 100),
                                                       "Disk usage that starts image garbage collection."),
      field<&Kubelet::image_gc_low_threshold_percent>("imageGCLowThresholdPercent", int32().range(0, 100),
                                                      "Disk usage that ends image garbage collection."),
      field<&Kubelet::kube_reserved>("kubeReserved", quantities(), "Kept for Kubernetes itself."),
      field<&Kubelet::max_pods>("maxPods", int32().at_least(0), "Most pods on a node."),
      field<&Kubelet::pods_per_core>("podsPerCore", int32().at_least(0), "Most pods per core."),
      field<&Kubelet::system_reserved>("systemReserved", quantities(), "Kept for the system."),
  });
}

Type conditions() {
  using model::v1alpha5::LegacyCondition;
  return list(object({
      field<&LegacyCondition::last_transition_time>("lastTransitionTime", "When the status changed last."),
      field<&LegacyCondition::message>("message", "Human-readable details of the last transition."),
      field<&LegacyCondition::reason>("reason", "Machine-readable reason of the last transition."),
      field<&LegacyCondition::severity>("severity", "How bad it is that the condition is not True."),
      field<&LegacyCondition::status>("status", string().required(), "True, False or Unknown."),
      field<&LegacyCondition::type>("type", string().required(), "Type of the condition."),
  }));
}

Type provider_ref() {
  using model::v1alpha5::ProviderRef;
  return object({
      field<&ProviderRef::api_version>("apiVersion", "API version of the node template."),
      field<&ProviderRef::kind>("kind", "Kind of the node template."),
      field<&ProviderRef::name>("name", string().required(), "Name of the node template."),
  });
}

Type provisioner_spec() {
  return object({
      field<&ProvisionerSpec::annotations>("annotations", "Annotations of the nodes."),
      group("consolidation",
            object({field<&ProvisionerSpec::consolidation_enabled>("enabled",
                                                                   "Whether nodes are consolidated.")}),
            "Consolidation of under-used nodes."),
      field<&ProvisionerSpec::kubelet>("kubeletConfiguration", kubelet(), "Configuration of the kubelet."),
      field<&ProvisionerSpec::labels>("labels", "Labels of the nodes."),
      group("limits", object({field<&ProvisionerSpec::limits>("resources", "Limits by resource.")}),
            "How much the nodes may add up to."),
      field<&ProvisionerSpec::provider>("provider", open_object(), "Inline settings of the cloud provider."),
      field<&ProvisionerSpec::provider_ref>("providerRef", provider_ref(), "The node template to use."),
      field<&ProvisionerSpec::requirements>("requirements", "What nodes may look like."),
      field<&ProvisionerSpec::startup_taints>("startupTaints", "Taints removed once a node is ready."),
      field<&ProvisionerSpec::taints>("taints", "Taints of the nodes."),
      field<&ProvisionerSpec::ttl_seconds_after_empty>("ttlSecondsAfterEmpty",
                                                       "Seconds until an empty node goes."),
      field<&ProvisionerSpec::ttl_seconds_until_expired>("ttlSecondsUntilExpired",
                                                         "Seconds that a node may live."),
      field<&ProvisionerSpec::weight>("weight", int32().range(1, 100), "Higher weights are tried first."),
  });
}

Type machine_spec() {
  using Spec = model::v1alpha5::MachineSpec;
  return object({
      field<&Spec::kubelet>("kubelet", kubelet(), "Configuration of the kubelet."),
      field<&Spec::machine_template_ref>("machineTemplateRef", provider_ref(), "The node template to use."),
      field<&Spec::requirements>("requirements", "What the node may look like."),
      group("resources", object({field<&Spec::requests>("requests", "What the pods need at least.")}),
            "What the node must offer."),
      field<&Spec::startup_taints>("startupTaints", "Taints removed once the node is ready."),
      field<&Spec::taints>("taints", "Taints of the node."),
  });
}

Type metadata_options_without_limits() {
  using model::MetadataOptions;
  return object({
      field<&MetadataOptions::http_endpoint>("httpEndpoint",
                                             "Whether instances can reach the metadata service."),
      field<&MetadataOptions::http_protocol_ipv6>("httpProtocolIPv6", "Whether it has an IPv6 endpoint."),
      field<&MetadataOptions::http_put_response_hop_limit>("httpPutResponseHopLimit",
                                                           "Hops that a token may travel."),
      field<&MetadataOptions::http_tokens>("httpTokens", "Whether requests need a session token."),
  });
}

Type block_devices() {
  using model::BlockDeviceMapping;
  using model::Ebs;
  return list(object({
      field<&BlockDeviceMapping::device_name>("deviceName", "Name of the device."),
      field<&BlockDeviceMapping::ebs>(
          "ebs",
          object({
              field<&Ebs::delete_on_termination>("deleteOnTermination",
                                                 "Whether the volume goes with the instance."),
              field<&Ebs::encrypted>("encrypted", "Whether the volume is encrypted."),
              field<&Ebs::iops>("iops", "I/O operations per second."),
              field<&Ebs::kms_key_id>("kmsKeyID", "The key to encrypt with."),
              field<&Ebs::snapshot_id>("snapshotID", "The snapshot to start from."),
              field<&Ebs::throughput>("throughput", "MiB per second."),
              field<&Ebs::volume_size>("volumeSize", "Size of the volume."),
              field<&Ebs::volume_type>("volumeType", "Kind of volume."),
          }),
          "The EBS volume."),
  }));
}

std::vector<Field> inline_fields() {
  using Spec = AwsNodeTemplateSpec;
  return {
      field<&Spec::ami_family>("amiFamily", "The image family."),
      field<&Spec::api_version>("apiVersion", "Type information of the inline form."),
      field<&Spec::block_device_mappings>("blockDeviceMappings", block_devices(),
                                          "Volumes of the instances."),
      field<&Spec::context>("context", "Reserved field of EC2."),
      field<&Spec::instance_profile>("instanceProfile", "The instance profile."),
      field<&Spec::kind>("kind", "Type information of the inline form."),
      field<&Spec::launch_template>("launchTemplate", "Name of a launch template of the user's."),
      field<&Spec::metadata_options>("metadataOptions", metadata_options_without_limits(),
                                     "The metadata service."),
      field<&Spec::security_group_selector>("securityGroupSelector", "Which security groups to use."),
      field<&Spec::subnet_selector>("subnetSelector", "Which subnets to use."),
      field<&Spec::tags>("tags", "Tags of everything that is made for a node."),
  };
}

Type node_template_spec() {
  using Spec = AwsNodeTemplateSpec;
  auto fields = inline_fields();
  fields.push_back(field<&Spec::ami_selector>("amiSelector", "Which images to use."));
  fields.push_back(
      field<&Spec::detailed_monitoring>("detailedMonitoring", "Whether to report metrics every minute."));
  fields.push_back(field<&Spec::user_data>("userData", "User data of the instances."));
  return object(std::move(fields));
}

}  // namespace

template <>
const Type& type_of<Provisioner>() {
  static const Type type = object({
      metadata<&Provisioner::meta>(),
      field<&Provisioner::spec>("spec", provisioner_spec(), "Desired state."),
      field<&Provisioner::status>(
          "status",
          object({
              field<&ProvisionerStatus::conditions>("conditions", conditions(), "Conditions."),
              field<&ProvisionerStatus::last_scale_time>("lastScaleTime",
                                                         "When the number of nodes changed last."),
              field<&ProvisionerStatus::resources>("resources", "What the nodes add up to."),
          }),
          "Observed state."),
  });
  return type;
}

template <>
const Type& type_of<Machine>() {
  using Status = model::v1alpha5::MachineStatus;
  static const Type type = object({
      metadata<&Machine::meta>(),
      field<&Machine::spec>("spec", machine_spec(), "Desired state of one node."),
      field<&Machine::status>(
          "status",
          object({
              field<&Status::allocatable>("allocatable", "What pods can use of the node."),
              field<&Status::capacity>("capacity", "What the node has."),
              field<&Status::conditions>("conditions", conditions(), "Conditions."),
              field<&Status::node_name>("nodeName", "Name of the node object."),
              field<&Status::provider_id>("providerID", "Id of the instance at the cloud."),
          }),
          "Observed state."),
  });
  return type;
}

template <>
const Type& type_of<AwsNodeTemplate>() {
  static const Type type = object({
      metadata<&AwsNodeTemplate::meta>(),
      field<&AwsNodeTemplate::spec>("spec", node_template_spec(), "What instances are launched with."),
      field<&AwsNodeTemplate::status>(
          "status",
          object({
              field<&AwsNodeTemplateStatus::amis>("amis", status_legacy_amis(), "The images in use."),
              field<&AwsNodeTemplateStatus::security_groups>("securityGroups", status_security_groups(),
                                                             "The security groups in use."),
              field<&AwsNodeTemplateStatus::subnets>("subnets", status_subnets(), "The subnets in use."),
          }),
          "What the selectors resolve to."),
  });
  return type;
}

base::Result<AwsNodeTemplateSpec> decode_inline_provider(json::View provider) {
  static const Type type = object(inline_fields());
  AwsNodeTemplateSpec out;
  RETURN_IF_ERROR(read(type, provider, &out));
  RETURN_IF_ERROR(refuse_unknown_fields(type, provider));
  return out;
}

}  // namespace karpenter::schema
