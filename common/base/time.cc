#include "common/base/time.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>

namespace karpenter::base {
namespace {

struct Civil {
  int year;
  unsigned month;
  unsigned day;
  int hour;
  int minute;
  int second;
  std::int64_t nanos;
};

Civil to_civil(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<Nanos> clock(time - day);
  return {.year = static_cast<int>(date.year()),
          .month = static_cast<unsigned>(date.month()),
          .day = static_cast<unsigned>(date.day()),
          .hour = static_cast<int>(clock.hours().count()),
          .minute = static_cast<int>(clock.minutes().count()),
          .second = static_cast<int>(clock.seconds().count()),
          .nanos = clock.subseconds().count()};
}

std::string print_seconds(const Civil& c, const char* format) {
  std::array<char, 64> buffer{};
  const int size =
      std::snprintf(buffer.data(), buffer.size(), format, c.year, c.month, c.day, c.hour, c.minute, c.second);
  return {buffer.data(), static_cast<std::size_t>(size)};
}

std::string print_fraction(Time time, int digits, std::int64_t nanos_per_unit) {
  const Civil c = to_civil(time);
  std::array<char, 32> buffer{};
  const int size = std::snprintf(buffer.data(), buffer.size(), ".%0*lldZ", digits,
                                 static_cast<long long>(c.nanos / nanos_per_unit));
  return print_seconds(c, "%04d-%02u-%02uT%02d:%02d:%02d") +
         std::string(buffer.data(), static_cast<std::size_t>(size));
}

// Reads a timestamp from left to right; the first mismatch makes every later step fail.
class TimeScanner {
 public:
  explicit TimeScanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

  void expect(char c) {
    if (peek() != c || rest_.empty()) {
      failed_ = true;
      return;
    }
    rest_.remove_prefix(1);
  }

  // Exactly `digits` digits with a value in [low, high].
  int number(std::size_t digits, int low, int high) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) value = value * 10 + digit();
    if (value < low || value > high) failed_ = true;
    return value;
  }

  // `.123...`: at least one digit; what is finer than a nanosecond is cut off.
  std::int64_t fraction_nanos() {
    if (peek() != '.') return 0;
    expect('.');
    std::int64_t value = 0;
    std::int64_t unit = 100'000'000;
    do {
      value += digit() * unit;
      unit /= 10;
    } while (!failed_ && peek() >= '0' && peek() <= '9');
    return value;
  }

  // `Z` or `+01:00`, as seconds to subtract from the local time.
  std::chrono::seconds offset() {
    if (peek() == 'Z') {
      expect('Z');
      return std::chrono::seconds(0);
    }
    const int sign = peek() == '-' ? -1 : 1;
    expect(sign < 0 ? '-' : '+');
    const int hours = number(2, 0, 23);
    expect(':');
    const int minutes = number(2, 0, 59);
    return std::chrono::seconds(sign * (hours * 3600 + minutes * 60));
  }

 private:
  int digit() {
    const char c = peek();
    if (c < '0' || c > '9') {
      failed_ = true;
      return 0;
    }
    rest_.remove_prefix(1);
    return c - '0';
  }

  std::string_view rest_;
  bool failed_ = false;
};

std::optional<Time> scan_time(std::string_view text) {
  TimeScanner in(text);
  const std::chrono::year year(in.number(4, 0, 9999));
  in.expect('-');
  const std::chrono::month month(static_cast<unsigned>(in.number(2, 1, 12)));
  in.expect('-');
  const std::chrono::day day(static_cast<unsigned>(in.number(2, 1, 31)));
  in.expect('T');
  const std::chrono::hours hours(in.number(2, 0, 23));
  in.expect(':');
  const std::chrono::minutes minutes(in.number(2, 0, 59));
  in.expect(':');
  const std::chrono::seconds seconds(in.number(2, 0, 59));
  const Nanos nanos(in.fraction_nanos());
  const std::chrono::seconds offset = in.offset();
  const std::chrono::year_month_day date(year, month, day);
  if (in.failed() || !in.at_end() || !date.ok()) return std::nullopt;
  // 64-bit nanoseconds reach from 1677 to 2262; the outermost years are left out to stay clear of overflow.
  if (date.year() < std::chrono::year(1678) || date.year() > std::chrono::year(2261)) return std::nullopt;
  return Time(std::chrono::sys_days(date)) + hours + minutes + seconds + nanos - offset;
}

}  // namespace

std::string format_rfc3339(Time time) {
  return print_seconds(to_civil(time), "%04d-%02u-%02uT%02d:%02d:%02dZ");
}
std::string format_rfc3339_micro(Time time) { return print_fraction(time, 6, 1'000); }
std::string format_rfc3339_milli(Time time) { return print_fraction(time, 3, 1'000'000); }
std::string format_basic_iso8601(Time time) {
  return print_seconds(to_civil(time), "%04d%02u%02uT%02d%02d%02dZ");
}

Result<Time> parse_rfc3339(std::string_view text) {
  const std::optional<Time> time = scan_time(text);
  if (!time) return invalid("not an RFC 3339 timestamp").add("value", std::string(text));
  return *time;
}

}  // namespace karpenter::base
