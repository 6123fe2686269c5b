#include "controller/aws/reconcile/node_class_controller.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/admission/admission.h"
#include "common/base/strings.h"
#include "common/model/labels.h"
#include "controller/aws/provider/tags.h"

namespace karpenter::aws {
namespace {

namespace condition = model::condition;
using model::Conditions;
using model::Ec2NodeClass;
using reconcile::Done;
using reconcile::Outcome;
using reconcile::RequeueAfter;
using std::chrono::minutes;

constexpr std::size_t kNamedClaims = 5;

// One error out of several. A terminal one makes the whole terminal. spec: aws §11.1
base::Error combine(std::vector<base::Error> errors) {
  base::Error out = std::move(errors.front());
  for (std::size_t i = 1; i < errors.size(); ++i) {
    if (errors[i].code == base::Code::kTerminal) out.code = base::Code::kTerminal;
    out.add("also", errors[i].text());
  }
  return out;
}

std::string list_names(const std::vector<std::string>& names) {
  const std::size_t shown = std::min(names.size(), kNamedClaims);
  std::string out = base::join(
      std::vector<std::string>(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown)), ", ");
  if (names.size() > shown) out += " and " + std::to_string(names.size() - shown) + " other(s)";
  return out;
}

// What is wrong with spec.kubelet, which the CRD leaves open. spec: api §4.4, aws §11.8
std::vector<std::string> kubelet_faults(const Ec2NodeClass& node_class) {
  std::vector<std::string> out;
  for (const auto& violation : admission::validate(node_class)) {
    if (violation.path.starts_with("spec.kubelet")) out.push_back(violation.path + ": " + violation.message);
  }
  return out;
}

// The worst of the conditions that validation builds on: False before Unknown; "" when all are True.
std::string_view dependency_status(const Conditions& conditions) {
  std::string_view out;
  for (const auto type : {condition::kAmisReady, condition::kInstanceProfileReady,
                          condition::kSecurityGroupsReady, condition::kSubnetsReady}) {
    if (conditions.is_false(type)) return model::kFalse;
    if (conditions.is_unknown(type)) out = model::kUnknown;
  }
  return out;
}

}  // namespace

NodeClassController::NodeClassController(AwsParts& parts, const kube::Store<model::NodeClaim>& node_claims)
    : parts_(parts), node_claims_(node_claims), api_(parts.seams.kube), log_(parts.seams.log) {}

base::Result<Outcome> NodeClassController::reconcile(const model::ObjectKey& key, const Call& call) {
  const auto found = parts_.seams.node_classes.find(key);
  if (!found) return Outcome(Done{});
  if (found->meta.is_deleting()) return finalize(*found, call);
  if (found->meta.has_finalizer(model::labels::kNodeClassFinalizer)) return resolve(*found, call);
  Ec2NodeClass with_finalizer = *found;
  with_finalizer.meta.finalizers.emplace_back(model::labels::kNodeClassFinalizer);
  auto written = api_.patch(*found, with_finalizer, kube::Locking::kLocked, call);
  if (!written) return reconcile::outcome_of(std::move(written).error());
  return resolve(*written, call);
}

base::Result<Outcome> NodeClassController::resolve(const Ec2NodeClass& before, const Call& call) {
  Ec2NodeClass after = before;
  std::vector<Step> steps;
  {
    Conditions conditions = model::conditions_of(after, parts_.seams.runtime.now());
    steps.push_back(resolve_amis(after, conditions, call));
    steps.push_back(resolve_reservations(after, conditions));
    steps.push_back(resolve_placement_group(after, conditions));
    steps.push_back(resolve_subnets(after, conditions, call));
    steps.push_back(resolve_security_groups(after, conditions, call));
    steps.push_back(resolve_instance_profile(after, conditions, call));
    steps.push_back(validate(after, conditions, call));
  }
  auto written = api_.patch_status(before, after, kube::Locking::kLocked, call);
  if (!written) return reconcile::outcome_of(std::move(written).error());

  std::vector<base::Error> errors;
  Outcome outcome = Done{};
  for (auto& step : steps) {
    if (step.error) errors.push_back(std::move(*step.error));
    if (step.again) outcome = reconcile::merge(outcome, RequeueAfter{*step.again});
  }
  if (!errors.empty()) return combine(std::move(errors)).add("EC2NodeClass", before.meta.name);
  return outcome;
}

NodeClassController::Step NodeClassController::resolve_amis(Ec2NodeClass& out, Conditions& conditions,
                                                            const Call& call) {
  auto amis = parts_.amis->list(out, call);
  if (!amis) {
    base::Error error = std::move(amis).error();
    if (error.code == base::Code::kTerminal) {
      conditions.set_false(condition::kAmisReady, error.reason, error.text());
    }
    return {.error = std::move(error)};
  }
  out.status.amis.clear();
  for (const auto& ami : *amis) {
    out.status.amis.push_back({ami.id, ami.name, ami.deprecated, ami_requirements(ami.requirements)});
  }
  if (amis->empty()) {
    conditions.set_false(condition::kAmisReady, "AMINotFound", "AMISelector did not match any AMIs");
    return {.again = minutes(1)};
  }
  conditions.set_true(condition::kAmisReady);
  return {.again = minutes(5)};
}

// Reserved capacity is not launched into yet: a class that asks for it must not silently get on-demand
// instances.
NodeClassController::Step NodeClassController::resolve_reservations(Ec2NodeClass& out,
                                                                    Conditions& conditions) {
  out.status.capacity_reservations.clear();
  if (out.spec.capacity_reservation_selector_terms.empty()) {
    conditions.set_true(condition::kCapacityReservationsReady);
  } else {
    conditions.set_false(condition::kCapacityReservationsReady, "CapacityReservationsUnsupported",
                         "capacityReservationSelectorTerms are not supported yet");
  }
  return {};
}

NodeClassController::Step NodeClassController::resolve_placement_group(Ec2NodeClass& out,
                                                                       Conditions& conditions) {
  if (!out.spec.placement_group_selector) {
    conditions.set_true(condition::kPlacementGroupReady);
  } else {
    conditions.set_false(condition::kPlacementGroupReady, "PlacementGroupResolutionFailed",
                         "placementGroupSelector is not supported yet");
  }
  return {};
}

NodeClassController::Step NodeClassController::resolve_subnets(Ec2NodeClass& out, Conditions& conditions,
                                                               const Call& call) {
  auto subnets = parts_.subnets->list(out, call);
  if (!subnets) return {.error = std::move(subnets).error()};
  out.status.subnets.clear();
  for (const auto& subnet : *subnets) out.status.subnets.push_back({subnet.id, subnet.zone, subnet.zone_id});
  if (subnets->empty()) {
    conditions.set_false(condition::kSubnetsReady, "SubnetsNotFound",
                         "SubnetSelector did not match any Subnets");
  } else {
    conditions.set_true(condition::kSubnetsReady);
  }
  return {.again = minutes(1)};
}

NodeClassController::Step NodeClassController::resolve_security_groups(Ec2NodeClass& out,
                                                                       Conditions& conditions,
                                                                       const Call& call) {
  auto groups = parts_.security_groups->list(out, call);
  if (!groups) return {.error = std::move(groups).error()};
  out.status.security_groups.clear();
  for (const auto& group : *groups) out.status.security_groups.push_back({group.id, group.name});
  if (groups->empty() && !out.spec.security_group_selector_terms.empty()) {
    conditions.set_false(condition::kSecurityGroupsReady, "SecurityGroupsNotFound",
                         "SecurityGroupSelector did not match any SecurityGroups");
    return {.again = minutes(1)};
  }
  conditions.set_true(condition::kSecurityGroupsReady);
  return {.again = minutes(5)};
}

NodeClassController::Step NodeClassController::resolve_instance_profile(Ec2NodeClass& out,
                                                                        Conditions& conditions,
                                                                        const Call& call) {
  auto profile = parts_.profiles->resolve(out, call);
  if (!profile) return {.error = std::move(profile).error()};
  out.status.instance_profile = std::move(profile).value();
  conditions.set_true(condition::kInstanceProfileReady);
  return {};
}

NodeClassController::Step NodeClassController::validate(Ec2NodeClass& out, Conditions& conditions,
                                                        const Call& call) {
  const auto refuse = [&](std::string_view reason, const base::Error& error) {
    conditions.set_false(condition::kValidationSucceeded, reason, error.text());
  };
  const auto family = resolve_family(out.spec);
  if (!family) {
    refuse("UnsupportedAlias", family.error());
    return {};
  }
  if (*family == AmiFamily::kAl2023) {
    if (auto cidr = parts_.cluster->service_cidr(call); !cidr) {
      if (cidr.error().code == base::Code::kNotReady) refuse("ClusterCIDRResolutionFailed", cidr.error());
      return {.error = std::move(cidr).error()};
    }
  }
  if (const auto faults = kubelet_faults(out); !faults.empty()) {
    refuse("InvalidKubeletConfiguration", base::invalid(base::join(faults, "; ")));
    return {};
  }
  const auto kubelet = parse_kubelet(out.spec.kubelet);
  if (!kubelet) {
    refuse("InvalidKubeletConfiguration", kubelet.error());
    return {};
  }
  const FamilyTraits& traits = traits_of(*family);
  if ((kubelet->pods_per_core && !traits.pods_per_core) ||
      (kubelet->cluster_dns.size() > 1 && !traits.any_kubelet_field)) {
    refuse("UnsupportedKubeletConfiguration",
           base::invalid("a kubelet field is not supported by this AMI family")
               .add("amiFamily", std::string(traits.name)));
    return {};
  }
  if (const auto status = dependency_status(conditions); !status.empty()) {
    conditions.set(condition::kValidationSucceeded, status, "DependenciesNotReady",
                   "Awaiting AMI, Instance Profile, Security Group, and Subnet resolution");
    return {.again = minutes(10)};
  }
  if (auto tags = check_tags(out.spec.tags); !tags) {
    refuse("TagValidationFailed", tags.error());
    base::Error error = std::move(tags).error();
    error.code = base::Code::kTerminal;
    return {.error = std::move(error)};
  }
  conditions.set_true(condition::kValidationSucceeded);
  return {.again = minutes(10)};
}

base::Result<Outcome> NodeClassController::finalize(const Ec2NodeClass& node_class, const Call& call) {
  if (!node_class.meta.has_finalizer(model::labels::kNodeClassFinalizer)) return Outcome(Done{});
  std::vector<std::string> users;
  for (const auto& claim : node_claims_.list()) {
    if (claim->spec.node_class_ref.name == node_class.meta.name) users.push_back(claim->meta.name);
  }
  if (!users.empty()) {
    telemetry::Event event;
    event.object = {"karpenter.k8s.aws/v1", "EC2NodeClass", "", node_class.meta.name, node_class.meta.uid};
    event.type = "Normal";
    event.reason = "WaitingOnNodeClaimTermination";
    event.message = "Waiting on NodeClaim termination for " + list_names(users);
    parts_.seams.events.publish(std::move(event));
    return Outcome(RequeueAfter{minutes(10)});
  }
  if (!parts_.settings.isolated_vpc) RETURN_IF_ERROR(parts_.profiles->delete_all(node_class, call));
  RETURN_IF_ERROR(parts_.templates->delete_all(node_class, call));
  Ec2NodeClass after = node_class;
  std::erase(after.meta.finalizers, model::labels::kNodeClassFinalizer);
  auto written = api_.patch(node_class, after, kube::Locking::kLocked, call);
  if (!written) return reconcile::outcome_of(std::move(written).error());
  log_.info("deleted ec2nodeclass resources",
            {{"EC2NodeClass", telemetry::object_ref(node_class.meta.name)}});
  return Outcome(Done{});
}

}  // namespace karpenter::aws
