#include "common/base/duration.h"

#include <cstdint>
#include <optional>

namespace karpenter::base {
namespace {

constexpr std::uint64_t kMaxMagnitude = std::uint64_t{1} << 63U;  // of the most negative duration

std::optional<std::uint64_t> unit_nanos(std::string_view unit) {
  if (unit == "ns") return 1;
  if (unit == "us" || unit == "\xC2\xB5s" || unit == "\xCE\xBCs") return 1'000;  // both spellings of µ
  if (unit == "ms") return 1'000'000;
  if (unit == "s") return 1'000'000'000;
  if (unit == "m") return 60'000'000'000;
  if (unit == "h") return 3'600'000'000'000;
  return std::nullopt;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// One `12.5ms` at the front of `rest`, which is advanced past it. Nothing when it is malformed or too large.
std::optional<std::uint64_t> take_term(std::string_view& rest) {
  std::size_t i = 0;
  std::uint64_t whole = 0;
  bool any_digit = false;
  for (; i < rest.size() && is_digit(rest[i]); ++i) {
    if (whole > kMaxMagnitude / 10) return std::nullopt;
    whole = whole * 10 + static_cast<std::uint64_t>(rest[i] - '0');
    any_digit = true;
  }
  std::uint64_t fraction = 0;
  double scale = 1;
  if (i < rest.size() && rest[i] == '.') {
    for (++i; i < rest.size() && is_digit(rest[i]); ++i) {
      any_digit = true;
      if (fraction > kMaxMagnitude / 10 - 1) continue;  // digits finer than a nanosecond of any unit
      fraction = fraction * 10 + static_cast<std::uint64_t>(rest[i] - '0');
      scale *= 10;
    }
  }
  std::size_t end = i;
  while (end < rest.size() && rest[end] != '.' && !is_digit(rest[end])) ++end;
  const auto unit = unit_nanos(rest.substr(i, end - i));
  if (!any_digit || !unit || whole > kMaxMagnitude / *unit) return std::nullopt;
  rest.remove_prefix(end);
  // The same two roundings as Go's parser, so that both agree to the nanosecond.
  const auto part =
      static_cast<std::uint64_t>(static_cast<double>(fraction) * (static_cast<double>(*unit) / scale));
  const std::uint64_t value = whole * *unit + part;
  return value <= kMaxMagnitude ? std::optional(value) : std::nullopt;
}

// `value / unit` with its fraction, trailing zeros removed: 1500, 1000 -> "1.5".
std::string decimal(std::uint64_t value, std::uint64_t unit) {
  std::string out = std::to_string(value / unit);
  std::string fraction;
  for (std::uint64_t rest = value % unit; rest != 0; rest %= unit) {
    rest *= 10;
    fraction += static_cast<char>('0' + rest / unit);
  }
  return fraction.empty() ? out : out + "." + fraction;
}

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const auto fail = [&text] { return invalid("not a duration").add("value", std::string(text)); };
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return std::chrono::nanoseconds(0);
  if (rest.empty()) return fail();
  std::uint64_t sum = 0;
  while (!rest.empty()) {
    const auto term = take_term(rest);
    if (!term || *term > kMaxMagnitude - sum) return fail();
    sum += *term;
  }
  if (negative) return std::chrono::nanoseconds(static_cast<std::int64_t>(~sum + 1));
  if (sum == kMaxMagnitude) return fail();
  return std::chrono::nanoseconds(static_cast<std::int64_t>(sum));
}

std::string format_duration(std::chrono::nanoseconds duration) {
  const std::int64_t count = duration.count();
  if (count == 0) return "0s";
  const std::string sign = count < 0 ? "-" : "";
  const auto raw = static_cast<std::uint64_t>(count);
  const std::uint64_t nanos = count < 0 ? ~raw + 1 : raw;
  if (nanos < 1'000) return sign + std::to_string(nanos) + "ns";
  if (nanos < 1'000'000) return sign + decimal(nanos, 1'000) + "\xC2\xB5s";
  if (nanos < 1'000'000'000) return sign + decimal(nanos, 1'000'000) + "ms";
  const std::uint64_t minutes = nanos / 60'000'000'000;
  const std::string seconds = decimal(nanos % 60'000'000'000, 1'000'000'000) + "s";
  if (minutes == 0) return sign + seconds;
  if (minutes < 60) return sign + std::to_string(minutes) + "m" + seconds;
  return sign + std::to_string(minutes / 60) + "h" + std::to_string(minutes % 60) + "m" + seconds;
}

}  // namespace karpenter::base
