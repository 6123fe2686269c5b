#include "common/schema/validate.h"

#include <gtest/gtest.h>

#include "common/json/yaml.h"
#include "common/model/karpenter/v1.h"
#include "common/model/legacy/v1alpha.h"

namespace karpenter::schema {
namespace {

json::Value read(std::string_view yaml) {
  auto documents = json::parse_yaml(yaml);
  EXPECT_TRUE(documents.has_value());
  return documents->at(0);
}

template <class T>
std::vector<std::string> problems(std::string_view yaml) {
  std::vector<std::string> out;
  for (const auto& problem : validate(type_of<T>(), read(yaml))) {
    out.push_back(problem.path + ": " + problem.text() + " (" + std::string(cause_name(problem.cause)) + ")");
  }
  return out;
}

constexpr std::string_view kGoodPool = R"(
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: default}
spec:
  template:
    spec:
      requirements: [{key: karpenter.sh/capacity-type, operator: In, values: [spot, on-demand], minValues: 2}]
      nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: default}
      expireAfter: Never
      taints: [{key: example.com/a, effect: NoSchedule}]
  limits: {cpu: 1000, memory: 1000Gi}
  disruption: {consolidateAfter: 1m30s, budgets: [{nodes: 10%, schedule: "@daily", duration: 1h30m, reasons: [Empty]}]}
)";

TEST(Validate, finds_nothing_in_a_good_object) {
  EXPECT_EQ(problems<model::NodePool>(kGoodPool), std::vector<std::string>{});
}

// spec: api §2.2
TEST(Validate, checks_each_limit_of_a_node_pool) {
  struct Case {
    const char* change;  // a merge patch on the good pool
    const char* want;
  };
  for (const auto& [change, want] : {
           Case{"{spec: null}", "spec: Required value (FieldValueRequired)"},
           Case{"{spec: {template: {spec: {requirements: null}}}}",
                "spec.template.spec.requirements: Required value (FieldValueRequired)"},
           Case{"{spec: {weight: 0}}",
                "spec.weight: Invalid value: 0: should be greater than or equal to 1 (FieldValueInvalid)"},
           Case{"{spec: {weight: 101}}",
                "spec.weight: Invalid value: 101: should be less than or equal to 100 (FieldValueInvalid)"},
           Case{"{spec: {weight: 1.5}}",
                "spec.weight: Invalid value: 1.5: must be of type integer (FieldValueInvalid)"},
           Case{"{spec: {replicas: -1}}",
                "spec.replicas: Invalid value: -1: should be greater than or equal to 0 (FieldValueInvalid)"},
           Case{"{spec: {limits: {cpu: lots}}}", "spec.limits[cpu]: Invalid value: \"lots\": should match '"},
           Case{"{spec: {limits: {cpu: true}}}",
                "spec.limits[cpu]: Invalid value: true: must be of type integer or string"},
           Case{"{spec: {template: {spec: {expireAfter: 10minutes}}}}",
                "spec.template.spec.expireAfter: Invalid value: \"10minutes\": should match"},
           Case{"{spec: {template: {spec: {terminationGracePeriod: Never}}}}",
                "spec.template.spec.terminationGracePeriod: Invalid value"},
           Case{"{spec: {template: {spec: {requirements: [{key: a, operator: in}]}}}}",
                "spec.template.spec.requirements[0].operator: Unsupported value: \"in\": supported values: "
                "\"In\", \"NotIn\", \"Exists\", "
                "\"DoesNotExist\", \"Gt\", \"Lt\", \"Gte\", \"Lte\" (did you mean \"In\"?) "
                "(FieldValueNotSupported)"},
           Case{"{spec: {template: {spec: {requirements: [{key: a b, operator: In}]}}}}",
                "spec.template.spec.requirements[0].key: Invalid value: \"a b\""},
           Case{"{spec: {template: {spec: {requirements: [{key: a, operator: In, minValues: 51}]}}}}",
                "spec.template.spec.requirements[0].minValues: Invalid value: 51"},
           Case{"{spec: {template: {spec: {nodeClassRef: {group: a/b}}}}}",
                "spec.template.spec.nodeClassRef.group: Invalid value: \"a/b\""},
           Case{"{spec: {template: {spec: {taints: [{key: k, value: '', effect: NoSchedule}]}}}}",
                "spec.template.spec.taints[0].value: Invalid value: \"\""},
           Case{"{spec: {template: {spec: {taints: [{key: '', effect: X}]}}}}",
                "spec.template.spec.taints[0].key: Invalid value: \"\": should be at least 1 chars long"},
           Case{"{spec: {template: {metadata: {labels: {a: 'x y'}}}}}",
                "spec.template.metadata.labels[a]: Invalid value: \"x y\""},
           Case{"{spec: {disruption: {budgets: [{nodes: 101%}]}}}",
                "spec.disruption.budgets[0].nodes: Invalid value: \"101%\""},
           Case{"{spec: {disruption: {budgets: [{nodes: 5}]}}}",
                "spec.disruption.budgets[0].nodes: Invalid value: 5: must be of type string"},
           Case{"{spec: {disruption: {budgets: [{nodes: '5', reasons: [Empty, Empty]}]}}}",
                "spec.disruption.budgets[0].reasons[1]: Duplicate value: \"Empty\" (FieldValueDuplicate)"},
           Case{"{spec: {disruption: {budgets: [{nodes: '5', schedule: '* *', duration: 10s}]}}}",
                "spec.disruption.budgets[0].duration: Invalid value: \"10s\""},
           Case{"{spec: {disruption: {consolidationPolicy: Sometimes}}}",
                "spec.disruption.consolidationPolicy: Unsupported value: \"Sometimes\""},
           Case{"{status: {conditions: [{type: A, status: Maybe, reason: '', message: '', "
                "lastTransitionTime: now}]}}",
                "status.conditions[0].lastTransitionTime: Invalid value: \"now\": must be a date-time"},
       }) {
    json::Value pool = read(kGoodPool);
    json::apply_merge_patch(pool.ref(), read(change));
    const auto found = problems<model::NodePool>(pool.dump());
    ASSERT_FALSE(found.empty()) << change;
    EXPECT_TRUE(found.at(0).starts_with(want)) << change << "\n" << found.at(0) << "\n" << want;
  }
}

TEST(Validate, limits_counts_and_lengths) {
  json::Value pool = read(kGoodPool);
  const auto requirements = pool["spec"]["template"]["spec"]["requirements"];
  while (requirements.view().size() < 101) requirements.push_back(requirements.view()[std::size_t{0}]);
  requirements[std::size_t{0}]["key"].set(std::string(317, 'a'));
  const auto found = problems<model::NodePool>(pool.dump());
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(
      found[0],
      "spec.template.spec.requirements: Too many: 101: must have at most 100 items (FieldValueTooMany)");
  EXPECT_EQ(
      found[1],
      "spec.template.spec.requirements[0].key: Too long: may not be more than 316 bytes (FieldValueTooLong)");
  EXPECT_EQ(validate(type_of<model::NodePool>(), json::Value::array()).size(), 1U);
}

// spec: api §4.2
TEST(Validate, checks_node_classes) {
  const auto found = problems<model::Ec2NodeClass>(R"(
spec:
  amiSelectorTerms: []
  subnetSelectorTerms: [{id: net-1}]
  capacityReservationSelectorTerms: [{id: xcr-1, ownerID: "1"}]
  blockDeviceMappings: [{ebs: {volumeSize: 18Ti, volumeType: floppy}}, {ebs: {volumeSize: 20}}]
  enclaveOptions: {}
  kubelet: {anything: [goes]}
  metadataOptions: {httpPutResponseHopLimit: 65}
  connectionTracking: {udpTimeout: 61}
)");
  std::vector<std::string> paths;
  for (const auto& text : found) paths.push_back(text.substr(0, text.find(": ")));
  EXPECT_EQ(paths,
            (std::vector<std::string>{
                "spec.amiSelectorTerms", "spec.capacityReservationSelectorTerms[0].id",
                "spec.capacityReservationSelectorTerms[0].ownerID", "spec.capacityReservationSelectorTerms",
                "spec.securityGroupSelectorTerms", "spec.subnetSelectorTerms[0].id",
                "spec.blockDeviceMappings[0].ebs.volumeSize", "spec.blockDeviceMappings[0].ebs.volumeType",
                "spec.blockDeviceMappings[1].ebs.volumeSize", "spec.connectionTracking.udpTimeout",
                "spec.enclaveOptions.enabled", "spec.metadataOptions.httpPutResponseHopLimit"}));
  EXPECT_TRUE(problems<model::Ec2NodeClass>("{metadata: {name: a}}").empty())
      << "spec: api §4.1, no spec is accepted";
}

template <class T>
std::string defaulted(std::string_view yaml) {
  json::Value value = read(yaml);
  apply_defaults(type_of<T>(), value.ref());
  const std::string once = value.dump();
  apply_defaults(type_of<T>(), value.ref());
  EXPECT_EQ(value.dump(), once) << "applying twice changes nothing";
  return once;
}

// spec: api §2.2, §10.1, §4.2, §10.3, §13.4
TEST(Defaults, are_those_of_each_version) {
  EXPECT_EQ(
      defaulted<model::NodePool>("{spec: {template: {spec: {}}}}"),
      R"({"spec":{"disruption":{"budgets":[{"nodes":"10%"}],"consolidateAfter":"0s","consolidationPolicy":)"
      R"("WhenEmptyOrUnderutilized"},"template":{"spec":{"expireAfter":"720h"}}}})");
  EXPECT_EQ(
      defaulted<model::NodePool>(
          "{spec: {disruption: {budgets: [], consolidateAfter: 5m, consolidationPolicy: null}}}"),
      R"({"spec":{"disruption":{"budgets":[],"consolidateAfter":"5m","consolidationPolicy":"WhenEmptyOrUnderutilized"}}})");
  EXPECT_EQ(
      defaulted<model::v1beta1::NodePool>("{spec: {}}"),
      R"({"spec":{"disruption":{"budgets":[{"nodes":"10%"}],"consolidationPolicy":"WhenUnderutilized","expireAfter":"720h"}}})");
  EXPECT_EQ(defaulted<model::Ec2NodeClass>("{spec: {metadataOptions: {httpTokens: optional}}}"),
            R"({"spec":{"metadataOptions":{"httpEndpoint":"enabled","httpProtocolIPv6":"disabled",)"
            R"("httpPutResponseHopLimit":1,"httpTokens":"optional"}}})");
  EXPECT_EQ(read(defaulted<model::v1beta1::Ec2NodeClass>("{spec: {}}"))
                .view()
                .at_pointer("/spec/metadataOptions/httpPutResponseHopLimit")
                .integer(),
            1);
  EXPECT_EQ(read(defaulted<model::v1beta1::Ec2NodeClass>("{spec: {metadataOptions: {}}}"))
                .view()
                .at_pointer("/spec/metadataOptions/httpPutResponseHopLimit")
                .integer(),
            2);
  EXPECT_EQ(defaulted<model::v1alpha5::Provisioner>("{spec: {}}"), R"({"spec":{}})");
  EXPECT_EQ(defaulted<model::NodePool>("[1]"), "[1]");
}

}  // namespace
}  // namespace karpenter::schema
