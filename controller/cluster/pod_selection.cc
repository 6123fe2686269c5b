#include "controller/cluster/pod_selection.h"

#include <algorithm>
#include <array>
#include <set>

#include "common/model/labels.h"
#include "common/model/requirements.h"
#include "controller/scheduling/pods.h"

namespace karpenter::cluster {
namespace {

namespace labels = model::labels;

// spec: scheduling §2.2 (restricted keys)
bool is_restricted(std::string_view key, const LabelKeys& more_well_known) {
  if (model::well_known_labels().contains(key) || more_well_known.contains(key)) return false;
  if (key == labels::kHostname) return true;
  const std::string_view domain = key.substr(0, key.find('/') == std::string_view::npos ? 0 : key.find('/'));
  static constexpr std::array<std::string_view, 2> kDomains = {"karpenter.sh", "karpenter.k8s.aws"};
  return std::ranges::any_of(kDomains, [&](std::string_view restricted) {
    if (domain == restricted) return true;
    return domain.size() > restricted.size() && domain.ends_with(restricted) &&
           domain[domain.size() - restricted.size() - 1] == '.';
  });
}

bool opts_out(const std::string& key, std::string_view op) {
  return key == labels::kNodePool && op == "DoesNotExist";
}

void check(const model::NodeSelectorRequirement& requirement, const LabelKeys& more_well_known,
           std::vector<std::string>& errors) {
  const auto op = model::Requirement::parse_op(requirement.op);
  if (!op) {
    errors.push_back("key " + requirement.key + " has an unsupported operator " + requirement.op);
    return;
  }
  const auto made = model::Requirement::make(requirement.key, *op, requirement.values);
  if (!made) {
    errors.push_back(made.error().text());
    return;
  }
  if (is_restricted(made->key(), more_well_known))
    errors.push_back("label " + made->key() + " is restricted");
  if (*op == model::Requirement::Op::kIn && requirement.values.empty())
    errors.push_back("key " + requirement.key + " with operator In has no values");
  static const std::set<std::string_view> kCapacityTypes = {labels::kOnDemand, labels::kSpot,
                                                            labels::kReserved};
  const bool none_known =
      std::ranges::none_of(requirement.values, [&](const auto& v) { return kCapacityTypes.contains(v); });
  if (*op == model::Requirement::Op::kIn && made->key() == labels::kCapacityType && none_known)
    errors.push_back("no known value for " + made->key());
}

const std::vector<model::NodeSelectorTerm>* required_terms(const model::Pod& pod) {
  const auto& affinity = pod.spec.affinity;
  return affinity && affinity->node_affinity && affinity->node_affinity->required
             ? &*affinity->node_affinity->required
             : nullptr;
}

// spec: scheduling §2.2 (NodePool exclusion), over what §5.9 takes into account
bool excludes_node_pools(const model::Pod& pod) {
  const auto in_term = [](const model::NodeSelectorTerm& term) {
    return std::ranges::any_of(term.match_expressions, [](const auto& e) { return opts_out(e.key, e.op); });
  };
  const auto* terms = required_terms(pod);
  if (terms != nullptr && !terms->empty() && in_term(terms->front())) return true;
  if (!pod.spec.affinity || !pod.spec.affinity->node_affinity) return false;
  const auto& preferred = pod.spec.affinity->node_affinity->preferred;
  const auto heaviest = std::ranges::max_element(preferred, {}, &model::PreferredSchedulingTerm::weight);
  return heaviest != preferred.end() && in_term(heaviest->preference);
}

// ---- volumes

std::string bound_claim_fault(const model::PersistentVolumeClaim& claim, const Surroundings& surroundings) {
  const auto* volume = find_object(surroundings.volumes, {.name = claim.volume_name});
  if (volume == nullptr) return "persistent volume " + claim.volume_name + " not found";
  if (volume->meta.is_deleting()) return "persistent volume " + claim.volume_name + " is being deleted";
  if (!claim.meta.annotations.contains("pv.kubernetes.io/bind-completed"))
    return "persistent volume claim " + claim.meta.name + " is not bound completely";
  return "";
}

std::string unbound_claim_fault(const model::PersistentVolumeClaim& claim, const Surroundings& surroundings) {
  const std::string name = claim.storage_class_name.value_or("");
  if (name.empty()) return "unbound persistent volume claim " + claim.meta.name + " names no storage class";
  const auto* storage_class = find_object(surroundings.storage_classes, {.name = name});
  if (storage_class == nullptr) return "storage class " + name + " not found";
  if (storage_class->volume_binding_mode == "Immediate")
    return "persistent volume claim " + claim.meta.name +
           " has volume binding mode Immediate and is not bound";
  return "";
}

std::string volume_fault(const model::Pod& pod, const model::PodVolume& volume,
                         const Surroundings& surroundings) {
  if (!volume.persistent_volume_claim && !volume.is_ephemeral) return "";
  const std::string name =
      volume.is_ephemeral ? pod.meta.name + "-" + volume.name : *volume.persistent_volume_claim;
  const auto* claim =
      find_object(surroundings.volume_claims, {.namespace_name = pod.meta.namespace_name, .name = name});
  if (claim == nullptr) return "persistent volume claim " + name + " not found";
  if (claim->meta.is_deleting()) return "persistent volume claim " + name + " is being deleted";
  if (claim->phase == "Lost") return "persistent volume claim " + name + " is lost";
  return claim->volume_name.empty() ? unbound_claim_fault(*claim, surroundings)
                                    : bound_claim_fault(*claim, surroundings);
}

}  // namespace

std::vector<std::string> validate(const model::Pod& pod, const LabelKeys& more_well_known) {
  std::vector<std::string> errors;
  for (const auto& [key, value] : pod.spec.node_selector)
    check({.key = key, .op = "In", .values = {value}, .min_values = std::nullopt}, more_well_known, errors);
  const auto* terms = required_terms(pod);
  if (terms == nullptr) return errors;
  for (const auto& term : *terms) {
    if (!term.match_fields.empty()) errors.emplace_back("required node affinity has matchFields");
    for (const auto& expression : term.match_expressions) check(expression, more_well_known, errors);
  }
  return errors;
}

std::string validate_volumes(const model::Pod& pod, const Surroundings& surroundings) {
  for (const auto& volume : pod.spec.volumes) {
    std::string fault = volume_fault(pod, volume, surroundings);
    if (!fault.empty()) return fault;
  }
  return "";
}

PodSelection select_pods(const Snapshot& snapshot, const LabelKeys& more_well_known) {
  PodSelection out;
  for (const auto& pod : snapshot.unbound_pods) {
    if (!scheduling::is_provisionable(*pod)) continue;
    IgnoredPod ignored{
        .pod = pod, .errors = validate(*pod, more_well_known), .silent = excludes_node_pools(*pod)};
    if (ignored.silent) ignored.errors.emplace_back("the pod opted out of every nodepool");
    if (auto fault = validate_volumes(*pod, *snapshot.surroundings); !fault.empty())
      ignored.errors.push_back(std::move(fault));
    if (ignored.errors.empty()) {
      out.pods.push_back(pod);
    } else {
      out.ignored.push_back(std::move(ignored));
    }
  }
  return out;
}

}  // namespace karpenter::cluster
