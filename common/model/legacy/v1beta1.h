#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/model/karpenter/v1.h"

// karpenter.sh/v1beta1 and karpenter.k8s.aws/v1beta1: NodePool, NodeClaim, EC2NodeClass. What equals v1 is
// the v1 struct; a v1 member that v1beta1 lacks stays empty there (its field table does not know it). spec:
// api §4.5, §10

namespace karpenter::model::v1beta1 {

// The typed kubelet object. Quantities, percentages and durations stay the text of the API. v1alpha5 has the
// same members plus containerRuntime. spec: api §4.5, §11.1
struct Kubelet {
  std::vector<std::string> cluster_dns;
  std::optional<std::int32_t> max_pods;
  std::optional<std::int32_t> pods_per_core;
  StringMap system_reserved;
  StringMap kube_reserved;
  StringMap eviction_hard;
  StringMap eviction_soft;
  StringMap eviction_soft_grace_period;
  std::optional<std::int32_t> eviction_max_pod_grace_period;  // seconds
  std::optional<std::int32_t> image_gc_high_threshold_percent;
  std::optional<std::int32_t> image_gc_low_threshold_percent;
  std::optional<bool> cpu_cfs_quota;
  std::string container_runtime;  // v1alpha5 only
  Blanks blanks = {};
  friend bool operator==(const Kubelet&, const Kubelet&) = default;
};

// Compact JSON with the members in the fixed order of the kubelet annotation, without containerRuntime; map
// keys sorted, absent members left out, <, > and & escaped. spec: conversion §2.2
[[nodiscard]] std::string kubelet_json(const Kubelet& kubelet);

struct NodeClassRef {
  std::string kind;
  std::string name;
  std::string api_version;
  Blanks blanks = {};
  friend bool operator==(const NodeClassRef&, const NodeClassRef&) = default;
};
// Compact JSON `{"kind":…,"name":…,"apiVersion":…}`; an empty kind or apiVersion is left out. spec:
// conversion §2.2
[[nodiscard]] std::string node_class_ref_json(const NodeClassRef& ref);

struct NodePoolTemplateSpec {
  std::vector<Taint> taints;
  std::vector<Taint> startup_taints;
  std::vector<NodeSelectorRequirement> requirements;
  WrittenResources requests;  // JSON: resources.requests; must be empty
  std::optional<Kubelet> kubelet;
  NodeClassRef node_class_ref;
  Blanks blanks = {};
};
struct NodePoolTemplate {
  NodePoolTemplateMeta meta;  // JSON: metadata
  NodePoolTemplateSpec spec;
  Blanks blanks = {};
};
struct Disruption {
  std::optional<std::string> consolidation_policy;
  std::optional<std::string> consolidate_after;
  std::optional<std::string> expire_after;
  std::optional<std::vector<Budget>> budgets;  // without reasons
  Blanks blanks = {};
};
struct NodePoolSpec {
  NodePoolTemplate node_template;  // JSON: template
  std::optional<Disruption> disruption;
  WrittenResources limits;
  std::optional<std::int32_t> weight;
  Blanks blanks = {};
};
struct NodePoolStatus {
  WrittenResources resources;
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
  std::vector<Taint> taints;
  std::vector<Taint> startup_taints;
  std::vector<NodeSelectorRequirement> requirements;
  WrittenResources requests;  // JSON: resources.requests
  std::optional<Kubelet> kubelet;
  NodeClassRef node_class_ref;
  Blanks blanks = {};
};
struct NodeClaim {
  ObjectMeta meta;
  NodeClaimSpec spec;
  NodeClaimStatus status;  // last_pod_event_time stays empty
  Blanks blanks = {};
};

struct Ec2NodeClassSpec {
  std::vector<SelectorTerm> subnet_selector_terms;
  std::vector<SelectorTerm> security_group_selector_terms;
  std::optional<bool> associate_public_ip_address;
  std::vector<AmiSelectorTerm> ami_selector_terms;  // id, name, owner, tags only
  std::string ami_family;
  std::optional<std::string> user_data;
  std::string role;
  std::string instance_profile;
  StringMap tags;
  std::optional<std::vector<BlockDeviceMapping>> block_device_mappings;  // an explicit [] differs from absent
  std::string instance_store_policy;
  std::optional<bool> detailed_monitoring;
  std::optional<MetadataOptions> metadata_options;
  std::string context;
  Blanks blanks = {};
};
struct Ec2NodeClass {
  ObjectMeta meta;
  Ec2NodeClassSpec spec;
  Ec2NodeClassStatus status;  // capacity_reservations and amis[].deprecated stay empty
  Blanks blanks = {};
};

}  // namespace karpenter::model::v1beta1
