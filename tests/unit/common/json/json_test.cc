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

TEST(JsonParse, keeps_the_last_of_equal_keys_and_sorts) {
  EXPECT_EQ(read(R"({"b":1,"a":2,"b":{"z":[],"y":{}},"a":3})").dump(), R"({"a":3,"b":{"y":{},"z":[]}})");
  EXPECT_EQ(read(" [ ] ").dump(), "[]");
}

TEST(JsonParse, reads_text_in_every_spelling) {
  EXPECT_EQ(read(R"("\u00e9\ud83d\ude00\/\b\f\n\r\t\"\\ é")").view().string(),
            "\u00e9\U0001F600/\b\f\n\r\t\"\\ é");
  for (const char* bad : {"\"\n\"", "\"\\x\"", "\"\\u12g4\"", "\"\\udc00\"", "\"\\ud800\\u0041\"",
                          "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"abc", "\"\\"}) {
    EXPECT_FALSE(parse(bad).has_value()) << bad;
  }
}

TEST(JsonParse, refuses_what_is_no_number) {
  for (const char* bad :
       {"-", "01", "-01", "1.", ".5", "1e", "1e+", "+1", "NaN", "Infinity", "0x10", "1_0", "--1"}) {
    EXPECT_FALSE(parse(bad).has_value()) << bad;
  }
}

TEST(JsonDump, prints_numbers_that_read_back_the_same) {
  struct Case {
    const char* text;
    const char* want;
  };
  for (const auto& [text, want] :
       {Case{"-0", "0"}, Case{"-0.0", "-0.0"}, Case{"1E5", "100000.0"}, Case{"1e-7", "1e-07"},
        Case{"0.0001", "0.0001"}, Case{"0.00001", "1e-05"}, Case{"123456.789e3", "123456789.0"},
        Case{"1e15", "1e+15"}, Case{"12.5", "12.5"}, Case{"1e-999", "0.0"}, Case{"5e-324", "5e-324"},
        Case{"18446744073709551615", "18446744073709551615"},
        Case{"123456789012345678901", "1.2345678901234568e+20"},
        Case{"-9223372036854775809", "-9.223372036854776e+18"}}) {
    EXPECT_EQ(read(text).dump(), want) << text;
    EXPECT_EQ(read(want), read(text)) << text;
  }
}

TEST(JsonDump, never_prints_broken_text) {
  EXPECT_EQ(Value::of("a\x01\x7f\xff\xe2\x82|\xf0\x9f\x98\x80").dump(),
            "\"a\\u0001\x7f\xef\xbf\xbd\xef\xbf\xbd|\xf0\x9f\x98\x80\"");
}

TEST(JsonSplit, hands_out_entries_unread) {
  const auto members = split_object(R"( {"a\n" : {"x":[1,"]}\""]} , "b":nonsense,"c":[ ]} )");
  ASSERT_TRUE(members.has_value());
  ASSERT_EQ(members->size(), 3U);
  EXPECT_EQ(members->at(0).first, "a\n");
  EXPECT_EQ(members->at(0).second, R"({"x":[1,"]}\""]})");
  EXPECT_EQ(members->at(1).second, "nonsense");
  const auto items = split_array("[ {\"k\":1},2 ,[3, 4]]");
  ASSERT_TRUE(items.has_value());
  EXPECT_EQ(*items, (std::vector<std::string_view>{"{\"k\":1}", "2", "[3, 4]"}));
  EXPECT_TRUE(split_array("[]").value().empty());
  EXPECT_TRUE(split_array("[" + std::string(1'000'000, '[') + std::string(1'000'000, ']') + "]").has_value());
  for (const char* bad : {"", "{", "[", "[1", "[1,]", "[1 2]", "[1]x", "[[1]", "[1}]", "[\"]", "{}"}) {
    EXPECT_FALSE(split_array(bad).has_value()) << bad;
  }
  for (const char* bad : {"", "[]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "{\"a\":\"}"}) {
    EXPECT_FALSE(split_object(bad).has_value()) << bad;
  }
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

TEST(JsonRef, stays_good_when_neighbours_come_and_go) {
  Value v;
  const auto first = v["m"];
  for (int i = 0; i < 100; ++i) v[std::to_string(i)].set(i);
  first.set("still here");
  EXPECT_TRUE(v.ref().erase("0"));
  first["deep"].set(2);
  EXPECT_EQ(v.view()["m"]["deep"].integer(), 2);
  EXPECT_EQ(v.view().size(), 100U);
}

TEST(JsonRef, takes_over_a_whole_document) {
  Value v;
  {
    Value part = read(R"({"x":["long enough to live in an arena of its own"]})");
    v["list"].push_back().set(std::move(part));
    EXPECT_TRUE(part.view().is_null());  // NOLINT(bugprone-use-after-move): that is what is tested
    v["list"].push_back().set(Value());
  }
  v["list"].push_back().set(3);
  EXPECT_EQ(v.dump(), R"({"list":[{"x":["long enough to live in an arena of its own"]},null,3]})");
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
