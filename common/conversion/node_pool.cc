#include <cstdint>
#include <limits>
#include <optional>

#include "common/base/strings.h"
#include "common/conversion/annotations.h"
#include "common/conversion/conversion.h"
#include "common/schema/codec.h"

// NodePool and NodeClaim, v1beta1 <-> v1. spec: conversion §2.3-§2.5, §2.8

namespace karpenter::conversion {
namespace {

namespace beta = model::v1beta1;

void put(model::ObjectMeta& meta, std::string_view key, std::string value) {
  meta.annotations.insert_or_assign(std::string(key), std::move(value));
}

void drop(model::ObjectMeta& meta, std::string_view key) {
  if (const auto it = meta.annotations.find(key); it != meta.annotations.end()) meta.annotations.erase(it);
}

void drop_compatibility(model::ObjectMeta& meta) {
  for (const auto key : {kKubelet, kNodeClassReference, kStoredVersionMigrated}) drop(meta, key);
}

void keep_kubelet(model::ObjectMeta& meta, const std::optional<beta::Kubelet>& kubelet) {
  if (kubelet) {
    put(meta, kKubelet, beta::kubelet_json(*kubelet));
  } else {
    drop(meta, kKubelet);
  }
}

// The JSON object in an annotation. One that does not decode is ignored (deviation D5).
std::optional<json::Value> read_annotation(const model::ObjectMeta& meta, std::string_view key) {
  auto document = json::parse(meta.annotation(key));
  if (!document || !document->view().is_object()) return std::nullopt;
  return std::move(document).value();
}

std::optional<beta::Kubelet> read_kubelet(const model::ObjectMeta& meta) {
  const auto document = read_annotation(meta, kKubelet);
  if (!document) return std::nullopt;
  auto decoded = schema::decode<beta::Kubelet>(*document);
  if (!decoded) return std::nullopt;
  return std::move(decoded).value();
}

model::NodeClassRef ref_to_v1(const beta::NodeClassRef& ref) {
  const auto slash = ref.api_version.find('/');
  return {
      .group = slash == std::string::npos ? std::string(model::kAwsGroup) : ref.api_version.substr(0, slash),
      .kind = ref.kind.empty() ? "EC2NodeClass" : ref.kind,
      .name = ref.name};
}

// The original reference if it still names the same class (deviation D2).
beta::NodeClassRef ref_to_v1beta1(const model::ObjectMeta& meta, const model::NodeClassRef& ref) {
  beta::NodeClassRef out{.kind = ref.kind, .name = ref.name, .api_version = {}};
  const auto original = read_annotation(meta, kNodeClassReference);
  if (!original || (*original)["name"].string_or("") != ref.name) return out;
  const auto kind = (*original)["kind"].string_or("");
  if (!kind.empty() && kind != ref.kind) return out;
  out.kind = kind;
  out.api_version = (*original)["apiVersion"].string_or("");
  return out;
}

// The API's v1beta1 knows neither bounds that include their value nor the policy Balanced.
std::vector<model::NodeSelectorRequirement> requirements_to_v1beta1(
    std::vector<model::NodeSelectorRequirement> requirements) {
  for (auto& requirement : requirements) {
    if ((requirement.op != "Gte" && requirement.op != "Lte") || requirement.values.size() != 1) continue;
    const auto bound = base::parse_int64(requirement.values.front());
    if (!bound || *bound == std::numeric_limits<std::int64_t>::max()) continue;
    if (requirement.op == "Gte" && *bound == 0) {
      requirement.op = "Exists";
      requirement.values.clear();
    } else {
      requirement.values = {std::to_string(requirement.op == "Gte" ? *bound - 1 : *bound + 1)};
      requirement.op = requirement.op == "Gte" ? "Gt" : "Lt";
    }
  }
  return requirements;
}

model::Disruption disruption_to_v1(const beta::Disruption& from) {
  model::Disruption out;
  out.budgets = from.budgets;
  out.consolidation_policy = from.consolidation_policy;
  out.consolidate_after = from.consolidate_after.value_or("Never");
  if (from.consolidation_policy == "WhenUnderutilized") {
    out.consolidation_policy = "WhenEmptyOrUnderutilized";
    // Never switched consolidation off there, and must go on doing so (deviation D1).
    if (from.consolidate_after != "Never") out.consolidate_after = "0s";
  }
  return out;
}

beta::Disruption disruption_to_v1beta1(const model::Disruption& from) {
  beta::Disruption out;
  out.consolidation_policy = from.consolidation_policy;
  out.consolidate_after = from.consolidate_after;
  if (from.consolidation_policy == "WhenEmptyOrUnderutilized" || from.consolidation_policy == "Balanced") {
    out.consolidation_policy = "WhenUnderutilized";
    if (from.consolidate_after != "Never") out.consolidate_after = std::nullopt;
  }
  out.budgets = from.budgets;
  if (out.budgets) {
    for (auto& budget : *out.budgets) budget.reasons.clear();
  }
  return out;
}

}  // namespace

model::NodePool to_v1(const beta::NodePool& pool) {
  model::NodePool out;
  const auto& from = pool.spec.node_template.spec;
  auto& to = out.spec.node_template.spec;
  out.meta = pool.meta;
  out.spec.weight = pool.spec.weight;
  out.spec.limits = pool.spec.limits;
  out.spec.disruption = disruption_to_v1(pool.spec.disruption.value_or(beta::Disruption{}));
  out.spec.node_template.meta = pool.spec.node_template.meta;
  to.taints = from.taints;
  to.startup_taints = from.startup_taints;
  to.requirements = from.requirements;
  to.node_class_ref = ref_to_v1(from.node_class_ref);
  to.expire_after = pool.spec.disruption ? pool.spec.disruption->expire_after.value_or("Never") : "Never";
  keep_kubelet(out.meta, from.kubelet);
  put(out.meta, kNodeClassReference, beta::node_class_ref_json(from.node_class_ref));
  out.status.resources = pool.status.resources;
  out.status.conditions = pool.status.conditions;
  return out;
}

beta::NodePool to_v1beta1(const model::NodePool& pool) {
  beta::NodePool out;
  const auto& from = pool.spec.node_template.spec;
  auto& to = out.spec.node_template.spec;
  out.meta = pool.meta;
  out.spec.weight = pool.spec.weight;
  out.spec.limits = pool.spec.limits;
  out.spec.disruption = disruption_to_v1beta1(pool.spec.disruption.value_or(model::Disruption{}));
  out.spec.disruption->expire_after = from.expire_after.value_or("Never");
  out.spec.node_template.meta = pool.spec.node_template.meta;
  to.taints = from.taints;
  to.startup_taints = from.startup_taints;
  to.requirements = requirements_to_v1beta1(from.requirements);
  to.node_class_ref = ref_to_v1beta1(pool.meta, from.node_class_ref);
  to.kubelet = read_kubelet(pool.meta);
  drop_compatibility(out.meta);
  out.status.resources = pool.status.resources;
  out.status.conditions = pool.status.conditions;
  return out;
}

model::NodeClaim to_v1(const beta::NodeClaim& claim, std::string_view expire_after) {
  model::NodeClaim out;
  out.meta = claim.meta;
  out.spec.taints = claim.spec.taints;
  out.spec.startup_taints = claim.spec.startup_taints;
  out.spec.requirements = claim.spec.requirements;
  out.spec.requests = claim.spec.requests;
  out.spec.node_class_ref = ref_to_v1(claim.spec.node_class_ref);
  out.spec.expire_after = std::string(expire_after);
  keep_kubelet(out.meta, claim.spec.kubelet);
  put(out.meta, kNodeClassReference, beta::node_class_ref_json(claim.spec.node_class_ref));
  out.status = claim.status;
  return out;
}

beta::NodeClaim to_v1beta1(const model::NodeClaim& claim) {
  beta::NodeClaim out;
  out.meta = claim.meta;
  out.spec.taints = claim.spec.taints;
  out.spec.startup_taints = claim.spec.startup_taints;
  out.spec.requirements = requirements_to_v1beta1(claim.spec.requirements);
  out.spec.requests = claim.spec.requests;
  out.spec.node_class_ref = ref_to_v1beta1(claim.meta, claim.spec.node_class_ref);
  out.spec.kubelet = read_kubelet(claim.meta);
  drop_compatibility(out.meta);
  out.status = claim.status;
  out.status.last_pod_event_time = std::nullopt;
  return out;
}

}  // namespace karpenter::conversion
