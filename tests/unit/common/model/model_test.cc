#include <gtest/gtest.h>

#include "common/model/karpenter/v1.h"
#include "common/model/labels.h"
#include "common/model/legacy/v1beta1.h"
#include "common/model/resources.h"
#include "common/model/selectors.h"
#include "common/model/taints.h"

namespace karpenter::model {
namespace {

Quantity q(std::string_view text) { return Quantity::parse(text).value(); }

TEST(Resources, keep_absent_and_zero_apart_and_names_sorted) {
  Resources r = {{"memory", q("1Gi")}, {"cpu", q("1")}, {"cpu", q("2")}};
  EXPECT_EQ(r.size(), 2U);
  EXPECT_EQ(r.begin()->first, "cpu");
  EXPECT_EQ(r.get("cpu"), q("2"));
  EXPECT_EQ(r.find("pods"), nullptr);
  EXPECT_NE(r, (Resources{{"cpu", q("2")}, {"memory", q("1Gi")}, {"pods", q("0")}}));
  r += {{"cpu", q("500m")}, {"pods", q("3")}};
  EXPECT_EQ(r, (Resources{{"cpu", q("2500m")}, {"memory", q("1Gi")}, {"pods", q("3")}}));
  r -= {{"cpu", q("3")}, {"gpu", q("1")}};
  EXPECT_EQ(r.get("cpu").text(), "-500m");
  EXPECT_EQ(r.find("gpu"), nullptr);
  r.raise_to({{"cpu", q("1")}, {"pods", q("1")}, {"gpu", q("1")}});
  EXPECT_EQ(r, (Resources{{"cpu", q("1")}, {"gpu", q("1")}, {"memory", q("1Gi")}, {"pods", q("3")}}));
  r.erase("gpu");
  EXPECT_EQ(r.size(), 3U);
}

// spec: scheduling §7.3
TEST(Fits, needs_every_request_and_no_negative_total) {
  struct Case {
    Resources request;
    Resources total;
    bool want;
  };
  for (const auto& [request, total, want] :
       {Case{{{"cpu", q("1")}}, {{"cpu", q("1")}}, true},
        Case{{{"cpu", q("1001m")}}, {{"cpu", q("1")}}, false},
        Case{{{"gpu", q("1")}}, {{"cpu", q("1")}}, false}, Case{{{"gpu", q("0")}}, {{"cpu", q("1")}}, true},
        Case{{}, {{"cpu", q("-1n")}}, false}, Case{{}, {}, true}}) {
    EXPECT_EQ(fits(request, total), want);
  }
}

TEST(LabelSelector, matches_as_the_api_server_does) {
  const StringMap labels = {{"app", "web"}, {"tier", "1"}};
  struct Case {
    LabelSelector selector;
    bool want;
  };
  for (const auto& [selector, want] : {
           Case{{}, true},
           Case{{.match_labels = {{"app", "web"}}, .match_expressions = {}}, true},
           Case{{.match_labels = {{"app", "db"}}, .match_expressions = {}}, false},
           Case{{.match_labels = {}, .match_expressions = {{"app", "In", {"db", "web"}}}}, true},
           Case{{.match_labels = {}, .match_expressions = {{"zone", "In", {"a"}}}}, false},
           Case{{.match_labels = {}, .match_expressions = {{"zone", "NotIn", {"a"}}}}, true},
           Case{{.match_labels = {}, .match_expressions = {{"app", "NotIn", {"web"}}}}, false},
           Case{{.match_labels = {}, .match_expressions = {{"app", "Exists", {}}}}, true},
           Case{{.match_labels = {}, .match_expressions = {{"app", "DoesNotExist", {}}}}, false},
           Case{{.match_labels = {}, .match_expressions = {{"app", "Like", {"w"}}}}, false},
       }) {
    EXPECT_EQ(matches(selector, labels), want);
  }
}

// spec: scheduling §6.1
TEST(Tolerations, match_effect_key_and_operator) {
  const auto toleration = [](std::string key, std::string op, std::string value, std::string effect) {
    return Toleration{.key = std::move(key),
                      .op = std::move(op),
                      .value = std::move(value),
                      .effect = std::move(effect),
                      .toleration_seconds = {}};
  };
  const Taint taint = {.key = "k", .value = "5", .effect = "NoSchedule", .time_added = {}};
  EXPECT_TRUE(tolerates(toleration("k", "", "5", ""), taint));
  EXPECT_TRUE(tolerates(toleration("k", "Equal", "5", "NoSchedule"), taint));
  EXPECT_FALSE(tolerates(toleration("k", "Equal", "6", ""), taint));
  EXPECT_FALSE(tolerates(toleration("k", "Exists", "", "NoExecute"), taint));
  EXPECT_TRUE(tolerates(toleration("", "Exists", "", ""), taint));
  EXPECT_TRUE(tolerates(toleration("k", "Lt", "6", ""), taint));
  EXPECT_FALSE(tolerates(toleration("k", "Lt", "5", ""), taint));
  EXPECT_TRUE(tolerates(toleration("k", "Gt", "-1", ""), taint));
  EXPECT_FALSE(tolerates(toleration("k", "Gt", "04", ""), taint)) << "not canonical";
  EXPECT_FALSE(tolerates(toleration("k", "Near", "5", ""), taint));

  const std::vector<Taint> taints = {
      taint, {.key = "soft", .value = {}, .effect = "PreferNoSchedule", .time_added = {}}};
  const std::vector<Toleration> tolerations = {toleration("k", "Exists", "", "")};
  ASSERT_NE(find_untolerated(taints, tolerations), nullptr);
  EXPECT_EQ(find_untolerated(taints, tolerations)->text(), "soft:PreferNoSchedule");
  EXPECT_EQ(taint.text(), "k=5:NoSchedule");
}

// spec: scheduling §6.3
TEST(Taints, that_go_by_themselves_are_known) {
  const auto known = [](std::string key, std::string_view effect) {
    return is_known_ephemeral(
        {.key = std::move(key), .value = {}, .effect = std::string(effect), .time_added = {}});
  };
  EXPECT_TRUE(known("node.kubernetes.io/not-ready", kNoSchedule));
  EXPECT_TRUE(known("node.kubernetes.io/not-ready", kNoExecute));
  EXPECT_TRUE(known("node.kubernetes.io/unreachable", kNoSchedule));
  EXPECT_FALSE(known("node.kubernetes.io/unreachable", kNoExecute));
  EXPECT_TRUE(known("node.cloudprovider.kubernetes.io/uninitialized", kNoSchedule));
  EXPECT_TRUE(known("karpenter.sh/unregistered", kNoExecute));
  EXPECT_FALSE(known("karpenter.sh/unregistered", kNoSchedule));
  EXPECT_TRUE(known("readiness.k8s.io/network", kPreferNoSchedule));
  EXPECT_FALSE(known("karpenter.sh/rebooting", kNoSchedule));
}

// spec: api §1.3
TEST(NeverDuration, is_never_or_a_duration) {
  EXPECT_EQ(parse_never_duration("Never").value(), std::nullopt);
  EXPECT_EQ(parse_never_duration("1h30m").value(), std::chrono::minutes(90));
  for (const char* bad : {"", "never", "10", "10minutes", "99999999999h"}) {
    EXPECT_FALSE(parse_never_duration(bad).has_value()) << bad;
  }
}

TEST(ObjectMeta, answers_empty_for_absent_keys) {
  ObjectMeta meta;
  meta.name = "n";
  meta.labels = {{"a", "1"}};
  meta.finalizers = {"f"};
  EXPECT_EQ(meta.label("a"), "1");
  EXPECT_EQ(meta.label("b"), "");
  EXPECT_TRUE(meta.has_finalizer("f"));
  EXPECT_EQ(key_of(meta).text(), "n");
  meta.namespace_name = "ns";
  EXPECT_EQ(key_of(meta).text(), "ns/n");
  const std::vector<Condition> conditions = {{.type = "Ready",
                                              .status = "True",
                                              .reason = {},
                                              .message = {},
                                              .last_transition_time = {},
                                              .observed_generation = 0}};
  EXPECT_TRUE(is_true(conditions, "Ready"));
  EXPECT_FALSE(is_true(conditions, "Other"));
}

// spec: conversion §2.2
TEST(LegacyText, has_the_member_order_and_escapes_of_the_annotations) {
  v1beta1::Kubelet kubelet;
  EXPECT_EQ(v1beta1::kubelet_json(kubelet), "{}");
  kubelet.cpu_cfs_quota = false;
  kubelet.max_pods = 30;
  kubelet.cluster_dns = {"10.0.0.10"};
  kubelet.eviction_hard = {{"nodefs.available", "<5%"}, {"memory.available", "a\"b"}};
  kubelet.container_runtime = "dockerd";
  EXPECT_EQ(v1beta1::kubelet_json(kubelet),
            R"({"clusterDNS":["10.0.0.10"],"maxPods":30,"evictionHard":{"memory.available":"a\"b",)"
            R"("nodefs.available":"\u003c5%"},"cpuCFSQuota":false})");
  EXPECT_EQ(v1beta1::node_class_ref_json({.kind = "EC2NodeClass", .name = "n", .api_version = ""}),
            R"({"kind":"EC2NodeClass","name":"n"})");
}

}  // namespace
}  // namespace karpenter::model
