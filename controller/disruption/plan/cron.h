#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/result.h"
#include "common/base/time.h"

namespace karpenter::disruption::plan {

// A five-field cron schedule in UTC: minute hour day-of-month month day-of-week, and the descriptors @yearly,
// @annually,
// @monthly, @weekly, @daily, @midnight, @hourly. An immutable value. spec: disruption §15.2, api §2.6
class Cron {
 public:
  // kInvalid with the offending field.
  [[nodiscard]] static base::Result<Cron> parse(std::string_view text);
  // The first activation strictly after `time`; nothing when there is none until the end of the fifth year
  // after it.
  [[nodiscard]] std::optional<base::Time> next_after(base::Time time) const;

 private:
  struct Field {
    std::uint64_t bits = 0;  // bit n: value n matches
    bool star = false;       // contains a plain * or ?
    [[nodiscard]] bool has(unsigned value) const { return ((bits >> value) & 1U) != 0; }
  };
  struct Bounds;
  static base::Result<Field> parse_field(std::string_view text, const Bounds& bounds);
  [[nodiscard]] bool day_matches(std::chrono::sys_days day) const;
  [[nodiscard]] std::optional<base::Time> first_on(std::chrono::sys_days day, base::Time after) const;

  Field minute_;
  Field hour_;
  Field day_of_month_;
  Field month_;
  Field day_of_week_;
};

}  // namespace karpenter::disruption::plan
