#include "controller/disruption/plan/candidates.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/strings.h"
#include "common/model/labels.h"
#include "controller/disruption/plan/cost.h"

namespace karpenter::disruption::plan {

namespace {

using Objection = std::optional<std::string>;

Objection in_flight(const NodeView& node, const EligibilityInputs&) {
  return node.in_flight ? Objection("") : std::nullopt;
}

Objection unmanaged(const NodeView& node, const EligibilityInputs&) {
  return node.managed() ? std::nullopt : Objection("");
}

Objection without_node(const NodeView& node, const EligibilityInputs&) {
  return node.node ? std::nullopt : Objection("Nodeclaim does not have an associated node");
}

Objection rebooting(const NodeView& node, const EligibilityInputs&) {
  return node.rebooting() ? Objection("Node is rebooting") : std::nullopt;
}

Objection marked(const NodeView& node, const EligibilityInputs&) {
  return node.marked_for_deletion() ? Objection("Node is deleting or marked for deletion") : std::nullopt;
}

Objection uninitialized(const NodeView& node, const EligibilityInputs&) {
  if (!node.registered()) return "Node isn't registered";
  return node.initialized() ? std::nullopt : Objection("Node isn't initialized");
}

Objection nominated(const NodeView& node, const EligibilityInputs&) {
  return node.nominated ? Objection("Node is nominated for a pending pod") : std::nullopt;
}

Objection node_do_not_disrupt(const NodeView& node, const EligibilityInputs&) {
  if (node.meta().annotation(model::labels::kDoNotDisrupt) != "true") return std::nullopt;
  return "Disruption is blocked through the \"karpenter.sh/do-not-disrupt\" annotation";
}

Objection without_pool_label(const NodeView& node, const EligibilityInputs&) {
  if (!node.label(model::labels::kNodePool).empty()) return std::nullopt;
  return "Node does not have a required label (label=karpenter.sh/nodepool)";
}

Objection unknown_pool(const NodeView& node, const EligibilityInputs& inputs) {
  const auto name = node.label(model::labels::kNodePool);
  const auto it = inputs.pools.find(name);
  if (it != inputs.pools.end() && !it->second.instance_types.empty()) return std::nullopt;
  return "NodePool not found (NodePool=" + std::string(name) + ")";
}

// Pods' objections do not hold when the class is eventual and the claim bounds its own drain.
bool pods_are_overruled(const NodeView& node, const EligibilityInputs& inputs) {
  return inputs.disruption_class == Class::kEventual && node.claim->spec.termination_grace_period.has_value();
}

Objection pod_do_not_disrupt(const NodeView& node, const EligibilityInputs& inputs) {
  if (pods_are_overruled(node, inputs)) return std::nullopt;
  const auto it =
      std::ranges::find_if(node.pods, [&](const auto& pod) { return !is_disruptable(*pod, inputs.now); });
  if (it == node.pods.end()) return std::nullopt;
  return "Pod has \"karpenter.sh/do-not-disrupt\" annotation (Pod=" + model::key_of((*it)->meta).text() + ")";
}

Objection pdb(const NodeView& node, const EligibilityInputs& inputs) {
  if (pods_are_overruled(node, inputs)) return std::nullopt;
  const auto keys = inputs.pdbs.first_blocking(node.pods, PdbLimits::Test::kZeroDisruptions, inputs.now);
  if (keys.empty()) return std::nullopt;
  if (keys.size() > 1) {
    return "Eviction API does not support multiple PDBs (PodDisruptionBudget(s)=[" + base::join(keys, " ") +
           "])";
  }
  return "Pdb prevents pod evictions (PodDisruptionBudget=[" + keys.front() + "])";
}

constexpr std::array kChecks{Check{"in-flight", in_flight},
                             Check{"unmanaged", unmanaged},
                             Check{"without-node", without_node},
                             Check{"rebooting", rebooting},
                             Check{"marked-for-deletion", marked},
                             Check{"uninitialized", uninitialized},
                             Check{"nominated", nominated},
                             Check{"node-do-not-disrupt", node_do_not_disrupt},
                             Check{"without-nodepool-label", without_pool_label},
                             Check{"unknown-nodepool", unknown_pool},
                             Check{"pod-do-not-disrupt", pod_do_not_disrupt},
                             Check{"pod-disruption-budget", pdb}};

}  // namespace

std::span<const Check> eligibility_checks() { return kChecks; }

std::optional<Blocked> find_blocking(const NodeView& node, const EligibilityInputs& inputs) {
  for (const auto& check : kChecks) {
    if (auto message = check.objection(node, inputs))
      return Blocked{.check = check.name, .message = *std::move(message)};
  }
  return std::nullopt;
}

Candidate make_candidate(const NodeView& node, const EligibilityInputs& inputs) {
  Candidate out;
  out.view = node;
  out.node_pool = node.label(model::labels::kNodePool);
  out.zone = node.label(model::labels::kZone);
  out.capacity_type = node.label(model::labels::kCapacityType);
  const auto& pool = inputs.pools.at(out.node_pool);
  out.pool = pool.pool;
  out.instance_type = pool.find_type(node.label(model::labels::kInstanceType));
  std::ranges::copy_if(node.pods, std::back_inserter(out.reschedulable),
                       [](const auto& pod) { return is_reschedulable(*pod); });
  out.price = candidate_price(out.instance_type.get(), out.zone, out.capacity_type);
  out.disruption_cost = node_disruption_cost(out.reschedulable);
  return out;
}

Screening screen(std::span<const NodeView> nodes, const EligibilityInputs& inputs) {
  Screening out;
  for (const auto& node : nodes) {
    auto blocked = find_blocking(node, inputs);
    if (!blocked) {
      out.candidates.push_back(make_candidate(node, inputs));
    } else if (!blocked->message.empty()) {
      out.rejected.push_back({.view = node, .blocked = *std::move(blocked)});
    }
  }
  return out;
}

void sort_by_savings(Candidates& candidates) {
  std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
    const double left = a.price / a.disruption_cost;
    const double right = b.price / b.disruption_cost;
    return left != right ? left > right : a.name() < b.name();
  });
}

}  // namespace karpenter::disruption::plan
