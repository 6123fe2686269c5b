#include "controller/aws/client/ec2_codec.h"

#include <algorithm>

#include "common/base/strings.h"

namespace karpenter::aws {
namespace {

std::vector<std::string> texts(XmlView list) {
  std::vector<std::string> out;
  for (const XmlView item : list.items()) out.push_back(item.text());
  return out;
}

std::optional<std::int64_t> integer(XmlView view) {
  return view.exists() ? base::parse_int64(base::trim(view.text())) : std::nullopt;
}

std::int32_t small(XmlView view) { return static_cast<std::int32_t>(view.integer_or(0)); }

void put_tags(QueryBody& body, std::string_view prefix, const Tags& tags) {
  std::size_t index = 0;
  for (const auto& [key, value] : tags) {
    ++index;
    body.set_even_empty(nested(prefix, index, "Key"), key);
    body.set_even_empty(nested(prefix, index, "Value"), value);
  }
}

void put_block_devices(QueryBody& body, const std::vector<BlockDevice>& devices) {
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const std::string prefix = nested("LaunchTemplateData.BlockDeviceMapping", i + 1);
    const EbsSettings& ebs = devices[i].ebs;
    body.set(prefix + ".DeviceName", devices[i].device_name);
    body.set(prefix + ".Ebs.DeleteOnTermination", ebs.delete_on_termination);
    body.set(prefix + ".Ebs.Encrypted", ebs.encrypted);
    body.set(prefix + ".Ebs.VolumeType", ebs.volume_type);
    if (ebs.iops > 0) body.set(prefix + ".Ebs.Iops", ebs.iops);
    if (ebs.throughput > 0) body.set(prefix + ".Ebs.Throughput", ebs.throughput);
    body.set(prefix + ".Ebs.KmsKeyId", ebs.kms_key_id);
    body.set(prefix + ".Ebs.SnapshotId", ebs.snapshot_id);
    body.set(prefix + ".Ebs.VolumeInitializationRate", ebs.volume_initialization_rate);
    body.set(prefix + ".Ebs.VolumeSize", ebs.volume_size_gib);
  }
}

void put_interfaces(QueryBody& body, const std::vector<InterfaceSettings>& interfaces) {
  for (std::size_t i = 0; i < interfaces.size(); ++i) {
    const std::string prefix = nested("LaunchTemplateData.NetworkInterface", i + 1);
    const InterfaceSettings& one = interfaces[i];
    body.set(prefix + ".NetworkCardIndex", one.network_card_index);
    body.set(prefix + ".DeviceIndex", one.device_index);
    body.set(prefix + ".InterfaceType", one.interface_type);
    body.list(prefix + ".SecurityGroupId", one.security_group_ids);
    body.set(prefix + ".Ipv4PrefixCount", one.ipv4_prefix_count);
    body.set(prefix + ".Ipv6PrefixCount", one.ipv6_prefix_count);
    body.set(prefix + ".AssociatePublicIpAddress", one.associate_public_ip);
    if (one.primary_ipv6) {
      body.set(prefix + ".PrimaryIpv6", true);
      body.set(prefix + ".Ipv6AddressCount", 1);
    }
    const std::string tracking = prefix + ".ConnectionTrackingSpecification";
    body.set(tracking + ".TcpEstablishedTimeout", one.tcp_established_timeout);
    body.set(tracking + ".UdpStreamTimeout", one.udp_stream_timeout);
    body.set(tracking + ".UdpTimeout", one.udp_timeout);
  }
}

void put_metadata(QueryBody& body, const MetadataSettings& metadata) {
  const std::string prefix = "LaunchTemplateData.MetadataOptions";
  body.set(prefix + ".HttpEndpoint", metadata.http_endpoint);
  body.set(prefix + ".HttpProtocolIpv6", metadata.http_protocol_ipv6);
  body.set(prefix + ".HttpPutResponseHopLimit", metadata.hop_limit);
  body.set(prefix + ".HttpTokens", metadata.http_tokens);
  body.set(prefix + ".InstanceMetadataTags", "disabled");
}

void decode_processor(XmlView item, InstanceTypeInfo& out) {
  const XmlView processor = item["processorInfo"];
  out.has_processor_info = processor.exists();
  out.architectures = texts(processor["supportedArchitectures"]);
  out.clock_speed_ghz = processor["sustainedClockSpeedInGhz"].number_or(0);
  out.manufacturer = processor["manufacturer"].text();
  out.processor_features = texts(processor["supportedFeatures"]);
}

void decode_network(XmlView network, InstanceTypeInfo& out) {
  out.default_network_card = small(network["defaultNetworkCardIndex"]);
  for (const XmlView card : network["networkCards"].items()) {
    out.network_cards.push_back({small(card["networkCardIndex"]), small(card["maximumNetworkInterfaces"])});
  }
  out.ipv4_per_interface = small(network["ipv4AddressesPerInterface"]);
  out.ena_support = network["enaSupport"].text();
  out.maximum_efa_interfaces = small(network["efaInfo"]["maximumEfaInterfaces"]);
  out.encryption_in_transit = network["encryptionInTransitSupported"].is_true();
}

void decode_devices(XmlView item, InstanceTypeInfo& out) {
  for (const XmlView gpu : item["gpuInfo"]["gpus"].items()) {
    out.gpus.push_back({gpu["name"].text(), gpu["manufacturer"].text(), gpu["count"].integer_or(0),
                        gpu["memoryInfo"]["sizeInMiB"].integer_or(0)});
  }
  for (const XmlView one : item["inferenceAcceleratorInfo"]["accelerators"].items()) {
    out.accelerators.push_back({one["name"].text(), one["manufacturer"].text(), one["count"].integer_or(0)});
  }
  for (const XmlView one : item["neuronInfo"]["neuronDevices"].items()) {
    out.neuron_devices.push_back(
        {one["name"].text(), one["count"].integer_or(0), one["coreInfo"]["count"].integer_or(0)});
  }
}

}  // namespace

void put_filters(QueryBody& body, const std::vector<Filter>& filters) {
  for (std::size_t i = 0; i < filters.size(); ++i) {
    body.set(nested("Filter", i + 1, "Name"), filters[i].name);
    body.list(nested("Filter", i + 1, "Value"), filters[i].values);
  }
}

void put_tag_specifications(QueryBody& body, std::string_view prefix,
                            const std::vector<TagSpecification>& specifications) {
  for (std::size_t i = 0; i < specifications.size(); ++i) {
    body.set(nested(prefix, i + 1, "ResourceType"), specifications[i].resource_type);
    put_tags(body, nested(prefix, i + 1, "Tag"), specifications[i].tags);
  }
}

QueryBody encode(const CreateLaunchTemplateInput& input) {
  QueryBody body("CreateLaunchTemplate", kEc2Version);
  body.set("ClientToken", input.client_token);
  body.set("LaunchTemplateName", input.name);
  put_tag_specifications(body, "TagSpecification", input.tag_specifications);
  body.set("LaunchTemplateData.ImageId", input.image_id);
  body.set("LaunchTemplateData.UserData", input.user_data);
  body.set("LaunchTemplateData.IamInstanceProfile.Name", input.instance_profile);
  body.set("LaunchTemplateData.Monitoring.Enabled", input.detailed_monitoring);
  body.set("LaunchTemplateData.EnclaveOptions.Enabled", input.enclaves);
  put_block_devices(body, input.block_devices);
  body.set("LaunchTemplateData.CpuOptions.NestedVirtualization", input.nested_virtualization);
  put_metadata(body, input.metadata);
  put_interfaces(body, input.interfaces);
  put_tag_specifications(body, "LaunchTemplateData.TagSpecification", input.data_tag_specifications);
  body.set("LaunchTemplateData.Placement.Tenancy", input.tenancy);
  body.set("LaunchTemplateData.CapacityReservationSpecification.CapacityReservationPreference",
           input.capacity_reservation_preference);
  return body;
}

QueryBody encode(const CreateFleetInput& input) {
  QueryBody body("CreateFleet", kEc2Version);
  body.set("ClientToken", input.client_token);
  body.set("Type", "instant");
  body.set("TargetCapacitySpecification.TotalTargetCapacity", input.target_capacity);
  body.set("TargetCapacitySpecification.DefaultTargetCapacityType", input.capacity_type);
  body.set("SpotOptions.AllocationStrategy", input.spot_allocation_strategy);
  body.set("OnDemandOptions.AllocationStrategy", input.on_demand_allocation_strategy);
  body.set("Context", input.context);
  for (std::size_t i = 0; i < input.templates.size(); ++i) {
    const std::string prefix = nested("LaunchTemplateConfigs", i + 1);
    body.set(prefix + ".LaunchTemplateSpecification.LaunchTemplateName",
             input.templates[i].launch_template_name);
    body.set(prefix + ".LaunchTemplateSpecification.Version", "$Latest");
    const auto& overrides = input.templates[i].overrides;
    for (std::size_t j = 0; j < overrides.size(); ++j) {
      const std::string one = nested(prefix + ".Overrides", j + 1);
      body.set(one + ".InstanceType", overrides[j].instance_type);
      body.set(one + ".SubnetId", overrides[j].subnet_id);
      body.set(one + ".ImageId", overrides[j].image_id);
      body.set(one + ".AvailabilityZone", overrides[j].zone);
      body.set(one + ".Priority", overrides[j].priority);
    }
  }
  put_tag_specifications(body, "TagSpecification", input.tag_specifications);
  return body;
}

InstanceTypeInfo decode_instance_type(XmlView item) {
  InstanceTypeInfo out;
  out.name = item["instanceType"].text();
  out.usage_classes = texts(item["supportedUsageClasses"]);
  out.hypervisor = item["hypervisor"].text();
  out.nitro_enclaves_support = item["nitroEnclavesSupport"].text();
  decode_processor(item, out);
  out.vcpus = item["vCpuInfo"]["defaultVCpus"].integer_or(0);
  out.memory_mib = item["memoryInfo"]["sizeInMiB"].integer_or(0);
  out.storage_gb = integer(item["instanceStorageInfo"]["totalSizeInGB"]);
  out.storage_nvme_support = item["instanceStorageInfo"]["nvmeSupport"].text();
  out.ebs_optimized_support = item["ebsInfo"]["ebsOptimizedSupport"].text();
  out.ebs_bandwidth_mbps = integer(item["ebsInfo"]["ebsOptimizedInfo"]["maximumBandwidthInMbps"]);
  decode_network(item["networkInfo"], out);
  decode_devices(item, out);
  out.placement_strategies = texts(item["placementGroupInfo"]["supportedStrategies"]);
  return out;
}

Instance decode_instance(XmlView item) {
  Instance out;
  out.id = item["instanceId"].text();
  out.image_id = item["imageId"].text();
  out.type = item["instanceType"].text();
  if (auto time = base::parse_rfc3339(item["launchTime"].text())) out.launch_time = *time;
  out.state = item["instanceState"]["name"].text();
  out.subnet_id = item["subnetId"].text();
  const XmlView placement = item["placement"];
  out.zone = placement["availabilityZone"].text();
  out.zone_id = placement["availabilityZoneId"].text();
  out.tenancy = placement["tenancy"].text();
  for (const XmlView group : item["groupSet"].items())
    out.security_group_ids.push_back(group["groupId"].text());
  for (const XmlView tag : item["tagSet"].items()) out.tags[tag["key"].text()] = tag["value"].text();
  out.spot_request_id = item["spotInstanceRequestId"].text();
  out.lifecycle = item["instanceLifecycle"].text();
  for (const XmlView one : item["networkInterfaceSet"].items()) {
    const std::string type = one["interfaceType"].text();
    if (type == "efa" || type == "efa-only") ++out.efa_count;
  }
  return out;
}

CreateFleetOutput decode_fleet(XmlView root) {
  CreateFleetOutput out;
  out.fleet_id = root["fleetId"].text();
  for (const XmlView item : root["fleetInstanceSet"].items()) {
    const XmlView chosen = item["launchTemplateAndOverrides"]["overrides"];
    FleetInstance one;
    one.ids = texts(item["instanceIds"]);
    one.instance_type = item["instanceType"].text();
    one.subnet_id = chosen["subnetId"].text();
    one.zone = chosen["availabilityZone"].text();
    one.image_id = chosen["imageId"].text();
    out.instances.push_back(std::move(one));
  }
  for (const XmlView item : root["errorSet"].items()) {
    const XmlView chosen = item["launchTemplateAndOverrides"]["overrides"];
    out.errors.push_back({item["errorCode"].text(), item["errorMessage"].text(),
                          chosen["instanceType"].text(), chosen["availabilityZone"].text(),
                          chosen["subnetId"].text()});
  }
  return out;
}

}  // namespace karpenter::aws
