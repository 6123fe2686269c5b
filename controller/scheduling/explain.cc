#include <algorithm>
#include <set>

#include "common/base/strings.h"
#include "common/model/labels.h"
#include "controller/scheduling/search.h"

// Why a class of pods gets no new node. Only computed for pods that stay unplaced, from the state at the end
// of the pass. spec: scheduling §12.3

namespace karpenter::scheduling {
namespace {

// `key In [a b c d e and 7 other(s)]`
std::string short_text(const model::Requirement& requirement) {
  static constexpr std::size_t kMaxValues = 5;
  if (requirement.values().size() <= kMaxValues) return requirement.text();
  std::string out = requirement.key() + (requirement.complement() ? " NotIn [" : " In [");
  std::size_t n = 0;
  for (const auto& value : requirement.values()) {
    if (n++ == kMaxValues) break;
    out += value + ' ';
  }
  return out + "and " + std::to_string(requirement.values().size() - kMaxValues) + " other(s)]";
}

std::string short_text(const model::Requirements& requirements) {
  std::vector<std::string> parts;
  for (const auto& [key, requirement] : requirements) {
    if (key == model::labels::kRegistered || key == model::labels::kInitialized) continue;
    parts.push_back(short_text(requirement));
  }
  return base::join(parts, ", ");
}

std::string short_text(const model::Resources& resources) {
  std::vector<std::string> parts;
  for (const auto& [name, amount] : resources) parts.push_back(name + "=" + amount.text());
  return base::join(parts, ", ");
}

std::string typo_hint(const std::string& key) {
  const auto& known = model::well_known_labels();
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  const auto near = base::nearest_word(key, candidates);
  return near ? " (typo of \"" + std::string(*near) + "\"?)" : "";
}

// Why the template's requirements cannot take the pod's. spec: scheduling §5.6
std::string conflict_text(const model::Requirements& node, const model::Requirements& pod) {
  using Op = model::Requirement::Op;
  for (const auto& [key, requirement] : pod) {
    const bool absent_ok = requirement.op() == Op::kNotIn || requirement.op() == Op::kDoesNotExist;
    if (!node.has(key) && !model::well_known_labels().contains(key) && !absent_ok)
      return "label \"" + key + "\" does not have known values" + typo_hint(key);
  }
  std::vector<std::string> conflicts;
  for (const auto& [key, requirement] : pod) {
    const model::Requirement* own = node.find(key);
    if (own == nullptr || own->has_intersection(requirement)) continue;
    const bool both_negative = (own->op() == Op::kNotIn || own->op() == Op::kDoesNotExist) &&
                               (requirement.op() == Op::kNotIn || requirement.op() == Op::kDoesNotExist);
    if (!both_negative) conflicts.push_back(short_text(requirement) + " not in " + short_text(*own));
  }
  return "incompatible requirements, " + base::join(conflicts, "; ");
}

std::string taints_text(const std::vector<const model::Taint*>& taints) {
  std::vector<std::string> parts;
  for (const auto* taint : taints) parts.push_back(taint->text());
  return "did not tolerate taint(s) " + base::join(parts, ", ");
}

std::string limits_text(const model::Resources& limits, const model::Resources& left) {
  std::vector<std::string> parts;
  for (const auto& [name, limit] : limits)
    parts.push_back(name + ": " + left.get(name).text() + " left of " + limit.text());
  return "no fitting instance type within the limits of the nodepool (" + base::join(parts, ", ") + ")";
}

}  // namespace

std::vector<Reason> Search::explain(Id pod_class) {
  const PodClass& c = world_.classes[pod_class];
  const Variant& last = world_.variants[c.variants.back()];
  std::vector<Reason> out;
  for (Id t = 0; t < world_.templates.size(); ++t) out.push_back(explain_template(t, c, last));
  if (out.empty()) {
    out.push_back({.code = ReasonCode::kNoNodePools,
                   .node_pool = {},
                   .detail = "no nodepool can make nodes, and no existing node takes the pod"});
  }
  return out;
}

Reason Search::explain_template(Id owner, const PodClass& pod_class, const Variant& variant) {
  const Template& t = world_.templates[owner];
  const auto reason = [&](ReasonCode code, std::string detail) {
    return Reason{.code = code, .node_pool = t.view->pool->meta.name, .detail = std::move(detail)};
  };
  if (!t.broken.empty()) return reason(ReasonCode::kRequirementsConflict, t.broken);
  const Bits options = within_limits(t);
  if (!options.any())
    return reason(ReasonCode::kLimitExceeded, limits_text(t.view->pool->spec.limits, t.limits_left));
  const auto taints =
      untolerated(world_.taint_sets[t.taints], pod_class.example->spec.tolerations, variant.prefer);
  if (!taints.empty()) return reason(ReasonCode::kTaintNotTolerated, taints_text(taints));
  const auto& wanted = world_.requirements.get(variant.requirements);
  const Id base = world_.requirements.meet(t.base, variant.requirements);
  if (base == kNoId)
    return reason(ReasonCode::kRequirementsConflict, conflict_text(world_.requirements.get(t.base), wanted));
  std::string failed;
  const auto choices = world_.topology.choices(pod_class.topology, wanted, &failed);
  if (!choices) return reason(ReasonCode::kTopology, "unsatisfiable: " + failed);
  if (world_.topology.target_allows(pod_class.topology, world_.nodes.size() + claims_.size(), nullptr) !=
      Verdict::kYes)
    return reason(ReasonCode::kTopology, "unsatisfiable: pod affinity to pods on other hosts");
  Reason types = explain_types(owner, pod_class, base, options, reason(ReasonCode::kNoInstanceTypeFits, ""));
  if (!types.detail.empty()) {
    const bool only_limits = explain_types(owner, pod_class, base, t.options, types).detail.empty();
    if (only_limits)
      return reason(ReasonCode::kLimitExceeded, limits_text(t.view->pool->spec.limits, t.limits_left));
    return types;
  }
  return reason(ReasonCode::kTopology, "no instance type is offered in a domain that the topology allows");
}

// spec: scheduling §12.3. Leaves the detail empty when some type would do.
Reason Search::explain_types(Id owner, const PodClass& pod_class, Id requirements, const Bits& options,
                             Reason reason) {
  const Template& t = world_.templates[owner];
  const TypeTable& table = world_.tables[t.table];
  const std::string wanted = "requirements=" + short_text(world_.requirements.get(requirements)) +
                             ", resources=" + short_text(pod_class.requests);
  Bits met = options;
  met &= world_.requirements.meeting(requirements, t.table);
  Bits offered = options;
  offered &= world_.requirements.types(requirements, t.table);
  Bits fitting(table.size());
  bool ports_free = false;
  for (const auto& group : t.overhead) {
    const bool clash = std::ranges::any_of(group.ports, [&](const HostPort& port) {
      return std::ranges::any_of(pod_class.ports, [&](const HostPort& mine) { return conflict(port, mine); });
    });
    ports_free = ports_free || !clash;
    if (clash) continue;
    Bits kept = options;
    kept &= group.types;
    Amounts total = pod_class.load;
    add(total, group.load);
    table.keep_fitting(total, kept);
    fitting |= kept;
  }
  Bits both = offered;
  both &= fitting;
  reason.detail.clear();
  if (both.any() && meets_min_values(t, requirements, both)) return reason;
  if (both.any()) {
    reason.code = ReasonCode::kRequirementsConflict;
    reason.detail = "minValues requirement is not met, " + wanted;
  } else if (!ports_free) {
    reason.code = ReasonCode::kNoInstanceTypeFits;
    reason.detail = "a host port of the pod is taken by a daemonset on every instance type";
  } else if (!met.any()) {
    reason.code = ReasonCode::kNoOffering;
    reason.detail = "no instance type met the scheduling requirements, " + wanted;
  } else if (!offered.any()) {
    reason.code = ReasonCode::kNoOffering;
    reason.detail = "no instance type which met the requirements has an available offering, " + wanted;
  } else if (!fitting.any()) {
    reason.code = ReasonCode::kNoInstanceTypeFits;
    reason.detail = "no instance type has enough resources, " + wanted;
    if (pod_class.requests.get(model::kCpu) >= model::Quantity::of(1'000'000))
      reason.detail += " (CPU request >= 1 million, was \"M\" written for \"m\"?)";
  } else {
    reason.code = ReasonCode::kNoInstanceTypeFits;
    reason.detail = "no instance type has enough resources and met the requirements at once, " + wanted;
  }
  return reason;
}

}  // namespace karpenter::scheduling
