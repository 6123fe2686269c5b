#include "controller/disruption/plan/budgets.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "common/base/duration.h"
#include "common/base/strings.h"
#include "common/model/conditions.h"
#include "common/model/labels.h"
#include "controller/disruption/plan/cron.h"

namespace karpenter::disruption::plan {

namespace {

const std::vector<model::Budget>& default_budgets() {
  static const std::vector<model::Budget> kDefault{
      {.nodes = "10%", .reasons = {}, .schedule = std::nullopt, .duration = std::nullopt}};
  return kDefault;
}

base::Error bad_budget(std::string_view field, std::string_view value) {
  return base::invalid("invalid disruption budget").add(std::string(field), std::string(value));
}

// spec: disruption §15.2
base::Result<bool> is_active(const model::Budget& budget, Time now) {
  if (!budget.schedule && !budget.duration) return true;
  ASSIGN_OR_RETURN(const Cron cron, Cron::parse(budget.schedule.value_or("")));
  base::Nanos duration{0};
  if (budget.duration) {
    ASSIGN_OR_RETURN(duration, base::parse_duration(*budget.duration));
  }
  // A schedule that never fires keeps the budget active: the reference reads "no activation" as one in the
  // past.
  const auto hit = cron.next_after(now - duration);
  return !hit || *hit <= now;
}

base::Result<std::int64_t> nodes_of(std::string_view text, std::int64_t total) {
  if (const auto count = base::parse_int64(text); count && *count >= 0) return std::min(*count, kNoLimit);
  if (!text.ends_with('%')) return bad_budget("nodes", text);
  const auto percent = base::parse_int64(text.substr(0, text.size() - 1));
  if (!percent || *percent < 0 || *percent > 100) return bad_budget("nodes", text);
  return (*percent * total + 99) / 100;
}

bool applies_to(const model::Budget& budget, Reason reason) {
  // An explicit empty list matches no reason. spec: api §2.6
  return !budget.reasons || std::ranges::find(*budget.reasons, name_of(reason)) != budget.reasons->end();
}

base::Result<std::int64_t> allowed_by(const model::Budget& budget, std::int64_t total, Time now) {
  ASSIGN_OR_RETURN(const bool active, is_active(budget, now));
  if (!active) return kNoLimit;
  return nodes_of(budget.nodes, total);
}

bool is_ready(const model::Node& node) { return model::is_true(node.status.conditions, "Ready"); }

bool counts(const NodeView& view) {
  return view.managed() && view.node != nullptr && (view.initialized() || view.rebooting()) &&
         !model::is_true(view.claim->status.conditions, model::condition::kInstanceTerminating);
}

bool is_disrupting(const NodeView& view, Reason reason) {
  if (view.marked_for_deletion() || view.rebooting()) return true;
  return reason != Reason::kUnhealthy && !is_ready(*view.node);
}

}  // namespace

Allowed allowed_disruptions(const model::NodePool& pool, Reason reason, std::int64_t total, Time now) {
  const bool given = pool.spec.disruption && pool.spec.disruption->budgets;
  const auto& budgets = given ? *pool.spec.disruption->budgets : default_budgets();
  Allowed out;
  for (const auto& budget : budgets) {
    auto nodes = allowed_by(budget, total, now);
    if (!nodes) return {.nodes = 0, .error = std::move(nodes).error().add("NodePool", pool.meta.name)};
    if (applies_to(budget, reason)) out.nodes = std::min(out.nodes, *nodes);
  }
  return out;
}

Budgets count_budgets(const Pools& pools, std::span<const NodeView> nodes, Reason reason, Time now) {
  Budgets out;
  for (const auto& [name, pool] : pools) out.emplace(name, PoolBudget{});
  for (const auto& view : nodes) {
    if (!counts(view)) continue;
    const auto it = out.find(view.label(model::labels::kNodePool));
    if (it == out.end()) continue;
    ++it->second.total;
    if (is_disrupting(view, reason)) ++it->second.disrupting;
  }
  for (auto& [name, budget] : out) {
    budget.allowed = allowed_disruptions(*pools.at(name).pool, reason, budget.total, now).nodes;
    budget.remaining = std::max<std::int64_t>(0, budget.allowed - budget.disrupting);
  }
  return out;
}

std::int64_t remaining(const Budgets& budgets, std::string_view pool) {
  const auto it = budgets.find(pool);
  return it == budgets.end() ? 0 : it->second.remaining;
}

bool take_one(Budgets& budgets, std::string_view pool) {
  const auto it = budgets.find(pool);
  if (it == budgets.end() || it->second.remaining <= 0) return false;
  --it->second.remaining;
  return true;
}

}  // namespace karpenter::disruption::plan
