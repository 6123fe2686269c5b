// CustomResourceDefinitions: schemas, subresources, versions, conversion.

#include <functional>

#include "tests/unit/devcluster/kube/server_fixture.h"

namespace karpenter::devcluster {
namespace {

class Custom : public ServerTest {
 protected:
  void SetUp() override { ASSERT_EQ(post_yaml(kCrds, kWidgetCrd).code, 201); }
  static json::Value widget(std::string_view spec) {
    json::Value out = yaml("{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}}");
    out["spec"].set(yaml(spec));
    return out;
  }
};

TEST_F(Custom, definitions_are_established_at_once) {
  const Answer crd = get(std::string(kCrds) + "/widgets.example.com");
  EXPECT_EQ(crd.text("/status/conditions/1/type"), "Established");
  EXPECT_EQ(crd.text("/status/storedVersions/0"), "v1");
  EXPECT_EQ(crd.text("/status/acceptedNames/listKind"), "WidgetList");
  EXPECT_EQ(get(kWidgets).text("/kind"), "WidgetList");
}

TEST_F(Custom, wrong_definitions_are_refused) {
  const std::pair<const char*, const char*> cases[] = {
      {"metadata: {name: other.example.com}", "metadata.name"},
      {"spec: {versions: [{name: v1, served: true, storage: true}]}",
       "spec.versions[0].schema.openAPIV3Schema"},
      {"spec: {versions: [{name: v1, served: true, storage: false, schema: {openAPIV3Schema: {type: "
       "object}}}]}",
       "spec.versions"},
      {"spec: {versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, "
       "properties: {a: {}}}}}]}",
       "spec.versions[0].schema.openAPIV3Schema.properties[a].type"},
      {"spec: {versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, "
       "x-kubernetes-validations: [{rule: 'self.a &&'}]}}}]}",
       "spec.versions[0].schema.openAPIV3Schema.x-kubernetes-validations.rule"},
  };
  for (const auto& [change, field] : cases) {
    json::Value crd = yaml(kWidgetCrd);
    crd["metadata"]["name"].set("gadgets.example.com");
    crd["spec"]["names"].set(yaml("{plural: gadgets, kind: Gadget}"));
    json::apply_merge_patch(crd.ref(), yaml(change));
    const Answer refused = post(kCrds, crd);
    EXPECT_EQ(refused.code, 422) << change;
    EXPECT_EQ(refused.text("/details/causes/0/field"), field) << refused.message();
  }
}

TEST_F(Custom, objects_are_pruned_and_defaulted) {
  const Answer made = post(kWidgets, widget("{size: small, weight: null, colour: red, open: {any: {thing: "
                                            "1}}, terms: [{key: a}], tags: {x: y}}"));
  ASSERT_EQ(made.code, 201) << made.body.dump();
  EXPECT_EQ(
      made["spec"],
      yaml("{size: small, weight: 10, open: {any: {thing: 1}}, terms: [{key: a, mode: auto}], tags: {x: y}}")
          .view());
  EXPECT_EQ(made.headers.get("Warning"), "299 - \"unknown field \\\"spec.colour\\\"\"");
  EXPECT_EQ(made.text("/metadata/generation"), "1");
}

// spec: api §1.5
TEST_F(Custom, violations_name_their_path) {
  struct Case {
    const char* spec;
    const char* cause;
  };
  const Case cases[] = {
      {"{}", "spec.size: Required value"},
      {"{size: huge}", "spec.size: Unsupported value: \"huge\": supported values: \"small\", \"large\""},
      {"{size: small, weight: 0}",
       "spec.weight: Invalid value: 0: spec.weight in body should be greater than or equal to 1"},
      {"{size: small, weight: 101}",
       "spec.weight: Invalid value: 101: spec.weight in body should be less than or equal to 100"},
      {"{size: small, weight: x}",
       "spec.weight: Invalid value: \"x\": spec.weight in body must be of type integer: \"string\""},
      {"{size: small, name: A}",
       "spec.name: Invalid value: \"A\": spec.name in body should match '^[a-z]+$'"},
      {"{size: small, name: abcdef}", "spec.name: Too long: may not be more than 5 bytes"},
      {"{size: small, limit: true}",
       "spec.limit: Invalid value: \"boolean\": spec.limit in body must be of type integer,string: "
       "\"boolean\""},
      {"{size: small, terms: [{key: a}, {key: a}]}", "spec.terms[1]: Duplicate value: {\"key\":\"a\"}"},
      {"{size: small, terms: [{mode: x}]}", "spec.terms[0].key: Required value"},
      {"{size: small, terms: [{key: a}, {key: b}, {key: c}, {key: d}]}",
       "spec.terms: Too many: 4: must have at most 3 items"},
      {"{size: small, tags: {a: '1', b: '2', c: '3'}}", "spec.tags: Too many: 3: must have at most 2 items"},
  };
  for (const Case& c : cases) {
    const Answer refused = post(kWidgets, widget(c.spec));
    EXPECT_EQ(refused.code, 422) << c.spec;
    EXPECT_EQ(refused.message(), std::string("Widget.example.com \"w\" is invalid: ") + c.cause);
  }
  const Answer strict = post(std::string(kWidgets) + "?fieldValidation=Strict",
                             widget("{size: small, terms: [{key: a, extra: 1}]}"));
  EXPECT_EQ(strict.message(),
            "Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: unknown field "
            "\"spec.terms[0].extra\"");
}

TEST_F(Custom, unchanged_violations_may_stay) {
  ASSERT_EQ(post(kWidgets, widget("{size: small, name: abc}")).code, 201);
  json::Value crd = get(std::string(kCrds) + "/widgets.example.com").body;
  crd["spec"]["versions"][std::size_t{0}]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
     ["name"]["maxLength"]
         .set(2);
  ASSERT_EQ(put(std::string(kCrds) + "/widgets.example.com", crd).code, 200);
  EXPECT_EQ(merge(std::string(kWidgets) + "/w", "spec: {size: large}").code, 200);
  EXPECT_EQ(merge(std::string(kWidgets) + "/w", "spec: {name: abcd}").code, 422);
}

// spec: api §1.6
TEST_F(Custom, rules_judge_what_changed) {
  json::Value crd = get(std::string(kCrds) + "/widgets.example.com").body;
  const json::Ref spec =
      crd["spec"]["versions"][std::size_t{0}]["schema"]["openAPIV3Schema"]["properties"]["spec"];
  spec["x-kubernetes-validations"].set(
      yaml("[{rule: \"self.size != 'large' || self.weight > 50\", message: large is heavy}, "
           "{rule: 'self.weight >= oldSelf.weight', message: weight may not shrink}]"));
  ASSERT_EQ(put(std::string(kCrds) + "/widgets.example.com", crd).code, 200);

  EXPECT_EQ(post(kWidgets, widget("{size: large}")).message(),
            "Widget.example.com \"w\" is invalid: spec: Invalid value: \"object\": large is heavy");
  ASSERT_EQ(post(kWidgets, widget("{size: large, weight: 60}")).code, 201);
  const std::string one = std::string(kWidgets) + "/w";
  EXPECT_EQ(merge(one, "{spec: {weight: 70}}").code, 200);
  EXPECT_EQ(merge(one, "{spec: {weight: 65}}").message(),
            "Widget.example.com \"w\" is invalid: spec: Invalid value: \"object\": weight may not shrink");
  EXPECT_EQ(merge(one, "{metadata: {labels: {a: b}}}").code, 200);
}

TEST_F(Custom, status_is_its_own_world) {
  json::Value with_status = widget("{size: small}");
  with_status["status"]["replicas"].set(3);
  EXPECT_FALSE(post(kWidgets, with_status)["status"].exists());
  const std::string one = std::string(kWidgets) + "/w";
  const Answer status =
      merge(one + "/status", "{metadata: {labels: {x: y}}, spec: {size: large}, status: {replicas: 3}}");
  EXPECT_EQ(status.text("/status/replicas"), "3");
  EXPECT_EQ(status.text("/spec/size"), "small");
  EXPECT_FALSE(status["metadata"]["labels"].exists());
  EXPECT_EQ(status.text("/metadata/generation"), "1");
  EXPECT_EQ(merge(one, "{spec: {size: large}, status: {replicas: 9}}").text("/status/replicas"), "3");
  EXPECT_EQ(get(one + "/scale").text("/status/replicas"), "3");
  json::Value blind = get(one).body;
  blind["metadata"].erase("resourceVersion");
  EXPECT_EQ(put(one, blind).message(),
            "Widget.example.com \"w\" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be "
            "specified for an update");
  EXPECT_EQ(strategic(one, "{spec: {size: small}}").code, 415);
}

TEST_F(Custom, a_changed_definition_ends_open_watches) {
  Watch open = watch(std::string(kWidgets) + "?watch=true");
  const std::string crd = std::string(kCrds) + "/widgets.example.com";
  ASSERT_EQ(merge(crd, "metadata: {labels: {x: y}}").code, 200);
  EXPECT_TRUE(events(open).empty());
  EXPECT_FALSE(ended);
  ASSERT_EQ(merge(crd, "spec: {names: {shortNames: [wi]}}").code, 200);
  EXPECT_TRUE(events(open).empty());
  EXPECT_TRUE(ended);
}

TEST_F(Custom, a_definition_takes_its_objects_along) {
  json::Value held = widget("{size: small}");
  held["metadata"]["finalizers"].push_back("x.io/a");
  ASSERT_EQ(post(kWidgets, held).code, 201);
  ASSERT_EQ(remove(std::string(kCrds) + "/widgets.example.com").code, 200);
  EXPECT_EQ(get(std::string(kCrds) + "/widgets.example.com").code, 200);
  EXPECT_EQ(post(kWidgets, widget("{size: large}")).code, 405);
  ASSERT_EQ(merge(std::string(kWidgets) + "/w", "metadata: {finalizers: null}").code, 200);
  EXPECT_EQ(get(std::string(kCrds) + "/widgets.example.com").code, 404);
  EXPECT_EQ(get(kWidgets).code, 404);
}

// ---- conversion

class HookTransport final : public net::Transport {
 public:
  std::function<base::Result<net::HttpResponse>(const net::HttpRequest&)> answer;
  base::Result<net::HttpResponse> send(const net::HttpRequest& request, const net::Call&) override {
    return answer(request);
  }
  base::Result<std::unique_ptr<net::ByteStream>> open(const net::HttpRequest&, const net::Call&) override {
    return base::internal("webhooks do not stream");
  }
};

// widgets v1 { size } and v1beta1 { sizes: [size] }, stored as v1.
class Converted : public ServerTest {
 protected:
  void SetUp() override {
    hook->answer = [this](const net::HttpRequest& what) { return convert(what); };
    options.webhook_transport = [this](const net::ClientTls& tls) {
      last_tls = tls;
      return hook;
    };
    options.resolve_service = [](std::string_view space, std::string_view name, std::uint16_t port) {
      return std::optional(net::Origin{"https", std::string(name) + "." + std::string(space), port});
    };
    json::Value crd = yaml(kWidgetCrd);
    json::Value old = yaml(
        "{name: v1beta1, served: true, storage: false, schema: {openAPIV3Schema: {type: object, properties: "
        "{spec: {type: object, properties: {sizes: {type: array, items: {type: string}}}}}}}}");
    crd["spec"]["versions"].push_back(old);
    crd["spec"]["conversion"].set(
        yaml("{strategy: Webhook, webhook: {conversionReviewVersions: [v1beta1, v1], clientConfig: "
             "{caBundle: Q0E=, service: {name: hook, namespace: default, path: /convert, port: 8443}}}}"));
    ASSERT_EQ(post(kCrds, crd).code, 201);
  }
  base::Result<net::HttpResponse> convert(const net::HttpRequest& what) {
    ++calls;
    last = what;
    auto review = json::parse(what.body);
    const json::View sent = review->view()["request"];
    json::Value out = json::Value::object();
    out["apiVersion"].set(review->view()["apiVersion"]);
    out["kind"].set("ConversionReview");
    out["response"]["uid"].set(sent["uid"]);
    out["response"]["result"]["status"].set("Success");
    for (const json::View object : sent["objects"].items()) {
      json::Value copy(object);
      const bool to_v1 = sent["desiredAPIVersion"].string_or("") == "example.com/v1";
      copy["apiVersion"].set(sent["desiredAPIVersion"]);
      if (to_v1) {
        copy["spec"]["size"].set(object["spec"]["sizes"][std::size_t{0}]);
      } else {
        copy["spec"]["sizes"].push_back(object["spec"]["size"]);
      }
      copy["metadata"]["annotations"]["converted"].set("yes");
      copy["metadata"]["finalizers"].set_array();
      out["response"]["convertedObjects"].push_back(copy);
    }
    if (spoil) spoil(out);
    return net::json_response(200, out.dump());
  }
  static constexpr const char* kOld = "/apis/example.com/v1beta1/widgets";
  std::shared_ptr<HookTransport> hook = std::make_shared<HookTransport>();
  std::function<void(json::Value&)> spoil;
  net::ClientTls last_tls;
  net::HttpRequest last;
  int calls = 0;
};

// spec: conversion §5.1
TEST_F(Converted, writes_and_reads_at_another_version) {
  const Answer made = post_yaml(kOld,
                                "{apiVersion: example.com/v1beta1, kind: Widget, metadata: {name: w, "
                                "finalizers: [x.io/a]}, spec: {sizes: [small]}}");
  ASSERT_EQ(made.code, 201) << made.body.dump();
  EXPECT_EQ(made.text("/apiVersion"), "example.com/v1beta1");
  EXPECT_EQ(made["spec"], yaml("{sizes: [small]}").view()) << "pruned to the target schema";
  EXPECT_EQ(made.text("/metadata/finalizers/0"), "x.io/a") << "metadata is restored";
  EXPECT_EQ(last_tls.ca_pem, "CA");
  EXPECT_EQ(last_tls.server_name, "hook.default.svc");
  EXPECT_EQ(last.origin.port, 8443);
  EXPECT_EQ(last.target, "/convert");
  calls = 0;
  const Answer stored = get(std::string(kWidgets) + "/w");
  EXPECT_EQ(calls, 0) << "stored at v1";
  EXPECT_EQ(stored["spec"], yaml("{size: small, weight: 10}").view());
  EXPECT_EQ(stored.text("/metadata/annotations/converted"), "yes");
  EXPECT_EQ(get(kOld).text("/items/0/spec/sizes/0"), "small");
  EXPECT_EQ(calls, 1);
  Watch open = watch(std::string(kOld) + "?watch=true");
  EXPECT_EQ(events(open).at(0).view()["object"]["spec"]["sizes"].dump(), "[\"small\"]");
}

// spec: conversion §5.3
TEST_F(Converted, a_failing_webhook_fails_every_read_that_needs_it) {
  ASSERT_EQ(post_yaml(kWidgets,
                      "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}, spec: {size: small}}")
                .code,
            201);
  const std::pair<std::function<void(json::Value&)>, const char*> cases[] = {
      {[](json::Value& out) { out["response"]["result"].set(yaml("{status: Failure, message: sorry}")); },
       "sorry"},
      {[](json::Value& out) { out["response"]["convertedObjects"].set_array(); },
       "webhook returned 0 objects, expected 1"},
      {[](json::Value& out) { out["response"]["convertedObjects"][std::size_t{0}].erase("metadata"); },
       "missing metadata in converted object"},
      {[](json::Value& out) {
         out["response"]["convertedObjects"][std::size_t{0}]["metadata"]["name"].set("x");
       },
       "must have the same metadata.name as the original object"},
      {[](json::Value& out) {
         out["response"]["convertedObjects"][std::size_t{0}]["apiVersion"].set("example.com/v1");
       },
       "invalid groupVersion (expected example.com/v1beta1, received example.com/v1)"},
  };
  for (const auto& [change, why] : cases) {
    spoil = change;
    const Answer refused = get(kOld);
    EXPECT_EQ(refused.code, 500) << why;
    EXPECT_EQ(
        refused.message(),
        std::string("Internal error occurred: conversion webhook for example.com/v1, Kind=Widget failed: ") +
            why);
  }
  EXPECT_EQ(get(kWidgets).code, 200);
  spoil = nullptr;
  hook->answer = [](const net::HttpRequest&) {
    return base::make_error(base::Code::kUnavailable, "connection refused");
  };
  EXPECT_TRUE(get(kOld).message().ends_with(
      "failed: Post \"https://hook.default.svc:8443/convert\": connection refused"));
}

}  // namespace
}  // namespace karpenter::devcluster
