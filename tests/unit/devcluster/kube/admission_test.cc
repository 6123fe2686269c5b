// Admission webhooks, and who may do what.

#include <functional>
#include <vector>

#include "common/base/strings.h"
#include "tests/unit/devcluster/kube/server_fixture.h"

namespace karpenter::devcluster {
namespace {

class ReviewTransport final : public net::Transport {
 public:
  std::function<base::Result<net::HttpResponse>(const net::HttpRequest&)> answer;
  base::Result<net::HttpResponse> send(const net::HttpRequest& request, const net::Call&) override {
    return answer(request);
  }
  base::Result<std::unique_ptr<net::ByteStream>> open(const net::HttpRequest&, const net::Call&) override {
    return base::internal("webhooks do not stream");
  }
};

class Admission : public ServerTest {
 protected:
  static constexpr const char* kMutating =
      "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
  static constexpr const char* kValidating =
      "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

  void SetUp() override {
    hook->answer = [this](const net::HttpRequest& what) { return review(what); };
    options.webhook_transport = [this](const net::ClientTls&) { return hook; };
  }
  // Registers one webhook for pods; `more` adds to or overrides its fields.
  void register_hook(const char* where, std::string_view more = "{}") {
    const bool mutating = std::string_view(where) == kMutating;
    json::Value configuration =
        yaml(std::string("{apiVersion: admissionregistration.k8s.io/v1, kind: ") +
             (mutating ? "Mutating" : "Validating") + "WebhookConfiguration, metadata: {name: h}}");
    json::Value webhook = yaml(
        "{name: check.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: "
        "{url: 'https://hook.example.com/review'}, rules: [{operations: [CREATE, UPDATE], apiGroups: [''], "
        "apiVersions: [v1], resources: [pods]}]}");
    json::apply_merge_patch(webhook.ref(), yaml(more));
    configuration["webhooks"].push_back(webhook);
    const Answer made = post(where, configuration);
    ASSERT_EQ(made.code, 201) << made.body.dump();
  }
  base::Result<net::HttpResponse> review(const net::HttpRequest& what) {
    targets.push_back(what.target);
    auto sent = json::parse(what.body);
    requests.emplace_back(sent->view()["request"]);
    json::Value out = json::Value::object();
    out["apiVersion"].set("admission.k8s.io/v1");
    out["kind"].set("AdmissionReview");
    out["response"].set(reply);
    out["response"]["uid"].set(sent->view()["request"]["uid"]);
    return net::json_response(200, out.dump());
  }
  std::shared_ptr<ReviewTransport> hook = std::make_shared<ReviewTransport>();
  json::Value reply = yaml("{allowed: true}");
  std::vector<std::string> targets;
  std::vector<json::Value> requests;
};

// spec: conversion §5.5
TEST_F(Admission, denials_carry_the_webhooks_words) {
  register_hook(kValidating);
  struct Case {
    const char* reply;
    int code;
    std::string message;
  };
  const Case cases[] = {
      {"{allowed: false, status: {message: 'too big', code: 422}}", 422,
       "admission webhook \"check.example.com\" denied the request: too big"},
      {"{allowed: false, status: {reason: Odd}}", 400,
       "admission webhook \"check.example.com\" denied the request: Odd"},
      {"{allowed: false}", 400,
       "admission webhook \"check.example.com\" denied the request without explanation"},
      {"{allowed: true, patch: W10=, patchType: JSONPatch}", 500,
       "Internal error occurred: failed calling webhook \"check.example.com\": failed to call webhook: a "
       "validating webhook must not return a patch"},
  };
  for (const Case& c : cases) {
    reply = yaml(c.reply);
    const Answer refused = post(kPods, pod("a"));
    EXPECT_EQ(refused.code, c.code) << refused.body.dump();
    EXPECT_EQ(refused.message(), c.message);
  }
  EXPECT_EQ(targets.front(), "/review?timeout=10s");
  reply = yaml("{allowed: true, warnings: [look out]}");
  const Answer allowed = post(kPods, pod("a"));
  EXPECT_EQ(allowed.code, 201);
  EXPECT_EQ(allowed.headers.get("Warning"), "299 - \"look out\"");
}

TEST_F(Admission, requests_say_what_happens) {
  register_hook(kValidating);
  ASSERT_EQ(post(kPods, pod("a")).code, 201);
  ASSERT_EQ(merge(std::string(kPods) + "/a", "metadata: {labels: {x: y}}").code, 200);
  ASSERT_EQ(merge(std::string(kPods) + "/a/status", "status: {phase: Running}").code, 200)
      << "no rule for pods/status";
  ASSERT_EQ(requests.size(), 2U);
  const json::View create = requests[0];
  EXPECT_EQ(create["operation"].string_or(""), "CREATE");
  EXPECT_TRUE(create["oldObject"].is_null());
  EXPECT_EQ(create["object"]["spec"]["restartPolicy"].string_or(""), "Always");
  EXPECT_EQ(create["userInfo"]["username"].string_or(""), "admin");
  const json::View update = requests[1];
  EXPECT_EQ(update["operation"].string_or(""), "UPDATE");
  EXPECT_EQ(update["object"]["metadata"]["labels"]["x"].string_or(""), "y");
  EXPECT_FALSE(update["oldObject"]["metadata"]["labels"]["x"].exists());
}

// spec: conversion §5.6
TEST_F(Admission, patches_change_the_object_before_validation) {
  register_hook(kMutating);
  const std::string patch = R"([{"op":"add","path":"/metadata/labels/added","value":"yes"},)"
                            R"({"op":"add","path":"/spec/colour","value":"red"}])";
  reply["patch"].set(base::base64_encode(patch));
  reply["patchType"].set("JSONPatch");
  const Answer made = post(kPods, pod("a"));
  ASSERT_EQ(made.code, 201) << made.body.dump();
  EXPECT_EQ(made.text("/metadata/labels/added"), "yes");
  EXPECT_FALSE(made["spec"]["colour"].exists()) << "what a webhook adds is pruned too";
  reply.ref().erase("patchType");
  EXPECT_EQ(post(kPods, pod("b")).code, 500);
  reply["patchType"].set("JSONPatch");
  reply["patch"].set(base::base64_encode(R"([{"op":"replace","path":"/spec/none","value":1}])"));
  EXPECT_EQ(post(kPods, pod("b")).code, 500);
}

// spec: conversion §5.7
TEST_F(Admission, failure_policy_and_dry_run) {
  register_hook(kValidating, "{sideEffects: NoneOnDryRun, timeoutSeconds: 3}");
  EXPECT_EQ(post(std::string(kPods) + "?dryRun=All", pod("a")).code, 201);
  EXPECT_TRUE(requests.front().view()["dryRun"].bool_or(false));
  hook->answer = [](const net::HttpRequest&) { return base::make_error(base::Code::kTimeout, "late"); };
  const Answer failed = post(kPods, pod("a"));
  EXPECT_EQ(failed.code, 500);
  EXPECT_EQ(
      failed.message(),
      "Internal error occurred: failed calling webhook \"check.example.com\": failed to call webhook: Post "
      "\"https://hook.example.com/review?timeout=3s\": context deadline exceeded");
  ASSERT_EQ(json_patch(std::string(kValidating) + "/h",
                       R"([{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Ignore"}])")
                .code,
            200);
  EXPECT_EQ(post(kPods, pod("a")).code, 201);
}

TEST_F(Admission, selectors_and_operations_limit_a_webhook) {
  register_hook(kValidating,
                "{objectSelector: {matchLabels: {watch: 'yes'}}, namespaceSelector: {matchLabels: "
                "{kubernetes.io/metadata.name: default}}}");
  json::Value watched = pod("b");
  watched["metadata"]["labels"]["watch"].set("yes");
  ASSERT_EQ(post(kPods, pod("a")).code, 201);
  ASSERT_EQ(post("/api/v1/namespaces/kube-system/pods", watched).code, 201);
  EXPECT_TRUE(requests.empty());
  ASSERT_EQ(post(kPods, watched).code, 201);
  EXPECT_EQ(requests.size(), 1U);
  ASSERT_EQ(remove(std::string(kPods) + "/b").code, 200);
  EXPECT_EQ(requests.size(), 1U) << "no rule for DELETE";
}

class Access : public ServerTest {
 protected:
  void SetUp() override {
    options.tokens["reader"] = {.name = "system:serviceaccount:karpenter:karpenter", .groups = {}};
    server();
  }
};

TEST_F(Access, tokens_name_users) {
  token = "wrong";
  const Answer refused = get(kPods);
  EXPECT_EQ(refused.code, 401);
  EXPECT_EQ(refused.reason(), "Unauthorized");
  token = "";
  EXPECT_EQ(get(kPods).message(),
            "pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\" in API group \"\" in "
            "the namespace \"default\"");
  EXPECT_EQ(get("/readyz").code, 200);
  net::HttpRequest with_certificate = request("GET", kPods);
  with_certificate.client_common_name = "kubelet";
  EXPECT_EQ(send(with_certificate).code, 403);
}

TEST_F(Access, roles_allow_what_they_list) {
  const std::string rbac = "/apis/rbac.authorization.k8s.io/v1/";
  ASSERT_EQ(
      post_yaml(
          rbac + "clusterroles",
          "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: 'k:r'}, rules: "
          "[{apiGroups: [''], resources: [nodes, pods/status], verbs: [get, patch]}]}")
          .code,
      201);
  ASSERT_EQ(post_yaml(rbac + "clusterrolebindings",
                      "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: "
                      "b}, roleRef: {apiGroup: "
                      "rbac.authorization.k8s.io, kind: ClusterRole, name: 'k:r'}, subjects: [{kind: "
                      "ServiceAccount, namespace: karpenter, name: karpenter}]}")
                .code,
            201);
  ASSERT_EQ(post(kPods, pod("a")).code, 201);
  token = "reader";
  EXPECT_EQ(get("/api/v1/nodes/none").code, 404);
  const Answer refused = get(kNodes);
  EXPECT_EQ(refused.code, 403);
  EXPECT_EQ(refused.message(),
            "nodes is forbidden: User \"system:serviceaccount:karpenter:karpenter\" cannot list resource "
            "\"nodes\" in API group \"\" at the cluster scope");
  EXPECT_EQ(merge(std::string(kPods) + "/a/status", "status: {phase: Running}").code, 200);
  EXPECT_EQ(merge(std::string(kPods) + "/a", "metadata: {labels: {x: y}}").code, 403);
  EXPECT_EQ(get("/apis").code, 200) << "discovery is for everybody who is known";
  const Answer review = post_yaml("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                                  "{apiVersion: authorization.k8s.io/v1, kind: SelfSubjectAccessReview, "
                                  "spec: {resourceAttributes: {verb: get, resource: nodes, name: n}}}");
  EXPECT_EQ(review.text("/status/allowed"), "true");
}

}  // namespace
}  // namespace karpenter::devcluster
