#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/model/core/core.h"
#include "controller/disruption/plan/pods.h"

// Which PodDisruptionBudgets stand in the way of evicting pods. spec: disruption §3.5

namespace karpenter::disruption::plan {

// Immutable after construction; keeps the budgets alive.
class PdbLimits {
 public:
  explicit PdbLimits(std::span<const std::shared_ptr<const model::PodDisruptionBudget>> budgets);

  enum class Test : std::uint8_t {
    kZeroDisruptions,  // candidates: the budget allows none now
    kFullyBlocking,    // simulations: the budget can never allow one
  };
  // The keys ("ns/name") of the budgets that block the pod, sorted; empty when none does. More than one
  // matching budget always blocks, because the API server refuses such an eviction.
  [[nodiscard]] std::vector<std::string> blocking(const Pod& pod, Test test, Time now) const;
  // The same for the first of `pods` that is blocked.
  [[nodiscard]] std::vector<std::string> first_blocking(std::span<const std::shared_ptr<const Pod>> pods,
                                                        Test test, Time now) const;
  // Reschedulable, disruptable and not fully blocked: worth finding a new place for.
  [[nodiscard]] bool is_currently_reschedulable(const Pod& pod, Time now) const;

 private:
  std::map<std::string, std::vector<std::shared_ptr<const model::PodDisruptionBudget>>, std::less<>>
      by_namespace_;
};

}  // namespace karpenter::disruption::plan
