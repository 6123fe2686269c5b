#include <gtest/gtest.h>

#include "common/kube/client.h"
#include "common/telemetry/metrics.h"
#include "tests/support/sim_runtime.h"
#include "tests/unit/common/kube/scripted_transport.h"

namespace karpenter::kube {
namespace {

using base::Code;

const Kind kPods{.group = "", .version = "v1", .kind = "Pod", .plural = "pods", .namespaced = true};
const Kind kNodes{.group = "", .version = "v1", .kind = "Node", .plural = "nodes"};
const Kind kClaims{.group = "karpenter.sh", .version = "v1", .kind = "NodeClaim", .plural = "nodeclaims"};

std::string line(const net::HttpRequest& request) {
  std::string out = request.method + " " + request.target;
  if (!request.body.empty()) out += " | " + request.headers.get("Content-Type") + " | " + request.body;
  return out;
}

TEST(Requests, have_the_paths_and_queries_of_the_api_conventions) {
  auto patch = json::Value::object();
  patch["a"].set(1);
  const auto none = json::Value::object();
  const std::vector<std::pair<net::HttpRequest, std::string>> cases = {
      {list_request(kPods, "", {}), "GET /api/v1/pods"},
      {list_request(kPods, "ns",
                    {.label_selector = "a=b,c in (d,e)",
                     .field_selector = "spec.nodeName=n",
                     .limit = 500,
                     .continue_token = "t==",
                     .resource_version = "0"}),
       "GET "
       "/api/v1/namespaces/ns/pods?labelSelector=a%3Db%2Cc%20in%20%28d%2Ce%29&fieldSelector=spec.nodeName%3Dn"
       "&limit=500&continue=t%3D%3D&resourceVersion=0"},
      {list_request(kClaims, "ignored", {}), "GET /apis/karpenter.sh/v1/nodeclaims"},
      {watch_request(kNodes, "", {.resource_version = "12", .timeout = std::chrono::seconds(7)}),
       "GET /api/v1/nodes?watch=true&allowWatchBookmarks=true&resourceVersion=12&timeoutSeconds=7"},
      {get_request(kPods, {"ns", "a/../b"}), "GET /api/v1/namespaces/ns/pods/a%2F..%2Fb"},
      {create_request(kPods, "ns", patch), "POST /api/v1/namespaces/ns/pods | application/json | {\"a\":1}"},
      {patch_request(kNodes, {"", "n"}, PatchType::kMerge, patch, ""),
       "PATCH /api/v1/nodes/n | application/merge-patch+json | {\"a\":1}"},
      {patch_request(kClaims, {"", "c"}, PatchType::kJson, patch, "status"),
       "PATCH /apis/karpenter.sh/v1/nodeclaims/c/status | application/json-patch+json | {\"a\":1}"},
      {patch_request(kNodes, {"", "n"}, PatchType::kStrategicMerge, patch, ""),
       "PATCH /api/v1/nodes/n | application/strategic-merge-patch+json | {\"a\":1}"},
      {delete_request(kNodes, {"", "n"}, none), "DELETE /api/v1/nodes/n"},
  };
  for (const auto& [request, want] : cases) EXPECT_EQ(line(request), want);
}

TEST(Requests, only_reads_may_be_repeated_silently) {
  EXPECT_EQ(get_request(kNodes, {"", "n"}).idempotent, net::Idempotent::kYes);
  EXPECT_EQ(create_request(kNodes, "", json::Value::object()).idempotent, net::Idempotent::kNo);
  EXPECT_EQ(delete_request(kNodes, {"", "n"}, json::Value::object()).idempotent, net::Idempotent::kNo);
}

TEST(ErrorOfResponse, reads_the_status_object) {
  struct Case {
    int status;
    std::string body;
    Code code;
    std::string message;
  };
  const auto body = [](std::string reason, std::string message) {
    return R"({"kind":"Status","reason":")" + reason + R"(","message":")" + message + R"("})";
  };
  const std::vector<Case> cases = {
      {404, body("NotFound", "nodes \\\"n\\\" not found"), Code::kNotFound, "nodes \"n\" not found"},
      {409, body("AlreadyExists", "it is there"), Code::kAlreadyExists, "it is there"},
      {409, body("Conflict", "the object has been modified"), Code::kConflict,
       "the object has been modified"},
      {410, body("Expired", "too old"), Code::kGone, "too old"},
      {422, body("Invalid", "spec.x: bad"), Code::kInvalid, "spec.x: bad"},
      {403, body("Forbidden", "no"), Code::kForbidden, "no"},
      {429, body("TooManyRequests", "budget"), Code::kThrottled, "budget"},
      {500, body("InternalError", "oops"), Code::kUnavailable, "oops"},
      {504, body("Timeout", "slow"), Code::kTimeout, "slow"},
      {502, "<html>bad gateway</html>", Code::kUnavailable, "unexpected answer of the API server"},
      {503, "", Code::kUnavailable, "unexpected answer of the API server"},
  };
  for (const auto& c : cases) {
    const auto error = error_of_response({.status = c.status, .body = c.body});
    EXPECT_EQ(error.code, c.code) << c.body;
    EXPECT_EQ(error.message, c.message);
  }
}

TEST(ErrorOfResponse, the_bodys_retry_time_is_kept) {
  const auto error = error_of_response(
      {.status = 429,
       .body = R"({"kind":"Status","reason":"TooManyRequests","details":{"retryAfterSeconds":10}})"});
  EXPECT_EQ(error.retry_after, std::chrono::seconds(10));
  EXPECT_EQ(error.reason, "TooManyRequests");
}

Client::Options options(double qps, int burst) {
  return {.origin = {"https", "api", 6443},
          .user_agent = "karpenter/test",
          .bearer_token = [] { return "secret"; },
          .qps = qps,
          .burst = burst};
}

TEST(Client, adds_origin_credentials_and_user_agent) {
  support::SimRuntime runtime;
  ScriptedTransport transport([](const auto&) { return net::json_response(200, R"({"kind":"Node"})"); });
  Client client(runtime, transport, options(10, 10));
  const auto answer = client.send(get_request(kNodes, {"", "n"}), {});
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)["kind"].string_or(""), "Node");
  EXPECT_EQ(transport.last.origin, (net::Origin{"https", "api", 6443}));
  EXPECT_EQ(transport.last.headers.get("Authorization"), "Bearer secret");
  EXPECT_EQ(transport.last.headers.get("User-Agent"), "karpenter/test");
}

TEST(Client, keeps_to_its_rate_after_the_burst) {  // spec: lifecycle §2.6
  support::SimRuntime runtime;
  ScriptedTransport transport([](const auto&) { return net::json_response(200, "{}"); });
  Client client(runtime, transport, options(10, 5));
  const auto start = runtime.mono();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(client.send(get_request(kNodes, {"", "n"}), {}));
  EXPECT_EQ(runtime.mono(), start);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client.send(get_request(kNodes, {"", "n"}), {}));
  EXPECT_NEAR(std::chrono::duration<double>(runtime.mono() - start).count(), 2.0, 0.01);
  const net::Call soon{.deadline = runtime.mono() + std::chrono::milliseconds(1)};
  EXPECT_TRUE(client.send(get_request(kNodes, {"", "n"}), soon).failed_with(Code::kTimeout));
}

TEST(Client, a_refused_watch_carries_the_servers_words) {
  support::SimRuntime runtime;
  ScriptedTransport transport([](const auto&) {
    return net::json_response(410,
                              R"({"kind":"Status","reason":"Expired","message":"too old resource version"})");
  });
  Client client(runtime, transport, options(0, 0));
  const auto stream = client.open(watch_request(kNodes, "", {}), {});
  ASSERT_TRUE(stream.failed_with(Code::kGone));
  EXPECT_EQ(stream.error().message, "too old resource version");
}

TEST(Client, counts_requests_by_verb_and_resource) {  // spec: lifecycle §14.10
  support::SimRuntime runtime;
  telemetry::Metrics metrics;
  ScriptedTransport transport([](const auto&) { return net::json_response(404, "{}"); });
  auto with_metrics = options(0, 0);
  with_metrics.metrics = &metrics;
  Client client(runtime, transport, with_metrics);
  EXPECT_FALSE(client.send(list_request(kPods, "ns", {}), {}));
  EXPECT_FALSE(
      client.send(patch_request(kClaims, {"", "c"}, PatchType::kMerge, json::Value::object(), "status"), {}));
  EXPECT_EQ(metrics.value("client_go_request_total", {{"code", "404"}, {"method", "GET"}}), 1);
  const std::string name = "client_go_request_duration_seconds";
  EXPECT_EQ(
      metrics.value(
          name, {{"verb", "LIST"}, {"group", ""}, {"version", "v1"}, {"kind", "pods"}, {"subresource", ""}}),
      1);
  EXPECT_EQ(metrics.value(name, {{"verb", "PATCH"},
                                 {"group", "karpenter.sh"},
                                 {"version", "v1"},
                                 {"kind", "nodeclaims"},
                                 {"subresource", "status"}}),
            1);
}

TEST(Client, an_answer_that_is_not_json_is_an_error_with_its_path) {
  support::SimRuntime runtime;
  ScriptedTransport transport([](const auto&) { return net::text_response(200, "{\"a\":"); });
  Client client(runtime, transport, options(0, 0));
  const auto answer = client.send(get_request(kNodes, {"", "n"}), {});
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().text().find("/api/v1/nodes/n"), std::string::npos);
}

}  // namespace
}  // namespace karpenter::kube
