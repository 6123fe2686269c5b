#include "common/conversion/manifest.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/common/conversion/samples.h"

// What the golden pairs do not show.

namespace karpenter::conversion {
namespace {

constexpr const char* kTemplate =
    "{apiVersion: karpenter.k8s.aws/v1alpha1, kind: AWSNodeTemplate, metadata: {name: t}, spec: "
    "{instanceProfile: p, subnetSelector: {a: b}, securityGroupSelector: {a: b}}}";
constexpr const char* kProvisioner =
    "{apiVersion: karpenter.sh/v1alpha5, kind: Provisioner, metadata: {name: p}, spec: {providerRef: {name: "
    "t}}}";
constexpr const char* kBetaPool =
    "{apiVersion: karpenter.sh/v1beta1, kind: NodePool, metadata: {name: np}, spec: {template: {spec: "
    "{requirements: [], nodeClassRef: {name: c}}}}}";
constexpr const char* kBetaClass =
    "{apiVersion: karpenter.k8s.aws/v1beta1, kind: EC2NodeClass, metadata: {name: c}, spec: {amiFamily: "
    "AL2023, "
    "role: r, subnetSelectorTerms: [{id: subnet-1}], securityGroupSelectorTerms: [{id: sg-1}]}}";

ManifestOutput converted(const std::vector<std::string>& documents, const ManifestSettings& settings = {}) {
  std::vector<json::Value> values;
  for (const auto& text : documents) values.push_back(yaml(text));
  return convert_manifests(std::move(values), settings);
}

std::string codes(const ManifestOutput& out) {
  std::string text;
  for (const auto& said : out.diagnostics) text += said.code + ":" + said.object + " ";
  return text;
}
bool says(const ManifestOutput& out, std::string_view code_and_object) {
  return codes(out).find(std::string(code_and_object) + " ") != std::string::npos;
}
std::string labels(const ManifestOutput& out) {
  std::string text;
  for (const auto& object : out.objects)
    text += object["kind"].string_or("") + "/" + object["metadata"]["name"].string_or("") + " ";
  return text;
}

// spec: conversion §4.1, §4.2
TEST(Manifests, keep_order_and_pass_other_kinds_through) {
  const std::string deployment =
      "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, status: {x: 1}}";
  const auto out = converted(
      {deployment,
       std::string("{apiVersion: v1, kind: List, items: [") + kProvisioner + ", " + kTemplate + "]}",
       "{apiVersion: karpenter.sh/v1, kind: NodePool, metadata: {name: new, uid: u}}",
       "{apiVersion: karpenter.sh/v1beta1, kind: NodeClaim, metadata: {name: n}}", "[]"});
  EXPECT_EQ(labels(out), "Deployment/d NodePool/p EC2NodeClass/t NodePool/new / ");
  EXPECT_EQ(out.objects[0].dump(), yaml(deployment).dump());
  EXPECT_EQ(out.objects[3]["metadata"]["uid"].string_or(""), "u") << "at its version already: untouched";
  EXPECT_TRUE(says(out, "I-SKIPPED:Deployment/d"));
  EXPECT_TRUE(says(out, "I-SKIPPED:NodeClaim/n"));
}

// spec: conversion §4.1
TEST(Manifests, one_bad_document_stops_only_what_depends_on_it) {
  const auto other =
      changed(yaml(kProvisioner), "{metadata: {name: q}, spec: {providerRef: {name: u}}}").dump();
  const auto out =
      converted({kProvisioner, changed(yaml(kTemplate), "{spec: {launchTemplate: x}}").dump(), other, other,
                 changed(yaml(kProvisioner), "{metadata: {name: r}, spec: {weight: x}}").dump()});
  EXPECT_EQ(labels(out), "NodePool/q ");
  for (const auto* wanted : {"E-LAUNCHTEMPLATE:AWSNodeTemplate/t", "E-REF:Provisioner/p",
                             "E-DUPLICATE:Provisioner/q", "E-INVALID:Provisioner/r"}) {
    EXPECT_TRUE(says(out, wanted)) << wanted << " in " << codes(out);
  }
}

// spec: conversion §4.1, §4.6
TEST(Manifests, read_the_global_settings_and_drop_unknown_members) {
  const auto out = converted(
      {changed(yaml(kProvisioner), "{spec: {ttlSecondsAfterEmpy: 3, kubeletConfiguration: {maxPod: 3}}}")
           .dump(),
       changed(yaml(kTemplate), "{spec: {instanceProfile: null, securityGroupSelector: null}}").dump(),
       R"({apiVersion: v1, kind: ConfigMap, metadata: {name: karpenter-global-settings}, data: {aws.clusterName: demo,
         aws.defaultInstanceProfile: dip, aws.enableENILimitedPodDensity: "false", featureGates.driftEnabled: "true",
         aws.tags: '{"a":"b"}'}})"});
  ASSERT_EQ(labels(out), "NodePool/p EC2NodeClass/t ConfigMap/karpenter-global-settings ");
  const auto spec = out.objects[1]["spec"];
  EXPECT_EQ(spec["instanceProfile"].string_or(""), "dip");
  EXPECT_EQ(spec["tags"].dump(), R"({"a":"b"})");
  EXPECT_EQ(spec["kubelet"].dump(), R"({"maxPods":110})");
  EXPECT_TRUE(
      spec["securityGroupSelectorTerms"][std::size_t{0}]["tags"]["kubernetes.io/cluster/demo"].exists());
  EXPECT_FALSE(says(out, "W-DRIFT-ALWAYS-ON:"));
  EXPECT_EQ(std::ranges::count(out.diagnostics, "W-DROPPED", &Diagnostic::code), 2);
}

// spec: conversion §4.6
TEST(Manifests, say_where_a_kubelet_has_to_go) {
  const auto alpha =
      converted({changed(yaml(kProvisioner), "{spec: {kubeletConfiguration: {maxPods: 3}}}").dump()});
  EXPECT_TRUE(says(alpha, "W-KUBELET-UNPLACED:Provisioner/p"));
  EXPECT_FALSE(alpha.objects.at(0)["metadata"]["annotations"].exists());
  const auto beta =
      converted({changed(yaml(kBetaPool), "{spec: {template: {spec: {kubelet: {maxPods: 3}}}}}").dump()});
  EXPECT_TRUE(says(beta, "W-KUBELET-UNPLACED:NodePool/np"));
}

// spec: conversion §2.9, §2.16
TEST(Manifests, strip_what_a_cluster_adds_and_keep_beta_defaults) {
  const auto pool = changed(
      yaml(kBetaPool), R"({metadata: {uid: u, resourceVersion: "1", managedFields: [], creationTimestamp: x,
    ownerReferences: [], annotations: {karpenter.sh/nodepool-hash: "1", karpenter.sh/nodepool-hash-version: v2, keep: me,
    kubectl.kubernetes.io/last-applied-configuration: "{}"}}, status: {resources: {}}})");
  const auto out = converted(
      {pool.dump(), changed(yaml(kBetaClass), "{spec: {metadataOptions: {httpTokens: optional}}}").dump(),
       changed(yaml(kBetaClass), "{metadata: {name: d}, spec: {amiFamily: Ubuntu}}").dump()});
  ASSERT_EQ(labels(out), "NodePool/np EC2NodeClass/c EC2NodeClass/d ") << codes(out);
  EXPECT_EQ(out.objects[0]["metadata"].dump(), R"({"annotations":{"keep":"me"},"name":"np"})");
  EXPECT_FALSE(out.objects[0]["status"].exists());
  EXPECT_EQ(out.objects[0]["spec"]["disruption"].dump(),
            R"({"consolidateAfter":"0s","consolidationPolicy":"WhenEmptyOrUnderutilized"})");
  EXPECT_EQ(out.objects[0]["spec"]["template"]["spec"]["expireAfter"].string_or(""), "720h");
  EXPECT_EQ(out.objects[1]["spec"]["metadataOptions"].dump(),
            R"({"httpPutResponseHopLimit":2,"httpTokens":"optional"})");
  EXPECT_TRUE(says(out, "W-UBUNTU:EC2NodeClass/d"));
  const auto plain =
      converted({kBetaClass}, {.target = Target::kV1, .alpha = {}, .preserve_defaults = false});
  EXPECT_FALSE(plain.objects.at(0)["spec"]["metadataOptions"].exists());
}

// spec: conversion §2.16, §4.6
TEST(Manifests, split_a_beta_class_by_kubelet) {
  const auto small = changed(yaml(kBetaPool),
                             "{metadata: {name: small}, spec: {template: {spec: {kubelet: {maxPods: 20}}}}}");
  const auto out = converted({small.dump(), kBetaPool, kBetaClass});
  ASSERT_EQ(out.objects.size(), 4U) << codes(out);
  const auto variant = out.objects[3]["metadata"]["name"].string_or("");
  EXPECT_EQ(variant.find("c-"), 0U);
  EXPECT_EQ(out.objects[0]["spec"]["template"]["spec"]["nodeClassRef"]["name"].string_or(""), variant);
  EXPECT_EQ(out.objects[1]["spec"]["template"]["spec"]["nodeClassRef"]["name"].string_or(""), "c");
  EXPECT_EQ(out.objects[3]["spec"]["kubelet"].dump(), R"({"maxPods":20})");
  EXPECT_TRUE(says(out, "W-SPLIT:EC2NodeClass/c"));
}

// spec: conversion §2.14, §4.1
TEST(Manifests, name_what_v1beta1_cannot_hold) {
  const auto out = converted(
      {R"({apiVersion: karpenter.sh/v1, kind: NodePool, metadata: {name: a}, spec: {disruption: {consolidateAfter: 30m,
         consolidationPolicy: WhenEmptyOrUnderutilized}, template: {spec: {requirements: [], expireAfter: 1h,
         nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: c}}}}})",
       R"({apiVersion: karpenter.k8s.aws/v1, kind: EC2NodeClass, metadata: {name: c}, spec: {kubelet: {maxPods: 4}, ipPrefixCount: 1,
         amiSelectorTerms: [{alias: al2023@v1}], role: r, subnetSelectorTerms: [], securityGroupSelectorTerms: []}})"},
      {.target = Target::kV1beta1, .alpha = {}});
  ASSERT_EQ(out.objects.size(), 2U) << codes(out);
  EXPECT_EQ(out.objects[0]["spec"]["template"]["spec"]["kubelet"].dump(), R"({"maxPods":4})");
  EXPECT_FALSE(out.objects[1]["metadata"]["annotations"].exists());
  std::vector<std::string> lost;
  for (const auto& said : out.diagnostics) {
    if (said.code == "W-LOST") lost.push_back(said.object + " " + said.path);
  }
  EXPECT_EQ(lost, (std::vector<std::string>{"NodePool/a spec.disruption.consolidateAfter",
                                            "EC2NodeClass/c spec.ipPrefixCount",
                                            "EC2NodeClass/c spec.amiSelectorTerms"}));
}

// spec: conversion §3.7, §4.15
TEST(Manifests, point_at_old_names_in_workloads) {
  const auto out = converted(
      {R"({apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {template: {metadata: {annotations:
      {karpenter.sh/do-not-evict: "true"}}, spec: {nodeSelector: {karpenter.sh/provisioner-name: p}, tolerations:
      [{key: x}, {key: karpenter.sh/disruption}]}}}})",
       "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {karpenter.sh/do-not-evict: x}}"});
  std::vector<std::string> said;
  for (const auto& diagnostic : out.diagnostics) {
    if (diagnostic.code == "W-WORKLOAD") said.push_back(diagnostic.path + " " + diagnostic.message);
  }
  EXPECT_EQ(
      said,
      (std::vector<std::string>{
          "spec.template.metadata.annotations[karpenter.sh/do-not-evict] karpenter.sh/do-not-evict: use "
          "karpenter.sh/do-not-disrupt",
          "spec.template.spec.nodeSelector[karpenter.sh/provisioner-name] karpenter.sh/provisioner-name: "
          "use karpenter.sh/nodepool",
          "spec.template.spec.tolerations[1].key karpenter.sh/disruption: use karpenter.sh/disrupted"}));
}

}  // namespace
}  // namespace karpenter::conversion
