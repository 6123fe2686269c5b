#include "tests/devcluster/workloads/plan.h"

#include <gtest/gtest.h>

#include "tests/unit/devcluster/yaml.h"

namespace karpenter::devcluster {
namespace {

Object shared(std::string_view text) { return std::make_shared<const json::Value>(object_of(text)); }

KeyedObject pod(const std::string& name, const std::string& node, const std::string& ready, int born) {
  return {.key = {.namespace_name = "default", .name = name},
          .object = shared("metadata: {name: " + name + ", creationTimestamp: '2026-01-01T00:00:0" +
                           std::to_string(born) + "Z'}\nspec: {nodeName: '" + node +
                           "'}\nstatus: {conditions: [{type: Ready, status: '" + ready + "'}]}")};
}

std::string names(const std::vector<KeyedObject>& pods) {
  std::string out;
  for (const auto& one : pods) out += one.key.name;
  return out;
}

TEST(Victims, unbound_then_unready_then_young_go_first) {
  const std::vector<KeyedObject> pods = {pod("o", "n", "True", 1), pod("y", "n", "True", 5),
                                         pod("z", "n", "True", 5), pod("r", "n", "False", 2),
                                         pod("u", "", "False", 3)};
  EXPECT_EQ(names(pick_victims(pods, 1)), "u");
  EXPECT_EQ(names(pick_victims(pods, 4)), "uryz");
  EXPECT_EQ(names(pick_victims(pods, 9)), "uryzo");
  EXPECT_EQ(names(pick_victims(pods, 0)), "");
}

TEST(Owned, pods_and_replica_sets_follow_their_template) {
  const auto deployment = object_of(R"(
metadata: {name: web, namespace: shop, uid: u1}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}, annotations: {a: b}}, spec: {containers: [{name: m, image: i}]}}
)");
  const auto set = make_replica_set(deployment);
  const auto hash = template_hash(deployment["spec"]["template"]);
  EXPECT_EQ(set["metadata"]["name"].string_or(""), "web-" + hash);
  EXPECT_EQ(set["spec"]["replicas"].integer_or(0), 3);
  EXPECT_EQ(set["spec"]["selector"]["matchLabels"]["pod-template-hash"].string_or(""), hash);
  EXPECT_EQ(controller_uid(set), "u1");
  auto changed = deployment;
  changed["spec"]["template"]["spec"]["containers"][std::size_t{0}]["image"].set("j");
  EXPECT_NE(template_hash(changed["spec"]["template"]), hash);
  const auto made = make_pod(set, "ReplicaSet", set["spec"]["template"]);
  EXPECT_EQ(made["metadata"]["generateName"].string_or(""), "web-" + hash + "-");
  EXPECT_EQ(made["metadata"]["namespace"].string_or(""), "shop");
  EXPECT_EQ(made["metadata"]["labels"]["pod-template-hash"].string_or(""), hash);
  EXPECT_EQ(made["metadata"]["annotations"]["a"].string_or(""), "b");
  EXPECT_EQ(made["spec"]["containers"].size(), 1U);
}

TEST(Pods, are_active_until_they_end_or_are_deleted) {
  EXPECT_TRUE(is_pod_active(object_of("status: {phase: Running}")));
  EXPECT_TRUE(is_pod_active(object_of("{}")));
  EXPECT_FALSE(is_pod_active(object_of("status: {phase: Failed}")));
  EXPECT_FALSE(is_pod_active(object_of("status: {phase: Succeeded}")));
  EXPECT_FALSE(is_pod_active(object_of("metadata: {deletionTimestamp: '2026-01-01T00:00:00Z'}")));
}

TEST(Daemons, run_where_selector_affinity_and_taints_allow) {
  const struct {
    const char* name;
    const char* spec;
    const char* node;
    bool runs;
  } cases[] = {
      {"plain", "{}", "{}", true},
      {"no room", "{containers: [{name: m, resources: {requests: {cpu: '64'}}}], overhead: {cpu: '1'}}", "{}",
       true},
      {"not ready", "{}", "{taints: [{key: node.kubernetes.io/not-ready, effect: NoExecute}]}", true},
      {"cordoned", "{}",
       "{unschedulable: true, taints: [{key: node.kubernetes.io/unschedulable, effect: NoSchedule}]}", true},
      {"untolerated", "{}", "{taints: [{key: k, effect: NoSchedule}]}", false},
      {"tolerated", "{tolerations: [{key: k, operator: Exists}]}", "{taints: [{key: k, effect: NoSchedule}]}",
       true},
      {"selector", "{nodeSelector: {role: gpu}}", "{}", false},
      {"affinity",
       "{affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: "
       "[{matchExpressions: [{key: role, operator: In, values: [web]}]}]}}}}",
       "{}", true},
      {"other pods do not matter",
       "{affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: zone, "
       "labelSelector: "
       "{matchLabels: {app: none}}}]}}}",
       "{}", true},
  };
  for (const auto& c : cases) {
    const auto pod_template = object_of("spec: " + std::string(c.spec));
    const auto node = object_of("metadata: {name: n1, labels: {role: web}}\nspec: " + std::string(c.node));
    EXPECT_EQ(daemon_runs_on(pod_template, node), c.runs) << c.name;
  }
}

TEST(Daemons, are_pinned_to_their_node_in_every_term) {
  auto made = object_of(
      "spec: {affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: "
      "[{matchExpressions: [{key: a, operator: Exists}]}, {matchExpressions: [{key: b, operator: "
      "Exists}]}]}}}}");
  EXPECT_EQ(pinned_node(made), "");
  pin_daemon(made.ref(), "n1");
  EXPECT_EQ(pinned_node(made), "n1");
  const auto terms = made["spec"]["affinity"]["nodeAffinity"]
                         ["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"];
  for (const auto term : terms.view().items()) EXPECT_EQ(term["matchFields"].size(), 1U);
}

TEST(Budget, counts_what_may_go) {
  const auto ready = [](const std::string& name, const std::string& status) {
    return shared("metadata: {name: " + name + "}\nstatus: {conditions: [{type: Ready, status: '" + status +
                  "'}]}");
  };
  const std::vector<Object> four = {ready("a", "True"), ready("b", "True"), ready("c", "True"),
                                    ready("d", "False")};
  const struct {
    const char* budget;
    std::int64_t wanted;
    std::int64_t expected;
    std::int64_t healthy;
    std::int64_t desired;
    std::int64_t allowed;
  } cases[] = {
      {"spec: {minAvailable: 2}", 4, 4, 3, 2, 1},
      {"spec: {minAvailable: 2}", 6, 4, 3, 2, 1},    // a number needs no owner
      {"spec: {minAvailable: 50%}", 5, 5, 3, 3, 0},  // rounded up
      {"spec: {maxUnavailable: 1}", 4, 4, 3, 3, 0},  // one is away already
      {"spec: {maxUnavailable: 2}", 4, 4, 3, 2, 1},
      {"spec: {maxUnavailable: 2}", 5, 5, 3, 3, 0},  // one that is being replaced counts as away
      {"spec: {maxUnavailable: 100%}", 4, 4, 3, 0, 3},
      {"spec: {maxUnavailable: 9}", 4, 4, 3, 0, 3},
      {"spec: {maxUnavailable: 2}\nstatus: {disruptedPods: {a: '2026-01-01T00:00:00Z'}}", 4, 4, 2, 2, 0},
      {"spec: {}", 4, 4, 3, 4, 0},
  };
  for (const auto& c : cases) {
    const auto status = budget_status(object_of(c.budget), four, c.wanted);
    EXPECT_EQ(status.expected, c.expected) << c.budget;
    EXPECT_EQ(status.healthy, c.healthy) << c.budget;
    EXPECT_EQ(status.desired, c.desired) << c.budget;
    EXPECT_EQ(status.allowed, c.allowed) << c.budget;
  }
}

TEST(Budget, wants_all_replicas_of_each_owner_once) {
  const auto owned = [](const std::string& uid) {
    return shared("metadata: {ownerReferences: [{uid: " + uid + ", controller: true}]}");
  };
  const std::map<model::ObjectKey, Object> sets = {
      {{.namespace_name = "", .name = "one"}, shared("metadata: {uid: one}\nspec: {replicas: 5}")}};
  EXPECT_EQ(count_wanted({owned("one"), owned("one")}, sets), 5);
  EXPECT_EQ(count_wanted({owned("one"), owned("gone"), shared("{}")}, sets), 7);
  EXPECT_EQ(count_wanted({}, sets), 0);
}

}  // namespace
}  // namespace karpenter::devcluster
