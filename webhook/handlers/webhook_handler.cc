#include "webhook/handlers/webhook_handler.h"

#include <algorithm>
#include <array>
#include <utility>

#include "webhook/handlers/kinds.h"

namespace karpenter::webhook {
namespace {

enum class Purpose : std::uint8_t { kDefault, kValidate, kConvert, kAllow };

struct Route {
  std::string_view path;
  Purpose purpose;
};

constexpr std::array kRoutes{
    Route{"/conversion/karpenter.k8s.aws", Purpose::kConvert},
    Route{"/conversion/karpenter.sh", Purpose::kConvert},
    Route{"/default-resource", Purpose::kDefault},
    Route{"/default/karpenter.k8s.aws", Purpose::kDefault},
    Route{"/validate-resource", Purpose::kValidate},
    Route{"/validate/config.karpenter.sh",
          Purpose::kAllow},  // logging ConfigMaps of old releases: read by nobody now
    Route{"/validate/karpenter.k8s.aws", Purpose::kValidate},
    Route{"/validate/karpenter.sh", Purpose::kValidate},
};

constexpr std::size_t kMaxAdmissionBody = 3U << 20U;  // what etcd and the API server hold twice over

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

json::Value conversion_failure(json::View review, const base::Error& error) {
  json::Value out = json::Value::object();
  out["apiVersion"].set(review["apiVersion"]);
  out["kind"].set(review["kind"]);
  out["response"]["uid"].set(review["request"]["uid"].string_or(""));
  out["response"]["result"]["status"].set("Failure");
  out["response"]["result"]["message"].set(error.text());
  return out;
}

net::HttpResponse bad_request(const base::Error& error) {
  return net::text_response(400, error.text() + "\n");
}

net::HttpResponse admit(json::View review, Purpose purpose) {
  auto request = read_admission_review(review);
  if (!request) return bad_request(request.error());
  AdmissionAnswer answer;
  if (purpose == Purpose::kDefault) answer = admit_defaulting(*request);
  if (purpose == Purpose::kValidate) answer = admit_validating(*request);
  return net::json_response(200, write_admission_review(*request, answer).dump());
}

}  // namespace

AdmissionAnswer admit_defaulting(const AdmissionRequest& request) {
  AdmissionAnswer answer;
  const auto* kind = find_admission_kind(request.group, request.version, request.kind);
  if (kind == nullptr || kind->set_defaults == nullptr || needs_no_look(request)) return answer;
  if (request.operation == "UPDATE" && !kind->defaults_updates) return answer;
  const auto defaulted = kind->set_defaults(request.object);
  // What does not decode is left to validation, which names the path.
  if (defaulted) answer.patch = json::make_json_patch(request.object, *defaulted);
  return answer;
}

AdmissionAnswer admit_validating(const AdmissionRequest& request) {
  const auto* kind = find_admission_kind(request.group, request.version, request.kind);
  if (kind == nullptr || needs_no_look(request)) return {};
  // Ratcheting: an object that was accepted once stays editable where its spec does not change. spec: api
  // §13.2
  if (request.operation == "UPDATE" && request.object["spec"] == request.old_object["spec"]) return {};
  return kind->validate(request.object);
}

base::Result<json::Value> convert_review(json::View review, const conversion::Lookups& lookups) {
  if (review["kind"].string_or("") != "ConversionReview")
    return base::invalid("the body is no ConversionReview");
  const auto request = review["request"];
  const auto desired = request["desiredAPIVersion"].string_or("");
  if (std::ranges::count(desired, '/') != 1) {
    return base::invalid("desiredAPIVersion is not group/version").add("desiredAPIVersion", desired);
  }
  json::Value out = json::Value::object();
  out["apiVersion"].set(review["apiVersion"]);
  out["kind"].set(review["kind"]);
  out["response"]["uid"].set(request["uid"].string_or(""));
  out["response"]["convertedObjects"].set_array();
  for (const auto object : request["objects"].items()) {
    auto converted = conversion::convert(object, desired, lookups);
    if (!converted) {
      const auto name = object["metadata"]["name"].string_or("");
      return conversion_failure(review, std::move(converted).error().add("name", name));
    }
    out["response"]["convertedObjects"].push_back().set(std::move(converted).value());
  }
  out["response"]["result"]["status"].set("Success");
  return out;
}

WebhookHandler::WebhookHandler(runtime::Runtime& runtime, telemetry::Log log, telemetry::Metrics& metrics,
                               conversion::Lookups lookups)
    : runtime_(runtime), log_(std::move(log)), metrics_(metrics), lookups_(std::move(lookups)) {}

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

net::HttpResponse WebhookHandler::dispatch(const net::HttpRequest& request) {
  const auto path = request.path();
  if (path == "/healthz" || path == "/readyz") return net::text_response(200, "ok");
  const auto* route = std::ranges::find(kRoutes, path, &Route::path);
  if (route == kRoutes.end()) return net::text_response(404, "404 page not found\n");
  if (request.method != "POST") return net::text_response(405, "a review is sent with POST\n");
  if (route->purpose != Purpose::kConvert && request.body.size() > kMaxAdmissionBody) {
    return net::text_response(413, "an AdmissionReview has at most 3 MiB\n");
  }
  auto review = json::parse(request.body);
  if (!review) {
    log_.error(review.error(), "malformed review", {{"path", path}});
    return bad_request(review.error());
  }
  if (route->purpose != Purpose::kConvert) return admit(*review, route->purpose);
  auto converted = convert_review(*review, lookups_);
  if (!converted) return bad_request(converted.error());
  if ((*converted)["response"]["result"]["status"].view().string_or("") == "Failure") {
    log_.error("conversion failed",
               {{"message", (*converted)["response"]["result"]["message"].view().string_or("")}});
  }
  return net::json_response(200, converted->dump());
}

}  // namespace karpenter::webhook
