#include "webhook/handlers/webhook_handler.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/strings.h"
#include "webhook/handlers/conversion_review.h"
#include "webhook/handlers/kinds.h"

namespace karpenter::webhook {
namespace {

enum class Purpose : std::uint8_t { kDefault, kValidate, kConvert, kAllow };

struct Route {
  std::string_view path;
  Purpose purpose;
};

constexpr std::array kRoutes{
    Route{"/config-validation", Purpose::kAllow},  // logging ConfigMaps of old releases: read by nobody now
    Route{"/conversion/karpenter.k8s.aws", Purpose::kConvert},
    Route{"/conversion/karpenter.sh", Purpose::kConvert},
    Route{"/default-resource", Purpose::kDefault},
    Route{"/default/karpenter.k8s.aws", Purpose::kDefault},
    Route{"/validate-resource", Purpose::kValidate},
    Route{"/validate/config.karpenter.sh", Purpose::kAllow},  // the same, later
    Route{"/validate/karpenter.k8s.aws", Purpose::kValidate},
    Route{"/validate/karpenter.sh", Purpose::kValidate},
};

// An object may have what a request to the API server may, twice in an update. A ConversionReview holds whole
// lists.
constexpr std::size_t kMaxAdmissionBody = 7U << 20U;
constexpr std::size_t kMaxConversionBody = 128U << 20U;

bool is_json(const net::HttpRequest& request) {
  const auto type = request.headers.find("Content-Type").value_or("");
  return base::equals_ignore_case(base::trim(type.substr(0, type.find(';'))), "application/json");
}

const std::vector<double>& latency_buckets() {
  static const std::vector<double> kBuckets{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025,
                                            0.005,   0.01,   0.05,    0.1,    1};
  return kBuckets;
}

bool needs_no_look(const AdmissionRequest& request) {
  if (request.operation != "CREATE" && request.operation != "UPDATE") return true;
  if (!request.sub_resource.empty()) return true;
  // Removing a finalizer must never be blocked.
  return request.operation == "UPDATE" && request.object["metadata"]["deletionTimestamp"].is_string();
}

net::HttpResponse bad_request(const base::Error& error) {
  return net::text_response(400, error.text() + "\n");
}

net::HttpResponse admit(json::View review, Purpose purpose, const admission::Gates& gates) {
  auto request = read_admission_review(review);
  if (!request) return bad_request(request.error());
  AdmissionAnswer answer;
  if (purpose == Purpose::kDefault) answer = admit_defaulting(*request);
  if (purpose == Purpose::kValidate) answer = admit_validating(*request, gates);
  return net::json_response(200, write_admission_review(*request, answer).dump());
}

}  // namespace

AdmissionAnswer admit_defaulting(const AdmissionRequest& request) {
  AdmissionAnswer answer;
  const auto* kind = find_admission_kind(request.group, request.version, request.kind);
  if (kind == nullptr || kind->set_defaults == nullptr || needs_no_look(request)) return answer;
  if (request.operation == "UPDATE" && !kind->defaults_updates) return answer;
  answer.patch = json::make_json_patch(request.object, kind->set_defaults(request.object));
  return answer;
}

AdmissionAnswer admit_validating(const AdmissionRequest& request, const admission::Gates& gates) {
  const auto* kind = find_admission_kind(request.group, request.version, request.kind);
  if (kind == nullptr || needs_no_look(request)) return {};
  const bool is_update = request.operation == "UPDATE";
  // Ratcheting: an object that was accepted once stays editable where its spec does not change. spec: api
  // §13.2
  if (is_update && request.object["spec"] == request.old_object["spec"]) return {};
  auto verdict = kind->judge({.object = request.object,
                              .old_object = is_update ? request.old_object : json::View(),
                              .gates = gates});
  AdmissionAnswer answer;
  answer.violations = std::move(verdict.violations);
  answer.warnings = std::move(verdict.warnings);
  return answer;
}

WebhookHandler::WebhookHandler(runtime::Runtime& runtime, telemetry::Log log, telemetry::Metrics& metrics,
                               conversion::Lookups lookups, admission::Gates gates,
                               std::function<bool()> is_ready)
    : runtime_(runtime),
      log_(std::move(log)),
      metrics_(metrics),
      lookups_(std::move(lookups)),
      gates_(gates),
      is_ready_(std::move(is_ready)) {}

net::HttpResponse WebhookHandler::handle(const net::HttpRequest& request, const net::Call&) {
  const auto start = runtime_.mono();
  auto response = dispatch(request);
  const std::chrono::duration<double> took = runtime_.mono() - start;
  const bool known = std::ranges::any_of(kRoutes, [&](const Route& r) { return r.path == request.path(); });
  const telemetry::Labels labels{{"webhook", known ? std::string(request.path()) : "other"},
                                 {"code", std::to_string(response.status)}};
  metrics_.count("karpenter_webhook_requests_total", labels);
  metrics_.observe("karpenter_webhook_request_duration_seconds", labels, took.count(), latency_buckets());
  return response;
}

std::size_t max_body_bytes(std::string_view path) {
  return path.starts_with("/conversion/") ? kMaxConversionBody : kMaxAdmissionBody;
}

net::HttpResponse WebhookHandler::dispatch(const net::HttpRequest& request) {
  const auto path = request.path();
  if (path == "/healthz") return net::text_response(200, "ok");
  if (path == "/readyz")
    return is_ready_() ? net::text_response(200, "ok") : net::text_response(500, "not ready\n");
  // The kubelet's probe of the oldest layouts asks for any path. spec: lifecycle §19.6
  if (request.headers.find("User-Agent").value_or("").starts_with("kube-probe/"))
    return net::text_response(200, "");
  const auto* route = std::ranges::find(kRoutes, path, &Route::path);
  if (route == kRoutes.end()) return net::text_response(404, "404 page not found\n");
  if (request.method != "POST") return net::text_response(405, "a review is sent with POST\n");
  if (!is_json(request)) return net::text_response(415, "a review is application/json\n");
  if (request.body.size() > max_body_bytes(path)) return net::text_response(413, "the review is too large\n");
  if (route->purpose == Purpose::kConvert) return convert(request.body);
  auto review = json::parse(request.body);
  if (review) return admit(*review, route->purpose, gates_);
  log_.error(review.error(), "malformed review", {{"path", path}});
  return bad_request(review.error());
}

net::HttpResponse WebhookHandler::convert(std::string_view body) {
  auto answer = convert_review(body, lookups_);
  if (!answer) {
    log_.error(answer.error(), "malformed review");
    return bad_request(answer.error());
  }
  for (const auto& remark : answer->remarks) log_.debug("conversion", {{"remark", remark}});
  if (!answer->failure.empty()) log_.error("conversion failed", {{"message", answer->failure}});
  return net::json_response(200, std::move(answer->body));
}

}  // namespace karpenter::webhook
