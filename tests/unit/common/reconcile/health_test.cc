#include "common/reconcile/health.h"

#include <gtest/gtest.h>

namespace karpenter::reconcile {
namespace {

net::HttpResponse get(net::Handler& handler, const std::string& target) {
  net::HttpRequest request;
  request.target = target;
  return handler.handle(request, {});
}

TEST(Probes, answer_ok_or_name_what_fails) {  // spec: lifecycle §2.9
  bool synced = false;
  ProbeHandler probes({{"manager", [&synced] { return synced; }}, {"crd", [] { return true; }}});
  struct Case {
    std::string target;
    int status;
    std::string body;
  };
  const std::vector<Case> cases = {
      {"/healthz", 200, "ok"},
      {"/healthz/ping", 200, "ok"},
      {"/healthz?verbose", 200, "[+]ping ok\nhealthz check passed\n"},
      {"/readyz", 500, "[-]manager failed: reason withheld\n[+]crd ok\n[+]readyz ok\nreadyz check failed\n"},
      {"/readyz/manager", 500, "internal server error: manager check failed\n"},
      {"/readyz/crd", 200, "ok"},
      {"/readyz/none", 404, "no such check\n"},
      {"/readyz?exclude=manager&exclude=crd", 200, "ok"},
      {"/readyzz", 404, "not found\n"},
      {"/", 404, "not found\n"},
  };
  for (const auto& c : cases) {
    const auto response = get(probes, c.target);
    EXPECT_EQ(response.status, c.status) << c.target;
    EXPECT_EQ(response.body, c.body) << c.target;
  }
  synced = true;
  EXPECT_EQ(get(probes, "/readyz").body, "ok");
  net::HttpRequest post;
  post.method = "POST";
  post.target = "/readyz";
  EXPECT_EQ(probes.handle(post, {}).status, 405);
}

TEST(MetricsEndpoint, prints_what_is_current) {
  telemetry::Metrics metrics;
  MetricsHandler handler(metrics, [&metrics] { metrics.gauge("karpenter_test", {}, 7); });
  const auto response = get(handler, "/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_NE(response.body.find("karpenter_test 7"), std::string::npos) << response.body;
  EXPECT_NE(response.headers.get("Content-Type").find("version=0.0.4"), std::string::npos);
  EXPECT_EQ(get(handler, "/other").status, 404);
}

}  // namespace
}  // namespace karpenter::reconcile
