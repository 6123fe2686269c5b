#include "common/reconcile/health.h"

#include <algorithm>
#include <set>

namespace karpenter::reconcile {
namespace {

bool always() { return true; }

bool is_read(const net::HttpRequest& request) { return request.method == "GET" || request.method == "HEAD"; }

net::HttpResponse answer_all(const std::vector<HealthCheck>& checks, std::string_view query,
                             std::string_view probe) {
  std::set<std::string> excluded;
  bool verbose = false;
  for (const auto& [key, value] : net::parse_query(query)) {
    if (key == "exclude") excluded.insert(value);
    if (key == "verbose") verbose = true;
  }
  std::string lines;
  bool passed = true;
  for (const auto& check : checks) {
    const bool skipped = excluded.contains(check.name);
    const bool fine = skipped || check.passes();
    passed = passed && fine;
    lines += (fine ? "[+]" : "[-]") + check.name +
             (skipped ? " excluded: ok\n"
              : fine  ? " ok\n"
                      : " failed: reason withheld\n");
  }
  if (!passed) return net::text_response(500, lines + std::string(probe) + " check failed\n");
  return net::text_response(200, verbose ? lines + std::string(probe) + " check passed\n" : "ok");
}

net::HttpResponse answer_one(const std::vector<HealthCheck>& checks, std::string_view name) {
  const auto check = std::ranges::find(checks, name, &HealthCheck::name);
  if (check == checks.end()) return net::text_response(404, "no such check\n");
  if (check->passes()) return net::text_response(200, "ok");
  return net::text_response(500, "internal server error: " + check->name + " check failed\n");
}

}  // namespace

ProbeHandler::ProbeHandler(std::vector<HealthCheck> readiness)
    : healthz_({{"ping", always}}), readyz_(std::move(readiness)) {
  readyz_.push_back({"readyz", always});
}

net::HttpResponse ProbeHandler::handle(const net::HttpRequest& request, const net::Call&) {
  if (!is_read(request)) return net::text_response(405, "method not allowed\n");
  for (const auto* probe : {"healthz", "readyz"}) {
    const auto& checks = probe == std::string_view("healthz") ? healthz_ : readyz_;
    auto path = request.path().substr(1);
    if (!path.starts_with(probe)) continue;
    path.remove_prefix(std::string_view(probe).size());
    if (path.empty() || path == "/") return answer_all(checks, request.query(), probe);
    if (path.starts_with('/')) return answer_one(checks, path.substr(1));
  }
  return net::text_response(404, "not found\n");
}

net::HttpResponse MetricsHandler::handle(const net::HttpRequest& request, const net::Call&) {
  if (request.path() != "/metrics") return net::text_response(404, "not found\n");
  if (!is_read(request)) return net::text_response(405, "method not allowed\n");
  if (before_scrape_) before_scrape_();
  auto response = net::text_response(200, metrics_.text());
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  return response;
}

}  // namespace karpenter::reconcile
