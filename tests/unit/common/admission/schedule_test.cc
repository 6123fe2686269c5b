#include <gtest/gtest.h>

#include "common/admission/rules.h"

namespace karpenter::admission {
namespace {

// spec: api §2.6
TEST(Schedules, follow_the_grammar_of_budgets) {
  for (const auto* good : {"* * * * *", "0 9 * * mon-fri", "*/5 0-23/2 1,15 JAN-Mar ?", "@weekly",
                           "  0  0 30 2 *", "5/10 0 1 1 SUN", "0\t0 * * 6", "0 0 1 1 *", "*/70 * * * *"}) {
    EXPECT_EQ(schedule_fault(good), std::nullopt) << good;
  }
  for (const auto* bad : {"",
                          "* * * *",
                          "* * * * * *",
                          "60 * * * *",
                          "* 24 * * *",
                          "* * 0 * *",
                          "* * * 13 *",
                          "* * * * 7",
                          "*/0 * * * *",
                          "5-1 * * * *",
                          "-1 * * * *",
                          "1-2-3 * * * *",
                          "1/2/3 * * * *",
                          "a * * * *",
                          "@every 1h",
                          "TZ=UTC 0 9 * * *",
                          "1, * * * *",
                          "* * * * funday",
                          "@weekly junk",
                          "*/ * * * *"}) {
    EXPECT_TRUE(schedule_fault(bad).has_value()) << bad;
  }
}

// spec: api §2.6, §13.5
TEST(Schedules, without_a_date_never_fire) {
  for (const auto* never : {"0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 30,31 feb ?"})
    EXPECT_TRUE(never_fires(never)) << never;
  for (const auto* fires :
       {"0 0 29 2 *", "0 0 30 2 mon", "0 0 * 2 *", "0 0 31 2,3 *", "@yearly", "0 0 31 */2 *", "x"}) {
    EXPECT_FALSE(never_fires(fires)) << fires;
  }
}

}  // namespace
}  // namespace karpenter::admission
