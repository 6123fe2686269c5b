#include <gtest/gtest.h>

#include "tests/unit/common/admission/cases.h"

// What all kinds have in common; the rules themselves are cases in tests/golden/admission.

namespace karpenter::admission {
namespace {

constexpr const char* kPool = R"(
metadata: {name: default}
spec:
  template:
    spec:
      nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: default}
      requirements: []
)";

Violations refusals(json::View object) { return judge<model::NodePool>({.object = object}).violations; }

// spec: api §13.2
TEST(Verdicts, are_given_on_any_json) {
  for (const auto* text : {"null", "[]", "5", "\"x\"", "true"}) {
    EXPECT_EQ(lines(refusals(json::parse(text).value())), "Invalid value: must be an object") << text;
  }
  EXPECT_EQ(lines(refusals({})), "Invalid value: must be an object");
  EXPECT_EQ(lines(refusals(yaml("{}"))), "spec: Required value");
  EXPECT_EQ(
      lines(refusals(yaml("{spec: [], metadata: 7}"))),
      "metadata: Invalid value: 7: must be of type object\nspec: Invalid value: []: must be of type object");
}

// spec: api §13.2
TEST(Verdicts, hold_the_first_hundred_of_any_number) {
  json::Value pool = yaml(kPool);
  const auto requirements = pool["spec"]["template"]["spec"]["requirements"];
  for (int i = 0; i < 100'000; ++i) {
    const auto added = requirements.push_back();
    added["key"].set("karpenter.sh/x" + std::to_string(i));
    added["operator"].set("Exist");
  }
  const auto found = refusals(pool);
  ASSERT_EQ(found.size(), 100U);
  EXPECT_EQ(found.front().text(),
            "spec.template.spec.requirements: Too many: 100000: must have at most 100 items");
  EXPECT_TRUE(std::ranges::is_sorted(found));
}

TEST(Verdicts, quote_long_values_in_part) {
  json::Value pool = yaml(kPool);
  const std::string longest(1'000'000, 'x');
  pool["spec"]["template"]["metadata"]["labels"]["a"].set(longest);
  pool["spec"]["template"]["metadata"]["labels"]["karpenter.sh/" + longest].set("x");
  pool["spec"]["template"]["spec"]["expireAfter"].set(longest);
  pool["spec"]["disruption"]["consolidationPolicy"].set(longest);
  const auto taint = pool["spec"]["template"]["spec"]["taints"].push_back();
  taint["key"].set(longest);
  taint["effect"].set(longest);
  const auto requirement = pool["spec"]["template"]["spec"]["requirements"].push_back();
  requirement["key"].set("karpenter.sh/" + longest);
  requirement["operator"].set(longest);
  requirement["values"].push_back(std::string_view(longest));
  const auto found = refusals(pool);
  EXPECT_GE(found.size(), 7U);
  for (const auto& violation : found) {
    EXPECT_LE(violation.value.size(), 256U) << violation.path;
    EXPECT_LE(violation.message.size(), 3000U) << violation.path;
    EXPECT_LE(violation.path.size(), 1024U);
  }
}

// spec: api §13.3
TEST(Verdicts, say_things_once_in_the_words_of_the_rule) {
  const auto found = [](const char* change) {
    json::Value pool = yaml(kPool);
    json::apply_merge_patch(pool.ref(), yaml(change));
    return lines(refusals(pool));
  };
  EXPECT_EQ(found("{spec: {template: {spec: {requirements: [{key: a, operator: In}]}}}}"),
            "spec.template.spec.requirements[0].values: Required value: requirements with operator 'In' must "
            "have a "
            "value defined")
      << "CEL before runtime validation";
  EXPECT_EQ(found("{spec: {template: {spec: {taints: [{key: 'a b', effect: NoExecute}]}}}}"),
            "spec.template.spec.taints[0].key: Invalid value: \"a b\": name part must consist of "
            "alphanumeric characters, "
            "'-', '_' or '.', and must start and end with an alphanumeric character")
      << "runtime validation before a pattern";
  EXPECT_EQ(found("{spec: {template: {spec: {requirements: [{key: 5, operator: In, values: [a]}, x]}}}}"),
            "spec.template.spec.requirements[0].key: Invalid value: 5: must be of type string\n"
            "spec.template.spec.requirements[1]: Invalid value: \"x\": must be of type object")
      << "nothing about the inside of what is no such thing";
}

// spec: api §11.2, §13.5
TEST(Verdicts, on_machines_are_always_good) {
  const auto verdict =
      judge<model::v1alpha5::Machine>({.object = yaml("{spec: {requirements: [{operator: x}]}}")});
  EXPECT_TRUE(verdict.violations.empty() && verdict.warnings.empty());
}

// spec: api §2.4
TEST(RuntimeViolations, leave_out_what_the_crd_says) {
  const auto pool = object_of<model::NodePool>(kPool,
                                               "{spec: {weight: 0, replicas: 1, limits: {cpu: 1}, template: "
                                               "{metadata: {labels: {karpenter.sh/nodepool: x, "
                                               "mykarpenter.sh/x: a}}}}}");
  EXPECT_EQ(lines(runtime_violations(pool)),
            "spec.template.metadata.labels[karpenter.sh/nodepool]: Invalid value: \"karpenter.sh/nodepool\": "
            "invalid key "
            "name \"karpenter.sh/nodepool\" in labels, restricted");
  EXPECT_EQ(validate(pool).size(), 5U) << lines(validate(pool));
}

}  // namespace
}  // namespace karpenter::admission
