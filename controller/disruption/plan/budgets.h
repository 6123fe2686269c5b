#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/model/karpenter/v1.h"
#include "controller/disruption/plan/node_view.h"

// How many nodes of each NodePool may be disrupted now. spec: disruption §15

namespace karpenter::disruption::plan {

inline constexpr std::int64_t kNoLimit = 2147483647;

// What the budgets of one pool allow for `reason` when it has `total` nodes. Any broken budget makes it 0,
// with the error.
struct Allowed {
  std::int64_t nodes = kNoLimit;
  std::optional<base::Error> error;
};
[[nodiscard]] Allowed allowed_disruptions(const model::NodePool& pool, Reason reason, std::int64_t total,
                                          Time now);

struct PoolBudget {
  std::int64_t total = 0;  // initialized or rebooting nodes that are not terminating
  std::int64_t allowed = 0;
  std::int64_t disrupting = 0;  // of `total`: on their way out, rebooting, or not ready
  std::int64_t remaining = 0;   // max(0, allowed - disrupting)
};
// By NodePool name; every pool of `pools` is present. spec: disruption §15.4
using Budgets = std::map<std::string, PoolBudget, std::less<>>;
[[nodiscard]] Budgets count_budgets(const Pools& pools, std::span<const NodeView> nodes, Reason reason,
                                    Time now);

// Remaining of a pool; unknown names read as 0.
[[nodiscard]] std::int64_t remaining(const Budgets& budgets, std::string_view pool);
// Takes one from the pool; false when nothing remains.
[[nodiscard]] bool take_one(Budgets& budgets, std::string_view pool);

}  // namespace karpenter::disruption::plan
