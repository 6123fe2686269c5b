#include "webhook/handlers/webhook_handler.h"

#include <gtest/gtest.h>

#include "common/base/strings.h"
#include "common/json/yaml.h"
#include "webhook/handlers/kinds.h"

namespace karpenter::webhook {
namespace {

constexpr const char* kPool = "{group: karpenter.sh, version: v1, kind: NodePool}";
constexpr const char* kGoodPool = R"({metadata: {name: p}, spec: {template: {spec: {
  nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: c}, requirements: []}}}})";
constexpr const char* kBadPool = R"({metadata: {name: p}, spec: {template: {spec: {
  nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: c},
  requirements: [{key: karpenter.sh/foo, operator: Exists}]}}}})";

json::Value yaml(std::string_view text) {
  auto documents = json::parse_yaml(text);
  if (documents.has_value() && documents->size() == 1) return std::move(documents->front());
  ADD_FAILURE() << "bad YAML in a test: " << text;
  return {};
}

std::string review_of(const std::string& kind, const std::string& rest) {
  return yaml("{apiVersion: admission.k8s.io/v1, kind: AdmissionReview, request: {uid: u1, name: p, kind: " +
              kind + ", " + rest + "}}")
      .dump();
}

class Webhook : public testing::Test {
 protected:
  net::HttpResponse send(std::string path, std::string body, std::string method = "POST") {
    net::HttpRequest request;
    request.method = std::move(method);
    request.target = std::move(path);
    request.headers.add("Content-Type", "application/json");
    request.body = std::move(body);
    return handler_.handle(request, {});
  }
  // `response` of the review that comes back.
  json::Value admit(const std::string& path, const std::string& review) {
    auto answer = send(path, review);
    EXPECT_EQ(answer.status, 200) << answer.body;
    auto document = json::parse(answer.body);
    if (!document) return {};
    EXPECT_EQ(document->view()["apiVersion"].string_or(""), "admission.k8s.io/v1");
    EXPECT_EQ(document->view()["kind"].string_or(""), "AdmissionReview");
    EXPECT_EQ(document->view()["response"]["uid"].string_or(""), "u1");
    return json::Value(document->view()["response"]);
  }
  bool allowed(const std::string& kind, const std::string& rest) {
    const auto response = admit("/validate/karpenter.sh?timeout=10s", review_of(kind, rest));
    EXPECT_TRUE(response["allowed"].is_bool());
    return response["allowed"].bool_or(false);
  }
  // The object after the patch of the defaulting webhook; the object itself when there is none.
  json::Value mutated(const std::string& kind, const std::string& operation, const std::string& object) {
    const auto response =
        admit("/default-resource",
              review_of(kind, "operation: " + operation + ", object: " + object + ", oldObject: {}"));
    EXPECT_TRUE(response["allowed"].bool_or(false));
    EXPECT_EQ(response["patch"].exists(), response["patchType"].exists());
    auto out = yaml(object);
    if (!response["patch"].exists()) return out;
    EXPECT_EQ(response["patchType"].string_or(""), "JSONPatch");
    const auto patch = json::parse(base::base64_decode(response["patch"].string_or("")).value());
    EXPECT_TRUE(json::apply_json_patch(out, *patch)) << patch->dump();
    return out;
  }

  std::unique_ptr<runtime::Runtime> runtime_ = runtime::make_real_runtime();
  telemetry::MemorySink sink_;
  telemetry::Metrics metrics_;
  WebhookHandler handler_{*runtime_, telemetry::Log(*runtime_, sink_, {}), metrics_, {}};
};

TEST_F(Webhook, answers_what_is_no_review_with_a_plain_status) {
  struct Row {
    const char *path, *body;
    int status;
  };
  const std::string deep = std::string(100000, '[');
  for (const auto& row : std::vector<Row>{
           {"/validate/karpenter.sh", "", 400},
           {"/validate/karpenter.sh", "{", 400},
           {"/validate/karpenter.sh", "\xff\xfe", 400},
           {"/validate/karpenter.sh",
            R"({"kind":")"
            "\xc3\x28"
            R"("})",
            400},
           {"/validate/karpenter.sh", "null", 400},
           {"/validate/karpenter.sh", "[]", 400},
           {"/validate/karpenter.sh", deep.c_str(), 400},
           {"/validate/karpenter.sh", R"({"kind":"ConversionReview"})", 400},
           {"/validate/karpenter.sh", R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v9"})",
            400},
           {"/validate/karpenter.sh", R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"})",
            400},
           {"/validate/karpenter.sh",
            R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":7})", 400},
           {"/conversion/karpenter.sh", "{}", 400},
           {"/conversion/karpenter.sh", R"({"kind":"ConversionReview","request":{"desiredAPIVersion":"v1"}})",
            400},
           {"/nothing", "{}", 404},
           {"/validate/karpenter.sh/", "{}", 404},
       }) {
    EXPECT_EQ(send(row.path, row.body).status, row.status)
        << row.path << " " << std::string(row.body).substr(0, 60);
  }
  EXPECT_EQ(send("/validate/karpenter.sh", "", "GET").status, 405);
  EXPECT_EQ(send("/conversion/karpenter.sh", "", "DELETE").status, 405);
  EXPECT_EQ(send("/healthz", "", "GET").status, 200);
  const std::string large = "\"" + std::string(7U << 20U, 'x') + "\"";
  EXPECT_EQ(send("/validate/karpenter.sh", large).status, 413);
  EXPECT_EQ(send("/conversion/karpenter.sh", large).status, 400);  // not too large: lists are converted whole
  EXPECT_EQ(metrics_.value("karpenter_webhook_requests_total", {{"webhook", "other"}, {"code", "404"}}), 2);
  EXPECT_EQ(metrics_.value("karpenter_webhook_requests_total",
                           {{"webhook", "/validate/karpenter.sh"}, {"code", "413"}}),
            1);
  EXPECT_TRUE(allowed(kPool, std::string("operation: CREATE, object: ") + kGoodPool));  // and still serves
}

// spec: api §13.3
TEST_F(Webhook, denies_with_the_status_of_an_api_server) {
  const auto response =
      admit("/validate-resource", review_of(kPool, std::string("operation: CREATE, object: ") + kBadPool));
  EXPECT_FALSE(response["allowed"].bool_or(true));
  EXPECT_FALSE(response["patch"].exists());
  const std::string entry =
      "spec.template.spec.requirements[0].key: Invalid value: \"karpenter.sh/foo\": label domain "
      "\"karpenter.sh\" is "
      "restricted";
  EXPECT_EQ(response["status"]["message"].string_or(""), "NodePool.karpenter.sh \"p\" is invalid: " + entry);
  EXPECT_EQ(response["status"]["code"].integer_or(0), 422);
  EXPECT_EQ(response["status"]["reason"].string_or(""), "Invalid");
  const auto details = response["status"]["details"];
  EXPECT_EQ(details["group"].string_or("") + "/" + details["kind"].string_or("") + "/" +
                details["name"].string_or(""),
            "karpenter.sh/NodePool/p");
  ASSERT_EQ(details["causes"].size(), 1U);
  EXPECT_EQ(details["causes"][std::size_t{0}]["field"].string_or(""),
            "spec.template.spec.requirements[0].key");
  EXPECT_EQ(details["causes"][std::size_t{0}]["reason"].string_or(""), "FieldValueInvalid");
  // Clients print `field: message`: the path must not stand there twice.
  EXPECT_EQ(details["causes"][std::size_t{0}]["message"].string_or("").rfind("Invalid value: ", 0), 0U);

  AdmissionRequest request;
  request.group = "g";
  request.kind = "K";
  request.name = "n";
  EXPECT_EQ(
      denial_message(request, {{.path = "a", .message = "x", .kind = admission::ViolationKind::kRequired},
                               {.path = "b", .message = "y", .kind = admission::ViolationKind::kForbidden}}),
      "K.g \"n\" is invalid: [a: Required value: x, b: Forbidden: y]");
}

// spec: api §13.2
TEST_F(Webhook, denies_objects_that_do_not_decode) {
  for (const auto* object : {"{spec: {weight: heavy}}", "{spec: []}", "null", "{metadata: 7}"}) {
    const auto response = admit("/validate/karpenter.sh",
                                review_of(kPool, "operation: CREATE, object: " + std::string(object)));
    EXPECT_FALSE(response["allowed"].bool_or(true)) << object;
    EXPECT_NE(response["status"]["message"].string_or("").find("is invalid: "), std::string::npos);
  }
  const auto wrong =
      admit("/validate/karpenter.sh", review_of(kPool, "operation: CREATE, object: {spec: {weight: x}}"));
  EXPECT_NE(wrong["status"]["message"].string_or("").find("spec.weight"), std::string::npos) << wrong.dump();
}

// spec: api §13.2
TEST_F(Webhook, looks_only_at_writes_that_change_the_spec) {
  const std::string bad = kBadPool;
  const std::string good = kGoodPool;
  const std::string deleting =
      R"({metadata: {name: p, deletionTimestamp: "2026-01-01T00:00:00Z"}, )" + bad.substr(21);
  EXPECT_FALSE(allowed(kPool, "operation: CREATE, object: " + bad));
  EXPECT_FALSE(allowed(kPool, "operation: UPDATE, object: " + bad + ", oldObject: " + good));
  EXPECT_TRUE(allowed(kPool, "operation: UPDATE, object: " + bad + ", oldObject: " + bad)) << "ratcheting";
  EXPECT_TRUE(allowed(kPool, "operation: UPDATE, object: " + deleting + ", oldObject: " + good))
      << "finalizers";
  EXPECT_TRUE(
      allowed(kPool, "operation: UPDATE, subResource: status, object: " + bad + ", oldObject: " + good));
  EXPECT_TRUE(allowed(kPool, "operation: DELETE, oldObject: " + bad));
  EXPECT_TRUE(allowed(kPool, "operation: CONNECT, object: " + bad));
  EXPECT_TRUE(
      allowed("{group: karpenter.sh, version: v9, kind: NodePool}", "operation: CREATE, object: " + bad));
  EXPECT_TRUE(allowed("{group: '', version: v1, kind: ConfigMap}", "operation: CREATE, object: {data: {}}"));
  const auto config =
      admit("/validate/config.karpenter.sh", review_of(kPool, "operation: CREATE, object: " + bad));
  EXPECT_TRUE(config["allowed"].bool_or(false));
}

TEST_F(Webhook, knows_every_kind_and_validates_all_without_a_crash) {
  for (const auto& kind : admission_kinds()) {
    for (const auto* object :
         {"{}", "{spec: {}}", "{metadata: null, spec: null}",
          "{spec: {requirements: [{operator: Gt}, {}], template: {spec: {requirements: [{}]}}}}"}) {
      const auto document = yaml(object);
      static_cast<void>(kind.judge({.object = document}));
      if (kind.set_defaults == nullptr) continue;
      const auto once = kind.set_defaults(document);
      EXPECT_EQ(kind.set_defaults(once).dump(), once.dump()) << kind.kind << object;
    }
  }
}

// spec: api §13.4
TEST_F(Webhook, adds_defaults_without_touching_anything_else) {
  const auto pool =
      mutated(kPool, "UPDATE", R"({metadata: {name: p}, unknown: 1, spec: {limits: {cpu: "1000"},
    template: {spec: {terminationGracePeriod: 90m, extra: x}},
    disruption: {consolidateAfter: null, budgets: [{nodes: "", reasons: []}, {duration: 24h, schedule: "@daily"}]}}})");
  EXPECT_EQ(
      pool.dump(),
      R"({"metadata":{"name":"p"},"spec":{"disruption":{"budgets":[{"nodes":"","reasons":[]},)"
      R"({"duration":"24h","nodes":"10%","schedule":"@daily"}],"consolidateAfter":"0s",)"
      R"("consolidationPolicy":"WhenEmptyOrUnderutilized"},"limits":{"cpu":"1000"},)"
      R"("template":{"spec":{"expireAfter":"720h","extra":"x","terminationGracePeriod":"90m"}}},"unknown":1})");
  EXPECT_EQ(
      mutated(kPool, "CREATE", "{spec: {disruption: {budgets: []}, template: {spec: {}}}}").dump(),
      R"({"spec":{"disruption":{"budgets":[],"consolidateAfter":"0s",)"
      R"("consolidationPolicy":"WhenEmptyOrUnderutilized"},"template":{"spec":{"expireAfter":"720h"}}}})");
  const std::string claim = "{group: karpenter.sh, version: v1, kind: NodeClaim}";
  EXPECT_EQ(mutated(claim, "CREATE", "{spec: {}}").dump(), R"({"spec":{"expireAfter":"720h"}})");
  EXPECT_EQ(mutated(claim, "UPDATE", "{spec: {}}").dump(), R"({"spec":{}})");  // it is immutable
  const std::string beta = "{group: karpenter.k8s.aws, version: v1beta1, kind: EC2NodeClass}";
  EXPECT_EQ(mutated(beta, "UPDATE", "{spec: {}}").dump(), R"({"spec":{}})");
  const std::string provisioner = "{group: karpenter.sh, version: v1alpha5, kind: Provisioner}";
  const auto got =
      mutated(provisioner, "UPDATE", "{spec: {requirements: [{key: a, operator: Exists, note: x}]}}");
  EXPECT_EQ(got["spec"]["requirements"].size(), 6U);
  EXPECT_EQ(got["spec"]["requirements"][std::size_t{0}].dump(),
            R"({"key":"a","note":"x","operator":"Exists"})");
  EXPECT_EQ(mutated(kPool, "CREATE", "{spec: {disruption: all, weight: heavy}}").dump(),
            R"({"spec":{"disruption":"all","weight":"heavy"}})");
}

// spec: conversion §6.19, §5.1
TEST_F(Webhook, converts_reviews_of_both_versions) {
  for (const auto* version : {"apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1"}) {
    const std::string head = std::string(R"({"apiVersion":")") + version +
                             R"(","kind":"ConversionReview","request":{"uid":"a1",)" +
                             R"("desiredAPIVersion":"karpenter.sh/v1","objects":[)";
    const std::string pool =
        R"({"apiVersion":"karpenter.sh/v1beta1","kind":"NodePool","metadata":{"name":"p","uid":"u1"},)"
        R"("spec":{"template":{"spec":{"nodeClassRef":{"name":"c"},"requirements":[]}}}})";
    const auto good =
        json::parse(send("/conversion/karpenter.sh?timeout=30s", head + pool + "," + pool + "]}}").body)
            .value();
    EXPECT_EQ(good["apiVersion"].string_or(""), version);
    EXPECT_EQ(good["response"]["uid"].string_or(""), "a1");
    EXPECT_EQ(good["response"]["result"]["status"].string_or(""), "Success");
    const auto objects = good["response"]["convertedObjects"];
    ASSERT_EQ(objects.size(), 2U);
    EXPECT_EQ(objects[std::size_t{1}]["apiVersion"].string_or(""), "karpenter.sh/v1");
    EXPECT_EQ(objects[std::size_t{1}]["metadata"]["uid"].string_or(""), "u1");
    EXPECT_EQ(objects[std::size_t{1}]["spec"]["template"]["spec"]["nodeClassRef"]["kind"].string_or(""),
              "EC2NodeClass");

    const std::string widget =
        R"({"apiVersion":"karpenter.sh/v1beta1","kind":"Widget","metadata":{"name":"w"}})";
    const auto bad =
        json::parse(send("/conversion/karpenter.sh", head + pool + "," + widget + "]}}").body).value();
    EXPECT_EQ(bad["response"]["result"]["status"].string_or(""), "Failure");
    EXPECT_NE(bad["response"]["result"]["message"].string_or("").find(
                  "no conversion support for type [kind=Widget group=karpenter.sh]"),
              std::string::npos);
    EXPECT_EQ(bad["response"]["convertedObjects"].size(), 0U);
    EXPECT_EQ(bad["response"]["uid"].string_or(""), "a1");
  }
}

TEST_F(Webhook, sends_warnings_cut_between_characters) {
  AdmissionAnswer answer;
  std::string text = "x";
  for (int i = 0; i < 200; ++i) text += "é";
  answer.warnings = {text};
  const auto review = write_admission_review({}, answer);
  EXPECT_TRUE(json::parse(review.dump()));
  EXPECT_LE(review["response"]["warnings"][std::size_t{0}].string_or("").size(), 250U);
}

}  // namespace
}  // namespace karpenter::webhook
