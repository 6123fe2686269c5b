#include "controller/provisioning/pod_selection.h"

#include <algorithm>
#include <array>
#include <set>

#include "common/model/labels.h"
#include "common/model/requirements.h"
#include "controller/scheduling/pods.h"

namespace karpenter::provisioning {
namespace {

namespace labels = model::labels;

// spec: scheduling §2.2 (restricted keys)
bool is_restricted(std::string_view key) {
  if (model::well_known_labels().contains(key)) return false;
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

void check(const model::NodeSelectorRequirement& requirement, std::vector<std::string>& errors) {
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
  if (is_restricted(made->key())) errors.push_back("label " + made->key() + " is restricted");
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

}  // namespace

std::vector<std::string> validate(const model::Pod& pod) {
  std::vector<std::string> errors;
  for (const auto& [key, value] : pod.spec.node_selector)
    check({.key = key, .op = "In", .values = {value}, .min_values = std::nullopt}, errors);
  const auto* terms = required_terms(pod);
  if (terms == nullptr) return errors;
  for (const auto& term : *terms) {
    if (!term.match_fields.empty()) errors.emplace_back("required node affinity has matchFields");
    for (const auto& expression : term.match_expressions) check(expression, errors);
  }
  return errors;
}

PodSelection select_pods(const cluster::Snapshot& snapshot) {
  PodSelection out;
  for (const auto& pod : snapshot.unbound_pods) {
    if (!scheduling::is_provisionable(*pod)) continue;
    IgnoredPod ignored{.pod = pod, .errors = validate(*pod), .silent = excludes_node_pools(*pod)};
    if (ignored.silent) ignored.errors.emplace_back("the pod opted out of every nodepool");
    if (ignored.errors.empty()) {
      out.pods.push_back(pod);
    } else {
      out.ignored.push_back(std::move(ignored));
    }
  }
  return out;
}

}  // namespace karpenter::provisioning
