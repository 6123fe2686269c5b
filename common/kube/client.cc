#include "common/kube/client.h"

#include "common/base/strings.h"
#include "common/kube/token_bucket.h"

namespace karpenter::kube {
namespace {

bool is_success(int status) { return status >= 200 && status < 300; }

std::string pair_of(const base::Error& error, std::string_view key) {
  for (const auto& [name, value] : error.with) {
    if (name == key) return value;
  }
  return "";
}

// Transport::open reports a refusal as a generic HTTP error that carries the body: read it as the API
// server's words.
base::Error reread(base::Error error) {
  const auto status = base::parse_int64(pair_of(error, "status"));
  if (!status) return error;  // no answer came at all
  auto retry_after = error.retry_after;
  net::HttpResponse response{.status = static_cast<int>(*status), .body = pair_of(error, "body")};
  auto out = error_of_response(response);
  if (!out.retry_after) out.retry_after = retry_after;
  return out;
}

// `verb`, `group`, ... of a request path, for the labels of the duration histogram. spec: lifecycle §14.10
telemetry::Labels labels_of(const net::HttpRequest& request) {
  auto parts = base::split(request.path().substr(1), '/');
  const bool core = !parts.empty() && parts.front() == "api";
  parts.resize(std::max<std::size_t>(parts.size(), 4));
  telemetry::Labels out{{"group", core ? "" : parts[1]}, {"version", core ? parts[1] : parts[2]}};
  std::size_t at = core ? 2 : 3;
  if (parts[at] == "namespaces" && parts.size() > at + 2) at += 2;
  const auto part = [&parts](std::size_t i) { return i < parts.size() ? parts[i] : std::string(); };
  std::string verb = request.method;
  if (verb == "POST") verb = "CREATE";
  if (verb == "PUT") verb = "UPDATE";
  if (verb == "GET" && part(at + 1).empty()) verb = "LIST";
  out.insert({{"kind", part(at)}, {"subresource", part(at + 2)}, {"verb", verb}});
  return out;
}

std::vector<double> duration_buckets() {
  std::vector<double> out;
  for (double edge = 0.001; out.size() < 20; edge *= 1.5) out.push_back(edge);
  return out;
}

}  // namespace

struct Client::Limiter {
  explicit Limiter(const Options& options) : bucket(options.qps, options.burst) {}
  runtime::Mutex mutex;
  TokenBucket bucket;
};

Client::Client(runtime::Runtime& runtime, net::Transport& transport, Options options)
    : runtime_(runtime), transport_(transport), options_(std::move(options)) {
  if (options_.qps > 0) limiter_ = std::make_unique<Limiter>(options_);
}
Client::~Client() = default;

net::HttpRequest Client::prepare(net::HttpRequest request) const {
  request.origin = options_.origin;
  if (!request.headers.find("Accept")) request.headers.add("Accept", "application/json");
  request.headers.set("User-Agent", options_.user_agent);
  const auto token = options_.bearer_token ? options_.bearer_token() : std::string();
  if (!token.empty()) request.headers.set("Authorization", "Bearer " + token);
  return request;
}

base::Status Client::wait_for_turn(const Call& call) {
  if (!limiter_) return base::ok();
  std::chrono::nanoseconds delay{0};
  {
    const runtime::Lock lock(limiter_->mutex);
    delay = limiter_->bucket.reserve(runtime_.mono());
  }
  return delay.count() > 0 ? runtime::sleep_for(runtime_, delay, call) : base::ok();
}

void Client::record(const net::HttpRequest& request, int status, runtime::Mono start) const {
  if (options_.metrics == nullptr) return;
  const std::string code = status == 0 ? "<error>" : std::to_string(status);
  options_.metrics->count("client_go_request_total", {{"code", code}, {"method", request.method}});
  options_.metrics->observe("client_go_request_duration_seconds", labels_of(request),
                            std::chrono::duration<double>(runtime_.mono() - start).count(),
                            duration_buckets());
}

base::Result<json::Value> Client::send(net::HttpRequest request, const Call& call) {
  const auto limited = runtime::within(runtime_, call, options_.request_timeout);
  RETURN_IF_ERROR(wait_for_turn(limited));
  const auto prepared = prepare(std::move(request));
  const auto start = runtime_.mono();
  auto response = transport_.send(prepared, limited);
  record(prepared, response ? response->status : 0, start);
  if (!response) return std::move(response).error();
  if (!is_success(response->status)) return error_of_response(*response);
  if (response->body.empty()) return json::Value();
  auto body = json::parse(response->body);
  if (!body) return std::move(body).error().add("path", std::string(prepared.path()));
  return body;
}

base::Result<std::unique_ptr<net::ByteStream>> Client::open(net::HttpRequest request, const Call& call) {
  const auto limited = runtime::within(runtime_, call, options_.request_timeout);
  RETURN_IF_ERROR(wait_for_turn(limited));
  auto stream = transport_.open(prepare(std::move(request)), limited);
  if (!stream) return reread(std::move(stream).error());
  return stream;
}

}  // namespace karpenter::kube
