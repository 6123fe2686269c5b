#include <gtest/gtest.h>

#include <limits>

#include "common/conversion/annotations.h"
#include "common/conversion/conversion.h"
#include "common/json/yaml.h"

namespace karpenter::conversion {
namespace {

namespace beta = model::v1beta1;

json::Value yaml(std::string_view text) {
  auto documents = json::parse_yaml(text);
  if (documents.has_value() && documents->size() == 1) return std::move(documents->front());
  ADD_FAILURE() << "bad YAML in a test: " << text;
  return {};
}

beta::NodePool beta_pool(std::optional<std::string> policy, std::optional<std::string> after) {
  beta::NodePool out;
  out.spec.node_template.spec.node_class_ref = {.kind = "", .name = "c", .api_version = ""};
  out.spec.disruption.emplace();
  out.spec.disruption->consolidation_policy = std::move(policy);
  out.spec.disruption->consolidate_after = std::move(after);
  return out;
}

model::NodePool v1_pool() {
  model::NodePool out;
  out.spec.node_template.spec.node_class_ref = {
      .group = "karpenter.k8s.aws", .kind = "EC2NodeClass", .name = "c"};
  return out;
}

// spec: conversion §2.3, §6.17
TEST(BetaPool, maps_consolidation) {
  struct Row {
    std::optional<std::string> policy, after, want_policy;
    std::string want_after;
  };
  const std::vector<Row> rows{
      {"WhenUnderutilized", {}, "WhenEmptyOrUnderutilized", "0s"},
      {"WhenUnderutilized", "5m", "WhenEmptyOrUnderutilized", "0s"},
      {"WhenUnderutilized", "Never", "WhenEmptyOrUnderutilized", "Never"},  // deviation D1
      {"WhenEmpty", "5m", "WhenEmpty", "5m"},
      {"WhenEmpty", {}, "WhenEmpty", "Never"},
      {{}, {}, {}, "Never"},
      {"Other", "1s", "Other", "1s"},
  };
  for (const auto& row : rows) {
    const auto got = to_v1(beta_pool(row.policy, row.after));
    EXPECT_EQ(got.spec.disruption->consolidation_policy, row.want_policy);
    EXPECT_EQ(got.spec.disruption->consolidate_after, row.want_after);
    EXPECT_EQ(got.spec.node_template.spec.expire_after, "Never");
  }
}

// spec: conversion §2.4
TEST(V1Pool, maps_what_v1beta1_has_no_word_for) {
  auto pool = v1_pool();
  pool.spec.disruption.emplace();
  pool.spec.disruption->consolidate_after = "30m";
  pool.spec.disruption->consolidation_policy = "Balanced";
  pool.spec.disruption->budgets = {
      {.nodes = "1", .reasons = {"Empty"}, .schedule = "@daily", .duration = "1h"}};
  pool.spec.node_template.spec.termination_grace_period = "1h";
  pool.spec.node_template.spec.requirements = {
      {"a", "Gte", {"5"}, {}}, {"b", "Gte", {"0"}, {}},
      {"c", "Lte", {"5"}, {}}, {"d", "Lte", {std::to_string(std::numeric_limits<std::int64_t>::max())}, {}},
      {"e", "In", {"x"}, 2},
  };
  const auto got = to_v1beta1(pool);
  EXPECT_EQ(got.spec.disruption->consolidation_policy, "WhenUnderutilized");
  EXPECT_EQ(got.spec.disruption->consolidate_after, std::nullopt);
  EXPECT_EQ(got.spec.disruption->expire_after, "Never");
  EXPECT_EQ(got.spec.disruption->budgets->front(),
            (model::Budget{.nodes = "1", .reasons = {}, .schedule = "@daily", .duration = "1h"}));
  const auto& requirements = got.spec.node_template.spec.requirements;
  EXPECT_EQ(requirements[0], (model::NodeSelectorRequirement{"a", "Gt", {"4"}, {}}));
  EXPECT_EQ(requirements[1], (model::NodeSelectorRequirement{"b", "Exists", {}, {}}));
  EXPECT_EQ(requirements[2], (model::NodeSelectorRequirement{"c", "Lt", {"6"}, {}}));
  EXPECT_EQ(requirements[3].op, "Lte");  // no bound above it; must not overflow
  EXPECT_EQ(requirements[4], pool.spec.node_template.spec.requirements[4]);
}

// spec: conversion §2.8, §6.18
TEST(ClassReference, is_kept_unless_it_went_stale) {
  struct Row {
    beta::NodeClassRef from;
    model::NodeClassRef want;
  };
  for (const auto& [from, want] : std::vector<Row>{
           {{"", "n", ""}, {"karpenter.k8s.aws", "EC2NodeClass", "n"}},
           {{"Kwok", "n", "example.com/v1"}, {"example.com", "Kwok", "n"}},
           {{"EC2NodeClass", "n", "v1beta1"}, {"karpenter.k8s.aws", "EC2NodeClass", "n"}},  // deviation D7
       }) {
    beta::NodePool pool;
    pool.spec.node_template.spec.node_class_ref = from;
    const auto v1 = to_v1(pool);
    EXPECT_EQ(v1.spec.node_template.spec.node_class_ref, want);
    const auto back = to_v1beta1(v1);
    EXPECT_EQ(back.spec.node_template.spec.node_class_ref, from);
    EXPECT_TRUE(back.meta.annotations.empty());
  }
  auto pool = v1_pool();
  for (const auto* stale :
       {R"({"name":"old"})", R"({"name":"c","kind":"Other"})", "null", "not json", "[]"}) {
    pool.meta.annotations = {{std::string(kNodeClassReference), stale}};
    EXPECT_EQ(to_v1beta1(pool).spec.node_template.spec.node_class_ref,
              (beta::NodeClassRef{"EC2NodeClass", "c", ""}))
        << stale;
  }
}

// spec: conversion §2.2
TEST(KubeletAnnotation, carries_the_whole_object_and_never_fails) {
  beta::Kubelet kubelet;
  kubelet.cluster_dns = {"10.0.0.10"};
  kubelet.max_pods = 30;
  kubelet.system_reserved = {{"memory", "1Gi"}, {"cpu", "100m"}};
  kubelet.eviction_hard = {{"memory.available", "5%"}};
  kubelet.image_gc_high_threshold_percent = 0;
  kubelet.cpu_cfs_quota = false;
  auto pool = beta_pool("WhenEmpty", "1m");
  pool.spec.node_template.spec.kubelet = kubelet;
  const auto v1 = to_v1(pool);
  EXPECT_EQ(
      v1.meta.annotation(kKubelet),
      R"({"clusterDNS":["10.0.0.10"],"maxPods":30,"systemReserved":{"cpu":"100m","memory":"1Gi"},)"
      R"("evictionHard":{"memory.available":"5%"},"imageGCHighThresholdPercent":0,"cpuCFSQuota":false})");
  EXPECT_EQ(to_v1beta1(v1).spec.node_template.spec.kubelet, kubelet);

  pool.spec.node_template.spec.kubelet = beta::Kubelet{};
  EXPECT_EQ(to_v1(pool).meta.annotation(kKubelet), "{}");
  EXPECT_EQ(to_v1beta1(to_v1(pool)).spec.node_template.spec.kubelet, beta::Kubelet{});
  pool.spec.node_template.spec.kubelet = std::nullopt;
  pool.meta.annotations[std::string(kKubelet)] = "{}";
  EXPECT_FALSE(to_v1(pool).meta.annotations.contains(std::string(kKubelet)));

  auto broken = v1_pool();
  broken.meta.annotations = {{std::string(kKubelet), R"({"maxPods":"many"})"}, {"keep", "me"}};
  EXPECT_EQ(to_v1beta1(broken).spec.node_template.spec.kubelet, std::nullopt);  // deviation D5
  EXPECT_EQ(to_v1beta1(broken).meta.annotations, (model::StringMap{{"keep", "me"}}));
}

// spec: conversion §2.6, §2.7
TEST(NodeClass, maps_image_families) {
  const auto with_version = [](const char* family, const char* version) {
    beta::Ec2NodeClass out;
    out.spec.ami_family = family;
    if (*version != '\0') out.meta.annotations = {{std::string(kAliasVersion), version}};
    return to_v1(out);
  };
  struct Row {
    const char *family, *version, *alias;
  };
  for (const auto& row : std::vector<Row>{{"AL2023", "v20240807", "al2023@v20240807"},
                                          {"AL2", "", "al2@latest"},
                                          {"Windows2022", "v1", "windows2022@latest"},
                                          {"Bottlerocket", "a@b", "bottlerocket@latest"},
                                          {"AL2023", "v1234567890123456789012345", "al2023@latest"}}) {
    const auto got = with_version(row.family, row.version);
    ASSERT_EQ(got.spec.ami_selector_terms.size(), 1U);
    EXPECT_EQ(got.spec.ami_selector_terms[0].alias, row.alias);
    EXPECT_EQ(got.spec.ami_family, "");
    EXPECT_TRUE(got.meta.annotations.empty());
  }
  for (const auto* family : {"Custom", "", "Unheard"}) {
    EXPECT_EQ(with_version(family, "").spec.ami_family, "Custom");
    EXPECT_TRUE(with_version(family, "").spec.ami_selector_terms.empty());
  }

  model::Ec2NodeClass v1;
  struct Back {
    const char *alias, *family, *version;
  };
  for (const auto& row : std::vector<Back>{{"al2@latest", "AL2", ""},
                                           {"bottlerocket@1.2", "Bottlerocket", "1.2"},
                                           {"windows2025@latest", "Custom", ""},
                                           {"unheard@1", "Custom", "1"},
                                           {"malformed", "Custom", ""},
                                           {"al2@", "AL2", ""}}) {
    v1.spec.ami_selector_terms = {{}};
    v1.spec.ami_selector_terms[0].alias = row.alias;
    const auto got = to_v1beta1(v1);
    EXPECT_EQ(got.spec.ami_family, row.family) << row.alias;
    EXPECT_EQ(got.meta.annotation(kAliasVersion), row.version) << row.alias;
    EXPECT_TRUE(got.spec.ami_selector_terms.empty());
  }
}

// spec: conversion §2.5
TEST(NodeClaim, takes_expire_after_from_its_pool) {
  const auto claim = yaml(R"({apiVersion: karpenter.sh/v1beta1, kind: NodeClaim,
    metadata: {name: a, labels: {karpenter.sh/nodepool: p}}, spec: {nodeClassRef: {name: c}}})");
  const auto expire_after = [&](const Lookups& lookups) {
    const auto got = convert(claim, "karpenter.sh/v1", lookups);
    return got ? (*got)["spec"]["expireAfter"].string_or("") : got.error().text();
  };
  using Found = base::Result<std::optional<std::string>>;
  std::string asked;
  EXPECT_EQ(expire_after({[&](std::string_view name) -> Found {
              asked = name;
              return std::optional<std::string>("168h");
            }}),
            "168h");
  EXPECT_EQ(asked, "p");
  EXPECT_EQ(expire_after({[](std::string_view) -> Found { return std::optional<std::string>(); }}), "Never");
  EXPECT_EQ(expire_after({}), "Never");
  EXPECT_NE(expire_after({[](std::string_view) -> Found {
              return base::make_error(base::Code::kUnavailable, "api server away");
            }}).find("away"),
            std::string::npos);
}

// spec: conversion §2.1
TEST(Convert, names_what_it_cannot_convert) {
  struct Row {
    const char *object, *to, *want;
  };
  for (const auto& row : std::vector<Row>{
           {"{apiVersion: karpenter.sh/v1beta1, kind: Widget}", "karpenter.sh/v1",
            "no conversion support for type [kind=Widget group=karpenter.sh]"},
           {"{apiVersion: karpenter.sh/v1beta1, kind: EC2NodeClass}", "karpenter.sh/v1",
            "no conversion support for type [kind=EC2NodeClass group=karpenter.sh]"},
           {"{apiVersion: karpenter.sh/v1alpha9, kind: NodePool}", "karpenter.sh/v1",
            "conversion not supported for type [kind=NodePool group=karpenter.sh version=v1alpha9]"},
           {"{apiVersion: karpenter.sh/v1beta1, kind: NodePool}", "karpenter.sh/v2",
            "conversion not supported for type [kind=NodePool group=karpenter.sh version=v2]"},
           {"{apiVersion: karpenter.sh/v1beta1, kind: NodePool}", "karpenter.k8s.aws/v1",
            "conversion not supported"},
           {"{kind: NodePool}", "karpenter.sh/v1", "object without group, version or kind"},
           {"{apiVersion: v1, kind: NodePool}", "karpenter.sh/v1", "object without group, version or kind"},
           {"[]", "karpenter.sh/v1", "object without group, version or kind"},
           {"{apiVersion: karpenter.sh/v1, kind: NodePool, spec: {weight: heavy}}", "karpenter.sh/v1beta1",
            "spec.weight"},
       }) {
    const auto got = convert(yaml(row.object), row.to, {});
    ASSERT_FALSE(got) << row.object;
    EXPECT_NE(got.error().text().find(row.want), std::string::npos) << got.error().text();
  }
}

// spec: conversion §2.1, §5.1
TEST(Convert, keeps_metadata_and_tolerates_odd_objects) {
  const auto pool = yaml(R"({apiVersion: karpenter.sh/v1, kind: NodePool, unknown: 1,
    metadata: {name: p, uid: u, labels: {a: b}, finalizers: [f], managedFields: [{manager: m}], annotations: {x: y}},
    spec: {unknown: 2, template: {spec: {nodeClassRef: {group: g, kind: k, name: n}}}}})");
  const auto got = convert(pool, "karpenter.sh/v1beta1", {}).value();
  EXPECT_EQ(got["metadata"].dump(), pool["metadata"].dump());
  EXPECT_EQ(got["apiVersion"].string_or(""), "karpenter.sh/v1beta1");
  EXPECT_FALSE(got["spec"]["unknown"].exists());
  EXPECT_EQ(convert(pool, "karpenter.sh/v1", {}).value().dump(),
            pool.dump());  // nothing to do, nothing touched
  for (const auto* odd : {"{apiVersion: karpenter.sh/v1beta1, kind: NodePool}",
                          "{apiVersion: karpenter.sh/v1beta1, kind: NodePool, metadata: null, spec: null}",
                          "{apiVersion: karpenter.sh/v1beta1, kind: NodeClaim, metadata: {}, spec: {}}"}) {
    EXPECT_TRUE(convert(yaml(odd), "karpenter.sh/v1", {})) << odd;
  }
}

}  // namespace
}  // namespace karpenter::conversion
