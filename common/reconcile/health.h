#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/net/http.h"
#include "common/telemetry/metrics.h"

namespace karpenter::reconcile {

// One named condition of a probe. `passes` is called on server threads: thread-safe and quick.
struct HealthCheck {
  std::string name;
  std::function<bool()> passes;
};

// Answers /healthz, /readyz and /healthz/<check>, /readyz/<check>: 200 `ok`, or 500 with one line per check.
// `?verbose` lists the checks also on success, `?exclude=<name>` (repeatable) skips one. /healthz always has
// `ping`, /readyz always `readyz`; the given checks come before it. Thread-safe. spec: lifecycle §2.9
class ProbeHandler final : public net::Handler {
 public:
  explicit ProbeHandler(std::vector<HealthCheck> readiness);
  net::HttpResponse handle(const net::HttpRequest& request, const net::Call& call) override;

 private:
  std::vector<HealthCheck> healthz_;
  std::vector<HealthCheck> readyz_;
};

// Answers /metrics in the Prometheus text format. `before_scrape` may set gauges first; it may be empty.
// Thread-safe as far as that function is. `metrics` outlives the handler. spec: lifecycle §2.9
class MetricsHandler final : public net::Handler {
 public:
  MetricsHandler(telemetry::Metrics& metrics, std::function<void()> before_scrape)
      : metrics_(metrics), before_scrape_(std::move(before_scrape)) {}
  net::HttpResponse handle(const net::HttpRequest& request, const net::Call& call) override;

 private:
  telemetry::Metrics& metrics_;
  std::function<void()> before_scrape_;
};

}  // namespace karpenter::reconcile
