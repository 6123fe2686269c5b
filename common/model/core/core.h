#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/model/meta.h"
#include "common/model/resources.h"
#include "common/model/selectors.h"
#include "common/model/taints.h"

// The built-in Kubernetes kinds, trimmed to the fields this project reads or writes. Partial on purpose:
// writes are always create, patch or a subresource, never a full update.

namespace karpenter::model {

struct ContainerPort {
  std::int32_t container_port = 0;
  std::int32_t host_port = 0;
  std::string host_ip;
  std::string protocol;
};

struct ResourceRequirements {
  Resources requests;
  Resources limits;
};

struct Container {
  std::string name;
  std::string restart_policy;  // "Always" makes an init container a sidecar
  std::vector<ContainerPort> ports;
  ResourceRequirements resources;
};

struct PreferredSchedulingTerm {
  std::int32_t weight = 0;
  NodeSelectorTerm preference;
};

struct NodeAffinity {
  // required.nodeSelectorTerms; terms are ORed. Empty optional: no required node affinity.
  std::optional<std::vector<NodeSelectorTerm>> required;
  std::vector<PreferredSchedulingTerm> preferred;
};

struct PodAffinityTerm {
  std::optional<LabelSelector> label_selector;
  std::optional<LabelSelector> namespace_selector;
  std::vector<std::string> namespaces;
  std::string topology_key;
  std::vector<std::string> match_label_keys;
  std::vector<std::string> mismatch_label_keys;
};

struct WeightedPodAffinityTerm {
  std::int32_t weight = 0;
  PodAffinityTerm term;  // JSON: podAffinityTerm
};

struct PodAffinity {
  std::vector<PodAffinityTerm> required;
  std::vector<WeightedPodAffinityTerm> preferred;
};

struct Affinity {
  std::optional<NodeAffinity> node_affinity;
  std::optional<PodAffinity> pod_affinity;
  std::optional<PodAffinity> pod_anti_affinity;
};

struct TopologySpreadConstraint {
  std::int32_t max_skew = 0;
  std::string topology_key;
  std::string when_unsatisfiable;
  std::optional<LabelSelector> label_selector;
  std::optional<std::int32_t> min_domains;
  std::string node_affinity_policy;
  std::string node_taints_policy;
  std::vector<std::string> match_label_keys;
};

struct PodVolume {
  std::string name;
  std::optional<std::string> persistent_volume_claim;  // claimName
  std::optional<std::string>
      ephemeral_storage_class;  // ephemeral volume with a template: its class ("" = default)
  bool is_ephemeral = false;
};

struct PodSpec {
  std::string node_name;
  std::string scheduler_name;
  std::string priority_class_name;
  std::optional<std::int32_t> priority;
  std::string preemption_policy;
  StringMap node_selector;
  std::optional<Affinity> affinity;
  std::vector<Toleration> tolerations;
  std::vector<TopologySpreadConstraint> topology_spread_constraints;
  std::vector<Container> containers;
  std::vector<Container> init_containers;
  std::optional<ResourceRequirements> resources;  // pod-level
  Resources overhead;
  std::vector<PodVolume> volumes;
  std::vector<std::string> scheduling_gates;
  bool has_resource_claims = false;  // JSON: resourceClaims is there
  std::optional<std::int64_t> termination_grace_period_seconds;
  std::string restart_policy;
  bool host_network = false;
};

struct PodStatus {
  std::string phase;
  std::string nominated_node_name;
  std::string reason;
  std::vector<Condition> conditions;
  std::optional<base::Time> start_time;
};

struct Pod {
  ObjectMeta meta;
  PodSpec spec;
  PodStatus status;
};

struct NodeSpec {
  std::string provider_id;
  std::vector<Taint> taints;
  bool unschedulable = false;
};
struct NodeStatus {
  Resources capacity;
  Resources allocatable;
  std::vector<Condition> conditions;
  std::string boot_id;          // nodeInfo.bootID
  std::string kubelet_version;  // nodeInfo.kubeletVersion
};
struct Node {
  ObjectMeta meta;
  NodeSpec spec;
  NodeStatus status;
};

struct PodTemplate {
  ObjectMeta meta;
  PodSpec spec;
};
struct DaemonSet {
  ObjectMeta meta;
  std::optional<LabelSelector> selector;
  PodTemplate pod_template;  // JSON: spec.template
};

struct PodDisruptionBudget {
  ObjectMeta meta;
  std::optional<LabelSelector> selector;
  std::string min_available;    // JSON text of an int or a percentage ("1", "\"50%\""); "" when absent
  std::string max_unavailable;  // the same
  std::string unhealthy_pod_eviction_policy;
  std::int32_t disruptions_allowed = 0;
  std::int32_t expected_pods = 0;
  std::int32_t current_healthy = 0;
  std::int32_t desired_healthy = 0;
};

struct PersistentVolumeClaim {
  ObjectMeta meta;
  std::optional<std::string> storage_class_name;
  std::string volume_name;
  std::string phase;
};
struct PersistentVolume {
  ObjectMeta meta;
  std::optional<std::vector<NodeSelectorTerm>> node_affinity_required;
  std::string csi_driver;
  bool is_ebs = false;        // the in-tree awsElasticBlockStore source
  bool is_local = false;      // the local source
  bool is_host_path = false;  // the hostPath source
  std::string storage_class_name;
};
struct StorageClass {
  ObjectMeta meta;
  std::string provisioner;
  std::string volume_binding_mode;
  std::vector<NodeSelectorTerm> allowed_topologies;  // their expressions have no operator: always In
};
struct CsiNodeDriver {
  std::string name;
  std::optional<std::int32_t> allocatable_count;
};
struct CsiNode {
  ObjectMeta meta;
  std::vector<CsiNodeDriver> drivers;
};
struct VolumeAttachment {
  ObjectMeta meta;
  std::string node_name;
  std::string attacher;
  std::string persistent_volume_name;
};
struct Namespace {
  ObjectMeta meta;
};

struct Lease {
  ObjectMeta meta;
  std::string holder_identity;
  std::optional<std::int32_t> lease_duration_seconds;
  std::optional<base::Time> acquire_time;  // MicroTime
  std::optional<base::Time> renew_time;    // MicroTime
  std::optional<std::int32_t> lease_transitions;
};

struct Service {
  ObjectMeta meta;
  std::string cluster_ip;
};

struct CustomResourceDefinition {
  ObjectMeta meta;
};

// core/v1 Event, as the recorder writes it.
struct ObjectReference {
  std::string api_version;
  std::string kind;
  std::string namespace_name;
  std::string name;
  std::string uid;
};
struct KubeEvent {
  ObjectMeta meta;
  ObjectReference involved_object;
  std::string reason;
  std::string message;
  std::string type;  // Normal, Warning
  std::int32_t count = 1;
  std::string source_component;
  std::string reporting_component;
  std::optional<base::Time> first_timestamp;
  std::optional<base::Time> last_timestamp;
};

}  // namespace karpenter::model
