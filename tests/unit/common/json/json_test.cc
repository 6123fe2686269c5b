#include "common/json/json.h"

#include <gtest/gtest.h>

#include <string>

namespace karpenter::json {
namespace {

Value read(std::string_view text) {
  auto value = parse(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? std::move(value).value() : Value();
}

TEST(JsonParse, refuses_bad_input_with_its_offset) {
  struct Case {
    const char* text;
    const char* offset;
  };
  for (const auto& [text, offset] : {Case{"", "1"}, Case{"{\"a\":}", "6"}, Case{"[1,]", "4"},
                                     Case{"{\"a\":1} x", "9"}, Case{"\"\\ud800\"", "8"}, Case{"nul", "4"}}) {
    const auto result = parse(text);
    ASSERT_FALSE(result.has_value()) << text;
    EXPECT_EQ(result.error().code, base::Code::kInvalid);
    EXPECT_EQ(result.error().with.at(0).first, "offset") << text;
    EXPECT_EQ(result.error().with.at(0).second, offset) << text << " " << result.error().text();
  }
  EXPECT_FALSE(parse("1e999").has_value());
  EXPECT_FALSE(parse("\"\xff\"").has_value());
}

TEST(JsonParse, limits_depth_and_size) {
  const std::string deep = std::string(200, '[') + std::string(200, ']');
  EXPECT_TRUE(parse(deep).has_value());
  EXPECT_FALSE(parse("[" + deep + "]").has_value());
  EXPECT_EQ(parse("[" + deep + "]").error().with.at(0).second, "200");
  EXPECT_FALSE(parse(std::string(1'000'000, '[')).has_value());
  EXPECT_TRUE(parse("\"[[[[\\\"[[[\"", 1).has_value()) << "brackets in strings do not nest";
  EXPECT_FALSE(parse("[1,2,3]", 200, 6).has_value());
}

TEST(JsonView, answers_empty_for_what_is_missing) {
  const Value v = read(R"({"a":{"b":[1,2.5,"x",null,true]},"s/~":7})");
  EXPECT_EQ(v["a"]["b"][std::size_t{0}].integer(), 1);
  EXPECT_EQ(v["a"]["b"][1].number(), 2.5);
  EXPECT_EQ(v["a"]["b"][1].integer(), std::nullopt);
  EXPECT_EQ(v["a"]["b"][2].string_or(""), "x");
  EXPECT_TRUE(v["a"]["b"][3].is_null());
  EXPECT_TRUE(v["a"]["b"][4].bool_or(false));
  EXPECT_FALSE(v["a"]["b"][5].exists());
  EXPECT_FALSE(v["x"]["y"][3]["z"].exists());
  EXPECT_EQ(v["x"]["y"].string_or("fallback"), "fallback");
  EXPECT_EQ(v.view().at_pointer("/a/b/2").string_or(""), "x");
  EXPECT_EQ(v.view().at_pointer("/s~1~0").integer_or(0), 7);
  EXPECT_EQ(v.view().at_pointer(""), v.view());
  for (const char* missing : {"/a/b/5", "/a/b/01", "/a/b/-", "/a/c/d", "a"}) {
    EXPECT_FALSE(v.view().at_pointer(missing).exists()) << missing;
  }
  EXPECT_EQ(v.view().members().size(), 2U);
  EXPECT_EQ(v["a"]["b"].items().size(), 5U);
}

TEST(JsonView, tells_integers_from_other_numbers) {
  EXPECT_EQ(read("9223372036854775807").view().integer(), 9223372036854775807);
  EXPECT_EQ(read("-9223372036854775808").view().integer(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(read("9223372036854775808").view().integer(), std::nullopt);
  EXPECT_EQ(read("9223372036854775808").view().kind(), Kind::kDouble);
  EXPECT_EQ(read("3.0").view().integer(), 3);
  EXPECT_EQ(read("1e300").view().integer(), std::nullopt);
  EXPECT_EQ(read("1").view(), read("1.0").view());
}

TEST(JsonRef, builds_and_changes_documents) {
  Value v;
  v["spec"]["list"].push_back("a");
  v["spec"]["list"].push_back()["k"].set(1);
  EXPECT_EQ(v.dump(), R"({"spec":{"list":["a",{"k":1}]}})");
  v["spec"]["list"].insert(0).set(true);
  v["spec"]["list"].erase(1);
  EXPECT_TRUE(v["spec"].erase("nothing") == false && v["spec"]["list"][1].erase("k"));
  v["copy"].set(v["spec"]);
  v["spec"].set(v["spec"].view()["list"]);  // a part replaces its whole
  EXPECT_EQ(v.dump(), R"({"copy":{"list":[true,{}]},"spec":[true,{}]})");
}

TEST(JsonValue, is_null_after_a_move_and_deep_when_copied) {
  Value a = read(R"({"x":[1]})");
  Value b = a;
  b["x"].push_back().set(2);
  EXPECT_EQ(a.dump(), R"({"x":[1]})");
  const Value c = std::move(b);
  EXPECT_EQ(c.dump(), R"({"x":[1,2]})");
  EXPECT_TRUE(b.view().is_null());  // NOLINT(bugprone-use-after-move): that is what is tested
}

}  // namespace
}  // namespace karpenter::json
