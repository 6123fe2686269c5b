#include <gtest/gtest.h>

#include <array>

#include "common/conversion/conversion.h"
#include "common/json/yaml.h"
#include "common/schema/codec.h"
#include "webhook/handlers/kinds.h"

// Objects with random damage: nothing crashes, defaulting settles at once, and whatever decodes converts.

namespace karpenter::webhook {
namespace {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2862933555777941757ULL + 3037000493ULL) {}
  std::size_t below(std::size_t bound) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::size_t>(state_ >> 33U) % bound;
  }

 private:
  std::uint64_t state_;
};

struct Sample {
  std::string_view group, version, kind, text;
};
constexpr std::array kSamples{
    Sample{"karpenter.sh", "v1", "NodePool", R"(
metadata: {name: p, annotations: {compatibility.karpenter.sh/v1beta1-kubelet-conversion: '{"maxPods":5}'}}
spec:
  weight: 5
  limits: {cpu: 10}
  disruption: {consolidateAfter: 5m, consolidationPolicy: Balanced, budgets: [{nodes: 10%, schedule: "0 9 * * *", duration: 1h}]}
  template:
    metadata: {labels: {a: b}}
    spec:
      expireAfter: 720h
      nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: c}
      taints: [{key: a, value: b, effect: NoSchedule}]
      requirements: [{key: a, operator: Gte, values: ["5"]}, {key: b, operator: In, values: [x, y], minValues: 2}])"},
    Sample{"karpenter.sh", "v1beta1", "NodePool", R"(
metadata: {name: p}
spec:
  disruption: {consolidationPolicy: WhenUnderutilized, consolidateAfter: Never, budgets: [{nodes: "1"}]}
  template:
    spec:
      kubelet: {maxPods: 5, evictionHard: {memory.available: 5%}, clusterDNS: [a]}
      nodeClassRef: {name: c, apiVersion: karpenter.k8s.aws/v1beta1}
      requirements: [{key: a, operator: In, values: ["5"]}])"},
    Sample{"karpenter.sh", "v1beta1", "NodeClaim", R"(
metadata: {name: n, labels: {karpenter.sh/nodepool: p}}
spec: {nodeClassRef: {name: c}, resources: {requests: {cpu: 1}}, requirements: [{key: a, operator: Exists}]}
status: {providerID: x, conditions: [{type: Ready, status: "True"}]})"},
    Sample{"karpenter.k8s.aws", "v1", "EC2NodeClass", R"(
metadata: {name: c}
spec:
  role: r
  amiSelectorTerms: [{alias: al2023@latest}, {id: ami-1, tags: {a: b}}]
  subnetSelectorTerms: [{tags: {a: b}}]
  securityGroupSelectorTerms: [{name: x}]
  blockDeviceMappings: [{deviceName: a, rootVolume: true, ebs: {volumeSize: 5Gi, iops: 5}}]
  metadataOptions: {httpTokens: required, httpPutResponseHopLimit: 2}
  kubelet: {maxPods: 5, kubeReserved: {cpu: 100m}, evictionSoft: {pid.available: 5%}, clusterDNS: [a]}
  networkInterfaces: [{networkCardIndex: 0, deviceIndex: 0, interfaceType: interface}])"},
    Sample{"karpenter.k8s.aws", "v1beta1", "EC2NodeClass", R"(
metadata: {name: c, annotations: {compatibility.karpenter.k8s.aws/v1-alias-version: v1}}
spec:
  amiFamily: Ubuntu
  role: r
  subnetSelectorTerms: [{id: subnet-1}]
  securityGroupSelectorTerms: [{name: x}]
  blockDeviceMappings: [{deviceName: a, ebs: {volumeSize: 5Gi}}])"},
    Sample{"karpenter.sh", "v1alpha5", "Provisioner", R"(
metadata: {name: p}
spec:
  ttlSecondsAfterEmpty: 5
  labels: {beta.kubernetes.io/arch: amd64}
  annotations: {karpenter.sh/do-not-evict: "true"}
  taints: [{key: a, effect: NoSchedule}]
  requirements: [{key: a, operator: Gt, values: ["5"]}]
  kubeletConfiguration: {maxPods: 5, systemReserved: {cpu: 1}}
  provider: {amiFamily: Ubuntu, subnetSelector: {aws-ids: "subnet-1,subnet-2"}, securityGroupSelector: {a: "b,c"},
             instanceProfile: p, blockDeviceMappings: [{deviceName: a, ebs: {volumeSize: 150Mi}}]})"},
    Sample{"karpenter.k8s.aws", "v1alpha1", "AWSNodeTemplate", R"(
metadata: {name: t}
spec: {amiFamily: AL2, amiSelector: {"aws::name": "a,b", "aws::owners": self}, subnetSelector: {a: b}, tags: {a: b}})"},
};

// One node of the document, anywhere.
json::Ref random_node(json::Ref at, Random& random) {
  for (;;) {
    const auto size = at.view().size();
    if (size == 0 || random.below(5) == 0) return at;
    const auto step = random.below(size);
    at = at.view().is_array() ? at[step] : at[at.view().members()[step].first];
  }
}

void damage(json::Value& document, Random& random) {
  constexpr std::array<std::string_view, 20> kValues{"null",
                                                     "[]",
                                                     "{}",
                                                     "true",
                                                     "0",
                                                     "-1",
                                                     "9223372036854775807",
                                                     "1.5",
                                                     "\"\"",
                                                     "\"a/b/c\"",
                                                     "\"@\"",
                                                     "\"é\\u0000\"",
                                                     "\"Never\"",
                                                     "\"-5m\"",
                                                     "\"1e400\"",
                                                     "[null]",
                                                     "[[]]",
                                                     "{\"\":\"\"}",
                                                     "\"9999999999999999999999Gi\"",
                                                     "\"%\""};
  const auto spec = document["spec"];
  const auto value = json::parse(kValues[random.below(kValues.size())]).value();
  random_node(random.below(8) == 0 ? document.ref() : spec, random).set(value.view());
}

void convert_all(const Sample& sample, json::View object) {
  if (sample.version != "v1" && sample.version != "v1beta1") return;
  json::Value stamped(object);
  if (!stamped.view().is_object()) return;
  stamped["apiVersion"].set(std::string(sample.group) + "/" + std::string(sample.version));
  stamped["kind"].set(sample.kind);
  const std::string other = std::string(sample.group) + (sample.version == "v1" ? "/v1beta1" : "/v1");
  const auto there = conversion::convert(stamped, other, {});
  if (!there) return;  // it did not decode; the error is the answer
  const auto back = conversion::convert(*there, stamped["apiVersion"].view().string_or(""), {});
  ASSERT_TRUE(back) << back.error().text() << "\n" << stamped.view().dump() << "\n" << there->dump();
  EXPECT_TRUE(json::parse(back->dump()));
}

void materialise(const Sample& sample, json::View object) {
  if (sample.kind != "Provisioner") return;
  if (const auto provisioner = schema::decode<model::v1alpha5::Provisioner>(object)) {
    static_cast<void>(conversion::from_v1alpha5(*provisioner, nullptr,
                                                {.cluster_name = "c", .default_instance_profile = ""}));
  }
}

// spec: api §13.2, conversion §5.3
TEST(DamagedObjects, are_answered_like_any_other) {
  for (const auto& sample : kSamples) {
    const auto* kind = find_admission_kind(sample.group, sample.version, sample.kind);
    ASSERT_NE(kind, nullptr) << sample.kind;
    const auto whole = std::move(json::parse_yaml(sample.text).value().front());
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
      Random random(seed);
      json::Value document = whole;
      for (std::size_t i = random.below(3) + 1; i > 0; --i) damage(document, random);
      SCOPED_TRACE(std::string(sample.kind) + " " + std::to_string(seed) + " " + document.dump());
      const auto answer = kind->judge({.object = document});
      EXPECT_LE(answer.violations.size(), 100U);
      for (const auto& violation : answer.violations) EXPECT_LE(violation.value.size(), 256U);
      convert_all(sample, document);
      materialise(sample, document);
      if (kind->set_defaults == nullptr) continue;
      const auto once = kind->set_defaults(document);
      EXPECT_EQ(kind->set_defaults(once).dump(), once.dump());
    }
  }
}

}  // namespace
}  // namespace karpenter::webhook
