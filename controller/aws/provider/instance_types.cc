#include "controller/aws/provider/instance_types.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/base/strings.h"
#include "common/model/labels.h"
#include "controller/aws/provider/aws_labels.h"

namespace karpenter::aws {
namespace {

namespace labels = model::labels;
using model::Requirement;

constexpr std::chrono::minutes kTypesTtl{5};

std::string status_key(const model::Ec2NodeClass& node_class) {
  std::string out = node_class.meta.uid + "/" + node_class.meta.resource_version + "/" +
                    std::to_string(node_class.meta.generation);
  for (const auto& subnet : node_class.status.subnets) out += "," + subnet.id;
  return out;
}

model::Requirements offering_requirements(const std::string& capacity_type, const std::string& zone,
                                          const std::string& zone_id) {
  model::Requirements out;
  out.add(Requirement::in(labels::kCapacityType, {capacity_type}));
  out.add(Requirement::in(labels::kZone, {zone}));
  if (!zone_id.empty()) out.add(Requirement::in(labels::kZoneId, {zone_id}));
  out.add(Requirement::does_not_exist(label::kReservationId));
  out.add(Requirement::does_not_exist(label::kReservationType));
  out.add(Requirement::does_not_exist(label::kReservationInterruptible));
  return out;
}

}  // namespace

InstanceTypeProvider::InstanceTypeProvider(runtime::Runtime& runtime, Ec2Api& ec2,
                                           const PricingProvider& pricing,
                                           const UnavailableOfferings& unavailable, telemetry::Log& log,
                                           telemetry::Metrics& metrics, Options options)
    : runtime_(runtime),
      ec2_(ec2),
      pricing_(pricing),
      unavailable_(unavailable),
      log_(log),
      metrics_(metrics),
      options_(std::move(options)) {}

std::shared_ptr<const InstanceTypeProvider::Data> InstanceTypeProvider::data() const {
  runtime::Lock lock(mutex_);
  return data_;
}

base::Status InstanceTypeProvider::update(const Call& call) {
  ASSIGN_OR_RETURN(const auto infos, ec2_.describe_instance_types(call));
  ASSIGN_OR_RETURN(const auto offerings, ec2_.describe_instance_type_offerings(call));
  auto fresh = std::make_shared<Data>();
  for (const auto& info : infos) fresh->info.emplace(info.name, info);
  for (const auto& offering : offerings) {
    fresh->zones[offering.instance_type].insert(offering.zone);
    fresh->all_zones.insert(offering.zone);
  }
  if (fresh->info.empty() || fresh->zones.empty()) {
    return base::make_error(base::Code::kUnavailable, "EC2 lists no instance types")
        .add("instance-types", std::to_string(fresh->info.size()))
        .add("offerings", std::to_string(offerings.size()));
  }
  publish_metrics(*fresh);
  const std::size_t count = fresh->info.size();
  {
    runtime::Lock lock(mutex_);
    fresh->version = data_ ? data_->version + 1 : 1;
    data_ = std::move(fresh);
  }
  log_.debug("discovered instance types", {{"count", count}});
  return base::ok();
}

void InstanceTypeProvider::publish_metrics(const Data& data) {
  for (const auto& [name, info] : data.info) {
    metrics_.gauge("karpenter_cloudprovider_instance_type_cpu_cores", {{"instance_type", name}},
                   static_cast<double>(info.vcpus));
    metrics_.gauge("karpenter_cloudprovider_instance_type_memory_bytes", {{"instance_type", name}},
                   static_cast<double>(info.memory_mib) * 1048576);
  }
}

base::Result<BuildContext> InstanceTypeProvider::context_of(const model::Ec2NodeClass& node_class) const {
  BuildContext out;
  out.region = options_.region;
  ASSIGN_OR_RETURN(out.family, resolve_family(node_class.spec));
  ASSIGN_OR_RETURN(out.kubelet, parse_kubelet(node_class.spec.kubelet));
  out.spec = node_class.spec;
  out.zones = zones_of(node_class.status);
  out.vm_memory_overhead_percent = options_.vm_memory_overhead_percent;
  out.reserved_enis = options_.reserved_enis;
  if (out.zones.empty()) {
    return base::make_error(base::Code::kNotReady, "the EC2NodeClass has no resolved subnets")
        .add("EC2NodeClass", node_class.meta.name);
  }
  return out;
}

std::shared_ptr<const cloud::InstanceType> InstanceTypeProvider::with_offerings(
    cloud::InstanceType type, const Data& data, const BuildContext& context) const {
  const auto& info = data.info.at(type.name);
  const bool compatible = is_compatible(info, context);
  const Requirement* type_zones = type.requirements.find(labels::kZone);
  const Requirement* capacity_types = type.requirements.find(labels::kCapacityType);
  type.offerings.clear();
  for (const auto& capacity_type : capacity_types->values()) {
    for (const auto& zone : data.all_zones) {
      const auto here = std::ranges::find(context.zones, zone, &ZoneInfo::zone);
      const bool has_subnet = here != context.zones.end();
      const auto price =
          capacity_type == labels::kSpot ? pricing_.spot(type.name, zone) : pricing_.on_demand(type.name);
      cloud::Offering offering;
      offering.requirements = offering_requirements(capacity_type, zone, has_subnet ? here->zone_id : "");
      offering.zone = zone;
      offering.capacity_type = capacity_type;
      offering.price = price.value_or(0);
      offering.available =
          compatible && price && type_zones->has(zone) &&
          !unavailable_.is_unavailable({capacity_type, type.name, zone},
                                       has_subnet ? here->subnet_ids : std::vector<std::string>());
      type.offerings.push_back(std::move(offering));
    }
  }
  return std::make_shared<const cloud::InstanceType>(std::move(type));
}

base::Result<cloud::InstanceTypes> InstanceTypeProvider::list(const model::Ec2NodeClass& node_class) {
  const auto current = data();
  if (!current) return base::make_error(base::Code::kNotReady, "instance types are not known yet");
  ASSIGN_OR_RETURN(const BuildContext context, context_of(node_class));
  const std::string key = status_key(node_class) + "/" + std::to_string(current->version) + "/" +
                          std::to_string(pricing_.version());
  // One class has several kubelets where NodePools bring their own. spec: conversion §2.11
  const std::string name_and_kubelet = node_class.meta.name + "/" + node_class.spec.kubelet;
  Entry entry;
  {
    runtime::Lock lock(mutex_);
    const auto it = entries_.find(name_and_kubelet);
    if (it != entries_.end() && it->second.key == key && it->second.expires > runtime_.mono())
      entry = it->second;
  }
  bool changed = entry.types.empty();
  if (changed) {
    static const std::set<std::string> kNowhere;
    entry.key = key;
    entry.expires = runtime_.mono() + kTypesTtl;
    for (const auto& [name, info] : current->info) {
      const auto zones = current->zones.find(name);
      entry.sequences.push_back(unavailable_.sequence(name));
      entry.types.push_back(with_offerings(
          build_instance_type(info, zones == current->zones.end() ? kNowhere : zones->second, context),
          *current, context));
    }
  } else {
    for (std::size_t i = 0; i < entry.types.size(); ++i) {
      const std::uint64_t now = unavailable_.sequence(entry.types[i]->name);
      if (now == entry.sequences[i]) continue;
      entry.sequences[i] = now;
      entry.types[i] = with_offerings(*entry.types[i], *current, context);
      changed = true;
    }
  }
  cloud::InstanceTypes out = entry.types;
  if (changed) {
    runtime::Lock lock(mutex_);
    entries_.insert_or_assign(name_and_kubelet, std::move(entry));
  }
  return out;
}

base::Result<std::shared_ptr<const cloud::InstanceType>> InstanceTypeProvider::get(
    const model::Ec2NodeClass& node_class, std::string_view name) {
  ASSIGN_OR_RETURN(const auto types, list(node_class));
  const auto it = std::ranges::lower_bound(types, name, {},
                                           [](const auto& type) { return std::string_view(type->name); });
  if (it == types.end() || (*it)->name != name) {
    return base::not_found("unknown instance type").add("instance-type", std::string(name));
  }
  return *it;
}

}  // namespace karpenter::aws
