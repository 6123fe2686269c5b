#include <gtest/gtest.h>

#include <map>

#include "tests/unit/common/admission/cases.h"

namespace karpenter::admission {
namespace {

// Changes of one object that hash alike; every group differs from every other.
using Groups = std::vector<std::vector<const char*>>;

template <class T, class Hash>
void expect_classes(const char* base, const Groups& groups, const Hash& hash) {
  std::map<std::string, const char*> seen;
  for (const auto& group : groups) {
    const std::string first = hash(object_of<T>(base, group.front()));
    EXPECT_TRUE(seen.emplace(first, group.front()).second) << group.front() << " hashes like " << seen[first];
    for (const auto* change : group) EXPECT_EQ(hash(object_of<T>(base, change)), first) << change;
  }
}

// spec: api §9.1
TEST(NodePoolHash, has_the_equality_classes_of_the_reference) {
  constexpr const char* kPool = R"(
metadata: {name: a}
spec: {template: {metadata: {labels: {x: "1"}}, spec: {nodeClassRef: {group: g, kind: k, name: n}}}}
)";
  expect_classes<model::NodePool>(
      kPool,
      {
          {"{}", "{metadata: {name: b, annotations: {q: w}}}",
           "{spec: {weight: 5, limits: {cpu: 1}, replicas: 2}}",
           "{spec: {disruption: {consolidateAfter: 5m}}}",
           "{spec: {template: {spec: {requirements: [{key: a, operator: Exists}]}}}}",
           "{spec: {template: {spec: {expireAfter: Never}}}}",
           "{spec: {template: {metadata: {annotations: {}}}}}"},
          {"{spec: {template: {metadata: {labels: {x: '2'}}}}}"},
          {"{spec: {template: {metadata: {labels: {y: '1'}}}}}"},
          {"{spec: {template: {metadata: {labels: {x: null}, annotations: {x: '1'}}}}}"},
          {"{spec: {template: {spec: {taints: [{key: a, effect: e}, {key: b, effect: e}]}}}}",
           "{spec: {template: {spec: {taints: [{key: b, effect: e}, {key: a, effect: e}]}}}}"},
          {"{spec: {template: {spec: {startupTaints: [{key: a, effect: e}, {key: b, effect: e}]}}}}"},
          {"{spec: {template: {spec: {taints: [{key: a, effect: e}], startupTaints: [{key: b, effect: "
           "e}]}}}}"},
          {"{spec: {template: {spec: {taints: [{key: a, effect: e}]}}}}"},
          {"{spec: {template: {spec: {taints: [{key: a, effect: e}, {key: a, effect: e}]}}}}"},
          {"{spec: {template: {spec: {taints: [{key: a, value: e, effect: ''}]}}}}"},
          {"{spec: {template: {spec: {nodeClassRef: {name: m}}}}}"},
          {"{spec: {template: {spec: {nodeClassRef: {group: k, kind: g}}}}}"},
          {"{spec: {template: {spec: {terminationGracePeriod: 1h}}}}",
           "{spec: {template: {spec: {terminationGracePeriod: 60m}}}}"},
          {"{spec: {template: {spec: {terminationGracePeriod: 0s}}}}"},
          {"{spec: {template: {spec: {expireAfter: 1h}}}}",
           "{spec: {template: {spec: {expireAfter: 3600s}}}}"},
          {"{spec: {template: {spec: {expireAfter: 0s}}}}"},
      },
      node_pool_hash);
}

// spec: api §9.2
TEST(NodeClassHash, has_the_equality_classes_of_the_reference) {
  constexpr const char* kClass = R"(
metadata: {name: a}
spec: {role: r, amiSelectorTerms: [{alias: al2023@latest}], subnetSelectorTerms: [{id: subnet-1}]}
)";
  const auto hash = [](const model::Ec2NodeClass& node_class) { return node_class_hash(node_class); };
  expect_classes<model::Ec2NodeClass>(
      kClass,
      {
          {"{}", "{metadata: {annotations: {q: w}}, status: {instanceProfile: p}}",
           "{spec: {amiFamily: AL2023}}",
           "{spec: {subnetSelectorTerms: [{id: subnet-2}], securityGroupSelectorTerms: [{id: sg-1}]}}",
           "{spec: {capacityReservationSelectorTerms: [{id: cr-1}], ipPrefixCount: 3}}",
           "{spec: {amiSelectorTerms: [{alias: al2023@v20240101}]}}", "{spec: {kubelet: {}}}"},
          {"{spec: {amiFamily: Custom}}", "{spec: {amiSelectorTerms: [{id: ami-1}]}}"},
          {"{spec: {amiFamily: AL2}}", "{spec: {amiSelectorTerms: [{alias: al2@latest}]}}"},
          {"{spec: {role: s}}"},
          {"{spec: {role: null, instanceProfile: r}}"},
          {"{spec: {associatePublicIPAddress: false}}"},
          {"{spec: {associatePublicIPAddress: true}}"},
          {"{spec: {detailedMonitoring: false}}"},
          {"{spec: {userData: x}}"},
          {"{spec: {context: x}}"},
          {"{spec: {instanceStorePolicy: RAID0}}"},
          {"{spec: {tags: {a: b}}}"},
          {"{spec: {tags: {b: a}}}"},
          {"{spec: {blockDeviceMappings: [{deviceName: a, ebs: {volumeSize: 1024Gi}}, {deviceName: b}]}}",
           "{spec: {blockDeviceMappings: [{deviceName: b}, {deviceName: a, ebs: {volumeSize: 1Ti}}]}}",
           "{spec: {blockDeviceMappings: [{deviceName: b, rootVolume: false}, {deviceName: a, ebs: "
           "{volumeSize: 1Ti}}]}}"},
          {"{spec: {blockDeviceMappings: [{deviceName: a, rootVolume: true, ebs: {volumeSize: 1Ti}}, "
           "{deviceName: b}]}}"},
          {"{spec: {metadataOptions: {httpTokens: required}}}"},
          {"{spec: {metadataOptions: {httpEndpoint: required}}}"},
          {"{spec: {connectionTracking: {udpTimeout: 60}}}"},
          {"{spec: {connectionTracking: {udpStreamTimeout: 60}}}"},
          {"{spec: {cpuOptions: {nestedVirtualization: enabled}}}"},
          {"{spec: {placementGroupSelector: {id: pg-1}}}"},
          {"{spec: {placementGroupSelector: {name: pg-1}}}"},
          {"{spec: {networkInterfaces: [{interfaceType: interface}, {deviceIndex: 1, interfaceType: "
           "efa-only}]}}",
           "{spec: {networkInterfaces: [{deviceIndex: 1, interfaceType: efa-only}, {networkCardIndex: 0, "
           "interfaceType: "
           "interface}]}}"},
          {"{spec: {enclaveOptions: {enabled: false}}}"},
          {"{spec: {enclaveOptions: {enabled: true}}}"},
          {"{spec: {kubelet: {maxPods: 5, clusterDNS: [a, b]}}}",
           "{spec: {kubelet: {clusterDNS: [a, b], maxPods: 5}}}"},
          {"{spec: {kubelet: {maxPods: 5, clusterDNS: [b, a]}}}"},
      },
      hash);
  const auto plain = object_of<model::Ec2NodeClass>(kClass);
  EXPECT_EQ(node_class_hash(plain, ""), node_class_hash(plain));
  EXPECT_NE(node_class_hash(plain, "ca"), node_class_hash(plain));
}

// ---- defaults

// What defaulting makes of `text`; twice is once.
template <class T>
json::Value defaulted(std::string_view text) {
  auto object = object_of<T>(text);
  set_defaults(object);
  const auto once = schema::encode(object);
  set_defaults(object);
  EXPECT_EQ(schema::encode(object).dump(), once.dump()) << text;
  return once;
}

// spec: api §13.4
TEST(Defaults, of_v1_mirror_the_crd_and_keep_what_is_there) {
  EXPECT_EQ(
      defaulted<model::NodePool>("{spec: {}}")["spec"]["disruption"].view().dump(),
      R"({"budgets":[{"nodes":"10%"}],"consolidateAfter":"0s","consolidationPolicy":"WhenEmptyOrUnderutilized"})");
  EXPECT_EQ(
      defaulted<model::NodePool>("{spec: {}}")["spec"]["template"]["spec"]["expireAfter"].view().string_or(
          ""),
      "720h");
  const auto kept = defaulted<model::NodePool>(
      "{spec: {disruption: {budgets: [], consolidateAfter: Never, consolidationPolicy: WhenEmpty}, "
      "template: {spec: {expireAfter: 24h}}}}");
  EXPECT_EQ(kept["spec"]["disruption"].dump(),
            R"({"budgets":[],"consolidateAfter":"Never","consolidationPolicy":"WhenEmpty"})");
  EXPECT_EQ(kept["spec"]["template"]["spec"]["expireAfter"].string_or(""), "24h");
  EXPECT_EQ(defaulted<model::NodeClaim>("{spec: {}}")["spec"]["expireAfter"].view().string_or(""), "720h");
  EXPECT_EQ(
      defaulted<model::Ec2NodeClass>(
          "{spec: {metadataOptions: {httpTokens: optional}}}")["spec"]["metadataOptions"]
          .view()
          .dump(),
      R"({"httpEndpoint":"enabled","httpProtocolIPv6":"disabled","httpPutResponseHopLimit":1,"httpTokens":"optional"})");
}

// spec: api §10.3, §13.4
TEST(Defaults, of_v1beta1_mirror_its_crd) {
  EXPECT_EQ(
      defaulted<model::v1beta1::NodePool>("{spec: {disruption: {budgets: [{}]}}}")["spec"]["disruption"]
          .view()
          .dump(),
      R"({"budgets":[{"nodes":"10%"}],"consolidationPolicy":"WhenUnderutilized","expireAfter":"720h"})");
  const auto hops = [](std::string_view text) {
    return defaulted<model::v1beta1::Ec2NodeClass>(text)["spec"]["metadataOptions"]["httpPutResponseHopLimit"]
        .view()
        .integer_or(0);
  };
  EXPECT_EQ(hops("{spec: {}}"), 1);
  EXPECT_EQ(hops("{spec: {metadataOptions: {}}}"), 2);
}

// spec: api §11.1
TEST(Defaults, of_a_provisioner_append_what_no_requirement_names) {
  const auto keys = [](const std::string& requirements) {
    std::string out;
    const auto object =
        defaulted<model::v1alpha5::Provisioner>("{spec: {requirements: [" + requirements + "]}}");
    for (const auto item : object["spec"]["requirements"].items()) out += item["key"].string_or("") + " ";
    return out;
  };
  EXPECT_EQ(keys(""),
            "kubernetes.io/os kubernetes.io/arch karpenter.sh/capacity-type "
            "karpenter.k8s.aws/instance-category karpenter.k8s.aws/instance-generation ");
  EXPECT_EQ(
      keys("{key: beta.kubernetes.io/os, operator: DoesNotExist}, {key: kubernetes.io/arch, operator: Gt}"),
      "beta.kubernetes.io/os kubernetes.io/arch karpenter.sh/capacity-type "
      "karpenter.k8s.aws/instance-category "
      "karpenter.k8s.aws/instance-generation ");
  EXPECT_EQ(
      keys("{key: beta.kubernetes.io/instance-type, operator: Exists}"),
      "beta.kubernetes.io/instance-type kubernetes.io/os kubernetes.io/arch karpenter.sh/capacity-type ");
}

}  // namespace
}  // namespace karpenter::admission
