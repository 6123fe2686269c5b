#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "common/base/strings.h"
#include "common/model/labels.h"
#include "controller/aws/client/ec2_codec.h"
#include "controller/aws/provider/amis.h"
#include "controller/aws/provider/aws_labels.h"
#include "controller/aws/provider/hash.h"
#include "controller/aws/provider/launch_templates.h"
#include "controller/aws/provider/user_data.h"

// What goes into a launch template: pure planning. spec: aws §7.1-§7.5

namespace karpenter::aws {
namespace {

namespace labels = model::labels;

bool wants_efa(const model::NodeClaim& claim) { return !claim.spec.requests.get(resource::kEfa).is_zero(); }

std::vector<model::Taint> registration_taints(const model::NodeClaim& claim) {
  std::vector<model::Taint> out = claim.spec.taints;
  out.insert(out.end(), claim.spec.startup_taints.begin(), claim.spec.startup_taints.end());
  model::Taint unregistered;
  unregistered.key = labels::kUnregisteredTaint;
  unregistered.effect = model::kNoExecute;
  const bool present = std::ranges::any_of(
      out, [&](const model::Taint& one) { return one.same_key_and_effect(unregistered); });
  if (!present) out.push_back(std::move(unregistered));
  return out;
}

model::StringMap registration_labels(const TemplateRequest& request, AmiFamily family) {
  model::StringMap out = request.claim.meta.labels;
  out[std::string(labels::kCapacityType)] = request.capacity_type;
  if (family != AmiFamily::kCustom) out[std::string(labels::kDoNotSyncTaints)] = "true";
  return bootstrap_labels(out);
}

base::Result<std::string> template_user_data(const TemplateRequest& request, const TemplateGroup& group,
                                             const ClusterFacts& cluster) {
  const auto& spec = request.node_class.spec;
  ASSIGN_OR_RETURN(const AmiFamily family, resolve_family(spec));
  BootstrapInput input;
  input.cluster_name = cluster.name;
  input.cluster_endpoint = cluster.endpoint;
  input.ca_bundle = cluster.ca_bundle;
  input.service_cidr = cluster.service_cidr;
  input.raid0 = spec.instance_store_policy == "RAID0";
  ASSIGN_OR_RETURN(input.kubelet, parse_kubelet(spec.kubelet));
  if (!input.kubelet.max_pods) input.kubelet.max_pods = group.max_pods;
  if (input.kubelet.cluster_dns.empty() && !cluster.dns_address.empty()) {
    input.kubelet.cluster_dns = {cluster.dns_address};
  }
  input.raw_kubelet = spec.kubelet;
  input.taints = registration_taints(request.claim);
  input.labels = registration_labels(request, family);
  input.custom = spec.user_data;
  return make_user_data(family, input);
}

std::vector<BlockDevice> template_block_devices(const model::Ec2NodeClassSpec& spec, AmiFamily family) {
  std::vector<BlockDevice> out;
  const auto mappings =
      spec.block_device_mappings.empty() ? default_block_devices(family) : spec.block_device_mappings;
  for (const auto& mapping : mappings) {
    if (mapping.device_name.empty() || !mapping.ebs) continue;
    const model::Ebs& from = *mapping.ebs;
    BlockDevice device;
    device.device_name = mapping.device_name;
    device.ebs.delete_on_termination = from.delete_on_termination;
    device.ebs.encrypted = from.encrypted;
    device.ebs.volume_type = from.volume_type;
    device.ebs.iops = from.iops.value_or(0);
    device.ebs.throughput = from.throughput.value_or(0);
    device.ebs.kms_key_id = from.kms_key_id;
    device.ebs.snapshot_id = from.snapshot_id;
    if (from.volume_initialization_rate)
      device.ebs.volume_initialization_rate = *from.volume_initialization_rate;
    if (from.volume_size) {
      constexpr std::int64_t kGiB = std::int64_t{1} << 30;
      device.ebs.volume_size_gib = (from.volume_size->value() + kGiB - 1) / kGiB;
    }
    out.push_back(std::move(device));
  }
  return out;
}

MetadataSettings template_metadata(const model::Ec2NodeClassSpec& spec, const ClusterFacts& cluster,
                                   bool ipv6) {
  MetadataSettings out;
  if (!spec.metadata_options) {
    out = {"disabled", ipv6 ? "enabled" : "disabled", 2, "required"};
  } else {
    const auto& options = *spec.metadata_options;
    out = {options.http_endpoint.value_or("enabled"), options.http_protocol_ipv6.value_or("disabled"),
           options.http_put_response_hop_limit.value_or(1), options.http_tokens.value_or("required")};
  }
  // The isolated regions do not know this option.
  if (cluster.region.starts_with("us-iso")) out.http_protocol_ipv6.clear();
  return out;
}

struct InterfaceContext {
  const model::Ec2NodeClass& node_class;
  bool ipv6;
};

// What every interface of this EC2NodeClass shares. spec: aws §7.3
InterfaceSettings common_interface(const InterfaceContext& context, bool efa_only) {
  const auto& spec = context.node_class.spec;
  InterfaceSettings out;
  for (const auto& group : context.node_class.status.security_groups)
    out.security_group_ids.push_back(group.id);
  if (efa_only) return out;
  if (spec.ip_prefix_count) {
    (context.ipv6 ? out.ipv6_prefix_count : out.ipv4_prefix_count) = *spec.ip_prefix_count;
  }
  out.associate_public_ip = spec.associate_public_ip_address;
  out.primary_ipv6 = context.ipv6;
  if (spec.connection_tracking) {
    const auto& tracking = *spec.connection_tracking;
    if (tracking.tcp_established_timeout) out.tcp_established_timeout = *tracking.tcp_established_timeout;
    if (tracking.udp_stream_timeout) out.udp_stream_timeout = *tracking.udp_stream_timeout;
    if (tracking.udp_timeout) out.udp_timeout = *tracking.udp_timeout;
  }
  return out;
}

std::vector<InterfaceSettings> template_interfaces(const InterfaceContext& context, std::int64_t efa_count) {
  std::vector<InterfaceSettings> out;
  for (const auto& wanted : context.node_class.spec.network_interfaces) {
    InterfaceSettings one = common_interface(context, wanted.interface_type == "efa-only");
    one.network_card_index = wanted.network_card_index;
    one.device_index = wanted.device_index;
    one.interface_type = wanted.interface_type;
    out.push_back(std::move(one));
  }
  if (!out.empty()) return out;
  for (std::int64_t i = 0; i < efa_count; ++i) {
    InterfaceSettings one = common_interface(context, false);
    one.network_card_index = i;
    one.device_index = i == 0 ? 0 : 1;
    one.interface_type = "efa";
    out.push_back(std::move(one));
  }
  if (out.empty()) out.push_back(common_interface(context, false));
  return out;
}

}  // namespace

base::Result<std::vector<TemplateGroup>> plan_templates(const TemplateRequest& request) {
  const auto& status = request.node_class.status;
  if (status.security_groups.empty()) {
    return base::invalid("no security groups are resolved").add("EC2NodeClass", request.node_class.meta.name);
  }
  if (status.amis.empty()) {
    return base::invalid("no AMIs are resolved").add("EC2NodeClass", request.node_class.meta.name);
  }
  std::map<std::tuple<std::string, std::int64_t, std::int64_t>, TemplateGroup> groups;
  for (const auto& type : request.types) {
    const model::AmiStatus* ami = find_ami(status, *type);
    if (ami == nullptr) continue;
    const std::int64_t efa = wants_efa(request.claim) ? type->capacity.get(resource::kEfa).value() : 0;
    const std::int64_t pods = type->capacity.get(model::kPods).value();
    TemplateGroup& group = groups[{ami->id, efa, pods}];
    group.image_id = ami->id;
    group.efa_count = efa;
    group.max_pods = pods;
    group.types.push_back(type);
  }
  if (groups.empty()) return base::invalid("no instance type satisfies the requirements of any AMI");
  std::vector<TemplateGroup> out;
  for (auto& [key, group] : groups) out.push_back(std::move(group));
  return out;
}

base::Result<CreateLaunchTemplateInput> plan_template(const TemplateRequest& request,
                                                      const TemplateGroup& group,
                                                      const ClusterFacts& cluster) {
  const auto& spec = request.node_class.spec;
  const bool ipv6 = cluster.dns_address.find(':') != std::string::npos;
  ASSIGN_OR_RETURN(const AmiFamily family, resolve_family(spec));
  ASSIGN_OR_RETURN(const std::string user_data, template_user_data(request, group, cluster));
  CreateLaunchTemplateInput out;
  out.tag_specifications = {{"launch-template", request.tags}};
  out.image_id = group.image_id;
  out.user_data = base::base64_encode(user_data);
  out.instance_profile = request.node_class.status.instance_profile;
  out.detailed_monitoring = spec.detailed_monitoring.value_or(false);
  out.enclaves = spec.enclaves_enabled.value_or(false);
  out.block_devices = template_block_devices(spec, family);
  out.nested_virtualization = spec.nested_virtualization.value_or("");
  out.metadata = template_metadata(spec, cluster, ipv6);
  out.interfaces = template_interfaces({request.node_class, ipv6}, group.efa_count);
  out.data_tag_specifications = {{"network-interface", request.tags}};
  if (request.capacity_type == labels::kSpot) {
    out.data_tag_specifications.push_back({"spot-instances-request", request.tags});
  }
  out.tenancy = request.tenancy;
  out.capacity_reservation_preference = "none";  // reservations are not launched into yet
  out.name = "karpenter.k8s.aws/" +
             std::to_string(fnv1a(cluster.name + "\n" + request.capacity_type + "\n" + encode(out).text()));
  return out;
}

}  // namespace karpenter::aws
