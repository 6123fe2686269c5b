#include <gtest/gtest.h>

#include "common/json/yaml.h"
#include "tests/unit/webhook/offline/files.h"
#include "webhook/offline/offline.h"

namespace karpenter::webhook::offline {
namespace {

constexpr const char* kBetaClass = R"(apiVersion: karpenter.k8s.aws/v1beta1
kind: EC2NodeClass
metadata:
  name: default
spec:
  amiFamily: AL2023  # the family
  role: KarpenterNodeRole
  subnetSelectorTerms: [{tags: {a: "1"}}]
  securityGroupSelectorTerms: [{id: sg-1}]
)";
constexpr const char* kBetaPool = R"(apiVersion: karpenter.sh/v1beta1
kind: NodePool
metadata:
  name: default
spec:
  template:
    spec:
      nodeClassRef: {name: default}
      requirements: []
      kubelet: {maxPods: 42}
)";
constexpr const char* kOther = R"(# kept as it is
apiVersion: v1
kind: ConfigMap
metadata: {name: x}
data: {script: "a # b"}   # too
)";

using Args = std::vector<std::string>;

std::vector<json::Value> documents(const std::string& yaml) {
  auto values = json::parse_yaml(yaml);
  EXPECT_TRUE(values.has_value()) << yaml;
  return values ? std::move(values).value() : std::vector<json::Value>{};
}

TEST(Convert, writes_v1_manifests_in_order_and_leaves_others_as_they_are) {  // spec: conversion §2.16
  const auto ran =
      run(convert, Args{"-f", "-"}, std::string(kBetaPool) + "---\n" + kOther + "---\n" + kBetaClass);
  EXPECT_EQ(ran.code, 0) << ran.err;
  const auto out = documents(ran.out);
  ASSERT_EQ(out.size(), 3U) << ran.out;
  EXPECT_EQ(out[0]["apiVersion"].string_or(""), "karpenter.sh/v1");
  EXPECT_EQ(out[0]["spec"]["template"]["spec"]["nodeClassRef"]["kind"].string_or(""), "EC2NodeClass");
  EXPECT_NE(ran.out.find("---\n" + std::string(kOther) + "---\n"), std::string::npos) << ran.out;
  EXPECT_EQ(out[2]["spec"]["kubelet"]["maxPods"].integer_or(0), 42) << ran.out;
  EXPECT_EQ(out[2]["spec"]["subnetSelectorTerms"][std::size_t{0}]["tags"]["a"].string_or(""), "1") << ran.out;
  EXPECT_NE(ran.err.find("I-COMMENTS"), std::string::npos) << ran.err;
}

TEST(Convert, prints_one_object_or_a_list_as_json) {
  const auto one = run(convert, Args{"-f", "-", "-o", "json"}, kBetaClass);
  const auto object = json::parse(one.out);
  ASSERT_TRUE(object.has_value()) << one.out;
  EXPECT_EQ((*object)["apiVersion"].string_or(""), "karpenter.k8s.aws/v1");
  const auto two = run(convert, Args{"-f", "-", "-o", "json"}, std::string(kOther) + "---\n" + kBetaClass);
  const auto list = json::parse(two.out);
  ASSERT_TRUE(list.has_value()) << two.out;
  EXPECT_EQ((*list)["kind"].string_or(""), "List");
  EXPECT_EQ((*list)["items"].size(), 2U);
}

TEST(Convert, what_is_at_the_version_already_is_not_touched) {
  const std::string pool =
      "# mine\napiVersion: karpenter.sh/v1\nkind: NodePool\nmetadata: {name: p}  # short\nspec: {}\n";
  const auto ran = run(convert, Args{"-f", "-"}, pool);
  EXPECT_EQ(ran.out, pool);
  EXPECT_EQ(ran.err.find("I-COMMENTS"), std::string::npos) << ran.err;
}

TEST(Convert, names_what_cannot_be_carried_over) {
  const auto ran =
      run(convert, Args{"-f", "-", "--to", "v1beta1"},
          "apiVersion: karpenter.sh/v1\nkind: NodePool\nmetadata: {name: p}\nspec:\n  template:\n    spec:\n"
          "      terminationGracePeriod: 1h\n      requirements: []\n"
          "      nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: c}\n");
  EXPECT_EQ(ran.code, 2) << ran.err;
  EXPECT_NE(ran.err.find("NodePool/p"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("terminationGracePeriod"), std::string::npos) << ran.err;
}

TEST(Convert, a_malformed_document_is_named_and_the_others_are_converted) {
  const auto ran = run(convert, Args{"-f", "-"}, std::string(kBetaClass) + "---\na: [\n");
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(ran.err.find("ERROR E-MALFORMED -:2: malformed YAML"), 0U) << ran.err;
  EXPECT_EQ(documents(ran.out).size(), 1U);
}

TEST(Convert, tells_warnings_with_strict) {
  const std::string pool(kBetaClass);  // W-IMDS: defaults that differ are written out
  EXPECT_EQ(run(convert, Args{"-f", "-"}, pool).code, 0);
  EXPECT_EQ(run(convert, Args{"-f", "-", "--strict"}, pool).code, 3);
}

TEST(Convert, tells_a_wrong_command_line) {
  EXPECT_EQ(run(convert, Args{}).code, 2);
  EXPECT_EQ(run(convert, Args{"-f", "-", "--to", "v3"}).err,
            "karpenter-webhook convert: --to must be one of v1|v1beta1 (value=v3)\n");
  EXPECT_EQ(run(convert, Args{"-f", "-", "--default-tags", "x"}).code, 2);
  EXPECT_EQ(run(convert, Args{"--help"}).code, 0);
}

}  // namespace
}  // namespace karpenter::webhook::offline
