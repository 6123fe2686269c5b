#include "common/model/as_written.h"

#include <gtest/gtest.h>

#include "common/json/yaml.h"
#include "common/model/karpenter/capacity_buffer.h"
#include "common/model/karpenter/node_overlay.h"
#include "common/model/karpenter/v1.h"
#include "common/model/legacy/v1alpha.h"
#include "common/schema/codec.h"

// Reading an object and writing it again gives the same text: quantities, durations, numbers, and what is
// there but empty.

namespace karpenter::schema {
namespace {

json::Value read(std::string_view yaml) {
  auto documents = json::parse_yaml(yaml);
  EXPECT_TRUE(documents.has_value()) << documents.error().text();
  return documents->at(0);
}

template <class T>
T decoded(std::string_view yaml) {
  auto result = decode<T>(read(yaml));
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().text());
  return result ? std::move(result).value() : T{};
}

template <class T>
void expect_same_text(std::string_view yaml) {
  const auto value = read(yaml);
  EXPECT_EQ(unknown_fields(type_of<T>(), value), std::vector<std::string>{});
  EXPECT_EQ(encode(decoded<T>(yaml)).dump(), value.dump());
}

// spec: api §1.3, §1.4, conversion §1.3
TEST(Text, of_quantities_and_durations_is_kept) {
  expect_same_text<model::NodePool>(R"(
metadata: {name: a}
spec:
  disruption: {consolidateAfter: 90s, budgets: [{nodes: "010", schedule: "@daily", duration: 90m}, {nodes: 5%, reasons: []}]}
  limits: {a: 1000, b: "1000", c: 1024Mi, d: "1.50", e: 1e3, f: .5, g: +2, h: 0.1Gi, i: -1, j: 100m, k: 0, nodes: "5"}
  replicas: 0
  template:
    spec:
      expireAfter: 1440m
      nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: a}
      requirements: []
      terminationGracePeriod: 60m
status: {nodes: 0, resources: {cpu: 1000m, memory: 1024Ki}}
)");
  expect_same_text<model::NodeClaim>(R"(
metadata: {name: a}
spec:
  nodeClassRef: {group: g, kind: k, name: n}
  requirements: [{key: a, operator: Exists, values: []}, {key: a, operator: In, values: ["", " "], minValues: 2}]
  resources: {requests: {cpu: 1500m, memory: 2048Mi, pods: 3}}
status: {allocatable: {cpu: 1930m, memory: "3000000Ki"}, capacity: {cpu: 2, memory: 4096Mi}, nodeName: ""}
)");
  expect_same_text<model::v1beta1::NodePool>(
      "{spec: {limits: {cpu: 1000m}, template: {spec: {nodeClassRef: {name: a}, requirements: [], resources: "
      "{}}}},"
      " status: {resources: {cpu: 7}}}");
  expect_same_text<model::v1beta1::NodeClaim>(
      "{spec: {nodeClassRef: {name: a}, requirements: [], resources: {requests: {cpu: 1000m}}},"
      " status: {capacity: {cpu: 1000m}}}");
  expect_same_text<model::v1alpha5::Provisioner>(
      "{spec: {limits: {resources: {cpu: 1000, memory: 1000Gi}}}}");
  expect_same_text<model::v1alpha5::Machine>(
      "{spec: {resources: {requests: {cpu: 1000m}}}, status: {capacity: {cpu: 3.0}}}");
  expect_same_text<model::v1alpha1::AwsNodeTemplate>(
      "{spec: {blockDeviceMappings: [{ebs: {volumeSize: 107374182400}}, {ebs: {volumeSize: 18432Gi}}]}}");
  expect_same_text<model::NodeOverlay>(
      "{spec: {capacity: {example.com/gpu: 4, b: 1000m}, price: '0.50', priceAdjustment: '+0', requirements: "
      "[]}}");
  expect_same_text<model::CapacityBuffer>(
      "{spec: {limits: {cpu: 1000m}, percentage: 0, podTemplateRef: {name: ''}, replicas: 0}}");
}

TEST(Text, of_what_is_there_but_empty_is_kept) {
  expect_same_text<model::Ec2NodeClass>(R"(
metadata: {}
spec:
  amiFamily: ""
  amiSelectorTerms: [{alias: "", id: "", name: "", owner: "", ssmParameter: "", tags: {}}, {}]
  blockDeviceMappings: [{deviceName: "", ebs: {snapshotID: "", kmsKeyID: "", volumeType: ""}}, {ebs: {}}]
  capacityReservationSelectorTerms: []
  cpuOptions: {}
  enclaveOptions: {}
  kubelet: {}
  metadataOptions: {}
  networkInterfaces: []
  placementGroupSelector: {name: ""}
  role: ""
  securityGroupSelectorTerms: [{name: "", tags: {}}]
  subnetSelectorTerms: []
  tags: {}
  userData: ""
status: {amis: [{deprecated: false, id: a, name: "", requirements: []}], conditions: [], instanceProfile: ""}
)");
  expect_same_text<model::NodePool>(R"(
spec:
  disruption: {budgets: []}
  limits: {}
  template:
    metadata: {annotations: {}, labels: {}}
    spec: {nodeClassRef: {group: "", kind: "", name: ""}, requirements: [], startupTaints: [], taints: [{effect: "", key: "", value: ""}]}
status: {}
)");
  expect_same_text<model::v1beta1::Ec2NodeClass>(
      "{spec: {amiFamily: AL2, amiSelectorTerms: [], blockDeviceMappings: [], securityGroupSelectorTerms: [],"
      " subnetSelectorTerms: [], tags: {}}, status: {}}");
  expect_same_text<model::v1beta1::NodePool>(R"(
spec:
  template:
    metadata: {}
    spec: {kubelet: {clusterDNS: [], evictionSoft: {}}, nodeClassRef: {apiVersion: "", kind: "", name: ""}, requirements: []}
)");
  expect_same_text<model::v1alpha5::Provisioner>(
      "{spec: {consolidation: {}, labels: {}, limits: {}, provider: {}, providerRef: {kind: '', name: a}, "
      "taints: []},"
      " status: {conditions: [{severity: '', status: 'True', type: A}]}}");
  expect_same_text<model::v1alpha1::AwsNodeTemplate>(
      "{spec: {launchTemplate: '', tags: {}, amiSelector: {}}}");
  expect_same_text<model::CapacityBuffer>(
      "{metadata: {}, spec: {scalableRef: {apiGroup: '', kind: a, name: b}}}");
}

TEST(Text, follows_the_value_into_another_object) {
  const auto from = decoded<model::v1beta1::NodePool>("{spec: {limits: {cpu: 1000m}}}");
  model::NodePool to;
  to.spec.limits = from.spec.limits;
  EXPECT_EQ(encode(to)["spec"]["limits"].view().dump(), R"({"cpu":"1000m"})");
  const auto group = decoded<model::Ec2NodeClass>("{spec: {securityGroupSelectorTerms: [{tags: {}}]}}");
  model::v1beta1::Ec2NodeClass beta;
  beta.spec.security_group_selector_terms = group.spec.security_group_selector_terms;
  EXPECT_EQ(encode(beta)["spec"]["securityGroupSelectorTerms"].view().dump(), R"([{"tags":{}}])");
}

TEST(Text, is_forgotten_when_the_value_changes) {
  auto pool = decoded<model::NodePool>("{spec: {limits: {cpu: 1000m, memory: 1024Mi, n: 7}}}");
  pool.spec.limits.set("cpu", model::Quantity::of(2));
  pool.spec.limits.add("n", model::Quantity::of_milli(500));
  EXPECT_EQ(encode(pool)["spec"]["limits"].view().dump(), R"({"cpu":"2","memory":"1024Mi","n":"7500m"})");
  pool.spec.limits.erase("memory");
  EXPECT_EQ(encode(pool)["spec"]["limits"].view().dump(), R"({"cpu":"2","n":"7500m"})");
  auto node_class = decoded<model::Ec2NodeClass>(
      "{spec: {role: '', tags: {}, blockDeviceMappings: [{ebs: {volumeSize: 1024Gi}}]}}");
  auto& size = *node_class.spec.block_device_mappings.at(0).ebs->volume_size;
  size += model::Quantity::parse("1Gi").value();
  node_class.spec.role = "r";
  node_class.spec.tags["a"] = "b";
  EXPECT_EQ(encode(node_class)["spec"]["blockDeviceMappings"].view().dump(),
            R"([{"ebs":{"volumeSize":"1025Gi"}}])");
  EXPECT_EQ(encode(node_class)["spec"]["role"].view().dump(), R"("r")");
  EXPECT_EQ(encode(node_class)["spec"]["tags"].view().dump(), R"({"a":"b"})");
}

TEST(Text, is_no_part_of_the_value) {
  const auto pool = decoded<model::NodePool>("{spec: {limits: {cpu: 1000m}}}");
  const auto same = decoded<model::NodePool>("{spec: {limits: {cpu: 1}}}");
  EXPECT_EQ(pool.spec.limits, same.spec.limits);
  EXPECT_EQ(pool.spec.limits.get("cpu").text(), "1");
  EXPECT_EQ(pool.spec.limits.written("cpu").written(), "1000m");
  const auto taint = decoded<model::Taint>("{key: a, value: '', effect: NoSchedule}");
  EXPECT_EQ(taint, (model::Taint{.key = "a", .value = "", .effect = "NoSchedule", .time_added = {}}));
}

// What is not kept: null is absence, a number is printed as one, times are printed in UTC with whole seconds.
TEST(Text, that_is_not_kept) {
  const auto nulls =
      encode(decoded<model::NodePool>("{metadata: {name: a}, spec: {weight: null, limits: null}}"));
  EXPECT_FALSE(nulls.view()["spec"]["weight"].exists());
  EXPECT_FALSE(nulls.view()["spec"]["limits"].exists());
  EXPECT_EQ(encode(decoded<model::NodePool>("{spec: {weight: 5.0}}"))["spec"]["weight"].view().dump(), "5");
  EXPECT_EQ(encode(decoded<model::Taint>(
                "{key: a, effect: b, timeAdded: 2026-01-02T03:04:05.6+01:00}"))["timeAdded"]
                .view()
                .string_or(""),
            "2026-01-02T02:04:05Z");
}

}  // namespace
}  // namespace karpenter::schema
