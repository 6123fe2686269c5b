#include "controller/aws/provider/fleet_plan.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "common/base/strings.h"
#include "common/model/labels.h"
#include "controller/aws/client/errors.h"
#include "controller/aws/provider/aws_labels.h"

namespace karpenter::aws {
namespace {

namespace labels = model::labels;
using cloud::InstanceType;
using cloud::InstanceTypes;
using cloud::Offering;
using model::Requirements;

base::Error no_capacity(std::string_view filter) {
  return base::make_error(base::Code::kNoCapacity, "no instance type meets the requirements")
      .add("filter", std::string(filter));
}

// The offered side is the incoming one: `wanted` may hold labels of the NodePool's template that no type
// knows.
bool is_compatible(const Requirements& wanted, const Requirements& offered) {
  return wanted.compatible(offered, model::well_known_labels());
}

bool is_launchable(const Offering& offering, const Requirements& wanted) {
  return offering.available && is_compatible(wanted, offering.requirements);
}

bool has_launchable(const InstanceType& type, const Requirements& wanted) {
  return std::ranges::any_of(type.offerings, [&](const Offering& one) { return is_launchable(one, wanted); });
}

bool has_min_values(const Requirements& requirements) {
  return std::ranges::any_of(requirements,
                             [](const auto& entry) { return entry.second.min_values().has_value(); });
}

InstanceTypes compatible_types(const InstanceTypes& types, const LaunchDemand& demand) {
  InstanceTypes out;
  for (const auto& type : types) {
    if (is_compatible(demand.requirements, type->requirements) &&
        model::fits(demand.requests, type->allocatable()) && has_launchable(*type, demand.requirements)) {
      out.push_back(type);
    }
  }
  return out;
}

bool is_exotic(const InstanceType& type) {
  if (const auto* size = type.requirements.find(labels::kInstanceSize)) {
    for (const auto& value : size->values()) {
      if (value.find("metal") != std::string::npos) return true;
    }
  }
  for (const auto name : {resource::kNeuron, resource::kNeuronCore, resource::kAmdGpu, resource::kNvidiaGpu,
                          resource::kGaudi}) {
    if (!type.capacity.get(name).is_zero()) return true;
  }
  return false;
}

InstanceTypes without_exotic(const InstanceTypes& types) {
  InstanceTypes out;
  std::ranges::copy_if(types, std::back_inserter(out), [](const auto& type) { return !is_exotic(*type); });
  return out.empty() ? types : out;
}

std::optional<double> cheapest_price(const InstanceTypes& types, const Requirements& wanted) {
  std::optional<double> out;
  for (const auto& type : types) {
    const Offering* offering = cloud::find_cheapest(*type, wanted);
    if (offering != nullptr && (!out || offering->price < *out)) out = offering->price;
  }
  return out;
}

bool allows_capacity_type(const Requirements& requirements, std::string_view capacity_type) {
  const auto* wanted = requirements.find(labels::kCapacityType);
  return wanted == nullptr || wanted->has(capacity_type);
}

// Drops spot offerings that cost more than the cheapest on-demand one. spec: aws §6.2 6
InstanceTypes without_dear_spot(const InstanceTypes& types, const Requirements& wanted) {
  if (!allows_capacity_type(wanted, labels::kSpot) || !allows_capacity_type(wanted, labels::kOnDemand))
    return types;
  const auto on_demand = cheapest_price(types, narrowed(wanted, labels::kOnDemand));
  if (!on_demand || !cheapest_price(types, narrowed(wanted, labels::kSpot))) return types;
  InstanceTypes out;
  for (const auto& type : types) {
    auto copy = std::make_shared<InstanceType>(*type);
    std::erase_if(copy->offerings, [&](const Offering& one) {
      return one.capacity_type == labels::kSpot && one.price > *on_demand;
    });
    if (!copy->offerings.empty()) out.push_back(std::move(copy));
  }
  return out;
}

// The first key whose minValues the types do not reach, or "".
std::string unmet_min_values(const InstanceTypes& types, const Requirements& requirements) {
  for (const auto& [key, requirement] : requirements) {
    if (!requirement.min_values()) continue;
    std::set<std::string> seen;
    for (const auto& type : types) {
      const auto* values = type->requirements.find(key);
      if (values == nullptr) continue;
      for (const auto& value : values->values()) {
        if (requirement.has(value)) seen.insert(value);
      }
    }
    if (std::ssize(seen) < *requirement.min_values()) return key;
  }
  return "";
}

InstanceTypes cheapest_first(InstanceTypes types, const Requirements& wanted) {
  const auto price_of = [&](const auto& type) {
    const Offering* offering = cloud::find_cheapest(*type, wanted);
    return offering == nullptr ? std::numeric_limits<double>::max() : offering->price;
  };
  std::vector<std::pair<double, std::shared_ptr<const InstanceType>>> keyed;
  for (auto& type : types) keyed.emplace_back(price_of(type), std::move(type));
  std::ranges::sort(keyed, [](const auto& a, const auto& b) {
    return std::tie(a.first, a.second->name) < std::tie(b.first, b.second->name);
  });
  types.clear();
  for (auto& [price, type] : keyed) types.push_back(std::move(type));
  return types;
}

}  // namespace

Requirements narrowed(const Requirements& requirements, std::string_view capacity_type) {
  Requirements out = requirements;
  out.replace(model::Requirement::in(labels::kCapacityType, {std::string(capacity_type)}));
  return out;
}

base::Result<InstanceTypes> filter_types(const InstanceTypes& types, const LaunchDemand& demand) {
  InstanceTypes left = compatible_types(types, demand);
  if (left.empty()) return no_capacity("compatible-launchable-filter");
  const bool min_values = has_min_values(demand.requirements);
  if (!min_values) {
    left = without_exotic(left);
    left = without_dear_spot(left, demand.requirements);
    if (left.empty()) return no_capacity("spot-price-filter");
  }
  left = cheapest_first(std::move(left), demand.requirements);
  if (left.size() > kMaxLaunchTypes) left.resize(kMaxLaunchTypes);
  if (const std::string key = min_values ? unmet_min_values(left, demand.requirements) : ""; !key.empty()) {
    return no_capacity("min-values").add("key", key);
  }
  return left;
}

std::string choose_capacity_type(const InstanceTypes& types, const Requirements& requirements) {
  if (allows_capacity_type(requirements, labels::kSpot)) {
    const Requirements wanted = narrowed(requirements, labels::kSpot);
    for (const auto& type : types) {
      if (has_launchable(*type, wanted)) return std::string(labels::kSpot);
    }
  }
  return std::string(labels::kOnDemand);
}

std::string choose_tenancy(const Requirements& requirements) {
  const auto* wanted = requirements.find(label::kTenancy);
  const bool only_dedicated = wanted != nullptr && !wanted->has("default") && wanted->has("dedicated");
  return only_dedicated ? "dedicated" : "default";
}

std::map<std::string, std::int64_t> needed_addresses(const InstanceTypes& types,
                                                     std::string_view capacity_type) {
  std::map<std::string, std::int64_t> out;
  for (const auto& type : types) {
    const std::int64_t pods = type->capacity.get(model::kPods).value();
    for (const auto& offering : type->offerings) {
      if (!offering.available || offering.capacity_type != capacity_type) continue;
      const auto [it, added] = out.emplace(offering.zone, pods);
      if (!added) it->second = std::min(it->second, pods);
    }
  }
  return out;
}

std::vector<FleetOverride> plan_overrides(const InstanceTypes& types,
                                          const std::map<std::string, SubnetProvider::Choice>& subnets,
                                          const Requirements& requirements, std::string_view image_id) {
  std::vector<FleetOverride> out;
  for (const auto& type : types) {
    std::set<std::string> zones;
    for (const auto& offering : type->offerings) {
      const auto subnet = subnets.find(offering.zone);
      if (subnet == subnets.end() || !is_launchable(offering, requirements)) continue;
      if (!zones.insert(offering.zone).second) continue;
      out.push_back(
          {type->name, subnet->second.subnet_id, std::string(image_id), offering.zone, offering.price});
    }
  }
  return out;
}

base::Error judge_fleet(const std::vector<FleetError>& errors) {
  std::set<std::string> texts;
  bool only_capacity = true;
  for (const auto& error : errors) {
    texts.insert(error.code + ": " + error.message);
    if (!is_unfulfillable_capacity(error.code) && !is_spot_service_linked_role_missing(error.code))
      only_capacity = false;
  }
  const std::string joined = base::join(std::vector<std::string>(texts.begin(), texts.end()), "; ");
  base::Error out;
  out.code = only_capacity ? base::Code::kNoCapacity : base::Code::kInternal;
  const LaunchReason reason = launch_reason(joined);
  out.message = only_capacity ? "all requested instance types were unavailable during launch"
                              : "the fleet launched nothing";
  if (!only_capacity) {
    out.reason = reason.reason;
    if (!reason.message.empty()) out.message = reason.message;
  }
  return std::move(out)
      .add("aws-error-code", "UnfulfillableCapacity")
      .add("aws-status-code", "200")
      .add("fleet-errors", joined);
}

base::Error as_create_error(base::Error error) {
  // These never reach the API; they are no verdict on the launch.
  if (error.code == base::Code::kCancelled) return error;
  const LaunchReason reason = launch_reason(aws_text(error));
  if (error.code == base::Code::kNoCapacity || error.code == base::Code::kNotReady ||
      error.code == base::Code::kNotFound) {
    error.code = base::Code::kInternal;  // those codes would delete the claim
  }
  error.reason = reason.reason;
  if (!reason.message.empty()) error.message = reason.message;
  return error;
}

}  // namespace karpenter::aws
