#include "controller/disruption/plan/budgets.h"

#include <gtest/gtest.h>

#include "controller/disruption/plan/cron.h"
#include "tests/unit/controller/disruption/plan/builders.h"

namespace karpenter::disruption::plan::test {
namespace {

// spec: disruption §15.2, api §2.6
TEST(Cron, finds_the_next_activation) {
  struct Case {
    std::string schedule;
    std::string after;
    std::string want;  // "": none
  };
  const std::vector<Case> cases{
      {"0 9 * * *", "2026-03-04T08:59:59Z", "2026-03-04T09:00:00Z"},
      {"0 9 * * *", "2026-03-04T09:00:00Z", "2026-03-05T09:00:00Z"},  // strictly after
      {"*/15 * * * *", "2026-03-04T09:16:00Z", "2026-03-04T09:30:00Z"},
      {"50/5 * * * *", "2026-03-04T09:51:00Z", "2026-03-04T09:55:00Z"},
      {"0 0 29 feb *", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"},
      {"0 0 30 2 *", "2026-03-01T00:00:00Z", ""},
      {"0 0 13 * FRI", "2026-03-01T00:00:00Z", "2026-03-06T00:00:00Z"},   // both restricted: either
      {"0 0 */2 * fri", "2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z"},  // a step is no star
      {"0 0 * * mon-wed", "2026-03-04T00:00:00Z", "2026-03-09T00:00:00Z"},
      {"0 0 1,15 jan-mar ?", "2026-03-15T00:00:00Z", "2027-01-01T00:00:00Z"},
      {"@weekly", "2026-03-04T00:00:00Z", "2026-03-08T00:00:00Z"},
      {"@yearly", "2026-03-04T00:00:00Z", "2027-01-01T00:00:00Z"},
      {"@hourly", "2026-03-04T23:30:00Z", "2026-03-05T00:00:00Z"}};
  for (const auto& c : cases) {
    const auto cron = Cron::parse(c.schedule);
    ASSERT_TRUE(cron) << c.schedule;
    const auto next = cron->next_after(*base::parse_rfc3339(c.after));
    EXPECT_EQ(next ? base::format_rfc3339(*next) : "", c.want) << c.schedule << " after " << c.after;
  }
}

TEST(Cron, refuses_what_is_not_a_schedule) {
  for (const std::string text :
       {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 7",
        "*/0 * * * *", "5-3 * * * *", "1-2-3 * * * *", "*/2/2 * * * *", "-1 * * * *", "a * * * *",
        "1, * * * *", "@every 5m", "TZ=UTC 0 0 * * *", "@Daily"}) {
    EXPECT_FALSE(Cron::parse(text)) << text;
  }
}

model::Budget a_budget(std::string nodes, std::vector<std::string> reasons = {}) {
  model::Budget out{.nodes = std::move(nodes), .reasons = {}, .schedule = {}, .duration = {}};
  if (!reasons.empty()) out.reasons = std::move(reasons);
  return out;
}

std::int64_t allowed(std::vector<model::Budget> budgets, std::int64_t total, Reason reason = Reason::kEmpty) {
  auto pool = a_pool();
  pool->spec.disruption->budgets = std::move(budgets);
  return allowed_disruptions(*pool, reason, total, kNow).nodes;
}

// spec: disruption §15.3
TEST(Budgets, allow_the_minimum_of_those_that_apply) {
  EXPECT_EQ(allowed({}, 7), kNoLimit);  // an explicit empty list
  EXPECT_EQ(allowed({a_budget("3")}, 7), 3);
  EXPECT_EQ(allowed({a_budget("10%")}, 0), 0);
  EXPECT_EQ(allowed({a_budget("10%")}, 1), 1);  // rounded up
  EXPECT_EQ(allowed({a_budget("10%")}, 11), 2);
  EXPECT_EQ(allowed({a_budget("100%")}, 7), 7);
  EXPECT_EQ(allowed({a_budget("5"), a_budget("20%")}, 10), 2);
  EXPECT_EQ(allowed({a_budget("5"), a_budget("0", {"Drifted"})}, 10), 5);
  EXPECT_EQ(allowed({a_budget("5"), a_budget("0", {"Drifted"})}, 10, Reason::kDrifted), 0);
  auto of_no_reason = a_budget("0");
  of_no_reason.reasons.emplace();  // an explicit empty list: about nothing
  EXPECT_EQ(allowed({of_no_reason}, 10), kNoLimit);
  EXPECT_EQ(allowed({a_budget("99999999999")}, 10), kNoLimit);
  const auto pool = a_pool();  // no budgets at all: 10 %
  EXPECT_EQ(allowed_disruptions(*pool, Reason::kDrifted, 20, kNow).nodes, 2);
}

TEST(Budgets, fail_closed_when_any_is_broken) {
  for (const std::string nodes : {"", "x", "-1", "101%", "5 %", "%"}) {
    EXPECT_EQ(allowed({a_budget("5"), a_budget(nodes, {"Drifted"})}, 10), 0) << nodes;
  }
  auto scheduled = a_budget("5");
  scheduled.duration = "1h";  // without schedule
  EXPECT_EQ(allowed({scheduled}, 10), 0);
}

// spec: disruption §15.2
TEST(Budgets, hold_during_their_window_only) {
  auto window = a_budget("0");
  window.schedule = "0 11 * * *";
  window.duration = "1h";
  EXPECT_EQ(allowed({window}, 10), kNoLimit);  // 12:00 is the end of [11:00, 12:00)
  window.duration = "1h1m";
  EXPECT_EQ(allowed({window}, 10), 0);
  window.schedule = "0 12 * * *";
  EXPECT_EQ(allowed({window}, 10), 0);  // begins now
  window.schedule = "0 13 * * *";
  EXPECT_EQ(allowed({window}, 10), kNoLimit);
  window.duration = "48h";  // longer than its period
  EXPECT_EQ(allowed({window}, 10), 0);
  window.schedule = "0 0 30 2 *";  // never: active, as in the reference
  EXPECT_EQ(allowed({window}, 10), 0);
}

// spec: disruption §15.4
TEST(Budgets, count_nodes_on_their_way_out_for_every_reason) {
  auto pool = a_pool();
  pool->spec.disruption->budgets = {a_budget("3")};
  const auto pools = pools_of({pool, a_pool("idle")});
  auto marked = a_node("marked").build();
  marked.marked = true;
  auto deleting = a_node("deleting");
  deleting.claim.meta.deletion_timestamp = kNow;
  auto not_ready = a_node("notready");
  not_ready.node.status.conditions.clear();
  auto young = a_node("young");
  young.node.meta.labels.erase(std::string(labels::kInitialized));
  auto unmanaged = a_node("foreign").build();
  unmanaged.claim = nullptr;
  const std::vector<NodeView> nodes{a_node("fine").build(),
                                    marked,
                                    deleting.build(),
                                    not_ready.build(),
                                    young.build(),
                                    unmanaged,
                                    a_node("terminating").is("InstanceTerminating").build(),
                                    a_node("stranger").label(labels::kNodePool, "gone").build()};
  auto budgets = count_budgets(pools, nodes, Reason::kDrifted, kNow);
  EXPECT_EQ(budgets.at("p").total, 4);
  EXPECT_EQ(budgets.at("p").disrupting, 3);
  EXPECT_EQ(budgets.at("p").remaining, 0);
  EXPECT_EQ(budgets.at("idle").total, 0);
  EXPECT_EQ(count_budgets(pools, nodes, Reason::kUnhealthy, kNow).at("p").remaining,
            1);  // not ready does not count
  EXPECT_EQ(remaining(budgets, "unknown"), 0);
  EXPECT_FALSE(take_one(budgets, "p"));
}

}  // namespace
}  // namespace karpenter::disruption::plan::test
