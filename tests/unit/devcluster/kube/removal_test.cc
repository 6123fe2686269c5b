// Deletion, finalizers, ownership, namespaces, binding and eviction.

#include "tests/unit/devcluster/kube/server_fixture.h"

namespace karpenter::devcluster {
namespace {

class Removal : public ServerTest {
 protected:
  static constexpr const char* kMaps = "/api/v1/namespaces/default/configmaps";
  json::Value map(std::string_view name, std::string_view extra = "{}") {
    json::Value out = yaml("{apiVersion: v1, kind: ConfigMap}");
    out["metadata"].set(yaml(extra));
    out["metadata"]["name"].set(name);
    return out;
  }
  // A reference to `owner`, as YAML for metadata.
  static std::string owned_by(const Answer& owner, std::string_view more = "") {
    return "{ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: " + owner.text("/metadata/name") +
           ", uid: " + owner.text("/metadata/uid") + std::string(more) + "}]}";
  }
  int code_of(std::string_view name) { return get(std::string(kMaps) + "/" + std::string(name)).code; }
};

TEST_F(Removal, preconditions_are_checked) {
  const Answer made = post(kMaps, map("a"));
  const std::string one = std::string(kMaps) + "/a";
  const Answer wrong = remove(one, R"({"preconditions":{"uid":"other"}})");
  EXPECT_EQ(wrong.code, 409);
  EXPECT_TRUE(wrong.message().starts_with(
      "Operation cannot be fulfilled on configmaps \"a\": Precondition failed: UID in precondition: other"));
  EXPECT_EQ(remove(one, R"({"preconditions":{"resourceVersion":"1"}})").code, 409);
  EXPECT_EQ(remove(one, R"({"preconditions":{"uid":")" + made.text("/metadata/uid") + "\"}}").code, 200);
  EXPECT_EQ(remove(one).code, 404);
}

TEST_F(Removal, finalizers_hold_an_object) {
  ASSERT_EQ(post(kMaps, map("a", "{finalizers: [x.io/a, x.io/b]}")).code, 201);
  const std::string one = std::string(kMaps) + "/a";
  const Answer marked = remove(one);
  EXPECT_EQ(marked.code, 200);
  EXPECT_EQ(marked.text("/metadata/deletionTimestamp"), "2026-01-01T00:00:00Z");
  EXPECT_EQ(merge(one, "metadata: {finalizers: [x.io/a, x.io/b, x.io/c]}").code, 422);
  EXPECT_EQ(merge(one, "metadata: {deletionTimestamp: null, finalizers: [x.io/b]}").code, 200);
  EXPECT_EQ(code_of("a"), 200);
  EXPECT_EQ(merge(one, "metadata: {finalizers: null}").code, 200);
  EXPECT_EQ(code_of("a"), 404);
}

TEST_F(Removal, dependents_follow_their_last_owner) {
  const Answer first = post(kMaps, map("first"));
  const Answer second = post(kMaps, map("second"));
  ASSERT_EQ(post(kMaps, map("only", owned_by(first))).code, 201);
  json::Value both = map("both", owned_by(first));
  both["metadata"]["ownerReferences"].push_back(
      yaml(owned_by(second)).view()["ownerReferences"][std::size_t{0}]);
  ASSERT_EQ(post(kMaps, both).code, 201);
  ASSERT_EQ(remove(std::string(kMaps) + "/first").code, 200);
  EXPECT_EQ(code_of("only"), 404);
  EXPECT_EQ(get(std::string(kMaps) + "/both")["metadata"]["ownerReferences"].size(), 1U);
  ASSERT_EQ(remove(std::string(kMaps) + "/second").code, 200);
  EXPECT_EQ(code_of("both"), 404);
}

TEST_F(Removal, orphans_keep_living) {
  const Answer owner = post(kMaps, map("owner"));
  ASSERT_EQ(post(kMaps, map("child", owned_by(owner))).code, 201);
  ASSERT_EQ(remove(std::string(kMaps) + "/owner", R"({"propagationPolicy":"Orphan"})").code, 200);
  EXPECT_EQ(code_of("owner"), 404);
  const Answer child = get(std::string(kMaps) + "/child");
  EXPECT_EQ(child.code, 200);
  EXPECT_FALSE(child["metadata"]["ownerReferences"].exists());
}

TEST_F(Removal, foreground_waits_for_blocking_dependents) {
  const Answer owner = post(kMaps, map("owner"));
  json::Value child = map("child", owned_by(owner, ", blockOwnerDeletion: true"));
  child["metadata"]["finalizers"].push_back("x.io/a");
  ASSERT_EQ(post(kMaps, child).code, 201);
  ASSERT_EQ(remove(std::string(kMaps) + "/owner", R"({"propagationPolicy":"Foreground"})").code, 200);
  EXPECT_EQ(get(std::string(kMaps) + "/owner").text("/metadata/finalizers/0"), "foregroundDeletion");
  EXPECT_NE(get(std::string(kMaps) + "/child").text("/metadata/deletionTimestamp"), "");
  ASSERT_EQ(merge(std::string(kMaps) + "/child", "metadata: {finalizers: null}").code, 200);
  EXPECT_EQ(code_of("child"), 404);
  EXPECT_EQ(code_of("owner"), 404);
}

TEST_F(Removal, a_child_of_nobody_is_collected) {
  ASSERT_EQ(
      post(kMaps, map("lost", "{ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: x, uid: gone}]}"))
          .code,
      201);
  EXPECT_EQ(code_of("lost"), 404);
}

TEST_F(Removal, bound_pods_get_their_grace) {
  ASSERT_EQ(post(kPods, pod("pending")).code, 201);
  ASSERT_EQ(post(kPods, pod("bound", "n")).code, 201);
  ASSERT_EQ(remove(std::string(kPods) + "/pending").code, 200);
  EXPECT_EQ(get(std::string(kPods) + "/pending").code, 404);
  const std::string bound = std::string(kPods) + "/bound";
  const Answer marked = remove(bound);
  EXPECT_EQ(marked.text("/metadata/deletionTimestamp"), "2026-01-01T00:00:30Z");
  EXPECT_EQ(marked.text("/metadata/deletionGracePeriodSeconds"), "30");
  EXPECT_EQ(remove(bound, R"({"gracePeriodSeconds":5})").text("/metadata/deletionTimestamp"),
            "2026-01-01T00:00:05Z");
  EXPECT_EQ(remove(bound, R"({"gracePeriodSeconds":0})").code, 200);
  EXPECT_EQ(get(bound).code, 404);
}

TEST_F(Removal, collections_go_by_selector) {
  for (const char* name : {"a", "b"}) ASSERT_EQ(post(kMaps, map(name, "{labels: {x: y}}")).code, 201);
  ASSERT_EQ(post(kMaps, map("c")).code, 201);
  EXPECT_EQ(send(request("DELETE", std::string(kMaps) + "?labelSelector=x%3Dy"))["items"].size(), 2U);
  EXPECT_EQ(get(kMaps)["items"].size(), 1U);
}

TEST_F(Removal, a_namespace_takes_its_content_along) {
  ASSERT_EQ(post_yaml("/api/v1/namespaces", "{apiVersion: v1, kind: Namespace, metadata: {name: team}}").code,
            201);
  ASSERT_EQ(post("/api/v1/namespaces/team/configmaps", map("a")).code, 201);
  ASSERT_EQ(post("/api/v1/namespaces/team/configmaps", map("b", "{finalizers: [x.io/a]}")).code, 201);
  ASSERT_EQ(remove("/api/v1/namespaces/team").code, 200);
  EXPECT_EQ(get("/api/v1/namespaces/team").text("/status/phase"), "Terminating");
  EXPECT_EQ(get("/api/v1/namespaces/team/configmaps/a").code, 404);
  const Answer refused = post("/api/v1/namespaces/team/configmaps", map("c"));
  EXPECT_EQ(refused.code, 403);
  EXPECT_TRUE(refused.message().ends_with(
      "unable to create new content in namespace team because it is being terminated"));
  ASSERT_EQ(merge("/api/v1/namespaces/team/configmaps/b", "metadata: {finalizers: null}").code, 200);
  EXPECT_EQ(get("/api/v1/namespaces/team").code, 404);
}

TEST_F(Removal, binding_happens_once) {
  ASSERT_EQ(post(kPods, pod("a")).code, 201);
  const std::string binding = std::string(kPods) + "/a/binding";
  const json::Value body =
      yaml("{apiVersion: v1, kind: Binding, metadata: {name: a}, target: {kind: Node, name: n1}}");
  EXPECT_EQ(post(binding, body).code, 201);
  const Answer bound = get(std::string(kPods) + "/a");
  EXPECT_EQ(bound.text("/spec/nodeName"), "n1");
  EXPECT_EQ(bound.text("/status/conditions/0/type"), "PodScheduled");
  const Answer again = post(binding, body);
  EXPECT_EQ(again.code, 409);
  EXPECT_EQ(again.message(),
            "Operation cannot be fulfilled on pods/binding \"a\": pod a is already assigned to node \"n1\"");
}

class Eviction : public Removal {
 protected:
  static constexpr const char* kBudgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
  void SetUp() override {
    ASSERT_EQ(post(kPods, pod("a", "n")).code, 201);
    ASSERT_EQ(merge(std::string(kPods) + "/a/status",
                    "status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}")
                  .code,
              200);
  }
  void budget(const std::string& name, int allowed) {
    ASSERT_EQ(post_yaml(kBudgets, "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: " +
                                      name + "}, spec: {minAvailable: 1, selector: {matchLabels: {app: a}}}}")
                  .code,
              201);
    ASSERT_EQ(merge(std::string(kBudgets) + "/" + name + "/status",
                    "status: {observedGeneration: 1, disruptionsAllowed: " + std::to_string(allowed) +
                        ", desiredHealthy: 1, currentHealthy: 1, expectedPods: 1}")
                  .code,
              200);
  }
  Answer evict() {
    return post_yaml(std::string(kPods) + "/a/eviction",
                     "{apiVersion: policy/v1, kind: Eviction, metadata: {name: a, namespace: default}}");
  }
};

TEST_F(Eviction, without_a_budget_deletes) {
  EXPECT_EQ(evict().code, 201);
  EXPECT_NE(get(std::string(kPods) + "/a").text("/metadata/deletionTimestamp"), "");
}

TEST_F(Eviction, spends_the_budget) {
  budget("b", 1);
  EXPECT_EQ(evict().code, 201);
  const Answer spent = get(std::string(kBudgets) + "/b");
  EXPECT_EQ(spent.text("/status/disruptionsAllowed"), "0");
  EXPECT_TRUE(spent["status"]["disruptedPods"]["a"].exists());
}

TEST_F(Eviction, is_refused_by_a_spent_budget) {
  budget("b", 0);
  const Answer refused = evict();
  EXPECT_EQ(refused.code, 429);
  EXPECT_EQ(refused.reason(), "TooManyRequests");
  EXPECT_EQ(refused.message(), "Cannot evict pod as it would violate the pod's disruption budget.");
  EXPECT_EQ(refused.text("/details/causes/0/reason"), "DisruptionBudget");
  EXPECT_EQ(refused.text("/details/causes/0/message"),
            "The disruption budget b needs 1 healthy pods and has 1 currently");
  EXPECT_EQ(get(std::string(kPods) + "/a").text("/metadata/deletionTimestamp"), "");
}

TEST_F(Eviction, with_two_budgets_is_an_error) {
  budget("b", 1);
  budget("c", 1);
  EXPECT_EQ(evict().code, 500);
}

TEST_F(Eviction, checks_the_uid) {
  const Answer refused = post_yaml(std::string(kPods) + "/a/eviction",
                                   "{apiVersion: policy/v1, kind: Eviction, metadata: {name: a}, "
                                   "deleteOptions: {preconditions: {uid: x}}}");
  EXPECT_EQ(refused.code, 409);
}

}  // namespace
}  // namespace karpenter::devcluster
