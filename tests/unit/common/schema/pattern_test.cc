#include "common/schema/pattern.h"

#include <gtest/gtest.h>

#include "common/schema/patterns.h"

namespace karpenter::schema {
namespace {

bool matches(std::string_view regex, std::string_view text) {
  const auto pattern = Pattern::compile(regex);
  EXPECT_TRUE(pattern.has_value()) << regex;
  return pattern && pattern->matches(text);
}

TEST(Pattern, understands_the_syntax_of_schemas) {
  struct Case {
    const char* regex;
    std::vector<const char*> yes;
    std::vector<const char*> no;
  };
  for (const auto& [regex, yes, no] : {
           Case{"", {"", "x"}, {}},
           Case{"b", {"abc"}, {"", "ac"}},
           Case{"^b", {"bc"}, {"abc"}},
           Case{"^$", {""}, {"a"}},
           Case{"^a|b$", {"ax", "xb"}, {"xax"}},
           Case{"^(a|bc)*d$", {"d", "aabcd"}, {"abd"}},
           Case{"^a+b?$", {"aab", "a"}, {"b", "abb"}},
           Case{"^a{2}$", {"aa"}, {"a", "aaa"}},
           Case{"^a{2,}$", {"aa", "aaaaa"}, {"a"}},
           Case{"^(ab){1,2}$", {"ab", "abab"}, {"", "ababab"}},
           Case{"^a{0,1}$", {"", "a"}, {"aa"}},
           Case{"^[^/]*$", {"", "abc"}, {"a/b"}},
           Case{"^[-a-c\\]x]$", {"-", "b", "]", "x"}, {"d", "\\"}},
           Case{"^[a-]$", {"a", "-"}, {"b"}},
           Case{"^\\d\\.\\S\\s$", {"1.x "}, {"1xx ", "1.  "}},
           Case{"^(|a)b$", {"b", "ab"}, {"aab"}},
           Case{"^(?:a|b)$", {"a"}, {"ab"}},
           Case{"^(a*)*$", {"", "aaa"}, {"b"}},
           Case{".", {"x"}, {"", "\n"}},
       }) {
    for (const char* text : yes) EXPECT_TRUE(matches(regex, text)) << regex << " on " << text;
    for (const char* text : no) EXPECT_FALSE(matches(regex, text)) << regex << " on " << text;
  }
}

TEST(Pattern, refuses_what_it_does_not_understand) {
  for (const char* bad : {"(", ")", "a)", "[a", "*a", "a{1001}", "a{2,1}", "a{", "\\b", "\\", "(?=a)",
                          "(((((a{999}){999}){999}){999}))", "\\p{L}"}) {
    EXPECT_FALSE(Pattern::compile(bad).has_value()) << bad;
  }
  EXPECT_FALSE(Pattern::compile(std::string(100'000, '(')).has_value());
}

TEST(Pattern, stays_linear_on_hostile_text) {
  EXPECT_FALSE(matches("^(a+)+$", std::string(20'000, 'a') + "b"));
  EXPECT_FALSE(matches(patterns::kLabelKey, std::string(20'000, 'a') + "!"));
}

// Some have so many states that they are followed one by one.
TEST(Pattern, matches_alike_with_and_without_a_table) {
  const std::string_view many = "^(a|b)*a(a|b){14}$";
  const std::string few = "^(a|b)*a(a|b)(a|b)$";
  EXPECT_TRUE(matches(many, "bb" + std::string(15, 'a')));
  EXPECT_FALSE(matches(many, "b" + std::string(14, 'a')));
  EXPECT_TRUE(matches(few, "babb"));
  EXPECT_FALSE(matches(few, "bbbb"));
  EXPECT_TRUE(matches("(x{300}){10}", std::string(3'000, 'x')));
  EXPECT_FALSE(matches("^(x{300}){10}$", std::string(2'999, 'x')));
}

// spec: api §1.2
TEST(Patterns, of_the_api_accept_what_they_really_accept) {
  EXPECT_TRUE(matches(patterns::kCron, "@weekly junk"));
  EXPECT_TRUE(matches(patterns::kCron, "0 9 * * mon-fri"));
  EXPECT_FALSE(matches(patterns::kCron, "0 9 * *"));
  EXPECT_TRUE(matches(patterns::kBetaDurationOrNever, "10minutes"));
  EXPECT_TRUE(matches(patterns::kBetaDurationOrNever, "fooNever"));
  EXPECT_FALSE(matches(patterns::kDurationOrNever, "10minutes"));
  EXPECT_TRUE(matches(patterns::kDurationOrNever, "1h1h30m"));
  for (const char* size : {"1Gi", "59000Gi", "64000G", "64T", "58Ti", "20Ti", "Ti", "T"}) {
    EXPECT_TRUE(matches(patterns::kVolumeSize, size)) << size;
  }
  for (const char* size : {"0Gi", "59001Gi", "64001G", "65T", "18Ti", "59Ti", "20", "1Mi"}) {
    EXPECT_FALSE(matches(patterns::kVolumeSize, size)) << size;
  }
  EXPECT_TRUE(matches(patterns::kEviction, ""));
  EXPECT_TRUE(matches(patterns::kEviction, "99.99%"));
  EXPECT_FALSE(matches(patterns::kEviction, "101%"));
  EXPECT_TRUE(matches(patterns::kBudgetDuration, "1h30m0s"));
  EXPECT_FALSE(matches(patterns::kBudgetDuration, "30s"));
  EXPECT_TRUE(matches(patterns::kAmiId, "xx ami-123 yy"));
  EXPECT_TRUE(matches(patterns::kConditionReasonOrEmpty, ""));
  EXPECT_FALSE(matches(patterns::kConditionReason, ""));
  EXPECT_TRUE(matches(patterns::kQuantity, "-1.5Gi"));
}

}  // namespace
}  // namespace karpenter::schema
