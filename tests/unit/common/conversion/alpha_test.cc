#include <gtest/gtest.h>

#include <algorithm>

#include "common/conversion/conversion.h"
#include "common/json/yaml.h"
#include "common/schema/codec.h"

namespace karpenter::conversion {
namespace {

using model::v1alpha1::AwsNodeTemplate;
using model::v1alpha5::Provisioner;

json::Value yaml(const std::string& text) {
  auto documents = json::parse_yaml(text);
  if (documents) return std::move(documents->front());
  ADD_FAILURE() << "bad YAML in a test: " << text;
  return json::Value::object();
}
template <class T>
T read(const std::string& text, const std::string& change = "{}") {
  json::Value document = yaml(text);
  json::apply_merge_patch(document.ref(), yaml(change));
  return schema::decode<T>(document).value();
}

// A Provisioner whose spec has `spec` besides the reference, and its template with `node_template`.
AlphaOutput converted(const std::string& spec, const std::string& node_template = "",
                      const std::string& name = "t") {
  const auto provisioner =
      read<Provisioner>("{metadata: {name: p}, spec: {providerRef: {name: t}}}", "{spec: {" + spec + "}}");
  const auto from = read<AwsNodeTemplate>(
      "{metadata: {name: " + name +
          "}, spec: {instanceProfile: prof, subnetSelector: {x: y}, securityGroupSelector: {x: y}}}",
      "{spec: {" + node_template + "}}");
  return from_v1alpha5(provisioner, &from, {.cluster_name = "demo", .default_instance_profile = ""});
}

std::string codes(const AlphaOutput& out) {
  std::string text;
  for (const auto& diagnostic : out.diagnostics) text += diagnostic.code + " ";
  return text;
}

bool says(const AlphaOutput& out, std::string_view code) {
  return std::ranges::any_of(out.diagnostics, [&](const Diagnostic& d) { return d.code == code; });
}

// spec: conversion §4.3, §4.4, §4.6, §4.8, §4.12
TEST(Alpha, refuses_what_v1_cannot_hold) {
  struct Row {
    const char *code, *spec, *node_template;
  };
  for (const auto& row : std::vector<Row>{
           {"E-TTL", "ttlSecondsUntilExpired: -1", ""},
           {"E-TTL", "ttlSecondsAfterEmpty: -1", ""},
           {"E-TTL", "ttlSecondsUntilExpired: 9223372036854775807", ""},
           {"E-TAINT", "startupTaints: [{key: a, effect: ''}]", ""},
           {"E-INVALID",
            "taints: [{key: a, effect: NoExecute}], startupTaints: [{key: a, effect: NoExecute}]", ""},
           {"E-REF", "providerRef: {name: t, kind: Other}", ""},
           {"E-REF", "providerRef: {name: t, apiVersion: example.com/v1}", ""},
           {"E-REQUIREMENT", "requirements: [{key: a, operator: Gte, values: ['1']}]", ""},
           {"E-INVALID", "requirements: [{key: karpenter.k8s.aws/instance-pods, operator: Exists}]", ""},
           {"E-INVALID", "labels: {karpenter.sh/x: y}", ""},
           {"E-KUBELET", "kubeletConfiguration: {systemReserved: {gpu: '1'}}", ""},
           {"E-KUBELET",
            "kubeletConfiguration: {imageGCHighThresholdPercent: 5, imageGCLowThresholdPercent: 5}", ""},
           {"E-KUBELET", "kubeletConfiguration: {evictionSoft: {memory.available: 5%}}", ""},
           {"E-PROVIDER-BOTH", "provider: {subnetSelector: {a: b}}", ""},
           {"E-AMI", "weight: 1", "amiFamily: Custom"},
           {"E-AMI", "weight: 1", "amiFamily: Slackware"},
           {"E-IDENTITY", "weight: 1", "instanceProfile: ''"},
           {"E-SELECTOR", "weight: 1", "subnetSelector: {aws-ids: subnet-1}"},
           {"E-SELECTOR", "weight: 1", "subnetSelector: {x: ' , '}"},
           {"E-SELECTOR", "weight: 1", "subnetSelector: {a: '1,2,3,4,5,6', b: '1,2,3,4,5,6'}"},
           {"E-LAUNCHTEMPLATE", "weight: 1", "launchTemplate: x"},
           {"E-VOLUME", "weight: 1", "blockDeviceMappings: [{deviceName: a, ebs: {volumeSize: 60000Gi}}]"},
           {"E-INVALID", "weight: 1", "blockDeviceMappings: [{deviceName: a, ebs: {}}]"},
       }) {
    const auto out = converted(row.spec, row.node_template);
    EXPECT_TRUE(says(out, row.code)) << row.code << " " << row.spec << " " << row.node_template << ": "
                                     << codes(out);
    EXPECT_TRUE(out.has_error());
  }
  const auto none = from_v1alpha5(read<Provisioner>("{metadata: {name: p}, spec: {}}"), nullptr, {});
  EXPECT_TRUE(says(none, "E-PROVIDER-NONE")) << codes(none);
  const auto unknown = from_v1alpha5(read<Provisioner>("{spec: {provider: {userData: x}}}"), nullptr, {});
  EXPECT_TRUE(says(unknown, "E-INVALID")) << codes(unknown);
  const auto selector =
      from_v1alpha5(read<Provisioner>("{spec: {provider: {instanceProfile: x}}}"), nullptr, {});
  EXPECT_TRUE(says(selector, "E-SELECTOR")) << codes(selector);
}

// spec: conversion §4.3
TEST(Alpha, renames_annotations_and_merges_labels) {
  const auto annotations = [](const std::string& text) {
    return converted("annotations: {" + text + "}").pool.spec.node_template.meta.annotations;
  };
  using Map = model::StringMap;
  const std::string key = "karpenter.sh/do-not-disrupt";
  EXPECT_EQ(annotations("karpenter.sh/do-not-evict: 'true', x: y"), (Map{{key, "true"}, {"x", "y"}}));
  EXPECT_EQ(annotations("karpenter.sh/do-not-consolidate: a, karpenter.sh/do-not-evict: 'true'"),
            (Map{{key, "true"}}));
  EXPECT_EQ(annotations("karpenter.sh/do-not-consolidate: a, karpenter.sh/do-not-evict: b"),
            (Map{{key, "a"}}));
  EXPECT_EQ(annotations("karpenter.sh/do-not-consolidate: 'true', karpenter.sh/do-not-disrupt: c"),
            (Map{{key, "c"}}));
  EXPECT_EQ(annotations("karpenter.sh/emptiness-timestamp: t"), Map{});

  const auto merged = converted("labels: {beta.kubernetes.io/arch: arm64, kubernetes.io/arch: amd64}");
  EXPECT_EQ(merged.pool.spec.node_template.meta.labels, (Map{{"kubernetes.io/arch", "amd64"}}));
  EXPECT_TRUE(says(merged, "W-LABEL-MERGED"));
  EXPECT_TRUE(says(merged, "W-DEFAULT-SKIPPED"));  // a label names the architecture
  EXPECT_TRUE(std::ranges::none_of(merged.pool.spec.node_template.spec.requirements,
                                   [](const auto& r) { return r.key == "kubernetes.io/arch"; }));
  EXPECT_FALSE(merged.has_error()) << codes(merged);
}

// spec: conversion §4.5
TEST(Alpha, maps_consolidation_and_expiry) {
  struct Row {
    const char *spec, *policy, *after, *code;
  };
  for (const auto& row : std::vector<Row>{
           {"consolidation: {enabled: true}", "WhenEmptyOrUnderutilized", "0s", ""},
           {"consolidation: {enabled: true}, ttlSecondsAfterEmpty: 5", "WhenEmptyOrUnderutilized", "0s",
            "W-TTL-IGNORED"},
           {"consolidation: {enabled: false}, ttlSecondsAfterEmpty: 90", "WhenEmpty", "1m30s", ""},
           {"ttlSecondsAfterEmpty: 0", "WhenEmpty", "0s", ""},
           {"ttlSecondsUntilExpired: 60", "WhenEmpty", "Never", "W-NO-CONSOLIDATION"},
       }) {
    const auto out = converted(row.spec);
    EXPECT_EQ(out.pool.spec.disruption->consolidation_policy, row.policy);
    EXPECT_EQ(out.pool.spec.disruption->consolidate_after, row.after);
    EXPECT_EQ(out.pool.spec.disruption->budgets, std::nullopt);
    EXPECT_TRUE(*row.code == '\0' || says(out, row.code)) << row.spec;
  }
  EXPECT_EQ(converted("ttlSecondsUntilExpired: 60").pool.spec.node_template.spec.expire_after, "1m0s");
}

// spec: conversion §4.6
TEST(Alpha, names_the_class_after_template_and_kubelet) {
  const auto plain = converted("weight: 1");
  EXPECT_EQ(plain.node_class.meta.name, "t");
  EXPECT_EQ(plain.pool.spec.node_template.spec.node_class_ref.name, "t");
  EXPECT_EQ(converted("kubeletConfiguration: {containerRuntime: dockerd}").node_class.meta.name, "t");
  const auto small = converted("kubeletConfiguration: {maxPods: 20}");
  const auto large = converted("kubeletConfiguration: {maxPods: 110}");
  EXPECT_NE(small.node_class.meta.name, large.node_class.meta.name);
  EXPECT_EQ(small.node_class.meta.name.size(), std::string("t-00000000").size());
  EXPECT_EQ(small.node_class.spec.kubelet, R"({"maxPods":20})");
  const auto longest =
      converted("kubeletConfiguration: {maxPods: 20}", "", std::string(53, 'a') + "-" + std::string(9, 'b'));
  EXPECT_EQ(longest.node_class.meta.name, std::string(53, 'a') + small.node_class.meta.name.substr(1));
}

// spec: conversion §4.8, §4.10, §4.11, §4.12
TEST(Alpha, makes_what_was_implied_explicit) {
  const auto ubuntu = converted("weight: 1", "amiFamily: Ubuntu");
  EXPECT_EQ(ubuntu.node_class.spec.ami_selector_terms.at(0).id, "ami-placeholder");
  EXPECT_EQ(ubuntu.node_class.meta.annotation("compatibility.karpenter.k8s.aws/v1beta1-ubuntu"),
            "amiFamily,blockDeviceMappings,incompatible");
  EXPECT_TRUE(says(ubuntu, "W-UBUNTU"));

  const auto arn = converted("weight: 1", "instanceProfile: 'arn:aws:iam::1:instance-profile/x/y'");
  EXPECT_EQ(arn.node_class.spec.instance_profile, "y");
  EXPECT_TRUE(says(arn, "W-PROFILE-ARN"));

  const auto owners = converted("weight: 1", "amiSelector: {'aws::owners': 'self, self,1'}");
  ASSERT_EQ(owners.node_class.spec.ami_selector_terms.size(), 2U);
  EXPECT_EQ(owners.node_class.spec.ami_selector_terms[1].name, "*");
  EXPECT_EQ(owners.node_class.spec.ami_family, "AL2");
  EXPECT_TRUE(says(owners, "W-OWNER-ONLY"));

  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{{"20Gi", "20Gi"},
                                                                                 {"100G", "100G"},
                                                                                 {"1500Mi", "2Gi"},
                                                                                 {"18Ti", "18432Gi"},
                                                                                 {"1", "1Gi"},
                                                                                 {"10T", "10T"}}) {
    const auto out =
        converted("weight: 1", "blockDeviceMappings: [{deviceName: a, ebs: {volumeSize: " + from + "}}]");
    EXPECT_EQ(*out.node_class.spec.block_device_mappings.at(0).ebs->volume_size, *model::Quantity::parse(to))
        << from;
    EXPECT_FALSE(out.has_error()) << from;
  }
}

}  // namespace
}  // namespace karpenter::conversion
