// The parts without a server: patterns and patches.

#include <gtest/gtest.h>

#include <string>

#include "common/json/yaml.h"
#include "tests/devcluster/kube/kinds.h"
#include "tests/devcluster/kube/patch.h"
#include "tests/devcluster/kube/pattern.h"
#include "tests/devcluster/kube/protobuf.h"

namespace karpenter::devcluster {
namespace {

json::Value doc(std::string_view text) { return std::move(json::parse_yaml(text)->front()); }

TEST(Pattern, matches_as_re2_does) {
  struct Case {
    const char* pattern;
    const char* yes;
    const char* no;
  };
  const Case cases[] = {
      {"^((100|[0-9]{1,2})%|[0-9]+)$", "100%", "101%"},
      {"^(([0-9]+(s|m|h))+|Never)$", "1h30m", "1h30"},
      {"^([0-9]+(s|m|h))+$", "720h", "Never"},
      {R"(^(@(annually|daily))|((.+)\s(.+)\s(.+)\s(.+)\s(.+))$)", "0 9 * * 1", "0 9 *"},
      {"subnet-[0-9a-z]+", "x subnet-0a", "subnet-"},
      {R"(^\d{2,3}$)", "123", "1234"},
      {"^a{2}b?$", "aab", "aabb"},
      {"^[^/]+$", "ab", "a/b"},
      {R"(^[a-z\-.]+$)", "a-b.c", "a_b"},
      {"^(?:a|b|cd)*$", "abcdab", "abc"},
      {"^$", "", "x"},
      {R"(\bkey\b)", "a key b", "monkey"},
      {"a{,2}", "a{,2}", "aa"},
      {"^(a*)*$", "aaaa", "b"},
  };
  for (const Case& c : cases) {
    const auto pattern = Pattern::compile(c.pattern);
    ASSERT_TRUE(pattern.has_value()) << c.pattern;
    EXPECT_TRUE(pattern->matches(c.yes)) << c.pattern << " " << c.yes;
    EXPECT_FALSE(pattern->matches(c.no)) << c.pattern << " " << c.no;
  }
  for (const char* wrong : {"(", ")", "[a", "*a", "a\\", "[b-a]", "(?=a)", "a{2000}"}) {
    EXPECT_FALSE(Pattern::compile(wrong).has_value()) << wrong;
  }
}

TEST(StrategicPatch, merges_by_the_keys_of_the_kind) {
  struct Case {
    const char* name;
    const char* before;
    const char* patch;
    const char* after;
  };
  const Case cases[] = {
      {"containers by name", "spec: {containers: [{name: a, image: x}, {name: b, image: y}]}",
       "spec: {containers: [{name: b, image: z}, {name: c, image: w}]}",
       "spec: {containers: [{name: a, image: x}, {name: b, image: z}, {name: c, image: w}]}"},
      {"delete directive", "spec: {containers: [{name: a}, {name: b}]}",
       "spec: {containers: [{name: a, $patch: delete}]}", "spec: {containers: [{name: b}]}"},
      {"order", "spec: {containers: [{name: a}, {name: b}]}",
       "spec: {$setElementOrder/containers: [{name: b}, {name: a}]}",
       "spec: {containers: [{name: b}, {name: a}]}"},
      {"tolerations are atomic", "spec: {tolerations: [{key: a}, {key: b}]}",
       "spec: {tolerations: [{key: c}]}", "spec: {tolerations: [{key: c}]}"},
      {"finalizers are a set", "metadata: {finalizers: [a, b]}", "metadata: {finalizers: [b, c]}",
       "metadata: {finalizers: [a, b, c]}"},
      {"finalizers are removed by directive", "metadata: {finalizers: [a, b]}",
       "metadata: {$deleteFromPrimitiveList/finalizers: [a]}", "metadata: {finalizers: [b]}"},
      {"owners by uid", "metadata: {ownerReferences: [{uid: u, name: a}]}",
       "metadata: {ownerReferences: [{uid: u, name: b}]}",
       "metadata: {ownerReferences: [{uid: u, name: b}]}"},
      {"null deletes", "metadata: {labels: {a: b, c: d}}", "metadata: {labels: {a: null}}",
       "metadata: {labels: {c: d}}"},
      {"replace directive", "metadata: {labels: {a: b}}", "metadata: {labels: {$patch: replace, c: d}}",
       "metadata: {labels: {c: d}}"},
      {"retain keys", "spec: {securityContext: {a: 1, b: 2}}",
       "spec: {securityContext: {$retainKeys: [b], b: 3}}", "spec: {securityContext: {b: 3}}"},
      {"conditions by type", "status: {conditions: [{type: A, status: x}]}",
       "status: {conditions: [{type: B, status: y}]}",
       "status: {conditions: [{type: A, status: x}, {type: B, status: y}]}"},
  };
  const json::Value schema = make_builtin_schema("Pod");
  for (const Case& c : cases) {
    json::Value value = doc(c.before);
    EXPECT_TRUE(apply_strategic_patch(value.ref(), doc(c.patch), schema).has_value()) << c.name;
    EXPECT_EQ(value.dump(), doc(c.after).dump()) << c.name;
  }
  json::Value value = doc("{spec: {containers: []}}");
  EXPECT_FALSE(
      apply_strategic_patch(value.ref(), doc("spec: {containers: [{image: x}]}"), schema).has_value());
}

TEST(Protobuf, reads_what_it_knows_and_refuses_the_rest) {
  using std::string_literals::operator""s;
  const std::string head = "k8s\0\n\x0f\n\x02v1\x12\tNamespace"s;
  const auto read = decode_protobuf(head + "\x12\x0e\n\x08\n\x04teamB\0\x12\0\x1a\0\x1a\0\"\0"s);
  ASSERT_TRUE(read.has_value()) << read.error().text();
  EXPECT_EQ(read->dump(), R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"team"}})");
  const std::string wrong[] = {"{}"s, head + "\x12\x20\n"s, head + "\x12\x02\x7a\0"s,
                               head + "\x12\x02\xff\xff"s, "k8s\0\n\x09\n\x02v1\x12\x03Pod"s};
  for (const std::string& body : wrong) EXPECT_FALSE(decode_protobuf(body).has_value()) << body;
}

TEST(Versions, stable_before_beta_before_alpha) {
  EXPECT_TRUE(version_preferred("v1", "v1beta1"));
  EXPECT_TRUE(version_preferred("v1beta1", "v1alpha5"));
  EXPECT_TRUE(version_preferred("v10", "v2"));
  EXPECT_TRUE(version_preferred("v1alpha5", "other"));
}

}  // namespace
}  // namespace karpenter::devcluster
