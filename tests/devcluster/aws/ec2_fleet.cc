#include <set>

#include "common/base/strings.h"
#include "tests/devcluster/aws/launch.h"

// CreateFleet of type instant, and the dry run of RunInstances. spec: aws §6.5, §6.6, §6.7, §11.9

namespace karpenter::devcluster::aws_emulator {
namespace {

struct FleetRequest {
  std::int64_t target = 0;
  std::string capacity_type;  // spot, on-demand; capacity-block and reserved-capacity find nothing here
  std::string strategy;       // of that capacity type
  std::vector<LaunchPlan> plans;
  Tags instance_tags;
};

struct Launched {
  const LaunchPlan* plan;
  std::vector<std::string> ids;
};
struct Refused {
  const LaunchPlan* plan;
  base::Error error;
};
struct FleetOutcome {
  std::vector<Launched> launched;
  std::vector<Refused> refused;
};

LaunchPlan read_override(const Account& account, const Param& param, const LaunchPlan& base) {
  LaunchPlan plan = base;
  plan.type = param["InstanceType"].text_or(base.type);
  plan.subnet_id = param["SubnetId"].text_or("");
  plan.zone = param["AvailabilityZone"].text_or("");
  plan.image_id = param["ImageId"].text_or("");
  plan.priority = param["Priority"].number();
  static_cast<void>(param["MaxPrice"].text());
  const auto subnet = account.subnets.find(plan.subnet_id);
  if (plan.zone.empty() && subnet != account.subnets.end())
    plan.zone = account.zones[subnet->second.zone].name;
  return plan;
}

base::Result<std::vector<LaunchPlan>> read_plans(const Ec2Call& call, const std::string& capacity_type) {
  std::vector<LaunchPlan> plans;
  const auto configs = call.params["LaunchTemplateConfigs"].list();
  if (configs.empty())
    return failure("MissingParameter", "The request must contain the parameter LaunchTemplateConfigs");
  for (const auto& config : configs) {
    LaunchPlan base;
    const auto spec = config["LaunchTemplateSpecification"];
    ASSIGN_OR_RETURN(base.launch_template, find_launch_template(call, spec));
    base.version = spec["Version"].required();
    base.type = base.launch_template->data.instance_type;
    base.capacity_type = capacity_type;
    const auto overrides = config["Overrides"].list();
    if (overrides.empty()) plans.push_back(base);
    for (const auto& entry : overrides) plans.push_back(read_override(call.account, entry, base));
  }
  std::set<std::pair<std::string, std::string>> pools;
  for (const auto& plan : plans) {
    if (pools.emplace(plan.type, plan.subnet_id).second) continue;
    return failure("InvalidFleetConfig", "The fleet configuration contains duplicate instance pools: " +
                                             plan.type + " in " + plan.subnet_id);
  }
  return plans;
}

base::Result<FleetRequest> read_fleet(const Ec2Call& call) {
  const Param& params = call.params;
  FleetRequest fleet;
  const auto type = params["Type"].one_of({"instant", "maintain", "request"}, "maintain");
  if (type != "instant") return invalid_value(type, "Type", "Only fleets of type instant are supported.");
  const auto target = params["TargetCapacitySpecification"];
  fleet.target = target["TotalTargetCapacity"].integer().value_or(0);
  if (fleet.target < 1 || fleet.target > 1000) {
    return invalid_value(std::to_string(fleet.target), "TargetCapacitySpecification.TotalTargetCapacity");
  }
  fleet.capacity_type = target["DefaultTargetCapacityType"].one_of(
      {"spot", "on-demand", "capacity-block", "reserved-capacity"}, "on-demand");
  const auto spot = params["SpotOptions"]["AllocationStrategy"].one_of(
      {"lowest-price", "diversified", "capacity-optimized", "capacity-optimized-prioritized",
       "price-capacity-optimized"},
      "lowest-price");
  const auto on_demand =
      params["OnDemandOptions"]["AllocationStrategy"].one_of({"lowest-price", "prioritized"}, "lowest-price");
  fleet.strategy = fleet.capacity_type == "spot" ? spot : on_demand;
  static_cast<void>(params["ReservedCapacityOptions"]["ReservationType"].texts());
  static_cast<void>(params["Context"].text());
  ASSIGN_OR_RETURN(auto tags, read_tag_specifications(params, {"fleet", "instance", "volume"}));
  fleet.instance_tags = std::move(tags["instance"]);
  ASSIGN_OR_RETURN(fleet.plans, read_plans(call, fleet.capacity_type));
  return fleet;
}

double price_of(const Account& account, const LaunchPlan& plan) {
  if (plan.capacity_type == "spot") {
    const auto price = account.spot_prices.find({plan.type, plan.zone});
    return price == account.spot_prices.end() ? 1e9 : price->second;
  }
  const auto price = account.on_demand_prices.find(plan.type);
  return price == account.on_demand_prices.end() ? 1e9 : price->second;
}

// The order in which pools are tried; ties by type, then subnet.
void order_plans(Account& account, FleetRequest& fleet) {
  const bool by_priority = fleet.strategy.ends_with("prioritized");
  const bool by_capacity = fleet.strategy == "capacity-optimized";
  const auto rank = [&](const LaunchPlan& plan) {
    double first = 0;
    if (by_priority) first = plan.priority.value_or(1e9);
    if (by_capacity) {
      const auto* rule = find_capacity(account, plan.type, plan.zone, plan.capacity_type);
      first = rule == nullptr ? -1e9 : -static_cast<double>(*rule->left);
    }
    return std::make_tuple(first, price_of(account, plan), plan.type, plan.subnet_id);
  };
  std::sort(fleet.plans.begin(), fleet.plans.end(),
            [&](const LaunchPlan& a, const LaunchPlan& b) { return rank(a) < rank(b); });
}

base::Error no_capacity(const LaunchPlan& plan) {
  return failure("InsufficientInstanceCapacity",
                 "We currently do not have sufficient " + plan.type +
                     " capacity in the Availability Zone you requested (" + plan.zone +
                     "). Our system will be working on provisioning additional capacity.");
}

// Launches up to `wanted` from one pool; the error says why it were fewer.
std::optional<base::Error> launch_from_pool(Account& account, const LaunchPlan& plan, const Tags& tags,
                                            std::int64_t wanted, std::vector<std::string>& ids) {
  if (auto problem = find_launch_problem(account, plan)) return problem;
  if (plan.capacity_type != "spot" && plan.capacity_type != "on-demand") {
    return failure("UnfulfillableCapacity", "Unable to fulfill capacity of type " + plan.capacity_type);
  }
  for (std::int64_t i = 0; i < wanted; ++i) {
    const auto* rule = find_capacity(account, plan.type, plan.zone, plan.capacity_type);
    if (rule != nullptr && *rule->left <= 0) return no_capacity(plan);
    if (account.subnets.find(plan.subnet_id)->second.available_addresses() <= 0) {
      return failure("InsufficientFreeAddressesInSubnet",
                     "There are not enough free addresses in subnet '" + plan.subnet_id +
                         "' to satisfy the requested number of instances.");
    }
    ids.push_back(launch_instance(account, plan, tags).view.id);
  }
  return std::nullopt;
}

FleetOutcome fulfil(Account& account, const FleetRequest& fleet) {
  FleetOutcome outcome;
  const auto limit = account.switches.fleet_limit;
  auto left = limit > 0 ? std::min(limit, fleet.target) : fleet.target;
  const bool cut = left < fleet.target;
  for (const auto& plan : fleet.plans) {
    if (left == 0) break;
    std::vector<std::string> ids;
    auto error = launch_from_pool(account, plan, fleet.instance_tags, left, ids);
    left -= static_cast<std::int64_t>(ids.size());
    if (error) outcome.refused.push_back({&plan, std::move(*error)});
    if (!ids.empty()) outcome.launched.push_back({&plan, std::move(ids)});
  }
  if (cut && left == 0)
    outcome.refused.push_back({outcome.launched.back().plan, no_capacity(*outcome.launched.back().plan)});
  return outcome;
}

void write_plan(Xml& xml, const LaunchPlan& plan) {
  xml.node("launchTemplateAndOverrides", [&](Xml& both) {
    both.node("launchTemplateSpecification", [&](Xml& spec) {
      spec.text("launchTemplateId", plan.launch_template->id)
          .text("launchTemplateName", plan.launch_template->name);
      spec.text("version", plan.version);
    });
    both.node("overrides", [&](Xml& overrides) {
      overrides.text("instanceType", plan.type)
          .text("subnetId", plan.subnet_id)
          .text("availabilityZone", plan.zone);
      if (!plan.image_id.empty()) overrides.text("imageId", plan.image_id);
      if (plan.priority) overrides.number("priority", *plan.priority);
    });
  });
  xml.text("lifecycle", plan.capacity_type);
}

std::string fleet_xml(Account& account, const FleetOutcome& outcome) {
  Xml xml;
  xml.text("fleetId", runtime::random_uuid(account.runtime).insert(0, "fleet-"));
  xml.node("errorSet", [&](Xml& set) {
    for (const auto& [plan, error] : outcome.refused) {
      set.node("item", [&, failed = plan, why = error](Xml& item) {
        write_plan(item, *failed);
        item.text("errorCode", why.reason).text("errorMessage", why.message);
      });
    }
  });
  xml.node("fleetInstanceSet", [&](Xml& set) {
    for (const auto& entry : outcome.launched) {
      set.node("item", [&](Xml& item) {
        write_plan(item, *entry.plan);
        item.items("instanceIds", entry.ids).text("instanceType", entry.plan->type);
      });
    }
  });
  return xml.str();
}

}  // namespace

base::Result<std::string> create_fleet(Ec2Call& call) {
  return idempotently(call, "CreateFleet", [&]() -> base::Result<std::string> {
    ASSIGN_OR_RETURN(auto fleet, read_fleet(call));
    RETURN_IF_ERROR(call.ready());
    order_plans(call.account, fleet);
    return fleet_xml(call.account, fulfil(call.account, fleet));
  });
}

base::Result<std::string> run_instances(Ec2Call& call) {
  const Param& params = call.params;
  const auto min = params["MinCount"].integer();
  const auto max = params["MaxCount"].integer();
  if (!min || !max)
    return failure("MissingParameter", "The request must contain the parameters MinCount and MaxCount");
  if (*min < 1 || *max < *min) return invalid_value(std::to_string(*max), "MaxCount");
  LaunchPlan plan;
  ASSIGN_OR_RETURN(plan.launch_template, find_launch_template(call, params["LaunchTemplate"]));
  plan.type = params["InstanceType"].text_or(plan.launch_template->data.instance_type);
  plan.image_id = params["ImageId"].text_or("");
  plan.subnet_id = params["SubnetId"].text_or("");
  for (const auto& entry : params["NetworkInterface"].list()) {
    if (plan.subnet_id.empty()) plan.subnet_id = entry["SubnetId"].text_or("");
    static_cast<void>(entry["SubnetId"].text());
    static_cast<void>(entry["DeviceIndex"].integer());
    static_cast<void>(entry["NetworkCardIndex"].integer());
    static_cast<void>(entry["InterfaceType"].one_of({"interface", "efa", "efa-only"}, "interface"));
  }
  ASSIGN_OR_RETURN(
      const auto tags,
      read_tag_specifications(params, {"instance", "volume", "network-interface", "spot-instances-request"}));
  static_cast<void>(params["ClientToken"].text());
  RETURN_IF_ERROR(call.form.finish());
  if (auto problem = find_launch_problem(call.account, plan)) return std::move(*problem);
  RETURN_IF_ERROR(call.ready());
  return failure("UnsupportedOperation", "RunInstances is supported as a dry run only: use CreateFleet");
}

}  // namespace karpenter::devcluster::aws_emulator
