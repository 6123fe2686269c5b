#include "common/base/time.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/base/duration.h"

namespace karpenter::base {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""ns;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""us;

constexpr Nanos kMax = Nanos::max();
constexpr Nanos kMin = Nanos::min();

Time at(int year, unsigned month, unsigned day, Nanos clock = 0ns) {
  return Time(std::chrono::sys_days(std::chrono::year(year) / static_cast<int>(month) /
                                    static_cast<int>(day))) +
         clock;
}

TEST(Time, prints_what_kubernetes_and_aws_expect) {
  const Time time = at(2025, 1, 2, 3h + 4min + 5s + 678'901'234ns);
  EXPECT_EQ(format_rfc3339(time), "2025-01-02T03:04:05Z");
  EXPECT_EQ(format_rfc3339_micro(time), "2025-01-02T03:04:05.678901Z");
  EXPECT_EQ(format_rfc3339_milli(time), "2025-01-02T03:04:05.678Z");
  EXPECT_EQ(format_basic_iso8601(time), "20250102T030405Z");
  // Before the epoch as well, rounded towards the past.
  EXPECT_EQ(format_rfc3339_milli(at(1969, 12, 31, 24h - 1ms)), "1969-12-31T23:59:59.999Z");
}

TEST(Time, parses_every_rfc_3339_form) {
  const std::vector<std::pair<std::string, Time>> cases{
      {"2025-01-02T03:04:05Z", at(2025, 1, 2, 3h + 4min + 5s)},
      {"2025-01-02T03:04:05.6Z", at(2025, 1, 2, 3h + 4min + 5s + 600ms)},
      {"2025-01-02T03:04:05.123456789Z", at(2025, 1, 2, 3h + 4min + 5s + 123'456'789ns)},
      {"2025-01-02T03:04:05.1234567899Z", at(2025, 1, 2, 3h + 4min + 5s + 123'456'789ns)},
      {"2025-01-02T03:04:05+01:30", at(2025, 1, 2, 1h + 34min + 5s)},
      {"2024-12-31T23:30:00-01:00", at(2025, 1, 1, 30min)},
      {"2024-02-29T00:00:00Z", at(2024, 2, 29)},
  };
  for (const auto& [text, want] : cases) {
    const auto got = parse_rfc3339(text);
    ASSERT_TRUE(got) << text;
    EXPECT_EQ(*got, want) << text;
  }
}

TEST(Time, refuses_what_is_no_timestamp) {
  for (const auto bad :
       {"", "2025-01-02", "2025-01-02T03:04:05", "2025-01-02 03:04:05Z", "2025-13-02T03:04:05Z",
        "2025-02-29T03:04:05Z", "2025-01-02T24:00:00Z", "2025-01-02T03:04:60Z", "2025-1-2T03:04:05Z",
        "2025-01-02T03:04:05.Z", "2025-01-02T03:04:05ZZ", "2025-01-02T03:04:05+1:00", "0001-01-01T00:00:00Z",
        "9999-01-01T00:00:00Z", "-025-01-02T03:04:05Z"}) {
    const auto got = parse_rfc3339(bad);
    ASSERT_FALSE(got) << bad;
    EXPECT_EQ(got.error().with[0].second, bad);
  }
}

TEST(Duration, parses_go_notation) {
  const std::vector<std::pair<std::string, Nanos>> cases{{"0", 0ns},
                                                         {"5s", 5s},
                                                         {"1m30s", 90s},
                                                         {"1.5h", 90min},
                                                         {"-1.5h", -90min},
                                                         {"+10ms", 10ms},
                                                         {".5s", 500ms},
                                                         {"1.s", 1s},
                                                         {"300ns", 300ns},
                                                         {"12us", 12us},
                                                         {"12\xC2\xB5s", 12us},
                                                         {"0.3us", 300ns},
                                                         {"720h", 720h},
                                                         {"1h1h", 2h},
                                                         {"0.999999999h", 3'599'999'996'400ns},
                                                         {"9223372036854775807ns", kMax},
                                                         {"-9223372036854775808ns", kMin}};
  for (const auto& [text, want] : cases) {
    const auto got = parse_duration(text);
    ASSERT_TRUE(got) << text;
    EXPECT_EQ(*got, want) << text;
  }
}

TEST(Duration, refuses_what_go_refuses) {
  for (const auto bad : {"", "3", "-", "s", ".s", "1 s", "1d", "1h 5m", "1.2.3s", "--1s",
                         "9223372036854775808ns", "3000000h", "Never", "1S"}) {
    EXPECT_TRUE(parse_duration(bad).failed_with(Code::kInvalid)) << bad;
  }
}

TEST(Duration, prints_like_go_and_round_trips) {
  const std::vector<std::pair<Nanos, std::string>> cases{{0ns, "0s"},
                                                         {1ns, "1ns"},
                                                         {1100ns, "1.1\xC2\xB5s"},
                                                         {2200us, "2.2ms"},
                                                         {500ms, "500ms"},
                                                         {1500ms, "1.5s"},
                                                         {90s, "1m30s"},
                                                         {720h, "720h0m0s"},
                                                         {5min + 5s + 1ms, "5m5.001s"},
                                                         {-90min, "-1h30m0s"},
                                                         {kMax, "2562047h47m16.854775807s"},
                                                         {kMin, "-2562047h47m16.854775808s"}};
  for (const auto& [duration, want] : cases) {
    EXPECT_EQ(format_duration(duration), want);
    EXPECT_EQ(parse_duration(want).value(), duration) << want;
  }
}

}  // namespace
}  // namespace karpenter::base
