#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

#include "common/model/quantity.h"

namespace karpenter::model {
namespace {

struct Suffix {
  const char* text;
  Int128 nano;  // nano-units of one
};

constexpr Int128 kUnit = 1'000'000'000;
constexpr std::array<Suffix, 15> kSuffixes = {{{"n", 1},
                                               {"u", 1000},
                                               {"m", 1'000'000},
                                               {"", kUnit},
                                               {"k", kUnit * 1000},
                                               {"M", kUnit * 1'000'000},
                                               {"G", kUnit* kUnit},
                                               {"Ki", kUnit * 1024},
                                               {"Mi", kUnit * 1024 * 1024},
                                               {"Gi", kUnit * 1024 * 1024 * 1024},
                                               {"e3", kUnit * 1000},
                                               {"E6", kUnit * 1'000'000},
                                               {"e-3", 1'000'000},
                                               {"e0", kUnit},
                                               {"e+1", kUnit * 10}}};

struct Sample {
  std::string text;
  Int128 nano;
};

Sample sample(std::mt19937_64& random) {
  const auto& suffix = kSuffixes[random() % kSuffixes.size()];
  const auto digits = random() % 5;
  Int128 scale = 1;
  std::string fraction;
  for (std::uint64_t i = 0; i < digits; ++i, scale *= 10) fraction += static_cast<char>('0' + random() % 10);
  const auto whole = static_cast<std::int64_t>(random() % (random() % 2 == 0 ? 10 : 1'000'000));
  const bool negative = random() % 4 == 0;
  const Int128 value = (Int128{whole} * scale + (fraction.empty() ? 0 : std::stoll(fraction))) * suffix.nano;
  const Int128 nano = (value + scale - 1) / scale;  // away from zero
  std::string text =
      (negative ? "-" : "") + std::to_string(whole) + (fraction.empty() ? "" : "." + fraction) + suffix.text;
  return {.text = std::move(text), .nano = negative ? -nano : nano};
}

// spec: api §1.4
TEST(QuantityLaws, parsing_is_exact_and_printing_is_a_fixed_point) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const auto [text, nano] = sample(random);
    const auto parsed = Quantity::parse(text);
    ASSERT_TRUE(parsed.has_value()) << text;
    ASSERT_TRUE(parsed->nano() == nano) << text << " is " << parsed->text();
    const auto again = Quantity::parse(parsed->text());
    ASSERT_TRUE(again.has_value()) << text << " printed " << parsed->text();
    ASSERT_EQ(*again, *parsed) << text << " printed " << parsed->text();
    ASSERT_EQ(again->text(), parsed->text());
  }
}

TEST(QuantityLaws, order_and_sums_are_those_of_the_numbers) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 20'000; ++i) {
    const auto a = sample(random);
    const auto b = sample(random);
    const auto qa = Quantity::parse(a.text).value();
    const auto qb = Quantity::parse(b.text).value();
    ASSERT_EQ(qa < qb, a.nano < b.nano);
    ASSERT_EQ(qa == qb, a.nano == b.nano);
    ASSERT_EQ(qa + qb, qb + qa);
    ASSERT_EQ(qa + qb - qb, qa);
    ASSERT_TRUE((qa + qb).nano() == a.nano + b.nano);
  }
}

}  // namespace
}  // namespace karpenter::model
