#include <gtest/gtest.h>

#include <array>

#include "common/conversion/annotations.h"
#include "tests/unit/common/conversion/samples.h"

namespace karpenter::conversion {
namespace {

constexpr const char* kBetaPool =
    "{apiVersion: karpenter.sh/v1beta1, kind: NodePool, metadata: {name: p}, spec: {disruption: "
    "{consolidationPolicy: WhenUnderutilized, expireAfter: 720h}, template: {spec: {requirements: [], "
    "nodeClassRef: {name: c}}}}}";
constexpr const char* kPool =
    "{apiVersion: karpenter.sh/v1, kind: NodePool, metadata: {name: p}, spec: {disruption: "
    "{consolidationPolicy: WhenEmptyOrUnderutilized, consolidateAfter: 0s}, template: {spec: {expireAfter: "
    "720h, requirements: [], nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: c}}}}}";
constexpr const char* kClaim =
    "{apiVersion: karpenter.sh/v1, kind: NodeClaim, metadata: {name: n}, spec: {expireAfter: Never, "
    "requirements: [], nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: c}}}";
constexpr const char* kClass =
    "{apiVersion: karpenter.k8s.aws/v1, kind: EC2NodeClass, metadata: {name: c}, spec: {role: r, "
    "subnetSelectorTerms: [{id: subnet-1}], securityGroupSelectorTerms: [{id: sg-1}]}}";
constexpr const char* kBetaClass =
    "{apiVersion: karpenter.k8s.aws/v1beta1, kind: EC2NodeClass, metadata: {name: c}, spec: {amiFamily: AL2, "
    "role: r, subnetSelectorTerms: [{id: subnet-1}], securityGroupSelectorTerms: [{id: sg-1}]}}";

json::Value pool(const std::string& spec) { return changed(yaml(kPool), "{spec: {" + spec + "}}"); }
json::Value node_class(const std::string& spec) { return changed(yaml(kClass), "{spec: {" + spec + "}}"); }
std::string noted(const json::Value& object, std::string_view key) {
  return object["metadata"]["annotations"][key].string_or("");
}
std::string disruption(const json::Value& object) { return object["spec"]["disruption"].dump(); }

// ---- conversion there

// spec: conversion §1.3, §2.3, §2.9, §6.17, §7 items 2, 3, 5
TEST(BetaPool, maps_consolidation) {
  struct Row {
    const char *from, *want;
  };
  for (const auto& [from, want] : std::vector<Row>{
           {"{consolidationPolicy: WhenUnderutilized}",
            R"({"consolidateAfter":"0s","consolidationPolicy":"WhenEmptyOrUnderutilized"})"},
           {"{consolidationPolicy: WhenUnderutilized, consolidateAfter: 5m}",
            R"({"consolidateAfter":"0s","consolidationPolicy":"WhenEmptyOrUnderutilized"})"},
           {"{consolidationPolicy: WhenEmpty, consolidateAfter: 5m}",
            R"({"consolidateAfter":"5m","consolidationPolicy":"WhenEmpty"})"},
           {"{consolidationPolicy: WhenEmpty}",
            R"({"consolidateAfter":"Never","consolidationPolicy":"WhenEmpty"})"},
           {"{budgets: []}", R"({"budgets":[],"consolidateAfter":"Never"})"},
           {"null", R"({"consolidateAfter":"Never"})"},
       }) {
    auto object = yaml(kBetaPool);
    object["spec"]["disruption"].set(yaml(std::string("{x: ") + from + "}")["x"].view());
    const auto got = at(object, "v1");
    EXPECT_EQ(disruption(got), want) << from;
    EXPECT_EQ(got["spec"]["template"]["spec"]["expireAfter"].string_or(""), "Never");
  }
}

// spec: conversion §1.3, §2.14 D4, §7 item 12
TEST(Texts, stay_as_they_are) {
  const auto object = changed(yaml(kBetaPool), R"({spec: {limits: {cpu: 1000, memory: "1024Mi", x: 1.5},
    disruption: {budgets: [{nodes: "1", schedule: "@daily", duration: 60m}], expireAfter: 720h0m},
    template: {spec: {taints: [], startupTaints: [{key: a, value: "", effect: NoSchedule}]}}}})");
  const auto there = at(object, "v1");
  EXPECT_EQ(there["spec"]["limits"].dump(), R"({"cpu":1000,"memory":"1024Mi","x":1.5})");
  EXPECT_EQ(there["spec"]["template"]["spec"]["startupTaints"].dump(),
            R"([{"effect":"NoSchedule","key":"a","value":""}])");
  EXPECT_EQ(at(there, "v1beta1").dump(), object.dump());
  const auto devices = R"([{"deviceName":"a","ebs":{"volumeSize":"18432Gi"}}])";
  const auto beta_class =
      changed(yaml(kBetaClass), std::string("{spec: {blockDeviceMappings: ") + devices + "}}");
  EXPECT_EQ(at(beta_class, "v1")["spec"]["blockDeviceMappings"].dump(), devices);
  const auto upstream = at(object, "v1", {.upstream_compat = true});
  EXPECT_EQ(upstream["spec"]["limits"].dump(), R"({"cpu":"1k","memory":"1Gi","x":"1500m"})");
  EXPECT_EQ(upstream["spec"]["disruption"]["budgets"][std::size_t{0}]["duration"].string_or(""), "1h0m0s");
  EXPECT_FALSE(upstream["spec"]["template"]["spec"]["taints"].exists());
  EXPECT_EQ(at(beta_class, "v1", {.upstream_compat = true})["spec"]["blockDeviceMappings"].dump(),
            R"([{"deviceName":"a","ebs":{"volumeSize":"18Ti"}}])");
}

// spec: conversion §2.2, §2.11, §7 item 7
TEST(KubeletAnnotation, carries_the_whole_object_and_never_fails) {
  const auto kubelet = R"({evictionHard: {memory.available: "<5%"}, cpuCFSQuota: false, maxPods: 30,
    clusterDNS: [10.0.0.10], systemReserved: {memory: 1Gi, cpu: 100m}, evictionSoftGracePeriod: {a: 60s}})";
  const auto object =
      changed(yaml(kBetaPool), std::string("{spec: {template: {spec: {kubelet: ") + kubelet + "}}}}");
  const auto there = at(object, "v1");
  EXPECT_EQ(noted(there, kKubelet),
            R"({"clusterDNS":["10.0.0.10"],"maxPods":30,"systemReserved":{"cpu":"100m","memory":"1Gi"},)"
            R"("evictionHard":{"memory.available":"\u003c5%"},"evictionSoftGracePeriod":{"a":"60s"},)"
            R"("cpuCFSQuota":false})");
  EXPECT_FALSE(there["spec"]["template"]["spec"]["kubelet"].exists());
  EXPECT_EQ(at(there, "v1beta1").dump(), object.dump());
  const auto empty = changed(yaml(kBetaPool), "{spec: {template: {spec: {kubelet: {}}}}}");
  EXPECT_EQ(noted(at(empty, "v1"), kKubelet), "{}");
  EXPECT_EQ(at(at(empty, "v1"), "v1beta1").dump(), empty.dump());
  EXPECT_EQ(noted(at(object, "v1", {.upstream_compat = true}), kKubelet).find(R"("60s")"), std::string::npos);

  for (const auto* bad : {"null", "[]", "not json", R"({"maxPods":"many"})"}) {
    auto broken = yaml(kPool);
    broken["metadata"]["annotations"][kKubelet].set(bad);
    std::vector<std::string> remarks;
    const auto got = at(broken, "v1beta1", {.remarks = &remarks});
    EXPECT_FALSE(got["spec"]["template"]["spec"]["kubelet"].exists()) << bad;
    EXPECT_EQ(remarks.size(), 1U) << bad;
    EXPECT_FALSE(convert(broken, "karpenter.sh/v1beta1", {}, {.upstream_compat = true})) << bad;
  }
}

// spec: conversion §2.8, §6.18, §7 item 6
TEST(ClassReference, is_kept_unless_it_went_stale) {
  struct Row {
    const char *from, *want, *upstream;
  };
  for (const auto& row : std::vector<Row>{
           {"{name: n}", R"({"group":"karpenter.k8s.aws","kind":"EC2NodeClass","name":"n"})", nullptr},
           {"{kind: Kwok, name: n, apiVersion: example.com/v1}",
            R"({"group":"example.com","kind":"Kwok","name":"n"})", nullptr},
           {"{name: n, apiVersion: v1beta1}",
            R"({"group":"karpenter.k8s.aws","kind":"EC2NodeClass","name":"n"})",
            R"({"group":"v1beta1","kind":"EC2NodeClass","name":"n"})"},  // deviation D7
       }) {
    auto object = yaml(kBetaPool);
    object["spec"]["template"]["spec"]["nodeClassRef"].set(yaml(row.from));
    const auto there = at(object, "v1");
    EXPECT_EQ(there["spec"]["template"]["spec"]["nodeClassRef"].dump(), row.want);
    EXPECT_EQ(at(there, "v1beta1").dump(), object.dump());
    const auto upstream = at(object, "v1", {.upstream_compat = true});
    EXPECT_EQ(upstream["spec"]["template"]["spec"]["nodeClassRef"].dump(),
              row.upstream == nullptr ? row.want : row.upstream);
  }
  for (const auto* stale : {R"({"name":"old"})", R"({"name":"c","kind":"Other"})", "null", "not json", "[]",
                            R"({"name":"c","apiVersion":"example.com/v1"})"}) {
    auto object = yaml(kPool);
    object["metadata"]["annotations"][kNodeClassReference].set(stale);
    EXPECT_EQ(at(object, "v1beta1")["spec"]["template"]["spec"]["nodeClassRef"].dump(),
              R"({"kind":"EC2NodeClass","name":"c"})")
        << stale;
  }
  auto absent = yaml(kBetaPool);
  absent["spec"]["template"]["spec"].erase("nodeClassRef");
  EXPECT_EQ(noted(at(absent, "v1"), kNodeClassReference), "null");
}

// spec: conversion §2.6, §2.7, §2.14 D3, §7 items 9, 10
TEST(BetaClass, maps_family_and_alias_version) {
  struct Row {
    const char *family, *version, *terms, *want;  // amiFamily and terms at v1
  };
  for (const auto& row : std::vector<Row>{
           {"AL2023", "v20240807", "[]", R"([{"alias":"al2023@v20240807"}])"},
           {"AL2", "", "[]", R"([{"alias":"al2@latest"}])"},
           {"AL2", "a@b", "[]", R"([{"alias":"al2@latest"}])"},
           {"Bottlerocket", "v1.2345678901234567890123456", "[]", R"([{"alias":"bottlerocket@latest"}])"},
           {"Windows2022", "v1", "[]", R"([{"alias":"windows2022@latest"}])"},
           {"AL2", "v1", "[{id: ami-1}]", R"(AL2[{"id":"ami-1"}])"},
           {"Custom", "v1", "[{name: x, owner: self}]", R"(Custom[{"name":"x","owner":"self"}])"},
           {"Other", "", "[]", "Custom[]"},
       }) {
    auto object = yaml(kBetaClass);
    object["spec"]["amiFamily"].set(row.family);
    object["spec"]["amiSelectorTerms"].set(yaml(std::string("{x: ") + row.terms + "}")["x"].view());
    if (*row.version != '\0') object["metadata"]["annotations"][kAliasVersion].set(row.version);
    const auto got = at(object, "v1");
    const auto spec = got["spec"];
    EXPECT_EQ(spec["amiFamily"].string_or("") + spec["amiSelectorTerms"].dump(), row.want) << row.family;
    EXPECT_EQ(noted(got, kAliasVersion), "");
  }
  auto kept = yaml(kBetaClass);
  kept["metadata"]["annotations"][kAliasVersion].set("a@b");
  EXPECT_EQ(at(kept, "v1", {.upstream_compat = true})["spec"]["amiSelectorTerms"].dump(),
            R"([{"alias":"al2@a@b"}])");
}

// ---- and back: whatever v1 says comes back

struct Lossy {
  const char* spec;
  const char* stash;  // what travels in the annotation, below spec
};

void expect_kept(const json::Value& object, const Lossy& row) {
  const auto there = at(object, "v1beta1");
  const auto stash = json::parse(noted(there, kFields));
  EXPECT_EQ(stash ? (*stash)["spec"].dump() : "", row.stash) << row.spec;
  auto back = at(there, "v1");
  back["metadata"].erase("annotations");
  EXPECT_EQ(back.dump(), object.dump()) << row.spec;
  const auto upstream = at(object, "v1beta1", {.upstream_compat = true});
  EXPECT_EQ(noted(upstream, kFields), "");
}

// spec: conversion §2.4, §2.14, §6.13
TEST(Stash, keeps_what_v1beta1_has_no_word_for_in_pools) {
  for (
      const auto& row : std::vector<Lossy>{
          {"weight: 3", ""},
          {"replicas: 2", R"({"replicas":2})"},
          {"disruption: {consolidateAfter: 30m}", R"({"disruption":{"consolidateAfter":"30m"}})"},
          {"disruption: {consolidateAfter: Never}", ""},
          {"disruption: {consolidationPolicy: WhenEmpty, consolidateAfter: 1m}", ""},
          {"disruption: {consolidationPolicy: Balanced}",
           R"({"disruption":{"consolidationPolicy":"Balanced"}})"},
          {"disruption: {consolidationPolicy: Balanced, consolidateAfter: Never}",
           R"({"disruption":{"consolidationPolicy":"Balanced"}})"},
          {"disruption: {consolidationPolicy: Balanced, consolidateAfter: 5m}",
           R"({"disruption":{"consolidateAfter":"5m","consolidationPolicy":"Balanced"}})"},
          {"disruption: {budgets: [{nodes: '1', reasons: []}]}",
           R"({"disruption":{"budgets":[{"reasons":[]}]}})"},
          {"disruption: {budgets: [{nodes: '1'}, {nodes: '2', reasons: [Unhealthy]}]}",
           R"({"disruption":{"budgets":[{},{"nodes":"2","reasons":["Unhealthy"]}]}})"},
          {"template: {spec: {terminationGracePeriod: 1h}}",
           R"({"template":{"spec":{"terminationGracePeriod":"1h"}}})"},
          {"template: {spec: {nodeClassRef: {group: g}}}",
           R"({"template":{"spec":{"nodeClassRef":{"group":"g","kind":"EC2NodeClass","name":"c"}}}})"},
          {"template: {spec: {requirements: [{key: a, operator: Gte, values: ['05'], minValues: 2}]}}",
           R"({"template":{"spec":{"requirements":[{"key":"a","minValues":2,"operator":"Gte","values":["05"]}]}}})"},
          {"template: {spec: {requirements: [{key: a, operator: In, values: [x]}, {key: a, operator: Gte, "
           "values: ['0']}, {key: a, operator: Lte, values: ['9223372036854775807']}]}}",
           R"({"template":{"spec":{"requirements":[{"key":"a","operator":"Gte","values":["0"]},)"
           R"({"key":"a","operator":"Lte","values":["9223372036854775807"]}]}}})"},
      }) {
    expect_kept(pool(row.spec), row);
  }
}

// spec: conversion §2.5, §2.14
TEST(Stash, keeps_what_v1beta1_has_no_word_for_in_claims) {
  for (const auto& row : std::vector<Lossy>{
           {"expireAfter: 5h", R"({"expireAfter":"5h"})"},
           {"expireAfter: Never, terminationGracePeriod: 1m, requirements: [{key: a, operator: Lte, values: "
            "['3']}]",
            R"({"expireAfter":"Never","requirements":[{"key":"a","operator":"Lte","values":["3"]}],)"
            R"("terminationGracePeriod":"1m"})"},
       }) {
    expect_kept(changed(yaml(kClaim), std::string("{spec: {") + row.spec + "}}"), row);
  }
}

// spec: conversion §2.7, §2.14, §6.12
TEST(Stash, keeps_what_v1beta1_has_no_word_for_in_classes) {
  for (const auto& row : std::vector<Lossy>{
           {"amiSelectorTerms: [{alias: al2023@v20240807}]", ""},
           {"amiFamily: AL2, amiSelectorTerms: [{tags: {a: b}, owner: self}]", ""},
           {"amiFamily: AL2023, amiSelectorTerms: [{alias: al2023@latest}]",
            R"({"amiFamily":"AL2023","amiSelectorTerms":[{"alias":"al2023@latest"}]})"},
           {"amiFamily: Custom, amiSelectorTerms: [{alias: al2@latest}]",
            R"({"amiFamily":"Custom","amiSelectorTerms":[{"alias":"al2@latest"}]})"},
           {"amiSelectorTerms: [{alias: windows2025@latest}]",
            R"({"amiSelectorTerms":[{"alias":"windows2025@latest"}]})"},
           {"amiFamily: Windows2025, amiSelectorTerms: [{id: ami-1}]",
            R"({"amiFamily":"Windows2025","amiSelectorTerms":[{"id":"ami-1"}]})"},
           {"amiFamily: AL2, amiSelectorTerms: [{ssmParameter: /x}, {id: ami-1}]",
            R"({"amiFamily":"AL2","amiSelectorTerms":[{"ssmParameter":"/x"},{"id":"ami-1"}]})"},
           {"amiSelectorTerms: [{alias: al2@latest}], kubelet: {maxPods: 5}, ipPrefixCount: 0, "
            "enclaveOptions: "
            "{enabled: true}, cpuOptions: {nestedVirtualization: enabled}, connectionTracking: {udpTimeout: "
            "30}, "
            "placementGroupSelector: {name: g}, capacityReservationSelectorTerms: [{id: cr-1}], "
            "networkInterfaces: []",
            R"({"capacityReservationSelectorTerms":[{"id":"cr-1"}],"connectionTracking":{"udpTimeout":30},)"
            R"("cpuOptions":{"nestedVirtualization":"enabled"},"enclaveOptions":{"enabled":true},)"
            R"("ipPrefixCount":0,"kubelet":{"maxPods":5},"networkInterfaces":[],)"
            R"("placementGroupSelector":{"name":"g"}})"},
           {"amiSelectorTerms: [{alias: al2@latest}], blockDeviceMappings: [{deviceName: a, ebs: "
            "{volumeSize: 1Gi, "
            "volumeInitializationRate: 100}}]",
            R"({"blockDeviceMappings":[{"deviceName":"a","ebs":{"volumeInitializationRate":100}}]})"},
       }) {
    expect_kept(node_class(row.spec), row);
  }
}

// spec: conversion §2.14
TEST(Stash, keeps_several_things_in_one_place) {
  expect_kept(pool("template: {spec: {terminationGracePeriod: 1h, nodeClassRef: {group: g}}}"),
              {"both in template.spec",
               R"({"template":{"spec":{"nodeClassRef":{"group":"g","kind":"EC2NodeClass","name":"c"},)"
               R"("terminationGracePeriod":"1h"}}})"});
  const auto devices = node_class(
      "amiSelectorTerms: [{alias: al2@latest}], blockDeviceMappings: [{ebs: {volumeSize: 1Gi}}, {ebs: "
      "{snapshotID: "
      "s, volumeInitializationRate: 100}}]");
  expect_kept(devices, {"devices without names",
                        R"({"blockDeviceMappings":[{},{"ebs":{"volumeInitializationRate":100}}]})"});
  const auto named = node_class(
      "amiSelectorTerms: [{alias: al2@latest}], blockDeviceMappings: [{deviceName: a, ebs: "
      "{volumeInitializationRate: 100}}]");
  const auto moved =
      changed(at(named, "v1beta1"),
              "{spec: {blockDeviceMappings: [{deviceName: b, ebs: {}}, {deviceName: a, ebs: {}}]}}");
  EXPECT_EQ(at(moved, "v1")["spec"]["blockDeviceMappings"].dump(),
            R"([{"deviceName":"b","ebs":{}},{"deviceName":"a","ebs":{"volumeInitializationRate":100}}])");
  const auto bare = yaml("{apiVersion: karpenter.k8s.aws/v1beta1, kind: EC2NodeClass, metadata: {name: c}}");
  EXPECT_FALSE(at(bare, "v1")["spec"].exists()) << "no spec there either";
  EXPECT_EQ(at(at(bare, "v1"), "v1beta1").dump(), bare.dump());
}

// What a v1beta1 client changed wins over what was stashed. spec: conversion §2.14 point 3
TEST(Stash, gives_way_to_edits) {
  struct Row {
    json::Value object;
    const char *edit, *pointer, *want;
  };
  const std::string place = "/spec/template/spec/requirements/0";
  const std::vector<Row> rows = {
      {pool("disruption: {consolidateAfter: 30m}"),
       "{disruption: {consolidationPolicy: WhenEmpty, consolidateAfter: 1m}}",
       "/spec/disruption/consolidateAfter", R"("1m")"},
      {pool("disruption: {consolidateAfter: 30m}"), "{disruption: {consolidateAfter: Never}}",
       "/spec/disruption/consolidateAfter", R"("Never")"},
      {pool("disruption: {consolidationPolicy: Balanced}"),
       "{disruption: {consolidationPolicy: WhenEmpty, consolidateAfter: 1m}}",
       "/spec/disruption/consolidationPolicy", R"("WhenEmpty")"},
      {pool("disruption: {budgets: [{nodes: '1'}, {nodes: '2', reasons: [Empty]}]}"),
       "{disruption: {budgets: [{nodes: '1'}, {nodes: '3'}]}}", "/spec/disruption/budgets/1",
       R"({"nodes":"3"})"},
      {pool("disruption: {budgets: [{nodes: '2', reasons: [Empty]}]}"),
       "{disruption: {budgets: [{nodes: '2'}, {nodes: '3'}]}}", "/spec/disruption/budgets/0",
       R"({"nodes":"2"})"},
      {pool("template: {spec: {requirements: [{key: a, operator: Gte, values: ['5']}]}}"),
       "{template: {spec: {requirements: [{key: a, operator: Gt, values: ['7']}]}}}", place.c_str(),
       R"({"key":"a","operator":"Gt","values":["7"]})"},
      {node_class("amiFamily: AL2, amiSelectorTerms: [{alias: al2@v1}]"), "{amiFamily: AL2023}",
       "/spec/amiSelectorTerms", R"([{"alias":"al2023@v1"}])"},
      {node_class("amiFamily: AL2, amiSelectorTerms: [{alias: al2@v1}]"), "{amiSelectorTerms: [{id: ami-1}]}",
       "/spec/amiSelectorTerms", R"([{"id":"ami-1"}])"},
  };
  for (const auto& row : rows) {
    const auto edited = changed(at(row.object, "v1beta1"), std::string("{spec: ") + row.edit + "}");
    EXPECT_EQ(at(edited, "v1").view().at_pointer(row.pointer).dump(), row.want) << row.edit;
  }
}

// spec: conversion §2.14 points 2, 5, §7 item 32
TEST(Stash, is_no_way_around_the_schema_and_has_a_limit) {
  for (const auto* bad : {"no json", "[]", R"({"spec":[]})", R"({"spec":{"replicas":"many"}})"}) {
    auto object = yaml(kBetaPool);
    object["metadata"]["annotations"][kFields].set(bad);
    std::vector<std::string> remarks;
    const auto got = at(object, "v1", {.remarks = &remarks});
    EXPECT_EQ(remarks.size(), 1U) << bad;
    EXPECT_EQ(noted(got, kFields), "");
    EXPECT_EQ(got["spec"].dump(), at(yaml(kBetaPool), "v1")["spec"].dump());
  }
  auto foreign = yaml(kBetaPool);
  foreign["metadata"]["annotations"][kFields].set(
      R"({"spec":{"weight":7,"x":1,"template":{"metadata":{"labels":{"a":"b"}}}}})");
  EXPECT_EQ(at(foreign, "v1")["spec"].dump(), at(yaml(kBetaPool), "v1")["spec"].dump());

  auto large = pool("template: {spec: {terminationGracePeriod: 1h}}");
  large["metadata"]["annotations"]["big"].set(std::string(std::size_t{200} << 10U, 'x'));
  EXPECT_EQ(noted(at(large, "v1beta1"), kFields), "");
}

// spec: conversion §2.7, §6.11, §7 item 8
TEST(Ubuntu, stands_until_the_v1_object_says_otherwise) {
  const auto made = at(changed(yaml(kBetaClass), "{spec: {amiFamily: Ubuntu}}"), "v1");
  const auto back = [](const json::Value& object) {
    const auto got = at(object, "v1beta1");
    return got["spec"]["amiFamily"].string_or("") + " " + got["spec"]["amiSelectorTerms"].dump() + " " +
           got["spec"]["blockDeviceMappings"].dump();
  };
  EXPECT_EQ(back(made), "Ubuntu  ");
  EXPECT_EQ(back(changed(made, "{spec: {amiSelectorTerms: [{id: ami-1}]}}")), R"(Ubuntu [{"id":"ami-1"}] )");
  EXPECT_EQ(back(changed(made, "{spec: {blockDeviceMappings: [{deviceName: x}]}}")),
            R"(Ubuntu  [{"deviceName":"x"}])");
  EXPECT_EQ(back(changed(made,
                         "{spec: {amiFamily: null, blockDeviceMappings: null, amiSelectorTerms: [{alias: "
                         "al2023@latest}]}}")),
            "AL2023  ");
}

// ---- the surroundings

// spec: conversion §2.5, §7 item 30
TEST(BetaClaim, takes_expire_after_from_its_pool) {
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
            "spec.weight: must be of type integer"},
           {"{apiVersion: karpenter.sh/v1, kind: NodePool, spec: {weight: 99999999999}}",
            "karpenter.sh/v1beta1", "spec.weight: must be of type integer"},
           {"{apiVersion: karpenter.sh/v1, kind: NodePool, metadata: {annotations: {a: 1}}}",
            "karpenter.sh/v1beta1", "metadata.annotations[a]: must be of type string"},
           {"{apiVersion: karpenter.sh/v1, kind: NodePool, spec: {template: {spec: {taints: [null]}}}}",
            "karpenter.sh/v1beta1", "spec.template.spec.taints[0]: must be of type object"},
       }) {
    const auto got = convert(yaml(row.object), row.to, {});
    ASSERT_FALSE(got) << row.object;
    EXPECT_NE(got.error().text().find(row.want), std::string::npos) << got.error().text();
  }
}

// spec: conversion §1.3, §2.1, §2.15, §5.1, §5.3, §7 items 27, 31, 36, 37
TEST(Convert, keeps_metadata_and_tolerates_odd_objects) {
  const auto object = yaml(R"({apiVersion: karpenter.sh/v1, kind: NodePool, unknown: 1,
    metadata: {name: p, uid: u, labels: {a: b}, finalizers: [f], managedFields: [{manager: m}],
      ownerReferences: [{apiVersion: karpenter.sh/v1beta1, kind: X, name: x, uid: y}], annotations: {x: y}},
    spec: {unknown: 2, weight: null, template: {spec: {nodeClassRef: {group: karpenter.k8s.aws, kind: k, name: n}}}},
    status: {nodes: 3, resources: {cpu: 4}, conditions: [{type: Ready, status: 'True', reason: r, message: '',
      lastTransitionTime: x}]}})");
  const auto got = at(object, "v1beta1");
  EXPECT_EQ(got["metadata"].dump(), object["metadata"].dump());
  EXPECT_EQ(got["apiVersion"].string_or(""), "karpenter.sh/v1beta1");
  EXPECT_FALSE(got["spec"]["unknown"].exists() || got["spec"]["weight"].exists() || got["unknown"].exists());
  EXPECT_EQ(got["status"]["conditions"].dump(), object["status"]["conditions"].dump());
  EXPECT_FALSE(got["status"]["nodes"].exists());
  EXPECT_EQ(at(object, "v1").dump(), object.dump());  // nothing to do, nothing touched
  const auto tagged = changed(yaml(kBetaClass), "{spec: {tags: {'eks:eks-cluster-name': x}}}");
  EXPECT_EQ(at(tagged, "v1")["spec"]["tags"].size(), 1U);
  for (const auto* odd : {"{apiVersion: karpenter.sh/v1beta1, kind: NodePool}",
                          "{apiVersion: karpenter.sh/v1beta1, kind: NodePool, metadata: null, spec: null}",
                          "{apiVersion: karpenter.sh/v1beta1, kind: NodeClaim, metadata: {}, spec: {}}",
                          "{apiVersion: karpenter.k8s.aws/v1beta1, kind: EC2NodeClass, spec: {}}"}) {
    const auto there = at(yaml(odd), "v1");
    EXPECT_TRUE(there["metadata"].is_object()) << odd;
    EXPECT_TRUE(at(there, "v1beta1")["spec"].is_object()) << odd;
  }
}

}  // namespace
}  // namespace karpenter::conversion
