#include <gtest/gtest.h>

#include <array>
#include <string>

#include "common/json/yaml.h"
#include "common/model/karpenter/v1.h"
#include "common/model/legacy/v1alpha.h"
#include "common/schema/codec.h"
#include "common/schema/validate.h"

// Hostile and odd documents: a clear answer, bounded time and stack, never a crash.

namespace karpenter::schema {
namespace {

std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  out.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

// `{"spec":{"kubelet":{"a":{"a":...}}}}`, `depth` objects in all.
std::string nested(std::size_t depth) {
  return R"({"spec":{"kubelet":)" + repeated(R"({"a":)", depth - 3) + "{}" + repeated("}", depth - 3) + "}}";
}

template <class T>
std::vector<Problem> everything(json::View view) {
  static_cast<void>(unknown_fields(type_of<T>(), view));
  json::Value copy(view);
  apply_defaults(type_of<T>(), copy.ref());
  return validate(type_of<T>(), copy);
}

TEST(Nesting, has_a_limit_that_is_named) {
  for (const auto& text : {repeated("[", 1'000'000), repeated(R"({"a":)", 1'000'000), nested(201)}) {
    const auto value = json::parse(text);
    ASSERT_FALSE(value.has_value());
    EXPECT_NE(value.error().text().find("JSON nested too deeply"), std::string::npos) << value.error().text();
  }
  const auto yaml = json::parse_yaml(repeated("[", 5'000) + repeated("]", 5'000));
  ASSERT_FALSE(yaml.has_value());
}

TEST(Nesting, within_the_limit_goes_through_everything) {
  const auto text = nested(200);
  const auto value = json::parse(text).value();
  const auto node_class = decode<model::Ec2NodeClass>(value);
  ASSERT_TRUE(node_class.has_value());
  EXPECT_EQ(encode(*node_class)["spec"]["kubelet"].view(), value["spec"]["kubelet"]);
  EXPECT_EQ(unknown_fields(type_of<model::Ec2NodeClass>(), value), std::vector<std::string>{});
  EXPECT_EQ(everything<model::NodePool>(value).front().path, "spec.template");
}

// A wrong type at each step of the table; the deep value is only shown, in part.
TEST(Nesting, where_something_flat_belongs_is_a_wrong_type) {
  const auto deep = repeated("[", 150) + repeated("]", 150);
  const auto value =
      json::parse(R"({"spec":{"limits":)" + deep + R"(,"weight":)" + deep + R"(,"template":)" + deep + "}}")
          .value();
  EXPECT_FALSE(decode<model::NodePool>(value).has_value());
  const auto problems = everything<model::NodePool>(value);
  ASSERT_EQ(problems.size(), 3U);
  for (const auto& problem : problems) EXPECT_LT(problem.text().size(), 400U) << problem.text();
}

struct NumberCase {
  std::string_view json;  // of spec.replicas (int64)
  std::string_view decoded;
  std::string_view problem;
};

TEST(Numbers, that_fit_nowhere_are_named) {
  constexpr std::array kCases{
      NumberCase{"9223372036854775807", "", ""},
      NumberCase{"9223372036854775808", "must be of type integer, got number", "must be of type integer"},
      NumberCase{"18446744073709551616", "must be of type integer, got number", "must be of type integer"},
      NumberCase{"1e30", "must be of type integer, got number", "must be of type integer"},
      NumberCase{"-1", "", "should be greater than or equal to 0"},
      NumberCase{"2.5", "must be of type integer, got number", "must be of type integer"},
      NumberCase{"2.0", "", ""},
      NumberCase{"1e2", "", ""},
      NumberCase{"-0", "", ""},
      NumberCase{"\"7\"", "must be of type integer, got string", "must be of type integer"},
      NumberCase{"true", "must be of type integer, got boolean", "must be of type integer"},
  };
  for (const auto& [json, error, problem] : kCases) {
    const auto value =
        json::parse(R"({"spec":{"replicas":)" + std::string(json) + R"(,"template":{"spec":{}}}})");
    ASSERT_TRUE(value.has_value()) << json;
    const auto pool = decode<model::NodePool>(*value);
    EXPECT_EQ(pool.has_value(), error.empty()) << json;
    if (!pool) {
      EXPECT_NE(pool.error().text().find("spec.replicas: " + std::string(error)), std::string::npos)
          << pool.error().text();
    }
    std::string found;
    for (const auto& each : validate(type_of<model::NodePool>(), *value)) {
      if (each.path == "spec.replicas") found = each.text();
    }
    EXPECT_EQ(found.empty(), problem.empty()) << json << ": " << found;
    EXPECT_NE(found.find(problem), std::string::npos) << json << ": " << found;
  }
}

TEST(Numbers, that_json_does_not_have_are_refused) {
  for (const char* text :
       {"NaN", "Infinity", "-Infinity", "nan", "1e400", "-1e999", "0x10", "01", "+1", ".5", "1.", "1e"}) {
    const auto value = json::parse(R"({"spec":{"replicas":)" + std::string(text) + "}}");
    EXPECT_FALSE(value.has_value()) << text;
  }
  // Not numbers in YAML either: they stay words, which fit no number.
  for (const char* text : {"NaN", "nan", "Infinity", "1_000"}) {
    const auto value = json::parse_yaml("{spec: {replicas: " + std::string(text) + "}}");
    ASSERT_TRUE(value.has_value()) << text;
    EXPECT_FALSE(decode<model::NodePool>(value->at(0)).has_value()) << text;
  }
}

// Huge quantities saturate as the API server's do; their text stays.
TEST(Numbers, of_quantities_may_be_as_large_as_they_like) {
  const std::string digits(300, '9');
  for (const auto& number : {digits, digits + "Ei", std::string("1e300"), std::string("1e-300")}) {
    const auto value = json::parse(R"({"spec":{"limits":{"cpu":")" + number + "\"}}}").value();
    const auto pool = decode<model::NodePool>(value);
    if (pool) {
      EXPECT_EQ(encode(*pool)["spec"]["limits"].view().dump(), value["spec"]["limits"].dump());
    } else {
      EXPECT_NE(pool.error().text().find("spec.limits[cpu]: is not a quantity"), std::string::npos);
    }
  }
}

// The parser's behaviour, as the API server's without strict validation: the last one wins.
TEST(DuplicateKeys, let_the_last_one_win) {
  const auto value = json::parse(R"({"spec":{"weight":1,"weight":2},"spec":{"weight":3}})");
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(decode<model::NodePool>(*value)->spec.weight, 3);
}

TEST(Utf8, that_is_broken_is_refused_by_the_parser) {
  for (const std::string_view bad :
       {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\x80"}) {
    const auto value = json::parse(R"({"metadata":{"name":")" + std::string(bad) + "\"}}");
    EXPECT_FALSE(value.has_value()) << testing::PrintToString(bad);
  }
  EXPECT_FALSE(json::parse("{\"metadata\":{\"name\":\"a\nb\"}}").has_value()) << "a control character";
}

// Broken text can still come from elsewhere (a model made by hand): it is printed as U+FFFD.
TEST(Utf8, that_is_broken_never_throws_on_the_way_out) {
  model::NodePool pool;
  pool.meta.labels["a"] = "x\xff";
  EXPECT_EQ(encode(pool)["metadata"].view().dump(), "{\"labels\":{\"a\":\"x\xEF\xBF\xBD\"}}");
}

// maxLength counts characters. spec: api §4.2
TEST(Utf8, is_counted_in_characters) {
  const auto alias = [](std::size_t letters) {
    return json::parse(R"({"spec":{"amiSelectorTerms":[{"alias":"al2@)" + repeated("\xC3\xA4", letters) +
                       "\"}]}}")
        .value();
  };
  const auto is_too_long = [](const json::Value& value) {
    for (const auto& problem : validate(type_of<model::Ec2NodeClass>(), value)) {
      if (problem.cause == Cause::kTooLong) return true;
    }
    return false;
  };
  EXPECT_FALSE(is_too_long(alias(26)));  // 30 characters, 56 bytes
  EXPECT_TRUE(is_too_long(alias(27)));
}

TEST(Millions, of_requirements_are_answered) {
  const auto list = "[" + repeated("{},", 999'999) + "{}]";
  const auto value =
      json::parse(R"({"spec":{"template":{"spec":{"requirements":)" + list + R"(,"taints":[]}}}})").value();
  EXPECT_EQ(decode<model::NodePool>(value)->spec.node_template.spec.requirements.size(), 1'000'000U);
  const auto problems = everything<model::NodePool>(value);
  EXPECT_LE(problems.size(), 100U);
  bool is_named = false;
  for (const auto& problem : problems) {
    is_named |= problem.path == "spec.template.spec.requirements" && problem.cause == Cause::kTooMany;
  }
  EXPECT_TRUE(is_named);
}

// A list without a limit, wrong everywhere: the answer has at most 100 lines and does not hold the document.
TEST(Millions, of_wrong_values_make_a_short_answer) {
  const auto list = "[" + repeated("7,", 999'999) + "7]";
  const auto value = json::parse(R"({"spec":{"taints":)" + list + "}}").value();
  EXPECT_EQ(everything<model::NodeClaim>(value).size(), 100U);
  const auto claim = decode<model::NodeClaim>(value);
  ASSERT_FALSE(claim.has_value());
  EXPECT_LT(claim.error().text().size(), 20'000U);
  EXPECT_LE(unknown_fields(type_of<model::NodeClaim>(),
                           json::parse("{" + repeated(R"("a":1,)", 10) + R"("b":1})").value())
                .size(),
            2U);
}

TEST(Millions, of_unknown_fields_are_listed_up_to_a_limit) {
  std::string text = "{";
  for (int i = 0; i < 100'000; ++i) text += "\"x" + std::to_string(i) + "\":1,";
  const auto value = json::parse(text + "\"y\":1}").value();
  EXPECT_EQ(unknown_fields(type_of<model::NodePool>(), value).size(), 100U);
}

}  // namespace
}  // namespace karpenter::schema
