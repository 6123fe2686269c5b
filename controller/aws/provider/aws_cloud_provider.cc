#include "controller/aws/provider/aws_cloud_provider.h"

#include <algorithm>
#include <utility>

#include "common/model/conditions.h"
#include "common/model/labels.h"
#include "common/model/legacy/annotations.h"
#include "controller/aws/provider/aws_labels.h"
#include "controller/aws/provider/drift.h"
#include "controller/aws/provider/tags.h"

namespace karpenter::aws {
namespace {

namespace labels = model::labels;

bool is_reservation_label(std::string_view key) {
  return key == label::kReservationId || key == label::kReservationType ||
         key == label::kReservationInterruptible;
}

// Amounts a node of this instance will report: no zeros, EFA only when it was attached. spec: aws §10.1
model::Resources reported(const model::Resources& resources, const CloudInstance& instance) {
  model::Resources out;
  for (const auto& [name, quantity] : resources) {
    if (quantity.is_zero() || (name == resource::kEfa && instance.efa_count == 0)) continue;
    out.set(name, quantity);
  }
  return out;
}

telemetry::Event unresolved_class(telemetry::EventObject object, std::string_view name) {
  telemetry::Event event;
  event.object = std::move(object);
  event.type = "Warning";
  event.message = "Failed resolving EC2NodeClass " + std::string(name);
  return event;
}

telemetry::EventObject object_of(std::string kind, const model::ObjectMeta& meta) {
  return {"karpenter.sh/v1", std::move(kind), "", meta.name, meta.uid};
}

// The class with the kubelet that a NodePool or NodeClaim of v1beta1 brings along: it wins over the class's
// own. spec: conversion §2.11
std::shared_ptr<const model::Ec2NodeClass> with_kubelet_of(
    const model::ObjectMeta& meta, std::shared_ptr<const model::Ec2NodeClass> node_class) {
  const auto kubelet = meta.annotations.find(model::v1beta1::kKubeletAnnotation);
  if (!node_class || kubelet == meta.annotations.end()) return node_class;
  auto out = std::make_shared<model::Ec2NodeClass>(*node_class);
  out->spec.kubelet = kubelet->second;
  return out;
}

}  // namespace

model::NodeClaim claim_of(const CloudInstance& instance, const cloud::InstanceType* type,
                          const model::Ec2NodeClass* node_class, base::Time now) {
  model::NodeClaim out;
  auto& meta = out.meta;
  if (type != nullptr) {
    for (const auto& [key, requirement] : type->requirements) {
      if (is_reservation_label(key) || requirement.complement() || requirement.values().size() != 1) continue;
      meta.labels[key] = *requirement.values().begin();
    }
    out.status.capacity = reported(type->capacity, instance);
    out.status.allocatable = reported(type->allocatable(), instance);
  }
  meta.labels[std::string(labels::kZone)] = instance.zone;
  if (node_class != nullptr) {
    for (const auto& subnet : node_class->status.subnets) {
      if (subnet.zone != instance.zone || subnet.zone_id.empty()) continue;
      meta.labels[std::string(labels::kZoneId)] = subnet.zone_id;
      break;
    }
  }
  meta.labels[std::string(labels::kCapacityType)] = instance.capacity_type;
  meta.labels[std::string(label::kTenancy)] = instance.tenancy;
  if (const auto pool = instance.tags.find(labels::kNodePool); pool != instance.tags.end()) {
    meta.labels[std::string(labels::kNodePool)] = pool->second;
  }
  if (const auto claim = instance.tags.find(tag::kNodeClaim); claim != instance.tags.end())
    meta.name = claim->second;
  meta.creation_timestamp = instance.launch_time;
  if (instance.state == "shutting-down" || instance.state == "terminated") meta.deletion_timestamp = now;
  out.status.provider_id = make_provider_id(instance.zone, instance.id);
  out.status.image_id = instance.image_id;
  return out;
}

base::Status check_ready(const model::Ec2NodeClass& node_class) {
  const auto* ready = model::find_condition(node_class.status.conditions, model::condition::kReady);
  if (ready != nullptr && ready->status == model::kFalse) {
    return base::make_error(base::Code::kNotReady, "the EC2NodeClass is not ready")
        .add("EC2NodeClass", node_class.meta.name)
        .add("detail", ready->message);
  }
  if (ready == nullptr || ready->status != model::kTrue) {
    auto error = base::internal("the readiness of the EC2NodeClass is not known yet");
    error.reason = "NodeClassReadinessUnknown";
    return std::move(error).add("EC2NodeClass", node_class.meta.name);
  }
  if (ready->observed_generation != node_class.meta.generation) {
    return base::make_error(base::Code::kNotReady, "the EC2NodeClass readiness is of an older generation")
        .add("EC2NodeClass", node_class.meta.name);
  }
  return base::ok();
}

AwsCloudProvider::AwsCloudProvider(const Seams& seams, std::string cluster_name)
    : seams_(seams), log_(seams.log), cluster_name_(std::move(cluster_name)) {}

std::shared_ptr<const model::Ec2NodeClass> AwsCloudProvider::find_class(std::string_view name) const {
  auto found = seams_.node_classes.find(name);
  return found && !found->meta.is_deleting() ? found : nullptr;
}

base::Result<model::NodeClaim> AwsCloudProvider::create(const model::NodeClaim& claim, const Call& call) {
  const auto& class_name = claim.spec.node_class_ref.name;
  const auto node_class = with_kubelet_of(claim.meta, find_class(class_name));
  if (!node_class) {
    seams_.events.publish(unresolved_class(object_of("NodeClaim", claim.meta), class_name));
    return base::make_error(base::Code::kNoCapacity, "the EC2NodeClass does not exist")
        .add("EC2NodeClass", class_name);
  }
  RETURN_IF_ERROR(check_ready(*node_class));
  if (auto tags = check_tags(node_class->spec.tags); !tags) {
    base::Error error = std::move(tags).error();
    error.code = base::Code::kNotReady;
    return error;
  }
  auto types = seams_.types.list(*node_class);
  if (!types) {
    base::Error error = std::move(types).error();
    error.code = base::Code::kInternal;
    error.reason = "InstanceTypeResolutionFailed";
    return error;
  }
  const LaunchRequest request{*node_class, claim, *types,
                              launch_tags(*node_class, claim.meta.label(labels::kNodePool), cluster_name_)};
  ASSIGN_OR_RETURN(const CloudInstance instance, seams_.instances.create(request, call));
  const auto type = seams_.types.get(*node_class, instance.type);
  model::NodeClaim out =
      claim_of(instance, type ? type->get() : nullptr, node_class.get(), seams_.runtime.now());
  out.meta.annotations[std::string(labels::kNodeClassHash)] =
      node_class->meta.annotation(labels::kNodeClassHash);
  out.meta.annotations[std::string(labels::kNodeClassHashVersion)] =
      node_class->meta.annotation(labels::kNodeClassHashVersion);
  out.meta.annotations[std::string(kInstanceProfileAnnotation)] = node_class->status.instance_profile;
  return out;
}

base::Status AwsCloudProvider::remove(const model::NodeClaim& claim, const Call& call) {
  ASSIGN_OR_RETURN(const std::string id, instance_id_of(claim.status.provider_id));
  return seams_.instances.remove(id, call);
}

const cloud::InstanceType* AwsCloudProvider::find_type(const CloudInstance& instance,
                                                       PoolTypes& known) const {
  const auto tag = instance.tags.find(labels::kNodePool);
  if (tag == instance.tags.end()) return nullptr;
  auto it = known.find(tag->second);
  if (it == known.end()) {
    cloud::InstanceTypes types;
    const auto pool = seams_.node_pools.find(tag->second);
    const auto node_class =
        pool ? with_kubelet_of(pool->meta, find_class(pool->spec.node_template.spec.node_class_ref.name))
             : nullptr;
    // Any failure degrades to "no type information": one bad class must not hide all instances. spec: aws §18
    // 47
    if (node_class) types = seams_.types.list(*node_class).value_or({});
    it = known.emplace(tag->second, std::move(types)).first;
  }
  const auto found =
      std::ranges::find(it->second, instance.type, [](const auto& type) { return type->name; });
  return found == it->second.end() ? nullptr : found->get();
}

model::NodeClaim AwsCloudProvider::describe(const CloudInstance& instance, PoolTypes& known) const {
  const auto tag = instance.tags.find(labels::kNodeClass);
  const auto node_class = tag == instance.tags.end() ? nullptr : seams_.node_classes.find(tag->second);
  return claim_of(instance, find_type(instance, known), node_class.get(), seams_.runtime.now());
}

base::Result<model::NodeClaim> AwsCloudProvider::get(std::string_view provider_id, const Call& call) {
  ASSIGN_OR_RETURN(const std::string id, instance_id_of(provider_id));
  ASSIGN_OR_RETURN(const CloudInstance instance,
                   seams_.instances.get(id, InstanceProvider::Cache::kSkip, call));
  PoolTypes known;
  return describe(instance, known);
}

base::Result<std::vector<model::NodeClaim>> AwsCloudProvider::list(const Call& call) {
  ASSIGN_OR_RETURN(const auto instances, seams_.instances.list(call));
  PoolTypes known;
  std::vector<model::NodeClaim> out;
  for (const auto& instance : instances) out.push_back(describe(instance, known));
  return out;
}

base::Result<cloud::InstanceTypes> AwsCloudProvider::instance_types(const model::NodePool& pool,
                                                                    const Call&) {
  const auto& class_name = pool.spec.node_template.spec.node_class_ref.name;
  const auto node_class = with_kubelet_of(pool.meta, find_class(class_name));
  if (!node_class) {
    seams_.events.publish(unresolved_class(object_of("NodePool", pool.meta), class_name));
    return cloud::InstanceTypes();
  }
  return seams_.types.list(*node_class);
}

base::Result<std::string> AwsCloudProvider::is_drifted(const model::NodeClaim& claim, const Call& call) {
  const auto pool_name = claim.meta.label(labels::kNodePool);
  const auto pool = pool_name.empty() ? nullptr : seams_.node_pools.find(pool_name);
  if (!pool || claim.spec.node_class_ref.name.empty()) return std::string();
  const auto node_class = with_kubelet_of(claim.meta, find_class(claim.spec.node_class_ref.name));
  if (!node_class) {
    seams_.events.publish(
        unresolved_class(object_of("NodeClaim", claim.meta), claim.spec.node_class_ref.name));
    return std::string();
  }
  if (std::string reason = static_drift(claim, *node_class); !reason.empty()) return reason;
  if (std::string reason = kubelet_drift(claim, *pool, *node_class); !reason.empty()) return reason;
  auto type = seams_.types.get(*node_class, claim.meta.label(labels::kInstanceType));
  if (!type) {
    base::Error error = std::move(type).error();
    // Not found here is no word about the instance.
    if (error.code == base::Code::kNotFound) error.code = base::Code::kInternal;
    return std::move(error).add("NodeClaim", claim.meta.name);
  }
  ASSIGN_OR_RETURN(std::string reason, ami_drift(claim, *node_class, **type));
  if (!reason.empty()) return reason;
  ASSIGN_OR_RETURN(const std::string id, instance_id_of(claim.status.provider_id));
  ASSIGN_OR_RETURN(const CloudInstance instance,
                   seams_.instances.get(id, InstanceProvider::Cache::kUse, call));
  return instance_drift(instance, *node_class);
}

}  // namespace karpenter::aws
