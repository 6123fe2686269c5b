#include <gtest/gtest.h>

#include <algorithm>

#include "common/admission/rules.h"
#include "tests/unit/common/admission/cases.h"

namespace karpenter::admission {
namespace {

constexpr const char* kPool = R"(
metadata: {name: default}
spec:
  template:
    spec:
      nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: default}
      requirements: [{key: kubernetes.io/os, operator: In, values: [linux]}]
)";
constexpr const char* kClaim = R"(
metadata: {name: default-abcde}
spec:
  nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: default}
  requirements:
  - {key: karpenter.sh/nodepool, operator: In, values: [default]}
  - {key: karpenter.k8s.aws/ec2nodeclass, operator: In, values: [default]}
)";

// A pool whose only requirement is `requirement`.
std::string requirement(const std::string& text) {
  return "{spec: {template: {spec: {requirements: [" + text + "]}}}}";
}

void expect_requirement(const char* rule, const std::string& text, const std::string& want) {
  const std::string path = "spec.template.spec.requirements[0]";
  expect_all<model::NodePool>(kPool,
                              {{rule, requirement(text).c_str(), want.empty() ? "" : (path + want).c_str()}});
}

// spec: api §2.3
TEST(NodePoolRules, refuse_what_cel_refuses) {
  expect_all<model::NodePool>(
      kPool, {
                 {"valid", "{}", ""},
                 {"NP-C2 nodes only", "{spec: {replicas: 1, limits: {nodes: 5}}}", ""},
                 {"NP-C2", "{spec: {replicas: 0, limits: {cpu: 5, nodes: 2}}}",
                  "spec.limits[cpu]: Forbidden: only 'limits.nodes' is supported on static NodePools"},
                 {"NP-C3", "{spec: {replicas: 2, weight: 1}}",
                  "spec.weight: Forbidden: 'weight' is not supported on static NodePools"},
                 {"NP-C4 both",
                  "{spec: {disruption: {budgets: [{nodes: '1', schedule: '@daily', duration: 1h}]}}}", ""},
                 {"NP-C4", "{spec: {disruption: {budgets: [{nodes: '1'}, {nodes: '1', duration: 1h}]}}}",
                  "spec.disruption.budgets[1]: Invalid value: 'schedule' must be set with 'duration'"},
                 {"NP-C5", "{spec: {template: {metadata: {labels: {mykarpenter.sh/x: a}}}}}",
                  "spec.template.metadata.labels[mykarpenter.sh/x]: Invalid value: \"mykarpenter.sh/x\": "
                  "label domain "
                  "\"karpenter.sh\" is restricted"},
                 {"NP-C5 allowed",
                  "{spec: {template: {metadata: {labels: {karpenter.sh/capacity-type: spot}}}}}", ""},
                 {"NP-C6", "{spec: {template: {metadata: {labels: {karpenter.sh/nodepool: a}}}}}",
                  "spec.template.metadata.labels[karpenter.sh/nodepool]: Invalid value: "
                  "\"karpenter.sh/nodepool\": label "
                  "\"karpenter.sh/nodepool\" is restricted"},
                 {"NP-C7", "{spec: {template: {metadata: {labels: {kubernetes.io/hostname: a}}}}}",
                  "spec.template.metadata.labels[kubernetes.io/hostname]: Invalid value: "
                  "\"kubernetes.io/hostname\": label "
                  "\"kubernetes.io/hostname\" is restricted"},
                 {"NP-C8", "{spec: {template: {metadata: {labels: {karpenter.k8s.aws/instance-famly: m5}}}}}",
                  "spec.template.metadata.labels[karpenter.k8s.aws/instance-famly]: Invalid value: "
                  "\"karpenter.k8s.aws/instance-famly\": label domain \"karpenter.k8s.aws\" is restricted "
                  "(did you mean "
                  "\"karpenter.k8s.aws/instance-family\"?)"},
                 {"kubernetes.io is open at v1",
                  "{spec: {template: {metadata: {labels: {kubernetes.io/team: a}}}}}", ""},
                 {"NP-C16…C18", "{spec: {template: {spec: {nodeClassRef: {group: '', kind: '', name: ''}}}}}",
                  "spec.template.spec.nodeClassRef.group: Invalid value: \"\": group may not be empty\n"
                  "spec.template.spec.nodeClassRef.kind: Invalid value: \"\": kind may not be empty\n"
                  "spec.template.spec.nodeClassRef.name: Invalid value: \"\": name may not be empty"},
             });
}

// spec: api §2.3, §7.1, §7.7, §13.3
TEST(NodePoolRules, judge_each_requirement) {
  expect_requirement("NP-C9", "{key: a, operator: In}",
                     ".values: Required value: requirements with operator 'In' must have a value defined");
  const std::string compare =
      "requirements operator 'Gt', 'Lt', 'Gte', or 'Lte' must have a single positive integer value";
  expect_requirement("NP-C10 zero", "{key: a, operator: Gt, values: ['0']}", "");
  expect_requirement("NP-C10 plus", "{key: a, operator: Lte, values: ['4']}", "");
  expect_requirement("NP-C10 two", "{key: a, operator: Lt, values: ['1', '2']}",
                     ".values: Invalid value: [\"1\",\"2\"]: " + compare);
  expect_requirement("NP-C10 none", "{key: a, operator: Gte}", ".values: Invalid value: []: " + compare);
  expect_requirement("NP-C10 word", "{key: a, operator: Gt, values: [x1]}",
                     ".values: Invalid value: [\"x1\"]: " + compare);
  expect_requirement("NP-C10 overflow", "{key: a, operator: Gt, values: ['99999999999999999999']}",
                     ".values: Invalid value: [\"99999999999999999999\"]: " + compare);
  expect_requirement("NP-C11 duplicates count", "{key: a, operator: In, values: [x, x], minValues: 2}", "");
  expect_requirement(
      "NP-C11", "{key: a, operator: In, values: [x], minValues: 2}",
      ".minValues: Invalid value: 2: requirements with 'minValues' must have at least that many values "
      "specified in the 'values' field");
  expect_requirement(
      "NP-C12", "{key: karpenter.sh/foo, operator: Exists}",
      ".key: Invalid value: \"karpenter.sh/foo\": label domain \"karpenter.sh\" is restricted");
  expect_requirement(
      "NP-C13, NP-R10", "{key: karpenter.sh/nodepool, operator: Exists}",
      ".key: Invalid value: \"karpenter.sh/nodepool\": label \"karpenter.sh/nodepool\" is restricted");
  expect_requirement(
      "NP-C14", "{key: kubernetes.io/hostname, operator: Exists}",
      ".key: Invalid value: \"kubernetes.io/hostname\": label \"kubernetes.io/hostname\" is restricted");
  expect_requirement(
      "NP-C15", "{key: x.karpenter.k8s.aws/zzzzzzzzzz, operator: Exists}",
      ".key: Invalid value: \"x.karpenter.k8s.aws/zzzzzzzzzz\": label domain \"karpenter.k8s.aws\" is "
      "restricted");
  expect_requirement("§7.4 ec2nodeclass passes CEL only",
                     "{key: karpenter.k8s.aws/ec2nodeclass, operator: Exists}",
                     ".key: Invalid value: \"karpenter.k8s.aws/ec2nodeclass\": using label "
                     "karpenter.k8s.aws/ec2nodeclass is not allowed as it might interfere with the internal "
                     "provisioning logic; specify a well known label: [karpenter.k8s.aws/...");
  expect_requirement(
      "§7.1 1", "{key: a, operator: Exist}",
      ".operator: Unsupported value: \"Exist\": key a has an unsupported operator Exist not in [In NotIn "
      "Exists DoesNotExist Gt Lt Gte Lte] (did you mean \"Exists\"?)");
  expect_requirement("§7.1 4", "{key: a/b/c, operator: Exists}",
                     ".key: Invalid value: \"a/b/c\": key a/b/c is not a qualified name, ...");
  expect_requirement("§7.1 5, any operator", "{key: a, operator: Exists, values: ['-x']}",
                     ".values[0]: Invalid value: \"-x\": invalid value -x for key a, ...");
  expect_requirement("§7.1 nothing on NotIn", "{key: a, operator: NotIn}", "");
  expect_requirement("§7.7 some", "{key: karpenter.sh/capacity-type, operator: In, values: [spot, cheap]}",
                     "");
  expect_requirement("§7.7 (a)", "{key: karpenter.sh/capacity-type, operator: In, values: [cheap]}",
                     ".values: Invalid value: [\"cheap\"]: no valid values found in [cheap] for "
                     "karpenter.sh/capacity-type, ...");
  expect_requirement("§7.7 NotIn is free",
                     "{key: karpenter.sh/capacity-type, operator: NotIn, values: [cheap]}", "");
  expect_requirement("§7.7 (b)",
                     "{key: karpenter.k8s.aws/instance-tenancy, operator: In, values: [host, default], "
                     "minValues: 2}",
                     ".values: Invalid value: [\"host\",\"default\"]: not enough valid values found in ...");
  expect_requirement("§7.5 an alias is its stable key",
                     "{key: failure-domain.beta.kubernetes.io/zone, operator: Exists}", "");
}

// spec: api §2.4, §7.2
TEST(NodePoolRules, promote_runtime_validation_of_labels_and_taints) {
  const std::string taints = "{spec: {template: {spec: {";
  const std::string labels = "{spec: {template: {metadata: {labels: ";
  const std::string at = "spec.template.spec.";
  const auto expect = [&](const char* rule, const std::string& change, const std::string& want) {
    expect_all<model::NodePool>(kPool, {{rule, change.c_str(), want.c_str()}});
  };
  expect("NP-R2", labels + "{'a b': x}}}}}",
         "spec.template.metadata.labels[a b]: Invalid value: \"a b\": invalid key ...");
  expect("NP-R3 63", labels + "{a: " + std::string(63, 'x') + "}}}}}", "");
  expect("NP-R3 64", labels + "{a: " + std::string(64, 'x') + "}}}}}",
         "spec.template.metadata.labels[a]: Invalid ...");
  expect("NP-R4", labels + "{karpenter.k8s.aws/ec2nodeclass: x}}}}}",
         "spec.template.metadata.labels[karpenter.k8s.aws/ec2nodeclass]: Invalid value: ...");
  expect("NP-R5…R7 fine", taints + "taints: [{key: a.b/c, value: d, effect: NoExecute}]}}}}", "");
  expect("NP-R5", taints + "taints: [{key: '', effect: NoExecute}]}}}}",
         at + "taints[0].key: Invalid value: \"\": ...");
  expect("NP-R6", taints + "startupTaints: [{key: a, value: 'x y', effect: NoExecute}]}}}}",
         at + "startupTaints[0].value: Invalid value: \"x y\": ...");
  expect("NP-R7", taints + "taints: [{key: a, effect: NoSchedul}]}}}}",
         at + "taints[0].effect: Unsupported value: \"NoSchedul\": invalid taint effect (did you mean "
              "\"NoSchedule\"?)");
  expect("NP-R8 other effect",
         taints + "taints: [{key: a, effect: NoExecute}], startupTaints: [{key: a, effect: NoSchedule}]}}}}",
         "");
  expect(
      "NP-R8 over both lists, value ignored",
      taints +
          "taints: [{key: a, effect: NoExecute}], startupTaints: [{key: a, value: b, effect: NoExecute}]}}}}",
      at + "startupTaints[0]: Duplicate value: \"a=NoExecute\": duplicate taint Key/Effect pair a=NoExecute");
}

// spec: api §2.6
TEST(NodePoolRules, parse_budget_schedules) {
  for (const auto* good : {"* * * * *", "0 9 * * mon-fri", "*/5 0-23/2 1,15 JAN-Mar ?", "@weekly",
                           "  0  0 30 2 *", "5/10 0 1 1 SUN", "0\t0 * * 6"}) {
    EXPECT_EQ(schedule_fault(good), std::nullopt) << good;
  }
  for (const auto* bad :
       {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 7",
        "*/0 * * * *", "5-1 * * * *", "-1 * * * *", "1-2-3 * * * *", "1/2/3 * * * *", "a * * * *",
        "@every 1h", "TZ=UTC 0 9 * * *", "1, * * * *", "* * * * funday", "@weekly junk"}) {
    EXPECT_TRUE(schedule_fault(bad).has_value()) << bad;
  }
  expect_all<model::NodePool>(
      kPool,
      {{"schedule", "{spec: {disruption: {budgets: [{nodes: '0', schedule: '61 * * * *', duration: 8h}]}}}",
        "spec.disruption.budgets[0].schedule: Invalid value: \"61 * * * *\": invalid schedule ..."},
       {"§13.5 int32", "{spec: {disruption: {budgets: [{nodes: '2147483648'}]}}}",
        "spec.disruption.budgets[0].nodes: Invalid value: \"2147483648\": must be at most 2147483647"},
       {"§1.3 overflow", "{spec: {template: {spec: {expireAfter: 2562048h}}}}",
        "spec.template.spec.expireAfter: Invalid value: \"2562048h\": ..."}});
}

// spec: api §3.3, §13.5
TEST(NodeClaimRules, are_those_of_the_crd_only) {
  expect_all<model::NodeClaim>(
      kClaim,
      {
          {"Karpenter's own requirements", "{}", ""},
          {"NC-C2", "{spec: {requirements: [{key: a, operator: In}]}}",
           "spec.requirements[0].values: Required value: requirements with operator 'In' must have a value "
           "defined"},
          {"NC-C3", "{spec: {requirements: [{key: a, operator: Gt, values: [b]}]}}",
           "spec.requirements[0].values: Invalid value: [\"b\"]: ..."},
          {"NC-C4", "{spec: {requirements: [{key: a, operator: In, values: [b], minValues: 3}]}}",
           "spec.requirements[0].minValues: Invalid value: 3: ..."},
          {"NC-C5", "{spec: {requirements: [{key: karpenter.sh/x, operator: Exists}]}}",
           "spec.requirements[0].key: Invalid value: \"karpenter.sh/x\": label domain \"karpenter.sh\" is "
           "restricted"},
          {"NC-C6", "{spec: {requirements: [{key: kubernetes.io/hostname, operator: Exists}]}}",
           "spec.requirements[0].key: Invalid value: \"kubernetes.io/hostname\": ..."},
          {"NC-C7", "{spec: {requirements: [{key: karpenter.k8s.aws/instance-pods, operator: Exists}]}}",
           "spec.requirements[0].key: Invalid value: \"karpenter.k8s.aws/instance-pods\": label domain ..."},
          {"NC-C10", "{spec: {nodeClassRef: {name: ''}}}",
           "spec.nodeClassRef.name: Invalid value: \"\": name may not be empty"},
          {"runtime rules do not apply", "{spec: {taints: [{key: '', effect: x}, {key: '', effect: x}]}}",
           ""},
      });
}

// spec: api §13.2
TEST(Violations, are_sorted_and_at_most_a_hundred) {
  auto pool = object_of<model::NodePool>(kPool);
  for (int i = 0; i < 200; ++i)
    pool.spec.node_template.meta.labels.emplace("karpenter.sh/" + std::to_string(i), "x");
  const auto found = validate(pool);
  EXPECT_EQ(found.size(), 100U);
  EXPECT_TRUE(
      std::ranges::is_sorted(found, {}, [](const Violation& v) { return std::pair(v.path, v.text()); }));
}

TEST(Violations, cut_values_between_characters) {
  EXPECT_EQ(shortened("aé", 2), "a");
  EXPECT_EQ(shortened("aé", 3), "aé");
  std::string accents = "x";
  for (int i = 0; i < 200; ++i) accents += "é";
  const std::string many = quoted(std::string_view(accents));
  EXPECT_LE(many.size(), 256U);
  EXPECT_TRUE(json::parse("[" + many + "\"]").has_value()) << many;
  EXPECT_EQ((Violation{.path = "", .message = "bad"}).text(), "Invalid value: bad");
}

// spec: api §13.5
TEST(NodePoolWarnings, say_what_was_probably_not_meant) {
  const auto pool = object_of<model::NodePool>(kPool, R"({spec: {template: {spec: {
    nodeClassRef: {group: example.com, kind: Other},
    requirements: [{key: a, operator: In, values: [x, x], minValues: 2}, {key: b, operator: Exists, values: [y]},
                   {key: c, operator: NotIn}]}}}})");
  const auto text = base::join(warnings(pool), "\n");
  for (const auto* part :
       {"requirements[0].values: values are named twice", "requirements[0].minValues: more than",
        "requirements[1].values: ignored with Exists", "requirements[2].values: NotIn of nothing",
        "nodeClassRef: not an EC2NodeClass"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  EXPECT_TRUE(warnings(object_of<model::NodePool>(kPool)).empty());
}

}  // namespace
}  // namespace karpenter::admission
