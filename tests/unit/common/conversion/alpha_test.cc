#include <gtest/gtest.h>

#include <algorithm>

#include "common/conversion/sha256.h"
#include "common/schema/codec.h"
#include "tests/unit/common/conversion/samples.h"

namespace karpenter::conversion {
namespace {

using model::v1alpha1::AwsNodeTemplate;
using model::v1alpha5::Provisioner;

template <class T>
T read(const std::string& text, const std::string& change = "{}") {
  json::Value document = yaml(text);
  json::apply_merge_patch(document.ref(), yaml(change));
  return schema::decode<T>(document).value();
}

const AlphaSettings kSettings{.cluster_name = "demo", .default_instance_profile = ""};

// A Provisioner whose spec has `spec` besides the reference, and its template with `node_template`.
AlphaOutput converted(const std::string& spec, const std::string& node_template = "",
                      const std::string& name = "t", const AlphaSettings& settings = kSettings) {
  const auto provisioner =
      read<Provisioner>("{metadata: {name: p}, spec: {providerRef: {name: t}}}", "{spec: {" + spec + "}}");
  const auto from = read<AwsNodeTemplate>(
      "{metadata: {name: " + name +
          "}, spec: {instanceProfile: prof, subnetSelector: {x: y}, securityGroupSelector: {x: y}}}",
      "{spec: {" + node_template + "}}");
  return from_v1alpha5(provisioner, &from, settings);
}

std::string codes(const AlphaOutput& out) {
  std::string text;
  for (const auto& diagnostic : out.diagnostics) text += diagnostic.code + " ";
  return text;
}

bool says(const AlphaOutput& out, std::string_view code) {
  return std::ranges::any_of(out.diagnostics, [&](const Diagnostic& d) { return d.code == code; });
}

// spec: conversion §4.3, §4.4, §4.6, §4.7, §4.8, §4.9, §4.12, §4.14, §4.16, §7 items 24, 25, 26
TEST(Alpha, refuses_what_v1_cannot_hold) {
  struct Row {
    const char *code, *spec, *node_template;
  };
  for (const auto& row : std::vector<Row>{
           {"E-TTL", "ttlSecondsUntilExpired: -1", ""},
           {"E-TTL", "ttlSecondsAfterEmpty: -1", ""},
           {"E-TTL", "ttlSecondsUntilExpired: 9223372036854775807", ""},
           {"E-TAINT", "startupTaints: [{key: a, effect: ''}]", ""},
           {"E-TAINT", "taints: [{key: a, effect: NoExecute}], startupTaints: [{key: a, effect: NoExecute}]",
            ""},
           {"E-REF", "providerRef: {name: t, kind: Other}", ""},
           {"E-REF", "providerRef: {name: t, apiVersion: example.com/v1}", ""},
           {"E-REQUIREMENT", "requirements: [{key: a, operator: Gte, values: ['1']}]", ""},
           {"E-REQUIREMENT", "requirements: [{key: a, operator: In, values: []}]", ""},
           {"E-REQUIREMENT", "requirements: [{key: a, operator: Gt, values: ['-1']}]", ""},
           {"E-REQUIREMENT", "requirements: [{key: a, operator: Lt, values: ['1', '2']}]", ""},
           {"E-REQUIREMENT", "requirements: [{key: kubernetes.io/hostname, operator: Exists}]", ""},
           {"E-REQUIREMENT", "requirements: [{key: karpenter.sh/nodepool, operator: Exists}]", ""},
           {"E-REQUIREMENT", "requirements: [{key: karpenter.k8s.aws/instance-pods, operator: Exists}]", ""},
           {"E-REQUIREMENT", "requirements: [{key: karpenter.k8s.aws/instance-ami-id, operator: Exists}]",
            ""},
           {"E-LABEL", "labels: {karpenter.sh/x: y}", ""},
           {"E-INVALID", "weight: 101", ""},
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
           {"E-VOLUME", "weight: 1", "blockDeviceMappings: [{deviceName: a, ebs: {}}]"},
           {"E-INVALID", "weight: 1",
            "blockDeviceMappings: [{deviceName: a, ebs: {volumeSize: 1Gi, volumeType: x}}]"},
           {"E-INVALID", "weight: 1", "metadataOptions: {httpPutResponseHopLimit: 65}"},
           {"E-INVALID", "weight: 1", "tags: {'': x}"},
           {"E-SELECTOR", "weight: 1", "securityGroupSelector: {x: null, aws-ids: sg-1, 'aws::ids': sg-2}"},
           {"E-SELECTOR", "weight: 1", "subnetSelector: {x: null, aws-ids: net-1}"},
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

// spec: conversion §3.3, §3.4, §4.4, §7 items 14, 15
TEST(Alpha, normalises_keys_before_it_defaults) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  for (const auto& [old, stable] :
       Pairs{{"failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"},
             {"failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"},
             {"beta.kubernetes.io/arch", "kubernetes.io/arch"},
             {"beta.kubernetes.io/os", "kubernetes.io/os"},
             {"beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type"},
             {"topology.ebs.csi.aws.com/zone", "topology.kubernetes.io/zone"}}) {
    const auto out = converted("requirements: [{key: " + old + ", operator: In, values: [x]}]");
    EXPECT_EQ(out.pool.spec.node_template.spec.requirements.at(0).key, stable);
    EXPECT_EQ(std::ranges::count(out.pool.spec.node_template.spec.requirements, stable,
                                 &model::NodeSelectorRequirement::key),
              1)
        << stable << " needs no default";
    EXPECT_TRUE(says(out, "I-NORMALISED"));
  }
  const auto keys = [](const std::string& requirement) {
    std::string out;
    for (const auto& it :
         converted("requirements: [" + requirement + "]").pool.spec.node_template.spec.requirements)
      out += it.key.substr(it.key.find('/') + 1) + " " + it.op + " ";
    return out;
  };
  EXPECT_EQ(
      keys("{key: karpenter.k8s.aws/instance-size, operator: Exists}"),
      "instance-size Exists os In arch In capacity-type In instance-category In instance-generation Gt ");
  EXPECT_EQ(keys("{key: karpenter.k8s.aws/instance-generation, operator: Exists}"),
            "instance-generation Exists os In arch In capacity-type In ");
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
// spec: conversion §7 items 23, 39
TEST(Alpha, names_the_class_after_template_and_kubelet) {
  const auto plain = converted("weight: 1");
  EXPECT_EQ(plain.node_class.meta.name, "t");
  EXPECT_EQ(plain.pool.spec.node_template.spec.node_class_ref.name, "t");
  EXPECT_EQ(converted("kubeletConfiguration: {containerRuntime: dockerd}").node_class.meta.name, "t");
  const auto small = converted("kubeletConfiguration: {maxPods: 20}");
  const auto large = converted("kubeletConfiguration: {maxPods: 110}");
  EXPECT_NE(small.node_class.meta.name, large.node_class.meta.name);
  EXPECT_EQ(small.node_class.meta.name, "t-" + sha256_hex(R"({"maxPods":20})").substr(0, 8));
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

// spec: conversion §3.5.1, §4.8, §7 items 17, 18, 19, 20
TEST(Alpha, multiplies_selectors_out) {
  const auto terms = [](const std::string& selector) {
    const auto out = converted("weight: 1", "securityGroupSelector: {x: null, " + selector + "}");
    return schema::encode(out.node_class)["spec"].view()["securityGroupSelectorTerms"].dump() + codes(out);
  };
  EXPECT_EQ(terms("Name: 'a,b'").find(R"([{"tags":{"Name":"a"}},{"tags":{"Name":"b"}}])"), 0U);
  EXPECT_NE(terms("k: 'a,,a'").find("W-EMPTY-VALUE"), std::string::npos);
  EXPECT_EQ(terms("k: 'a,,a'").find(R"([{"tags":{"k":"a"}}])"), 0U);
  std::string wide;
  for (int i = 0; i < 40; ++i) wide += "k" + std::to_string(i) + ": '1,2,3,4,5', ";
  EXPECT_NE(terms(wide).find("E-SELECTOR"), std::string::npos) << "must not be multiplied out";
  std::string many;
  for (int i = 0; i < 21; ++i) many += "k" + std::to_string(i) + ": '1', ";
  EXPECT_NE(terms(many).find("E-SELECTOR"), std::string::npos);
}

// spec: conversion §4.5, §4.6, §4.8, §4.10, §4.11, §4.13, §4.14
TEST(Alpha, follows_its_settings) {
  auto settings = kSettings;
  const auto with = [&](const std::string& node_template) {
    return converted("consolidation: {enabled: true}", node_template, "t", settings);
  };
  settings.ipv6 = true;
  EXPECT_EQ(with("").node_class.spec.metadata_options->http_protocol_ipv6, "enabled");
  settings.use_role = true;
  settings.node_role = "role";
  EXPECT_EQ(with("").node_class.spec.role + with("").node_class.spec.instance_profile, "role");
  settings.use_role = false;
  EXPECT_EQ(with("instanceProfile: ''").node_class.spec.role, "role");
  settings.default_instance_profile = "default";
  EXPECT_EQ(with("instanceProfile: ''").node_class.spec.instance_profile, "default");
  settings.default_tags = {{"a", "global"}, {"b", "global"}};
  EXPECT_EQ(with("tags: {a: own}").node_class.spec.tags, (model::StringMap{{"a", "own"}, {"b", "global"}}));
  settings.eni_limited_pod_density = false;
  EXPECT_EQ(with("").node_class.spec.kubelet, R"({"maxPods":110})");
  const auto given = converted("kubeletConfiguration: {maxPods: 20}", "", "t", settings);
  EXPECT_EQ(given.node_class.spec.kubelet, R"({"maxPods":20})");
  settings.preserve_drift = true;
  EXPECT_EQ(with("").pool.spec.disruption->budgets->size(), 2U);
  settings.drift_enabled = true;
  EXPECT_EQ(with("").pool.spec.disruption->budgets, std::nullopt);
  settings.ubuntu_ssm = true;
  settings.cluster_version = "1.29";
  const auto ubuntu = with("amiFamily: Ubuntu");
  ASSERT_EQ(ubuntu.node_class.spec.ami_selector_terms.size(), 2U);
  EXPECT_NE(ubuntu.node_class.spec.ami_selector_terms[1].ssm_parameter.find("/1.29/stable/current/arm64/"),
            std::string::npos);
  EXPECT_EQ(ubuntu.node_class.meta.annotation("compatibility.karpenter.k8s.aws/v1beta1-ubuntu"),
            "amiFamily,blockDeviceMappings");
  settings.force_launch_template = true;
  const auto forced = with("launchTemplate: x");
  EXPECT_FALSE(forced.has_error()) << codes(forced);
  EXPECT_EQ(forced.node_class.spec.ami_family, "Custom");
}

// spec: conversion §4.3
TEST(Alpha, suffixes_the_class_of_an_inline_provider_on_request) {
  const auto provisioner = read<Provisioner>(
      "{metadata: {name: p}, spec: {provider: {instanceProfile: i, subnetSelector: {a: b}, "
      "securityGroupSelector: {a: b}}}}");
  const auto out = from_v1alpha5(provisioner, nullptr, kSettings, InlineName::kSuffixed);
  EXPECT_EQ(out.node_class.meta.name, "p-provider");
  EXPECT_EQ(out.pool.spec.node_template.spec.node_class_ref.name, "p-provider");
  EXPECT_TRUE(says(out, "W-RENAMED"));
}

// spec: conversion §4.16, §7 item 34
TEST(Diagnostics, are_one_line_and_short_warnings) {
  const Diagnostic it{.code = "W-X",
                      .message = std::string("a\nb") + std::string(200, 'x'),
                      .object = "Kind/n",
                      .path = "spec.y"};
  EXPECT_EQ(it.line().find("WARN W-X Kind/n spec.y: a b"), 0U);
  EXPECT_EQ(it.warning().find("W-X spec.y: a b"), 0U);
  EXPECT_EQ(it.warning().size(), 120U);
  EXPECT_EQ((Diagnostic{.code = "E-Y", .message = "m"}.line()), "ERROR E-Y: m");
}

TEST(Sha256, matches_the_standard) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

}  // namespace
}  // namespace karpenter::conversion
