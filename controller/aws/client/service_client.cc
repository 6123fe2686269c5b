#include "controller/aws/client/service_client.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "common/base/strings.h"

namespace karpenter::aws {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds kSkewLimit = std::chrono::minutes(4);

// 20 exponential buckets from 10 ms by 1.5, as the AWS SDK's metrics have them. spec: aws §2.12
std::vector<double> duration_buckets() {
  std::vector<double> out;
  double bound = 0.01;
  for (int i = 0; i < 20; ++i, bound *= 1.5) out.push_back(bound);
  return out;
}

std::vector<double> retry_buckets() { return {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}; }

double seconds_of(nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

// `Sat, 21 Nov 2026 17:09:04 GMT` (RFC 9110 IMF-fixdate).
std::optional<base::Time> parse_http_date(std::string_view text) {
  static constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto parts = base::split(text, ' ');
  if (parts.size() != 6 || parts[1].size() != 2) return std::nullopt;
  const auto month = std::ranges::find(kMonths, parts[2]);
  if (month == kMonths.end()) return std::nullopt;
  const auto number = std::to_string(month - kMonths.begin() + 1);
  const std::string rfc3339 =
      parts[3] + "-" + (number.size() == 1 ? "0" : "") + number + "-" + parts[1] + "T" + parts[4] + "Z";
  auto parsed = base::parse_rfc3339(rfc3339);
  if (!parsed) return std::nullopt;
  return *parsed;
}

// "com.amazonaws.sqs#QueueDoesNotExist:http://..." -> "QueueDoesNotExist"
std::string short_error_type(std::string_view type) {
  if (const auto hash = type.rfind('#'); hash != std::string_view::npos) type.remove_prefix(hash + 1);
  return std::string(type.substr(0, type.find(':')));
}

void read_xml_failure(std::string_view body, AwsFailure& out) {
  auto document = XmlDocument::parse(body);
  if (!document) return;
  const XmlView root = document->root();
  // EC2: Response/Errors/Error; IAM and STS: ErrorResponse/Error; S3-like stand-ins: Error.
  XmlView error = root["Errors"]["Error"];
  if (!error.exists()) error = root["Error"];
  if (!error.exists() && root.name() == "Error") error = root;
  out.code = error["Code"].text();
  out.message = error["Message"].text();
  const std::string id = root["RequestID"].text();
  if (!id.empty()) out.request_id = id;
  if (const std::string other = root["RequestId"].text(); !other.empty()) out.request_id = other;
}

void read_json_failure(const net::Headers& headers, std::string_view body, AwsFailure& out) {
  std::string type = headers.get("X-Amzn-ErrorType");
  if (const auto parsed = json::parse(body)) {
    const json::View root = parsed->view();
    if (type.empty()) type = root["__type"].string_or("");
    if (type.empty()) type = root["code"].string_or("");
    out.message = root["message"].string_or(root["Message"].string_or(""));
  }
  out.code = short_error_type(type);
}

net::HttpRequest make_request(std::string_view method, std::string_view target) {
  net::HttpRequest out;
  out.method = method;
  out.target = target;
  return out;
}

std::string operation_error(std::string_view service, std::string_view operation) {
  return std::string(service) + " " + std::string(operation);
}

}  // namespace

bool RetryBudget::take(int cost) {
  if (tokens_ < cost) return false;
  tokens_ -= cost;
  return true;
}

void RetryBudget::give_back(int tokens) { tokens_ = std::min(kCapacity, tokens_ + tokens); }

nanoseconds retry_delay(int attempt, double unit) {
  const double seconds = unit * std::min(std::pow(2.0, attempt), 20.0);
  return std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(seconds));
}

AwsFailure parse_failure(int status, const net::Headers& headers, std::string_view body) {
  AwsFailure out;
  out.status = status;
  out.request_id = headers.get("x-amzn-RequestId");
  if (out.request_id.empty()) out.request_id = headers.get("x-amz-request-id");
  const std::string_view trimmed = base::trim(body);
  if (trimmed.starts_with('<')) {
    read_xml_failure(trimmed, out);
  } else {
    read_json_failure(headers, trimmed, out);
  }
  if (out.message.empty()) out.message = std::string(trimmed.substr(0, 256));
  return out;
}

struct ServiceClient::State {
  mutable runtime::Mutex mutex;
  RetryBudget budget KARP_GUARDED_BY(mutex);
  nanoseconds clock_offset KARP_GUARDED_BY(mutex) = nanoseconds::zero();
};

ServiceClient::ServiceClient(runtime::Runtime& runtime, net::Transport& transport,
                             CredentialsProvider& credentials, telemetry::Metrics& metrics,
                             ServiceOptions options)
    : runtime_(runtime),
      transport_(transport),
      credentials_(credentials),
      metrics_(metrics),
      options_(std::move(options)),
      state_(std::make_unique<State>()) {}

ServiceClient::~ServiceClient() = default;

base::Result<XmlDocument> ServiceClient::query(std::string_view operation, const QueryBody& body,
                                               const Call& call, Retries retries) {
  net::HttpRequest request = make_request("POST", "/");
  request.headers.set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  request.body = body.text();
  ASSIGN_OR_RETURN(const std::string answer, send(operation, std::move(request), retries, call));
  auto document = XmlDocument::parse(answer);
  if (!document) {
    return std::move(document).error().add("aws-operation",
                                           operation_error(service_id(options_.service), operation));
  }
  return document;
}

base::Result<json::Value> ServiceClient::json(const JsonProtocol& protocol, std::string_view operation,
                                              json::View input, const Call& call) {
  net::HttpRequest request = make_request("POST", "/");
  request.headers.set("Content-Type", "application/x-amz-json-" + std::string(protocol.version));
  request.headers.set("X-Amz-Target", std::string(protocol.target_prefix) + "." + std::string(operation));
  request.body = input.dump();
  ASSIGN_OR_RETURN(const std::string answer, send(operation, std::move(request), Retries::kStandard, call));
  if (base::trim(answer).empty()) return json::Value::object();  // operations without output
  auto value = json::parse(answer);
  if (!value) {
    return std::move(value).error().add("aws-operation",
                                        operation_error(service_id(options_.service), operation));
  }
  return value;
}

base::Result<json::Value> ServiceClient::rest_get(std::string_view operation, std::string_view path,
                                                  const Call& call) {
  net::HttpRequest request = make_request("GET", path);
  ASSIGN_OR_RETURN(const std::string answer, send(operation, std::move(request), Retries::kStandard, call));
  auto value = json::parse(answer);
  if (!value) {
    return std::move(value).error().add("aws-operation",
                                        operation_error(service_id(options_.service), operation));
  }
  return value;
}

base::Error ServiceClient::error_of(std::string_view operation, const net::HttpResponse& response) const {
  return make_aws_error(parse_failure(response.status, response.headers, response.body),
                        service_id(options_.service), operation);
}

// True when our clock was found to be off: the next signature uses the server's. spec: aws §2.5
bool ServiceClient::learn_clock_skew(const base::Error& error, const net::HttpResponse& response) {
  if (!is_clock_skew(error.reason)) return false;
  const auto date = parse_http_date(response.headers.get("Date"));
  if (!date) return false;
  const nanoseconds offset = *date - runtime_.now();
  runtime::Lock lock(state_->mutex);
  const nanoseconds change = offset - state_->clock_offset;
  if (change < kSkewLimit && change > -kSkewLimit) return false;
  state_->clock_offset = offset;
  return true;
}

base::Result<net::HttpResponse> ServiceClient::attempt(std::string_view operation,
                                                       const net::HttpRequest& request, const Call& call) {
  net::HttpRequest to_send = request;
  to_send.headers.set("User-Agent", options_.user_agent);
  if (options_.signed_requests) {
    ASSIGN_OR_RETURN(const Credentials credentials, credentials_.get(call));
    nanoseconds offset;
    {
      runtime::Lock lock(state_->mutex);
      offset = state_->clock_offset;
    }
    sign_v4(to_send, credentials, options_.endpoint.scope, runtime_.now() + offset);
  }
  const auto started = runtime_.mono();
  auto response = transport_.send(to_send, runtime::within(runtime_, call, options_.attempt_timeout));
  const telemetry::Labels labels = {{"service", std::string(service_id(options_.service))},
                                    {"action", std::string(operation)},
                                    {"code", response ? std::to_string(response->status) : "0"}};
  metrics_.count("aws_sdk_go_request_attempt_total", labels);
  metrics_.observe("aws_sdk_go_request_attempt_duration_seconds", labels,
                   seconds_of(runtime_.mono() - started), duration_buckets());
  return response;
}

// Whether one more try is worth it and affordable; its cost is taken from the budget. 0: no.
int ServiceClient::pay_for_retry(const base::Error& error, int status, const Call& call) {
  const bool timed_out = error.code == base::Code::kTimeout;
  const bool retryable =
      status > 0 ? is_retryable(error.reason, status) : timed_out || error.code == base::Code::kUnavailable;
  if (!retryable || call.stop.stop_requested() || runtime_.mono() >= call.deadline) return 0;
  const int cost = timed_out ? RetryBudget::kTimeoutCost : RetryBudget::kRetryCost;
  runtime::Lock lock(state_->mutex);
  return state_->budget.take(cost) ? cost : 0;
}

void ServiceClient::record(std::string_view operation, int status, base::Mono started, int retries) {
  const telemetry::Labels labels = {{"service", std::string(service_id(options_.service))},
                                    {"action", std::string(operation)},
                                    {"code", std::to_string(status)}};
  metrics_.count("aws_sdk_go_request_total", labels);
  metrics_.observe("aws_sdk_go_request_duration_seconds", labels, seconds_of(runtime_.mono() - started),
                   duration_buckets());
  metrics_.observe("aws_sdk_go_request_retry_count", labels, retries, retry_buckets());
}

base::Result<std::string> ServiceClient::send(std::string_view operation, net::HttpRequest request,
                                              Retries retries, const Call& call) {
  request.origin = options_.endpoint.origin;
  request.target = options_.endpoint.base_path + request.target;
  request.idempotent = net::Idempotent::kYes;  // creates carry a client token, the rest may be repeated
  const int attempts = retries == Retries::kNone ? 1 : std::max(1, options_.max_attempts);
  const auto started = runtime_.mono();
  bool skew_corrected = false;
  int cost = 0;
  for (int tried = 1;; ++tried) {
    auto response = attempt(operation, request, call);
    const int status = response ? response->status : 0;
    if (status >= 200 && status < 300) {
      record(operation, status, started, tried - 1);
      runtime::Lock lock(state_->mutex);
      state_->budget.give_back(1 + cost);
      return std::move(response->body);
    }
    base::Error error = response ? error_of(operation, *response)
                                 : std::move(response)
                                       .error()
                                       .add("aws-service-name", std::string(service_id(options_.service)))
                                       .add("aws-operation-name", std::string(operation));
    if (status > 0 && !skew_corrected && retries == Retries::kStandard &&
        learn_clock_skew(error, *response)) {
      skew_corrected = true;
      continue;
    }
    cost = tried < attempts ? pay_for_retry(error, status, call) : 0;
    if (cost == 0) {
      record(operation, status, started, tried - 1);
      return error;
    }
    RETURN_IF_ERROR(
        runtime::sleep_for(runtime_, retry_delay(tried - 1, runtime::random_unit(runtime_)), call));
  }
}

}  // namespace karpenter::aws
