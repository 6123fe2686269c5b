#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/model/legacy/v1beta1.h"

// karpenter.sh/v1alpha5 Provisioner and Machine, karpenter.k8s.aws/v1alpha1 AWSNodeTemplate. spec: api §11,
// §12

namespace karpenter::model::v1alpha1 {

// Also the inline form, `spec.provider` of a Provisioner (schema::decode_inline_provider reads that
// strictly). Selector maps: all entries ANDed; an empty map differs from an absent one. spec: api §12.1
struct AwsNodeTemplateSpec {
  std::string api_version;  // extension type information of the inline form
  std::string kind;
  std::string ami_family;
  std::string context;
  std::string instance_profile;
  std::optional<StringMap> subnet_selector;
  std::optional<StringMap> security_group_selector;
  StringMap tags;
  std::string launch_template;
  std::optional<MetadataOptions> metadata_options;
  std::vector<BlockDeviceMapping> block_device_mappings;  // without rootVolume
  std::optional<std::string> user_data;                   // not in the inline form
  std::optional<StringMap> ami_selector;                  // not in the inline form
  std::optional<bool> detailed_monitoring;                // not in the inline form
  Blanks blanks = {};
};
struct AwsNodeTemplateStatus {
  std::vector<SubnetStatus> subnets;
  std::vector<SecurityGroupStatus> security_groups;
  std::vector<AmiStatus> amis;
  Blanks blanks = {};
};
struct AwsNodeTemplate {
  ObjectMeta meta;
  AwsNodeTemplateSpec spec;
  AwsNodeTemplateStatus status;
  Blanks blanks = {};
};

}  // namespace karpenter::model::v1alpha1

namespace karpenter::model::v1alpha5 {

struct ProviderRef {
  std::string name;
  std::string kind;
  std::string api_version;
  Blanks blanks = {};
  friend bool operator==(const ProviderRef&, const ProviderRef&) = default;
};

// The conditions of these kinds: strings without limits, with a severity.
struct LegacyCondition {
  std::string type;
  std::string status;
  std::string severity;
  std::string last_transition_time;
  std::string reason;
  std::string message;
  Blanks blanks = {};
  friend bool operator==(const LegacyCondition&, const LegacyCondition&) = default;
};

struct ProvisionerSpec {
  StringMap annotations;
  StringMap labels;
  std::vector<Taint> taints;
  std::vector<Taint> startup_taints;
  std::vector<NodeSelectorRequirement> requirements;  // without minValues
  std::optional<v1beta1::Kubelet> kubelet;  // JSON: kubeletConfiguration; reserved numbers become text
  std::string provider;  // the open object (api §12.3) as compact JSON text with sorted keys; "" when absent
  std::optional<ProviderRef> provider_ref;
  std::optional<std::int64_t> ttl_seconds_after_empty;
  std::optional<std::int64_t> ttl_seconds_until_expired;
  std::optional<bool> consolidation_enabled;  // JSON: consolidation.enabled
  WrittenResources limits;                    // JSON: limits.resources
  std::optional<std::int32_t> weight;
  Blanks blanks = {};
};
struct ProvisionerStatus {
  std::optional<base::Time> last_scale_time;
  WrittenResources resources;
  std::vector<LegacyCondition> conditions;
  Blanks blanks = {};
};
struct Provisioner {
  ObjectMeta meta;
  ProvisionerSpec spec;
  ProvisionerStatus status;
  Blanks blanks = {};
};

// The predecessor of NodeClaim. spec: api §11.2
struct MachineSpec {
  std::vector<Taint> taints;
  std::vector<Taint> startup_taints;
  std::vector<NodeSelectorRequirement> requirements;  // without minValues
  WrittenResources requests;                          // JSON: resources.requests
  std::optional<v1beta1::Kubelet> kubelet;
  std::optional<ProviderRef> machine_template_ref;
  Blanks blanks = {};
};
struct MachineStatus {
  std::string node_name;
  std::string provider_id;
  WrittenResources capacity;
  WrittenResources allocatable;
  std::vector<LegacyCondition> conditions;
  Blanks blanks = {};
};
struct Machine {
  ObjectMeta meta;
  MachineSpec spec;
  MachineStatus status;
  Blanks blanks = {};
};

}  // namespace karpenter::model::v1alpha5
