#include <gtest/gtest.h>

#include <limits>

#include "common/base/result.h"
#include "common/base/strings.h"

namespace karpenter::base {
namespace {

using Texts = std::vector<std::string>;

TEST(Strings, split_and_join_keep_empty_parts) {
  EXPECT_EQ(split("a,,b", ','), (Texts{"a", "", "b"}));
  EXPECT_EQ(split("", ','), Texts{""});
  EXPECT_EQ(split(",", ','), (Texts{"", ""}));
  EXPECT_EQ(join(split("a,,b", ','), ","), "a,,b");
  EXPECT_EQ(join(Texts{}, ","), "");
}

TEST(Strings, trim_case_and_replace) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(to_lower("NodePool-1"), "nodepool-1");
  EXPECT_TRUE(equals_ignore_case("Content-Type", "content-TYPE"));
  EXPECT_FALSE(equals_ignore_case("a", "ab"));
  EXPECT_EQ(replace_all("aaa", "a", "aa"), "aaaaaa");
  EXPECT_EQ(replace_all("aaa", "", "x"), "aaa");
}

TEST(Strings, numbers_must_be_the_whole_text) {
  EXPECT_EQ(parse_int64("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse_int64("0042"), 42);
  for (const auto bad : {"", "-", "+1", " 1", "1 ", "1.0", "0x1", "9223372036854775808"}) {
    EXPECT_EQ(parse_int64(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(parse_double("0.075"), 0.075);
  EXPECT_EQ(parse_double("1e3"), 1000.0);
  for (const auto bad : {"", "nan", "inf", "-inf", "1e999", "1,5", "1.5 "}) {
    EXPECT_EQ(parse_double(bad), std::nullopt) << bad;
  }
}

TEST(Strings, base64_vectors_of_rfc_4648_round_trip) {
  const std::vector<std::pair<std::string, std::string>> vectors{{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"},
                                                                 {std::string("\xFF\x00\xFE", 3), "/wD+"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(base64_encode(plain), encoded);
    EXPECT_EQ(base64_decode(encoded), plain);
  }
  EXPECT_EQ(base64_decode("Zm9v\nYmFy \t"), "foobar");
  for (const auto bad : {"Zg", "Zg=", "Zg===", "=", "====", "Zg==Zg==", "Zm=v", "Z*==", "Zm9v="}) {
    EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
  }
}

TEST(Strings, hex_and_percent_encoding) {
  EXPECT_EQ(hex_encode(std::string("\x00\xAb\xFF", 3)), "00abff");
  EXPECT_EQ(percent_encode("a b/c~d*\xC3\xA9"), "a%20b%2Fc~d%2A%C3%A9");
  EXPECT_EQ(percent_encode("/a b", Slash::kKeep), "/a%20b");
  EXPECT_EQ(percent_decode("a%20b+c%2f%C3%A9"), "a b c/\xC3\xA9");
  for (const auto bad : {"%", "%2", "%G0", "%0g", "a%"}) EXPECT_EQ(percent_decode(bad), std::nullopt) << bad;
}

TEST(Strings, nearest_word_is_at_most_a_third_away) {
  constexpr std::array<std::string_view, 3> kWords{"cluster-name", "cluster-endpoint", "log-level"};
  EXPECT_EQ(nearest_word("cluster-nam", kWords), "cluster-name");
  EXPECT_EQ(nearest_word("loglevel", kWords), "log-level");
  EXPECT_EQ(nearest_word("memory", kWords), std::nullopt);
  EXPECT_EQ(nearest_word("", kWords), std::nullopt);
}

// spec: lifecycle §2.5
TEST(Error, renders_its_pairs_in_order) {
  EXPECT_EQ(invalid("bad value").text(), "bad value");
  EXPECT_EQ(invalid("bad value").add("path", "spec.limits").add("value", "x").text(),
            "bad value (path=spec.limits, value=x)");
  EXPECT_EQ(code_name(Code::kNoCapacity), "NoCapacity");
}

Result<int> half(int value) {
  if (value % 2 != 0) return invalid("odd");
  return value / 2;
}

Result<std::string> quarter(int value) {
  ASSIGN_OR_RETURN(const int first, half(value));
  RETURN_IF_ERROR(half(first));
  return std::to_string(first / 2);
}

TEST(Result, macros_pass_errors_on) {
  EXPECT_EQ(quarter(12).value(), "3");
  EXPECT_TRUE(quarter(3).failed_with(Code::kInvalid));
  EXPECT_TRUE(quarter(6).failed_with(Code::kInvalid));
  EXPECT_EQ(half(3).value_or(7), 7);
}

TEST(ResultDeathTest, reading_the_wrong_side_aborts) {
  EXPECT_DEATH(static_cast<void>(half(3).value()), "check failed: has_value");
}

}  // namespace
}  // namespace karpenter::base
