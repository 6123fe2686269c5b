#include "controller/aws/provider/instances.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/strings.h"
#include "common/model/labels.h"
#include "common/net/crypto.h"
#include "controller/aws/client/ec2_codec.h"
#include "controller/aws/client/errors.h"
#include "controller/aws/provider/aws_labels.h"

namespace karpenter::aws {
namespace {

namespace labels = model::labels;

const std::vector<std::string>& live_states() {
  static const std::vector<std::string> states = {"pending", "running", "stopping", "stopped",
                                                  "shutting-down"};
  return states;
}

telemetry::EventObject claim_object(const model::NodeClaim& claim) {
  return {"karpenter.sh/v1", "NodeClaim", "", claim.meta.name, claim.meta.uid};
}

base::Error gone(const std::string& id) { return base::not_found("instance not found").add("id", id); }

base::Error with_reason(base::Error error, std::string_view reason) {
  if (error.code == base::Code::kNotReady || error.code == base::Code::kCancelled) return error;
  if (error.code == base::Code::kNoCapacity || error.code == base::Code::kNotFound)
    error.code = base::Code::kInternal;
  error.reason = reason;
  return error;
}

}  // namespace

CloudInstance cloud_instance(const Instance& instance) {
  CloudInstance out;
  out.id = instance.id;
  out.image_id = instance.image_id;
  out.type = instance.type;
  out.launch_time = instance.launch_time.value_or(base::Time{});
  out.state = instance.state;
  out.subnet_id = instance.subnet_id;
  out.zone = instance.zone;
  out.zone_id = instance.zone_id;
  out.capacity_type = instance.spot_request_id.empty() ? labels::kOnDemand : labels::kSpot;
  out.tenancy = instance.tenancy.empty() ? "default" : instance.tenancy;
  out.security_group_ids = instance.security_group_ids;
  out.tags = instance.tags;
  out.efa_count = instance.efa_count;
  return out;
}

std::string make_provider_id(std::string_view zone, std::string_view instance_id) {
  return "aws:///" + std::string(zone) + "/" + std::string(instance_id);
}

base::Result<std::string> instance_id_of(std::string_view provider_id) {
  const auto start = provider_id.find(":///");
  const auto slash = provider_id.rfind('/');
  if (start == std::string_view::npos || slash < start + 4) {
    return base::invalid("malformed provider id").add("provider-id", std::string(provider_id));
  }
  return std::string(provider_id.substr(slash + 1));
}

InstanceProvider::InstanceProvider(const Seams& seams, std::string cluster_name)
    : seams_(seams), log_(seams.log), cluster_name_(std::move(cluster_name)), attempts_(seams.runtime) {}

struct InstanceProvider::Attempt {
  const LaunchRequest& request;
  const cloud::InstanceTypes& types;
  const model::Requirements& requirements;
  std::string capacity_type;
  std::string tenancy;
  std::vector<ResolvedTemplate> templates = {};
  std::map<std::string, SubnetProvider::Choice> subnets = {};
};

// What is known about the instance before EC2 describes it. spec: aws §6.7 step 7
CloudInstance InstanceProvider::launched_instance(const Attempt& attempt, const FleetInstance& made) const {
  CloudInstance out;
  out.id = made.ids.front();
  out.image_id = made.image_id;
  out.type = made.instance_type;
  out.launch_time = seams_.runtime.now();
  out.state = "pending";
  out.subnet_id = made.subnet_id;
  out.zone = made.zone;
  if (const auto subnet = attempt.subnets.find(made.zone); subnet != attempt.subnets.end()) {
    out.zone_id = subnet->second.zone_id;
  }
  out.capacity_type = attempt.capacity_type;
  out.tenancy = attempt.tenancy;
  const auto& node_class = attempt.request.node_class;
  for (const auto& group : node_class.status.security_groups) out.security_group_ids.push_back(group.id);
  out.tags = attempt.request.tags;
  const bool efa = !attempt.request.claim.spec.requests.get(resource::kEfa).is_zero() ||
                   !node_class.spec.network_interfaces.empty();
  for (const auto& type : attempt.types) {
    if (efa && type->name == out.type) out.efa_count = type->capacity.get(resource::kEfa).value();
  }
  return out;
}

base::Result<CloudInstance> InstanceProvider::create(const LaunchRequest& request, const Call& call) {
  LaunchDemand demand;
  ASSIGN_OR_RETURN(demand.requirements, model::Requirements::of(request.claim.spec.requirements));
  demand.requests = request.claim.spec.requests;
  ASSIGN_OR_RETURN(const auto types, filter_types(request.types, demand));
  auto launched = launch_once(request, types, demand.requirements, call);
  // A template made a moment ago may not be visible yet: once more, not more often. spec: aws §16 R3
  if (!launched && launched.error().reason == "LaunchTemplateNotFound") {
    launched = launch_once(request, types, demand.requirements, call);
  }
  return launched;
}

base::Result<CreateFleetInput> InstanceProvider::plan_fleet(Attempt& attempt, const Call& call) {
  auto subnets = seams_.subnets.choose(attempt.request.node_class,
                                       needed_addresses(attempt.types, attempt.capacity_type));
  if (!subnets) return with_reason(std::move(subnets).error(), "SubnetResolutionFailed");
  attempt.subnets = std::move(subnets).value();
  const TemplateRequest wanted{attempt.request.node_class, attempt.request.claim, attempt.types,
                               attempt.capacity_type,      attempt.tenancy,       attempt.request.tags};
  auto templates = seams_.templates.ensure(wanted, call);
  if (!templates) {
    if (templates.error().code == base::Code::kNotReady) return std::move(templates).error();
    return as_create_error(std::move(templates).error());
  }
  attempt.templates = std::move(templates).value();

  CreateFleetInput out;
  const bool spot = attempt.capacity_type == labels::kSpot;
  const bool priced = attempt.request.claim.meta.annotations.contains(kPriceOverlayAnnotation);
  out.capacity_type = attempt.capacity_type;
  if (spot) {
    out.spot_allocation_strategy = priced ? "capacity-optimized-prioritized" : "price-capacity-optimized";
  } else {
    out.on_demand_allocation_strategy = priced ? "prioritized" : "lowest-price";
  }
  if (attempt.request.claim.meta.annotation(kMinValuesRelaxedAnnotation) != "true") {
    out.context = attempt.request.node_class.spec.context;
  }
  const model::Requirements pinned = narrowed(attempt.requirements, attempt.capacity_type);
  for (const auto& one : attempt.templates) {
    auto overrides = plan_overrides(one.types, attempt.subnets, pinned, one.image_id);
    if (!overrides.empty()) out.templates.push_back({one.name, std::move(overrides)});
  }
  if (out.templates.empty()) {
    auto error = base::internal("no launch template has a subnet and an offering to launch into");
    error.reason = "LaunchFailed";
    return error;
  }
  for (const char* kind : {"instance", "volume", "fleet"})
    out.tag_specifications.push_back({kind, attempt.request.tags});
  return out;
}

// A UUID made of the claim's UID, the number of its definite failures and the request itself: EC2 answers a
// repeat of the same request with the same fleet, and a changed one is a new request rather than a parameter
// mismatch.
std::string InstanceProvider::client_token(const model::NodeClaim& claim, const CreateFleetInput& input) {
  const int attempt = attempts_.find(claim.meta.uid).value_or(0);
  const std::string hex = base::hex_encode(
      net::sha256(claim.meta.uid + "\n" + std::to_string(attempt) + "\n" + encode(input).text()));
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-4" + hex.substr(13, 3) + "-a" + hex.substr(17, 3) +
         "-" + hex.substr(20, 12);
}

void InstanceProvider::learn_from_errors(const Attempt& attempt, const std::vector<FleetError>& errors) {
  for (const auto& error : errors) {
    const auto subnet = attempt.subnets.find(error.zone);
    seams_.metrics.count("karpenter_cloudprovider_instance_launch_failures_total",
                         {{"zone", error.zone},
                          {"zone_id", subnet == attempt.subnets.end() ? "" : subnet->second.zone_id},
                          {"capacity_type", attempt.capacity_type},
                          {"reason", std::string(launch_reason(error.code + ": " + error.message).reason)}});
    if (is_out_of_addresses(error.code) && !error.subnet_id.empty()) {
      seams_.unavailable.mark_subnet(error.subnet_id);
      seams_.subnets.mark_full(error.subnet_id);
    }
    if (is_unfulfillable_capacity(error.code)) {
      seams_.unavailable.mark({attempt.capacity_type, error.instance_type, error.zone});
      log_.debug("removing offering from offerings", {{"reason", error.code},
                                                      {"instance-type", error.instance_type},
                                                      {"zone", error.zone},
                                                      {"capacity-type", attempt.capacity_type}});
    }
    if (is_spot_service_linked_role_missing(error.code)) {
      seams_.unavailable.mark_capacity_type(labels::kSpot);
      seams_.events.publish(
          {.object = claim_object(attempt.request.claim),
           .type = "Warning",
           .reason = "",
           .message = "The service-linked role for EC2 Spot does not exist and may not be created"});
    }
  }
}

base::Result<CloudInstance> InstanceProvider::launch_once(const LaunchRequest& request,
                                                          const cloud::InstanceTypes& types,
                                                          const model::Requirements& requirements,
                                                          const Call& call) {
  Attempt attempt{request, types, requirements, choose_capacity_type(types, requirements),
                  choose_tenancy(requirements)};
  auto input = plan_fleet(attempt, call);
  std::set<std::string> used;  // subnets that an instance came from
  const auto settle = [&] {
    for (const auto& [zone, choice] : attempt.subnets) {
      if (!used.contains(choice.subnet_id)) seams_.subnets.give_back(choice);
    }
  };
  if (!input) {
    settle();
    return std::move(input).error();
  }
  input->client_token = client_token(request.claim, *input);
  auto fleet = seams_.ec2.create_fleet(*input, call);
  if (fleet) {
    for (const auto& one : fleet->instances) used.insert(one.subnet_id);
  }
  settle();
  if (!fleet) {
    if (is_launch_template_not_found(fleet.error())) {
      for (const auto& one : attempt.templates) seams_.templates.invalidate(one.name);
      base::Error error = as_create_error(std::move(fleet).error());
      error.reason = "LaunchTemplateNotFound";
      return error;
    }
    return as_create_error(std::move(fleet).error());
  }
  learn_from_errors(attempt, fleet->errors);
  const auto made =
      std::ranges::find_if(fleet->instances, [](const FleetInstance& one) { return !one.ids.empty(); });
  if (made == fleet->instances.end()) {
    attempts_.put(request.claim.meta.uid, attempts_.find(request.claim.meta.uid).value_or(0) + 1,
                  std::chrono::hours(1));
    return judge_fleet(fleet->errors);
  }
  CloudInstance out = launched_instance(attempt, *made);
  remember(out);
  return out;
}

void InstanceProvider::remember(const CloudInstance& instance) {
  runtime::Lock lock(mutex_);
  instances_.insert_or_assign(instance.id, instance);
}

base::Result<CloudInstance> InstanceProvider::get(const std::string& id, Cache cache, const Call& call) {
  if (cache == Cache::kUse) {
    runtime::Lock lock(mutex_);
    if (const auto it = instances_.find(id); it != instances_.end()) return it->second;
  }
  DescribeInstancesInput query;
  query.ids = {id};
  query.filters = {{"instance-state-name", live_states()}};
  auto found = seams_.ec2.describe_instances(query, call);
  if (!found && is_not_found(found.error())) {
    runtime::Lock lock(mutex_);
    instances_.erase(id);
    return gone(id);
  }
  if (!found) return std::move(found).error().add("id", id);
  const auto it = std::ranges::find(*found, id, &Instance::id);
  if (it == found->end()) return gone(id);
  CloudInstance out = cloud_instance(*it);
  remember(out);
  return out;
}

base::Result<std::vector<CloudInstance>> InstanceProvider::list(const Call& call) {
  DescribeInstancesInput query;
  query.filters = {{"tag-key", {std::string(labels::kNodePool)}},
                   {"tag-key", {std::string(labels::kNodeClass)}},
                   {"tag:" + std::string(tag::kClusterName), {cluster_name_}},
                   {"instance-state-name", live_states()}};
  ASSIGN_OR_RETURN(const auto found, seams_.ec2.describe_instances(query, call));
  std::map<std::string, CloudInstance, std::less<>> fresh;
  for (const auto& one : found) fresh.insert_or_assign(one.id, cloud_instance(one));
  std::vector<CloudInstance> out;
  for (const auto& [id, one] : fresh) out.push_back(one);
  runtime::Lock lock(mutex_);
  instances_ = std::move(fresh);
  return out;
}

base::Status InstanceProvider::remove(const std::string& id, const Call& call) {
  ASSIGN_OR_RETURN(const CloudInstance instance, get(id, Cache::kSkip, call));
  if (instance.state == "shutting-down") return base::ok();
  const auto changed = seams_.ec2.terminate_instances({id}, call);
  if (changed) return base::ok();
  seams_.metrics.count("karpenter_cloudprovider_instance_termination_failures_total",
                       {{"zone", instance.zone}, {"zone_id", instance.zone_id}});
  base::Error error = changed.error();
  // It existed a moment ago: not proof that it is gone. The next describe tells. spec: aws §10.2
  if (error.code == base::Code::kNotFound) error.code = base::Code::kUnavailable;
  return std::move(error).add("id", id);
}

base::Status InstanceProvider::create_tags(const std::string& id, const Tags& tags, const Call& call) {
  auto made = seams_.ec2.create_tags(id, tags, call);
  if (!made && is_not_found(made.error())) return gone(id);
  if (!made) return std::move(made).error().add("id", id);
  return base::ok();
}

}  // namespace karpenter::aws
