#include "controller/scheduling/node_affinity.h"

#include <algorithm>

#include "common/model/labels.h"

namespace karpenter::scheduling {

base::Result<std::vector<model::Requirements>> required_alternatives(const model::PodSpec& spec) {
  model::Requirements selector;
  for (const auto& [key, value] : spec.node_selector) selector.add(model::Requirement::in(key, {value}));
  std::vector<model::Requirements> out;
  if (spec.affinity && spec.affinity->node_affinity && spec.affinity->node_affinity->required) {
    for (const auto& term : *spec.affinity->node_affinity->required) {
      ASSIGN_OR_RETURN(auto requirements, model::Requirements::of(term.match_expressions));
      requirements.add(selector);
      out.push_back(std::move(requirements));
    }
  }
  if (out.empty()) out.push_back(std::move(selector));
  return out;
}

bool accepts(const model::StringMap& labels, std::string_view hostname,
             const model::Requirements& requirements) {
  return std::ranges::all_of(requirements, [&](const auto& entry) {
    const auto& [key, requirement] = entry;
    const auto it = labels.find(key);
    if (it != labels.end()) return requirement.has(it->second);
    if (key == model::labels::kHostname) return requirement.has(hostname);
    const auto op = requirement.op();
    return op == model::Requirement::Op::kNotIn || op == model::Requirement::Op::kDoesNotExist;
  });
}

std::vector<const model::Taint*> untolerated(std::span<const model::Taint> taints,
                                             std::span<const model::Toleration> tolerations,
                                             PreferNoSchedule prefer) {
  std::vector<const model::Taint*> out;
  for (const auto& taint : taints) {
    if (prefer == PreferNoSchedule::kTolerated && taint.effect == model::kPreferNoSchedule) continue;
    const bool tolerated = std::ranges::any_of(tolerations, [&](const model::Toleration& toleration) {
      return model::tolerates(toleration, taint);
    });
    if (!tolerated) out.push_back(&taint);
  }
  return out;
}

}  // namespace karpenter::scheduling
