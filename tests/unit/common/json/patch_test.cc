#include <gtest/gtest.h>

#include "common/json/json.h"

namespace karpenter::json {
namespace {

Value read(std::string_view text) {
  auto value = parse(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? std::move(value).value() : Value();
}

TEST(MergePatch, follows_the_examples_of_rfc_7396) {
  struct Case {
    const char* target;
    const char* patch;
    const char* want;
  };
  for (const auto& [target, patch, want] :
       {Case{R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
        Case{R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
        Case{R"({"a":"b"})", R"({"a":null})", R"({})"},
        Case{R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
        Case{R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
        Case{R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
        Case{R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
        Case{R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
        Case{R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"}, Case{R"({"a":"b"})", R"(["c"])", R"(["c"])"},
        Case{R"({"a":"foo"})", "null", "null"}, Case{R"({"e":null})", R"({"a":1})", R"({"a":1,"e":null})"},
        Case{R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
        Case{"{}", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"}}) {
    Value value = read(target);
    apply_merge_patch(value.ref(), read(patch));
    EXPECT_EQ(value.dump(), want) << target << " + " << patch;
  }
}

TEST(MergePatch, made_from_two_documents_is_small_and_leads_from_one_to_the_other) {
  const Value before =
      read(R"({"meta":{"labels":{"a":"1","b":"2"},"x":1},"list":[1,2],"same":{"deep":[{"k":1}]}})");
  const Value after =
      read(R"({"meta":{"labels":{"a":"1","c":"3"},"x":1},"list":[1],"same":{"deep":[{"k":1}]}})");
  const Value patch = make_merge_patch(before, after);
  EXPECT_EQ(patch.dump(), R"({"list":[1],"meta":{"labels":{"b":null,"c":"3"}}})");
  Value value = before;
  apply_merge_patch(value.ref(), patch);
  EXPECT_EQ(value, after);
  EXPECT_EQ(make_merge_patch(after, after).dump(), "{}");
}

TEST(JsonPatch, applies_every_operation) {
  struct Case {
    const char* target;
    const char* patch;
    const char* want;
  };
  for (const auto& [target, patch, want] : {
           Case{R"({"a":1})", R"([{"op":"add","path":"/b","value":{"c":[]}}])", R"({"a":1,"b":{"c":[]}})"},
           Case{R"({"a":[1,3]})", R"([{"op":"add","path":"/a/1","value":2}])", R"({"a":[1,2,3]})"},
           Case{R"({"a":[1]})", R"([{"op":"add","path":"/a/-","value":2}])", R"({"a":[1,2]})"},
           Case{R"({"a":[1]})", R"([{"op":"add","path":"","value":7}])", "7"},
           Case{R"({"a":{"x/y":1}})", R"([{"op":"remove","path":"/a/x~1y"}])", R"({"a":{}})"},
           Case{R"({"a":[1,2]})", R"([{"op":"remove","path":"/a/0"}])", R"({"a":[2]})"},
           Case{R"({"a":1})", R"([{"op":"replace","path":"/a","value":null}])", R"({"a":null})"},
           Case{R"({"a":1,"b":2})", R"([{"op":"move","from":"/a","path":"/b"}])", R"({"b":1})"},
           Case{R"({"a":{"b":1}})", R"([{"op":"copy","from":"/a","path":"/a/c"}])",
                R"({"a":{"b":1,"c":{"b":1}}})"},
           Case{R"({"a":1.0})", R"([{"op":"test","path":"/a","value":1},{"op":"remove","path":"/a"}])", "{}"},
       }) {
    Value value = read(target);
    const auto status = apply_json_patch(value, read(patch));
    EXPECT_TRUE(status.has_value()) << patch;
    EXPECT_EQ(value.dump(), want) << patch;
  }
}

TEST(JsonPatch, changes_nothing_when_any_operation_fails) {
  using base::Code;
  struct Case {
    const char* patch;
    Code code;
  };
  for (const auto& [patch, code] : {
           Case{R"({"op":"add"})", Code::kInvalid},
           Case{R"([{"op":"add","path":"/n","value":1},{"op":"test","path":"/a","value":2}])",
                Code::kConflict},
           Case{R"([{"op":"test","path":"/missing","value":2}])", Code::kConflict},
           Case{R"([{"op":"add","path":"/n","value":1},{"op":"remove","path":"/missing"}])", Code::kInvalid},
           Case{R"([{"op":"replace","path":"/missing","value":1}])", Code::kInvalid},
           Case{R"([{"op":"add","path":"/a/b","value":1}])", Code::kInvalid},
           Case{R"([{"op":"add","path":"/l/3","value":1}])", Code::kInvalid},
           Case{R"([{"op":"add","path":"/l/01","value":1}])", Code::kInvalid},
           Case{R"([{"op":"add","path":"noslash","value":1}])", Code::kInvalid},
           Case{R"([{"op":"add","path":"/bad~2","value":1}])", Code::kInvalid},
           Case{R"([{"op":"remove","path":""}])", Code::kInvalid},
           Case{R"([{"op":"move","from":"/o","path":"/o/x"}])", Code::kInvalid},
           Case{R"([{"op":"frobnicate","path":"/a","value":1}])", Code::kInvalid},
           Case{R"([{"op":"add","path":"/a"}])", Code::kInvalid},
           Case{"[17]", Code::kInvalid},
       }) {
    const Value before = read(R"({"a":1,"l":[1,2],"o":{"x":1}})");
    Value value = before;
    const auto status = apply_json_patch(value, read(patch));
    ASSERT_FALSE(status.has_value()) << patch;
    EXPECT_EQ(status.error().code, code) << patch;
    EXPECT_EQ(value, before) << patch;
  }
}

TEST(JsonPatch, made_from_two_documents_leads_from_one_to_the_other) {
  const Value before = read(R"({"a":[1,2,3,{"k":1}],"b/c":{"~":1},"gone":true})");
  const Value after = read(R"({"a":[1,9,{"k":2}],"b/c":{"~":2,"new":[]},"added":null})");
  Value value = before;
  ASSERT_TRUE(apply_json_patch(value, make_json_patch(before, after)).has_value());
  EXPECT_EQ(value, after);
  EXPECT_EQ(make_json_patch(after, after).dump(), "[]");
}

}  // namespace
}  // namespace karpenter::json
