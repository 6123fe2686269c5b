#include <algorithm>
#include <array>
#include <bitset>
#include <vector>

#include "common/admission/rules.h"
#include "common/base/strings.h"

// Cron as budgets have it. spec: api §2.6

namespace karpenter::admission {
namespace {

struct CronField {
  int lowest;
  int highest;
  std::span<const std::string_view> names;  // the first stands for `lowest`
};
constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kDays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr std::array<CronField, 5> kFields{
    {{0, 59, {}}, {0, 23, {}}, {1, 31, {}}, {1, 12, kMonths}, {0, 6, kDays}}};
constexpr std::size_t kDayOfMonth = 2;
constexpr std::size_t kMonth = 3;
constexpr std::size_t kDayOfWeek = 4;

struct CronSet {
  std::bitset<60> values;
  bool has_star = false;  // a `*` or `?` without a step, which is no restriction
};

std::optional<int> cron_number(std::string_view text, const CronField& field) {
  const auto lower = base::to_lower(text.substr(0, 4));
  const auto it = std::ranges::find(field.names, lower);
  if (it != field.names.end()) return field.lowest + static_cast<int>(it - field.names.begin());
  const auto number = base::parse_int64(text);
  if (!number || *number < field.lowest || *number > field.highest) return std::nullopt;
  return static_cast<int>(*number);
}

// `*`, N, N-M, each with an optional /step; false when it is none.
bool add_range(std::string_view text, const CronField& field, CronSet& out) {
  const auto slash = text.find('/');
  const bool has_step = slash != std::string_view::npos;
  const auto step = has_step ? base::parse_int64(text.substr(slash + 1)) : std::optional<std::int64_t>(1);
  if (!step || *step <= 0) return false;
  const auto range = text.substr(0, slash);
  const bool is_star = range == "*" || range == "?";
  const auto dash = range.find('-');
  const bool is_single = dash == std::string_view::npos;
  const auto first = is_star ? field.lowest : cron_number(range.substr(0, dash), field);
  const bool is_open = is_star || (is_single && has_step);  // N/step: to the end
  const auto last = is_open ? field.highest : is_single ? first : cron_number(range.substr(dash + 1), field);
  if (!first || !last || *first > *last) return false;
  out.has_star = out.has_star || (is_star && *step == 1);
  for (std::int64_t i = *first; i <= *last; i += std::min<std::int64_t>(*step, 60))
    out.values.set(static_cast<std::size_t>(i));
  return true;
}

std::vector<std::string> words_of(std::string_view schedule) {
  std::vector<std::string> out;
  std::string blanks(schedule);
  std::ranges::replace_if(
      blanks, [](char c) { return c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }, ' ');
  for (auto& word : base::split(blanks, ' ')) {
    if (!word.empty()) out.push_back(std::move(word));
  }
  return out;
}

bool is_macro(std::string_view schedule) {
  constexpr std::array<std::string_view, 7> kMacros{"@annually", "@daily",  "@hourly", "@midnight",
                                                    "@monthly",  "@weekly", "@yearly"};
  return std::ranges::find(kMacros, schedule) != kMacros.end();
}

// The sets of the five fields; the reason why not in `fault`.
std::array<CronSet, 5> read_schedule(std::string_view schedule, std::optional<std::string>& fault) {
  std::array<CronSet, 5> out;
  const auto words = words_of(schedule);
  if (words.size() != kFields.size()) {
    fault = "expected exactly 5 fields, found " + std::to_string(words.size());
    return out;
  }
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    for (const auto& range : base::split(words[i], ',')) {
      if (!add_range(range, kFields[i], out[i])) {
        fault = "failed to parse \"" + shown(range) + "\" in field " + std::to_string(i + 1);
        return out;
      }
    }
  }
  return out;
}

}  // namespace

std::optional<std::string> schedule_fault(std::string_view schedule) {
  std::optional<std::string> fault;
  if (!is_macro(schedule)) static_cast<void>(read_schedule(schedule, fault));
  return fault;
}

bool never_fires(std::string_view schedule) {
  std::optional<std::string> fault;
  if (is_macro(schedule)) return false;
  const auto sets = read_schedule(schedule, fault);
  // A day of the week that is restricted comes in every month: alone, or beside the day of the month.
  if (fault || !sets[kDayOfWeek].has_star || sets[kDayOfMonth].has_star) return false;
  constexpr std::array<std::size_t, 12> kLengths{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (std::size_t month = 1; month <= kLengths.size(); ++month) {
    for (std::size_t day = 1; sets[kMonth].values[month] && day <= kLengths[month - 1]; ++day) {
      if (sets[kDayOfMonth].values[day]) return false;
    }
  }
  return true;
}

}  // namespace karpenter::admission
