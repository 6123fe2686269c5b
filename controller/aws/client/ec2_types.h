#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/time.h"

// Inputs and outputs of the EC2 operations in use: only the members that are sent or read. spec: aws §2.10

namespace karpenter::aws {

using Tags = std::map<std::string, std::string, std::less<>>;

struct Filter {
  std::string name;
  std::vector<std::string> values;
  friend bool operator==(const Filter&, const Filter&) = default;
};

// ---- instance types

struct NetworkCard {
  std::int32_t index = 0;
  std::int32_t maximum_interfaces = 0;
};
struct GpuInfo {
  std::string name;
  std::string manufacturer;
  std::int64_t count = 0;
  std::int64_t memory_mib = 0;
};
struct AcceleratorInfo {  // inference accelerators
  std::string name;
  std::string manufacturer;
  std::int64_t count = 0;
};
struct NeuronDevice {
  std::string name;
  std::int64_t count = 0;
  std::int64_t cores = 0;
};
struct InstanceTypeInfo {
  std::string name;
  std::vector<std::string> usage_classes;
  std::string hypervisor;  // "" for bare metal
  std::string nitro_enclaves_support;
  std::vector<std::string> architectures;
  bool has_processor_info = false;
  double clock_speed_ghz = 0;
  std::string manufacturer;
  std::vector<std::string> processor_features;
  std::int64_t vcpus = 0;
  std::int64_t memory_mib = 0;
  std::optional<std::int64_t> storage_gb;  // instance store in total
  std::string storage_nvme_support;
  std::string ebs_optimized_support;
  std::optional<std::int64_t> ebs_bandwidth_mbps;
  std::int32_t default_network_card = 0;
  std::vector<NetworkCard> network_cards;
  std::int32_t ipv4_per_interface = 0;
  std::string ena_support;
  std::int32_t maximum_efa_interfaces = 0;
  bool encryption_in_transit = false;
  std::vector<GpuInfo> gpus;
  std::vector<AcceleratorInfo> accelerators;
  std::vector<NeuronDevice> neuron_devices;
  std::vector<std::string> placement_strategies;
};
struct InstanceTypeOffering {
  std::string instance_type;
  std::string zone;
};
struct SpotPrice {
  std::string instance_type;
  std::string zone;
  std::string price;      // decimal text
  std::string timestamp;  // "" when absent
};

// ---- network, images

struct Subnet {
  std::string id;
  std::string zone;
  std::string zone_id;
  std::int64_t available_addresses = 0;
};
struct SecurityGroup {
  std::string id;
  std::string name;
};
struct Image {
  std::string id;
  std::string name;
  std::string architecture;
  std::string creation_date;  // RFC 3339 with milliseconds
  std::string deprecation_time;
};
struct DescribeImagesInput {
  std::vector<Filter> filters;
  std::vector<std::string> owners;
};

// ---- instances

struct Instance {
  std::string id;
  std::string image_id;
  std::string type;
  std::optional<base::Time> launch_time;
  std::string state;
  std::string subnet_id;
  std::string zone;
  std::string zone_id;
  std::string tenancy;
  std::vector<std::string> security_group_ids;
  Tags tags;
  std::string spot_request_id;
  std::string lifecycle;
  std::int64_t efa_count = 0;  // interfaces of type efa or efa-only
};
struct DescribeInstancesInput {
  std::vector<std::string> ids;
  std::vector<Filter> filters;
};
struct InstanceStateChange {
  std::string id;
  std::string current;
  std::string previous;
};

// ---- launch templates

struct LaunchTemplate {
  std::string id;
  std::string name;
};
struct EbsSettings {
  std::optional<bool> delete_on_termination;
  std::optional<bool> encrypted;
  std::string volume_type;
  std::int64_t iops = 0;        // 0: not sent
  std::int64_t throughput = 0;  // 0: not sent
  std::string kms_key_id;
  std::string snapshot_id;
  std::optional<std::int64_t> volume_initialization_rate;
  std::optional<std::int64_t> volume_size_gib;
};
struct BlockDevice {
  std::string device_name;
  EbsSettings ebs;
};
struct InterfaceSettings {
  std::optional<std::int64_t> network_card_index;
  std::int64_t device_index = 0;
  std::string interface_type;
  std::vector<std::string> security_group_ids;
  std::optional<std::int64_t> ipv4_prefix_count;
  std::optional<std::int64_t> ipv6_prefix_count;
  std::optional<bool> associate_public_ip;
  bool primary_ipv6 = false;  // also asks for one IPv6 address
  std::optional<std::int64_t> tcp_established_timeout;
  std::optional<std::int64_t> udp_stream_timeout;
  std::optional<std::int64_t> udp_timeout;
};
struct MetadataSettings {
  std::string http_endpoint;
  std::string http_protocol_ipv6;  // "" is omitted
  std::int64_t hop_limit = 2;
  std::string http_tokens;
};
struct TagSpecification {
  std::string resource_type;
  Tags tags;
};
struct CreateLaunchTemplateInput {
  std::string name;
  std::string client_token;
  std::vector<TagSpecification> tag_specifications;  // of the template itself
  // LaunchTemplateData
  std::string image_id;
  std::string user_data;  // base64
  std::string instance_profile;
  bool detailed_monitoring = false;
  bool enclaves = false;
  std::vector<BlockDevice> block_devices;
  std::string nested_virtualization;
  MetadataSettings metadata;
  std::vector<InterfaceSettings> interfaces;
  std::vector<TagSpecification> data_tag_specifications;
  std::string tenancy;
  std::string capacity_reservation_preference;
};
struct DescribeLaunchTemplatesInput {
  std::vector<std::string> names;
  std::vector<Filter> filters;
};

// ---- fleets

struct FleetOverride {
  std::string instance_type;
  std::string subnet_id;
  std::string image_id;
  std::string zone;
  double priority = 0;
  friend bool operator==(const FleetOverride&, const FleetOverride&) = default;
};
struct FleetTemplate {
  std::string launch_template_name;
  std::vector<FleetOverride> overrides;
  friend bool operator==(const FleetTemplate&, const FleetTemplate&) = default;
};
struct CreateFleetInput {
  std::string client_token;
  std::int64_t target_capacity = 1;
  std::string capacity_type;                  // DefaultTargetCapacityType
  std::string spot_allocation_strategy;       // "" omits SpotOptions
  std::string on_demand_allocation_strategy;  // "" omits OnDemandOptions
  std::string context;
  std::vector<FleetTemplate> templates;
  std::vector<TagSpecification> tag_specifications;
};
struct FleetInstance {
  std::vector<std::string> ids;
  std::string instance_type;
  std::string subnet_id;
  std::string zone;
  std::string image_id;
};
struct FleetError {
  std::string code;
  std::string message;
  std::string instance_type;
  std::string zone;
  std::string subnet_id;
};
struct CreateFleetOutput {
  std::string fleet_id;
  std::vector<FleetInstance> instances;
  std::vector<FleetError> errors;
};

}  // namespace karpenter::aws
