#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "common/json/json.h"
#include "common/json/yaml.h"
#include "common/net/http.h"
#include "tests/devcluster/kube/api_server.h"
#include "tests/support/sim_runtime.h"

// One API server in virtual time, and requests in the fewest words.

namespace karpenter::devcluster {

struct Answer {
  int code = 0;
  json::Value body;
  net::Headers headers;

  [[nodiscard]] json::View operator[](std::string_view key) const { return body.view()[key]; }
  [[nodiscard]] std::string message() const { return body.view()["message"].string_or(""); }
  [[nodiscard]] std::string reason() const { return body.view()["reason"].string_or(""); }
  [[nodiscard]] std::string text(std::string_view pointer) const {
    const json::View value = body.view().at_pointer(pointer);
    return value.is_string() ? value.string_or("") : value.dump();
  }
  [[nodiscard]] std::string revision() const { return text("/metadata/resourceVersion"); }
};

// A document written in YAML.
inline json::Value yaml(std::string_view text) {
  auto documents = json::parse_yaml(text);
  if (!documents.has_value() || documents->size() != 1) {
    ADD_FAILURE() << "bad YAML in a test: " << text;
    return json::Value::object();
  }
  return std::move(documents->front());
}

class ServerTest : public testing::Test {
 protected:
  // Call before the first request to change options.
  ApiServerOptions options = [] {
    ApiServerOptions out;
    out.tokens["admin"] = {.name = "admin", .groups = {"system:masters"}};
    return out;
  }();
  support::SimRuntime runtime;
  std::string token = "admin";

  ApiServer& server() {
    if (server_ == nullptr) server_ = std::make_unique<ApiServer>(runtime, options);
    return *server_;
  }

  net::HttpRequest request(std::string method, std::string target, std::string body = "",
                           std::string content_type = "application/json") {
    net::HttpRequest out;
    out.method = std::move(method);
    out.target = std::move(target);
    out.body = std::move(body);
    if (!out.body.empty()) out.headers.add("Content-Type", std::move(content_type));
    if (!token.empty()) out.headers.add("Authorization", "Bearer " + token);
    return out;
  }
  Answer send(const net::HttpRequest& what) {
    net::HttpResponse response = server().handle(what, {});
    Answer answer{.code = response.status, .body = {}, .headers = response.headers};
    if (auto parsed = json::parse(response.body); parsed.has_value()) answer.body = std::move(*parsed);
    return answer;
  }
  Answer get(const std::string& target) { return send(request("GET", target)); }
  Answer post(const std::string& target, json::View body) {
    return send(request("POST", target, body.dump()));
  }
  Answer post_yaml(const std::string& target, std::string_view text) { return post(target, yaml(text)); }
  Answer put(const std::string& target, json::View body) { return send(request("PUT", target, body.dump())); }
  Answer merge(const std::string& target, std::string_view patch) {
    return send(request("PATCH", target, yaml(patch).dump(), "application/merge-patch+json"));
  }
  Answer strategic(const std::string& target, std::string_view patch) {
    return send(request("PATCH", target, yaml(patch).dump(), "application/strategic-merge-patch+json"));
  }
  Answer json_patch(const std::string& target, std::string patch) {
    return send(request("PATCH", target, std::move(patch), "application/json-patch+json"));
  }
  Answer remove(const std::string& target, std::string body = "") {
    return send(request("DELETE", target, std::move(body)));
  }

  // The events of an open watch that are there now; each "TYPE name".
  struct Watch {
    std::unique_ptr<net::ByteStream> stream;
    Answer refusal;
  };
  Watch watch(const std::string& target) {
    net::HttpResponse response = server().handle(request("GET", target), {});
    Watch out{.stream = std::move(response.stream),
              .refusal = {.code = response.status, .body = {}, .headers = {}}};
    if (auto parsed = json::parse(response.body); parsed.has_value()) out.refusal.body = std::move(*parsed);
    return out;
  }
  // Everything that arrives within `wait` of virtual time. An event is "TYPE name".
  std::vector<json::Value> events(Watch& open, std::chrono::seconds wait = std::chrono::seconds(1)) {
    std::vector<json::Value> out;
    ended = false;
    const runtime::Call call{.deadline = runtime.mono() + wait, .stop = {}};
    for (;;) {
      auto chunk = open.stream->next(call);
      if (!chunk.has_value()) return out;
      ended = chunk->empty();
      if (ended) return out;
      std::size_t start = 0;
      while (start < chunk->size()) {
        const std::size_t end = chunk->find('\n', start);
        auto event = json::parse(chunk->substr(start, end - start));
        EXPECT_TRUE(event.has_value());
        if (event.has_value()) out.push_back(std::move(*event));
        start = end + 1;
      }
    }
  }
  std::string names(Watch& open) {
    std::string out;
    for (const json::Value& event : events(open)) {
      const json::View view = event;
      out += (out.empty() ? "" : " ") + view["type"].string_or("") + ":" +
             view["object"]["metadata"]["name"].string_or("");
    }
    return out;
  }
  bool ended = false;

 private:
  std::unique_ptr<ApiServer> server_;
};

inline json::Value pod(std::string_view name, std::string_view node = "") {
  json::Value out = yaml(
      "{apiVersion: v1, kind: Pod, metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: i}]}}");
  out["metadata"]["name"].set(name);
  if (!node.empty()) out["spec"]["nodeName"].set(node);
  return out;
}

inline constexpr const char* kPods = "/api/v1/namespaces/default/pods";
inline constexpr const char* kNodes = "/api/v1/nodes";
inline constexpr const char* kCrds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
inline constexpr const char* kWidgets = "/apis/example.com/v1/widgets";

// A cluster-scoped kind with status, scale, defaults and every sort of check.
inline constexpr const char* kWidgetCrd = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Cluster
  names: {plural: widgets, kind: Widget, shortNames: [wd], categories: [things]}
  versions:
    - name: v1
      served: true
      storage: true
      subresources:
        status: {}
        scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
      additionalPrinterColumns:
        - {name: Size, type: string, jsonPath: .spec.size}
        - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
        - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
        - {name: Weight, type: integer, jsonPath: .spec.weight, priority: 1}
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            spec:
              type: object
              required: [size]
              properties:
                size: {type: string, enum: [small, large]}
                weight: {type: integer, format: int32, minimum: 1, maximum: 100, default: 10}
                replicas: {type: integer}
                name: {type: string, pattern: '^[a-z]+$', maxLength: 5}
                limit: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
                open: {type: object, x-kubernetes-preserve-unknown-fields: true}
                tags: {type: object, additionalProperties: {type: string}, maxProperties: 2}
                terms:
                  type: array
                  maxItems: 3
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [key]
                  items:
                    type: object
                    required: [key]
                    properties: {key: {type: string}, mode: {type: string, default: auto}}
            status:
              type: object
              properties:
                replicas: {type: integer}
                conditions:
                  type: array
                  items:
                    type: object
                    properties: {type: {type: string}, status: {type: string}}
)";

}  // namespace karpenter::devcluster
