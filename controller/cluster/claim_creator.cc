#include "controller/cluster/claim_creator.h"

#include <algorithm>
#include <vector>

#include "common/base/strings.h"
#include "common/model/legacy/annotations.h"

namespace karpenter::cluster {
namespace {

// "a, b, c, d, e and 7 other(s)". spec: scheduling §22.2 step 4
std::string instance_types_text(const cloud::InstanceTypes& types) {
  static constexpr std::size_t kShown = 5;
  std::vector<std::string> names;
  for (const auto& type : types) names.push_back(type->name);
  std::ranges::sort(names);
  const std::size_t others = names.size() > kShown ? names.size() - kShown : 0;
  names.resize(names.size() - others);
  std::string out = base::join(names, ", ");
  return others == 0 ? out : out + " and " + std::to_string(others) + " other(s)";
}

telemetry::Json requests_json(const model::Resources& requests) {
  std::string out = "{";
  for (const auto& [name, amount] : requests) {
    if (out.size() > 1) out += ',';
    out += '"' + name + "\":\"" + amount.text() + '"';
  }
  return {out + "}"};
}

}  // namespace

std::string exceeded_limit(const model::Resources& limits, const model::Resources& usage) {
  for (const auto& [name, limit] : limits) {
    const model::Quantity used = usage.get(name);
    if (used > limit) return name + " usage " + used.text() + " exceeds limit " + limit.text();
  }
  return "";
}

base::Result<model::NodeClaim> ClaimCreator::create(const scheduling::NewNode& planned,
                                                    std::string_view reason, const net::Call& call) {
  const auto pool = node_pools_.find(planned.node_pool);
  if (!pool) return base::not_found("nodepool is gone").add("NodePool", planned.node_pool);
  const SnapshotPtr snapshot = cluster_.snapshot();
  const auto usage = snapshot->node_pool_usage.find(planned.node_pool);
  if (usage != snapshot->node_pool_usage.end()) {
    const std::string exceeded = exceeded_limit(pool->spec.limits, usage->second);
    if (!exceeded.empty()) return base::invalid(exceeded).add("NodePool", planned.node_pool);
  }
  model::NodeClaim wanted = scheduling::make_node_claim(planned, *pool);
  // What a v1beta1 NodePool says about the kubelet holds for its nodes. spec: conversion §2.11
  if (const auto it = pool->meta.annotations.find(model::v1beta1::kKubeletAnnotation);
      it != pool->meta.annotations.end())
    wanted.meta.annotations.insert_or_assign(it->first, it->second);
  ASSIGN_OR_RETURN(model::NodeClaim created, kube::Api<model::NodeClaim>(client_).create(wanted, call));
  cluster_.observe_created(created);
  std::vector<model::ObjectKey> pods;
  for (const auto* pod : planned.pods) pods.push_back(model::key_of(pod->meta));
  cluster_.pods().assign(created.meta.name, pods);
  log_.info("created nodeclaim", {{"NodePool", telemetry::object_ref(planned.node_pool)},
                                  {"NodeClaim", telemetry::object_ref(created.meta.name)},
                                  {"requests", requests_json(planned.requests)},
                                  {"instance-types", instance_types_text(planned.instance_types)}});
  metrics_.count("karpenter_nodeclaims_created_total",
                 {{"reason", std::string(reason)},
                  {"nodepool", planned.node_pool},
                  {"min_values_relaxed", planned.min_values_relaxed ? "true" : "false"}});
  return created;
}

}  // namespace karpenter::cluster
