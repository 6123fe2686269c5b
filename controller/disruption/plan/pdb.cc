#include "controller/disruption/plan/pdb.h"

#include <algorithm>

#include "common/model/meta.h"
#include "common/model/selectors.h"

namespace karpenter::disruption::plan {

namespace {

using model::PodDisruptionBudget;

// The budget can never allow an eviction. The model carries no minAvailable/maxUnavailable; a budget that
// wants every expected pod healthy amounts to `maxUnavailable: 0` or `minAvailable: 100%`.
bool is_fully_blocking(const PodDisruptionBudget& budget) {
  return budget.expected_pods > 0 && budget.desired_healthy >= budget.expected_pods &&
         budget.disruptions_allowed == 0;
}

bool always_evicts(const PodDisruptionBudget& budget, const Pod& pod) {
  if (budget.unhealthy_pod_eviction_policy != "AlwaysAllow") return false;
  const auto* ready = model::find_condition(pod.status.conditions, "Ready");
  return ready != nullptr && ready->status == "False";
}

}  // namespace

PdbLimits::PdbLimits(std::span<const std::shared_ptr<const PodDisruptionBudget>> budgets) {
  for (const auto& budget : budgets) by_namespace_[budget->meta.namespace_name].push_back(budget);
}

std::vector<std::string> PdbLimits::blocking(const Pod& pod, Test test, Time now) const {
  if (!is_evictable(pod, now)) return {};
  const auto in_namespace = by_namespace_.find(pod.meta.namespace_name);
  if (in_namespace == by_namespace_.end()) return {};
  std::vector<std::string> keys;
  const PodDisruptionBudget* single = nullptr;
  for (const auto& budget : in_namespace->second) {
    if (!budget->selector || !model::matches(*budget->selector, pod.meta.labels)) continue;
    keys.push_back(model::key_of(budget->meta).text());
    single = budget.get();
  }
  std::ranges::sort(keys);
  if (keys.size() > 1) return keys;
  if (single == nullptr || always_evicts(*single, pod)) return {};
  const bool blocks =
      test == Test::kZeroDisruptions ? single->disruptions_allowed == 0 : is_fully_blocking(*single);
  return blocks ? keys : std::vector<std::string>{};
}

std::vector<std::string> PdbLimits::first_blocking(std::span<const std::shared_ptr<const Pod>> pods,
                                                   Test test, Time now) const {
  for (const auto& pod : pods) {
    auto keys = blocking(*pod, test, now);
    if (!keys.empty()) return keys;
  }
  return {};
}

bool PdbLimits::is_currently_reschedulable(const Pod& pod, Time now) const {
  return is_reschedulable(pod) && is_disruptable(pod, now) &&
         blocking(pod, Test::kFullyBlocking, now).empty();
}

}  // namespace karpenter::disruption::plan
