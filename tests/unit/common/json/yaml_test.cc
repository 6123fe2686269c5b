#include "common/json/yaml.h"

#include <gtest/gtest.h>

namespace karpenter::json {
namespace {

std::string one(std::string_view yaml) {
  const auto documents = parse_yaml(yaml);
  if (!documents) return "error: " + documents.error().text();
  return documents->size() == 1 ? documents->front().dump()
                                : std::to_string(documents->size()) + " documents";
}

TEST(YamlParse, reads_scalars_as_kubernetes_does) {
  struct Case {
    const char* yaml;
    const char* json;
  };
  for (const auto& [yaml, json] : {Case{"a: 1", R"({"a":1})"},
                                   Case{"a: -17", R"({"a":-17})"},
                                   Case{"a: \"1\"", R"({"a":"1"})"},
                                   Case{"a: '1'", R"({"a":"1"})"},
                                   Case{"a: 1.5", R"({"a":1.5})"},
                                   Case{"a: 1e3", R"({"a":1000.0})"},
                                   Case{"a: 0x1F", R"({"a":31})"},
                                   Case{"a: true", R"({"a":true})"},
                                   Case{"a: yes", R"({"a":"yes"})"},
                                   Case{"a: ~", R"({"a":null})"},
                                   Case{"a:", R"({"a":null})"},
                                   Case{"a: 10%", R"({"a":"10%"})"},
                                   Case{"a: 720h", R"({"a":"720h"})"},
                                   Case{"a: 1.2.3", R"({"a":"1.2.3"})"},
                                   Case{"a: nan", R"({"a":"nan"})"},
                                   Case{"a: 2024-01-01", R"({"a":"2024-01-01"})"},
                                   Case{"a: !!str 1", R"({"a":"1"})"},
                                   Case{"1: x", R"({"1":"x"})"},
                                   Case{"a: 12345678901234567890", R"({"a":1.2345678901234567e+19})"},
                                   Case{"a: |\n  x\n  y\n", R"({"a":"x\ny\n"})"},
                                   Case{"- {a: [1, b]}", R"([{"a":[1,"b"]}])"},
                                   Case{"{\"a\": {\"b\": [1, null]}}", R"({"a":{"b":[1,null]}})"}}) {
    EXPECT_EQ(one(yaml), json) << yaml;
  }
}

TEST(YamlParse, resolves_anchors_and_merge_keys) {
  EXPECT_EQ(one("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n"),
            R"({"base":{"x":1,"y":2},"use":{"x":1,"y":3}})");
  EXPECT_EQ(one("a: &a {x: 1}\nb: &b {x: 2, z: 4}\nuse: {<<: [*a, *b]}\n"),
            R"({"a":{"x":1},"b":{"x":2,"z":4},"use":{"x":1,"z":4}})");
}

TEST(YamlParse, splits_documents_and_skips_empty_ones) {
  const auto documents = parse_yaml("---\na: 1\n---\n# nothing\n---\nb: 2\n...\n");
  ASSERT_TRUE(documents.has_value());
  ASSERT_EQ(documents->size(), 2U);
  EXPECT_EQ((*documents)[1].dump(), R"({"b":2})");
  EXPECT_TRUE(parse_yaml("")->empty());
}

TEST(YamlParse, names_document_line_and_column_of_an_error) {
  const auto broken = parse_yaml("a: 1\n---\nb: [1, 2\nc: 3\n");
  ASSERT_FALSE(broken.has_value());
  EXPECT_NE(broken.error().text().find("document=2"), std::string::npos) << broken.error().text();
  EXPECT_NE(broken.error().text().find("line="), std::string::npos) << broken.error().text();
  EXPECT_EQ(one("a: 1\nb: 2\na: 3\n"), "error: duplicate YAML key (key=a, line=3, column=1, document=1)");
  EXPECT_FALSE(parse_yaml("? [1, 2]\n: x\n").has_value());
  EXPECT_FALSE(parse_yaml("a: *nowhere\n").has_value());
}

TEST(YamlParse, survives_hostile_input) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string prev = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + prev;
    for (int j = 1; j < 10; ++j) bomb += ", " + prev;
    bomb += "]\n";
  }
  EXPECT_FALSE(parse_yaml(bomb).has_value());
  EXPECT_FALSE(parse_yaml(std::string(5000, '[')).has_value());
}

TEST(YamlPrint, prints_what_reads_back_the_same) {
  const char* json = R"({
    "metadata":{"name":"default","labels":{"a/b":"true","n":"1","e":"","t":"2024-01-01","y":"yes","s":" lead"}},
    "list":[{"k":"v","inner":[1,[2,3],{}]},"x: y","- dash","#no","a #b",null,1.5,true,[],"*star","@at","%","0x1f","1_000"],
    "script":"#!/bin/bash\nset -e\n\n  indented\nend","tail":"keep\n\n","tab":"a\tb\n","unicode":"µs","colon:":"a:b:"})";
  const auto value = parse(json);
  ASSERT_TRUE(value.has_value());
  const std::string yaml = to_yaml(*value);
  const auto back = parse_yaml(yaml);
  ASSERT_TRUE(back.has_value()) << yaml << back.error().text();
  ASSERT_EQ(back->size(), 1U);
  EXPECT_EQ(back->front(), *value) << yaml;
}

TEST(YamlPrint, escapes_what_yaml_does_not_take_as_it_is) {
  const auto printed = [](std::string_view text) { return to_yaml(Value::of(text)); };
  EXPECT_EQ(printed("a\xE2\x80\xA8z"), "\"a\\u2028z\"\n");  // some readers break the line there
  EXPECT_EQ(printed("\x7F"), "\"\\u007f\"\n");
  EXPECT_EQ(printed("\xC2\x85"), "\"\\u0085\"\n");
  EXPECT_EQ(printed("\xEF\xBB\xBFx\ny"), "\"\\ufeffx\\ny\"\n");
  EXPECT_EQ(printed("\xC2\xB5"), "\xC2\xB5\n");
}

TEST(YamlPrint, looks_as_kubectl_prints_it) {
  const auto value = parse(R"({"b":[{"x":1,"y":[2]},3],"a":{"c":"text","n":"5","empty":{}},"s":"l1\nl2\n"})");
  EXPECT_EQ(
      to_yaml(*value),
      "a:\n  c: text\n  empty: {}\n  \"n\": \"5\"\nb:\n- x: 1\n  \"y\":\n  - 2\n- 3\ns: |\n  l1\n  l2\n");
}

}  // namespace
}  // namespace karpenter::json
