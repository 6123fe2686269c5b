#include "common/model/quantity.h"

#include <gtest/gtest.h>

namespace karpenter::model {
namespace {

Quantity q(std::string_view text) {
  const auto result = Quantity::parse(text);
  EXPECT_TRUE(result.has_value()) << text;
  return result ? *result : Quantity();
}

// spec: api §1.4
TEST(Quantity, prints_the_canonical_form_of_the_api_server) {
  struct Case {
    const char* in;
    const char* out;
  };
  for (const auto& [in, out] : {
           Case{"0", "0"},
           Case{"-0", "0"},
           Case{"0Mi", "0"},
           Case{"1", "1"},
           Case{"100m", "100m"},
           Case{"1.5", "1500m"},
           Case{"0.5", "500m"},
           Case{".5", "500m"},
           Case{"5.", "5"},
           Case{"+3", "3"},
           Case{"-1.25", "-1250m"},
           Case{"1000", "1k"},
           Case{"1500", "1500"},
           Case{"1500k", "1500k"},
           Case{"1000000", "1M"},
           Case{"1000m", "1"},
           Case{"1024", "1024"},
           Case{"1Ki", "1Ki"},
           Case{"1024Ki", "1Mi"},
           Case{"1.5Gi", "1536Mi"},
           Case{"1000Gi", "1000Gi"},
           Case{"1024Gi", "1Ti"},
           Case{"0.5Ki", "512"},
           Case{"0.5Mi", "512Ki"},
           Case{"1.1Ki", "1126400m"},
           Case{"1e3", "1e3"},
           Case{"1E3", "1e3"},
           Case{"1000e0", "1e3"},
           Case{"1500e0", "1500"},
           Case{"1e-3", "1e-3"},
           Case{"2E", "2E"},
           Case{"12e6", "12e6"},
           Case{"1u", "1u"},
           Case{"1n", "1n"},
           Case{"0.1n", "1n"},
           Case{"-0.1n", "-1n"},
           Case{"1.0000000001", "1000000001n"},
           Case{"100000000000000000000", "9223372036854775807"},
           Case{"9Ei", "9223372036854775807"},
           Case{"-9Ei", "-9223372036854775807"},
           Case{"7Ei", "7Ei"},
           Case{"1e400", "9223372036854775807"},
           Case{"1e-400", "1e-9"},
           Case{"0e999999999999", "0"},
           Case{"0.000000000000000000000000000000000000000000001Ki", "1n"},
           Case{"000000000000000000000000000000001", "1"},
           Case{"0.00000000000000000000000000000000000000000000000", "0"},
           Case{"1.50000000000000000000000000000000000000", "1500m"},
           Case{"-2Ki", "-2Ki"},
           Case{"-1000", "-1k"},
       }) {
    EXPECT_EQ(q(in).text(), out) << in;
  }
}

TEST(Quantity, refuses_what_the_api_server_refuses) {
  for (const char* text : {"",      " ",     "1 ",    " 1",   "abc",
                           "1.2.3", ".",     "-",     "+",    "--1",
                           "1ki",   "1K",    "1KI",   "1mi",  "1e",
                           "1e+",   "1e1.5", "1Mi1",  "0x10", "1,5",
                           "NaN",   "inf",   "1e++1", "1i",   "1e99999999999999999999"}) {
    const auto result = Quantity::parse(text);
    ASSERT_FALSE(result.has_value()) << text;
    EXPECT_EQ(result.error().code, base::Code::kInvalid);
    EXPECT_EQ(result.error().with.at(0).second, text);
  }
}

// spec: scheduling §7.2
TEST(Quantity, compares_and_adds_by_value_whatever_the_format) {
  EXPECT_EQ(q("1Gi"), q("1073741824"));
  EXPECT_EQ(q("1"), q("1000m"));
  EXPECT_LT(q("1G"), q("1Gi"));
  EXPECT_LT(q("-1"), q("0"));
  EXPECT_EQ((q("0.1") + q("0.2")), q("0.3"));
  EXPECT_EQ((q("0") + q("1Gi")).text(), "1Gi");
  EXPECT_EQ((q("1Gi") + q("1000Mi")).text(), "2024Mi");
  EXPECT_EQ((q("1") - q("1500m")).text(), "-500m");
}

TEST(Quantity, rounds_away_from_zero_to_whole_units) {
  EXPECT_EQ(q("1001m").value(), 2);
  EXPECT_EQ(q("-1001m").value(), -2);
  EXPECT_EQ(q("1u").milli_value(), 1);
  EXPECT_EQ(q("250m").milli_value(), 250);
  EXPECT_EQ(q("100Ei").milli_value(), std::numeric_limits<std::int64_t>::max());
  EXPECT_DOUBLE_EQ(q("1500m").as_double(), 1.5);
  EXPECT_EQ(Quantity::of_milli(1500).text(), "1500m");
  EXPECT_EQ(Quantity::of(2048, Quantity::Format::kBinarySI).text(), "2Ki");
}

}  // namespace
}  // namespace karpenter::model
