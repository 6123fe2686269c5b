#include "common/model/selectors.h"

#include <algorithm>

namespace karpenter::model {
namespace {

bool matches_requirement(const LabelSelectorRequirement& requirement, const StringMap& labels) {
  const auto label = labels.find(requirement.key);
  const bool present = label != labels.end();
  const auto listed = [&] {
    return std::find(requirement.values.begin(), requirement.values.end(), label->second) !=
           requirement.values.end();
  };
  if (requirement.op == "In") return present && listed();
  if (requirement.op == "NotIn") return !present || !listed();
  if (requirement.op == "Exists") return present;
  if (requirement.op == "DoesNotExist") return !present;
  return false;  // a selector nobody can read selects nothing
}

}  // namespace

bool matches(const LabelSelector& selector, const StringMap& labels) {
  for (const auto& [key, value] : selector.match_labels) {
    const auto label = labels.find(key);
    if (label == labels.end() || label->second != value) return false;
  }
  return std::all_of(selector.match_expressions.begin(), selector.match_expressions.end(),
                     [&](const auto& requirement) { return matches_requirement(requirement, labels); });
}

}  // namespace karpenter::model
