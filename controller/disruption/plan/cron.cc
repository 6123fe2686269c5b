#include "controller/disruption/plan/cron.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/base/strings.h"

namespace karpenter::disruption::plan {

namespace {

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kDays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kDescriptors{
    {{"@yearly", "0 0 1 1 *"},
     {"@annually", "0 0 1 1 *"},
     {"@monthly", "0 0 1 * *"},
     {"@weekly", "0 0 * * 0"},
     {"@daily", "0 0 * * *"},
     {"@midnight", "0 0 * * *"},
     {"@hourly", "0 * * * *"}}};

base::Error bad_field(std::string_view text, std::string_view why) {
  return base::invalid("invalid cron schedule")
      .add("field", std::string(text))
      .add("cause", std::string(why));
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  for (auto& word : base::split(base::replace_all(std::string(text), "\t", " "), ' ')) {
    if (!word.empty()) out.push_back(std::move(word));
  }
  return out;
}

}  // namespace

// The values of one field; names[i] stands for min + i.
struct Cron::Bounds {
  std::int64_t min;
  std::int64_t max;
  std::span<const std::string_view> names;

  [[nodiscard]] std::optional<std::int64_t> value_of(std::string_view text) const {
    const auto lower = base::to_lower(text);
    const auto named = std::ranges::find(names, lower);
    if (named != names.end()) return min + (named - names.begin());
    const auto number = base::parse_int64(text);
    if (!number || *number < min || *number > max) return std::nullopt;
    return number;
  }
};

base::Result<Cron::Field> Cron::parse_field(std::string_view text, const Bounds& bounds) {
  Field field;
  for (const auto& part : base::split(text, ',')) {
    const auto step_parts = base::split(part, '/');
    const auto range = base::split(step_parts.front(), '-');
    if (step_parts.size() > 2 || range.size() > 2) return bad_field(text, "too many separators");
    std::int64_t low = bounds.min;
    std::int64_t high = bounds.max;
    const bool any = step_parts.front() == "*" || step_parts.front() == "?";
    if (!any) {
      const auto first = bounds.value_of(range.front());
      const auto last = bounds.value_of(range.back());
      if (!first || !last) return bad_field(text, "not a number in range");
      low = *first;
      // `N/step` runs to the end of the range; `N` alone is one value.
      high = range.size() == 1 && step_parts.size() == 2 ? bounds.max : *last;
    }
    std::int64_t step = 1;
    if (step_parts.size() == 2) step = base::parse_int64(step_parts.back()).value_or(0);
    if (step <= 0) return bad_field(text, "step must be positive");
    if (low > high) return bad_field(text, "range ends before it starts");
    if (any && step == 1) field.star = true;
    for (auto value = low; value <= high; value += std::min(step, bounds.max + 1)) {
      field.bits |= std::uint64_t{1} << static_cast<unsigned>(value);
    }
  }
  return field;
}

base::Result<Cron> Cron::parse(std::string_view text) {
  const auto descriptor =
      std::ranges::find(kDescriptors, text, &std::pair<std::string_view, std::string_view>::first);
  const auto fields = words(descriptor == kDescriptors.end() ? text : descriptor->second);
  if (fields.size() != 5) return bad_field(text, "want five fields");
  Cron cron;
  ASSIGN_OR_RETURN(cron.minute_, parse_field(fields[0], {.min = 0, .max = 59, .names = {}}));
  ASSIGN_OR_RETURN(cron.hour_, parse_field(fields[1], {.min = 0, .max = 23, .names = {}}));
  ASSIGN_OR_RETURN(cron.day_of_month_, parse_field(fields[2], {.min = 1, .max = 31, .names = {}}));
  ASSIGN_OR_RETURN(cron.month_, parse_field(fields[3], {.min = 1, .max = 12, .names = kMonths}));
  ASSIGN_OR_RETURN(cron.day_of_week_, parse_field(fields[4], {.min = 0, .max = 6, .names = kDays}));
  return cron;
}

bool Cron::day_matches(std::chrono::sys_days day) const {
  const std::chrono::year_month_day date(day);
  if (!month_.has(static_cast<unsigned>(date.month()))) return false;
  const bool by_month = day_of_month_.has(static_cast<unsigned>(date.day()));
  const bool by_week = day_of_week_.has(std::chrono::weekday(day).c_encoding());
  const bool either = !day_of_month_.star && !day_of_week_.star;
  return either ? by_month || by_week : by_month && by_week;
}

std::optional<base::Time> Cron::first_on(std::chrono::sys_days day, base::Time after) const {
  for (unsigned hour = 0; hour < 24; ++hour) {
    if (!hour_.has(hour)) continue;
    for (unsigned minute = 0; minute < 60; ++minute) {
      if (!minute_.has(minute)) continue;
      const base::Time hit = base::Time(day) + std::chrono::hours(hour) + std::chrono::minutes(minute);
      if (hit > after) return hit;
    }
  }
  return std::nullopt;
}

std::optional<base::Time> Cron::next_after(base::Time time) const {
  auto day = std::chrono::floor<std::chrono::days>(time);
  const auto last_year = std::chrono::year_month_day(day).year() + std::chrono::years(5);
  for (; std::chrono::year_month_day(day).year() <= last_year; day += std::chrono::days(1)) {
    if (!day_matches(day)) continue;
    if (const auto hit = first_on(day, time)) return hit;
  }
  return std::nullopt;
}

}  // namespace karpenter::disruption::plan
