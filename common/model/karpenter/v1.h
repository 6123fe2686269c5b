#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/model/as_written.h"
#include "common/model/meta.h"
#include "common/model/selectors.h"
#include "common/model/taints.h"

// karpenter.sh/v1 and karpenter.k8s.aws/v1. spec: api §2, §3, §4
// Durations stay the text of the API ("720h", "Never", "15m"); parse_never_duration reads them. Quantities
// keep their text beside their amount, `blanks` the members that stood there empty (as_written.h).

namespace karpenter::model {

inline constexpr std::string_view kKarpenterGroup = "karpenter.sh";
inline constexpr std::string_view kAwsGroup = "karpenter.k8s.aws";

// A duration or `Never` (nullopt). kInvalid otherwise.
[[nodiscard]] base::Result<std::optional<std::chrono::nanoseconds>> parse_never_duration(
    std::string_view text);

struct NodeClassRef {
  std::string group;
  std::string kind;
  std::string name;
  friend bool operator==(const NodeClassRef&, const NodeClassRef&) = default;
};

struct NodePoolTemplateSpec {
  std::vector<Taint> taints;
  std::vector<Taint> startup_taints;
  std::vector<NodeSelectorRequirement> requirements;
  NodeClassRef node_class_ref;
  std::optional<std::string> termination_grace_period;
  std::optional<std::string> expire_after;
  Blanks blanks = {};
};
struct NodePoolTemplateMeta {
  StringMap labels;
  StringMap annotations;
  Blanks blanks = {};
};
struct NodePoolTemplate {
  NodePoolTemplateMeta meta;  // JSON: metadata
  NodePoolTemplateSpec spec;
  Blanks blanks = {};
};

struct Budget {
  std::string nodes;                                // "10%" or "5"
  std::optional<std::vector<std::string>> reasons;  // absent: all; an explicit empty list matches none
  std::optional<std::string> schedule;
  std::optional<std::string> duration;
  Blanks blanks = {};
  friend bool operator==(const Budget&, const Budget&) = default;
};
struct Disruption {
  std::optional<std::string> consolidate_after;
  std::optional<std::string> consolidation_policy;
  std::optional<std::vector<Budget>> budgets;  // absent is defaulted; an explicit empty list means "no limit"
  Blanks blanks = {};
};

struct NodePoolSpec {
  NodePoolTemplate node_template;  // JSON: template
  std::optional<Disruption> disruption;
  WrittenResources limits;
  std::optional<std::int64_t> replicas;
  std::optional<std::int32_t> weight;
  Blanks blanks = {};
};
struct NodePoolStatus {
  std::optional<std::int64_t> nodes;
  WrittenResources resources;
  std::optional<std::int64_t> node_class_observed_generation;
  std::vector<Condition> conditions;
  Blanks blanks = {};
};
struct NodePool {
  ObjectMeta meta;
  NodePoolSpec spec;
  NodePoolStatus status;
  Blanks blanks = {};
};

struct NodeClaimSpec {
  std::vector<NodeSelectorRequirement> requirements;
  NodeClassRef node_class_ref;
  std::vector<Taint> taints;
  std::vector<Taint> startup_taints;
  WrittenResources requests;  // JSON: resources.requests
  std::optional<std::string> termination_grace_period;
  std::optional<std::string> expire_after;
  Blanks blanks = {};
};
struct NodeClaimStatus {
  std::string node_name;
  std::string provider_id;
  std::string image_id;
  WrittenResources capacity;
  WrittenResources allocatable;
  std::optional<base::Time> last_pod_event_time;
  std::vector<Condition> conditions;
  Blanks blanks = {};
};
struct NodeClaim {
  ObjectMeta meta;
  NodeClaimSpec spec;
  NodeClaimStatus status;
  Blanks blanks = {};
};

// ---- EC2NodeClass

struct SelectorTerm {  // subnets (id, tags) and security groups (id, name, tags)
  std::string id;
  std::string name;
  StringMap tags;
  Blanks blanks = {};
};
struct CapacityReservationSelectorTerm {
  std::string id;
  std::string owner_id;
  std::string instance_match_criteria;
  StringMap tags;
  Blanks blanks = {};
};
struct PlacementGroupSelector {
  std::string id;
  std::string name;
  Blanks blanks = {};
};
struct AmiSelectorTerm {
  std::string alias;
  std::string id;
  std::string name;
  std::string owner;
  std::string ssm_parameter;
  StringMap tags;
  Blanks blanks = {};
};
struct Ebs {
  std::optional<bool> delete_on_termination;
  std::optional<bool> encrypted;
  std::optional<std::int64_t> iops;
  std::optional<std::int64_t> throughput;
  std::string kms_key_id;
  std::string snapshot_id;
  std::optional<std::int32_t> volume_initialization_rate;
  std::optional<WrittenQuantity> volume_size;
  std::string volume_type;
  Blanks blanks = {};
};
struct BlockDeviceMapping {
  std::string device_name;
  std::optional<bool> root_volume;
  std::optional<Ebs> ebs;
  Blanks blanks = {};
};
struct NetworkInterfaceSpec {
  std::int32_t network_card_index = 0;
  std::int32_t device_index = 0;
  std::string interface_type;
};
struct MetadataOptions {
  std::optional<std::string> http_endpoint;
  std::optional<std::string> http_protocol_ipv6;
  std::optional<std::int64_t> http_put_response_hop_limit;
  std::optional<std::string> http_tokens;
};
struct ConnectionTracking {
  std::optional<std::int32_t> tcp_established_timeout;
  std::optional<std::int32_t> udp_stream_timeout;
  std::optional<std::int32_t> udp_timeout;
};

struct Ec2NodeClassSpec {
  std::vector<SelectorTerm> subnet_selector_terms;
  std::vector<SelectorTerm> security_group_selector_terms;
  std::vector<CapacityReservationSelectorTerm> capacity_reservation_selector_terms;
  std::optional<PlacementGroupSelector> placement_group_selector;
  std::optional<bool> associate_public_ip_address;
  std::optional<std::int32_t> ip_prefix_count;
  std::vector<AmiSelectorTerm> ami_selector_terms;
  std::string ami_family;
  std::optional<std::string> user_data;
  std::string role;
  std::string instance_profile;
  StringMap tags;
  std::string kubelet;  // the open map (api §4.4) as compact JSON text with sorted keys; "" when absent
  std::vector<BlockDeviceMapping> block_device_mappings;
  std::string instance_store_policy;
  std::vector<NetworkInterfaceSpec> network_interfaces;
  std::optional<bool> detailed_monitoring;
  std::optional<MetadataOptions> metadata_options;
  std::optional<ConnectionTracking> connection_tracking;
  std::string context;
  std::optional<std::string> nested_virtualization;  // JSON: cpuOptions.nestedVirtualization
  std::optional<bool> enclaves_enabled;              // JSON: enclaveOptions.enabled
  Blanks blanks = {};
};

struct SubnetStatus {
  std::string id;
  std::string zone;
  std::string zone_id;
  Blanks blanks = {};
};
struct SecurityGroupStatus {
  std::string id;
  std::string name;
  Blanks blanks = {};
};
struct AmiStatus {
  std::string id;
  std::string name;
  bool deprecated = false;
  std::vector<NodeSelectorRequirement> requirements;
  Blanks blanks = {};
};
struct CapacityReservationStatus {
  std::string id;
  std::string availability_zone;
  std::string instance_type;
  std::string owner_id;
  std::string instance_match_criteria;
  std::string reservation_type;
  std::string state;
  std::optional<bool> interruptible;
  std::optional<base::Time> end_time;
  Blanks blanks = {};
};
struct Ec2NodeClassStatus {
  std::vector<SubnetStatus> subnets;
  std::vector<SecurityGroupStatus> security_groups;
  std::vector<AmiStatus> amis;
  std::vector<CapacityReservationStatus> capacity_reservations;
  std::string instance_profile;
  std::vector<Condition> conditions;
  Blanks blanks = {};
};
struct Ec2NodeClass {
  ObjectMeta meta;
  Ec2NodeClassSpec spec;
  Ec2NodeClassStatus status;
  Blanks blanks = {};
};

}  // namespace karpenter::model
