#include "common/base/strings.h"
#include "common/kube/client.h"

namespace karpenter::kube {
namespace {

constexpr std::size_t kMaxErrorText = 512;

class Query {
 public:
  void add(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    text_ += text_.empty() ? "?" : "&";
    text_.append(key).append("=").append(base::percent_encode(value));
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

net::HttpRequest request(std::string method, std::string target) {
  net::HttpRequest out;
  out.method = std::move(method);
  out.target = std::move(target);
  if (out.method == "GET") out.idempotent = net::Idempotent::kYes;
  return out;
}

void set_body(net::HttpRequest& out, json::View body, std::string content_type) {
  out.headers.set("Content-Type", std::move(content_type));
  out.body = body.dump();
}

std::string content_type_of(PatchType type) {
  switch (type) {
    case PatchType::kMerge:
      return "application/merge-patch+json";
    case PatchType::kJson:
      return "application/json-patch+json";
    case PatchType::kStrategicMerge:
      return "application/strategic-merge-patch+json";
  }
  return "";
}

// The server's word for what went wrong is finer than the HTTP status.
void apply_reason(base::Error& error) {
  if (error.reason == "AlreadyExists") error.code = base::Code::kAlreadyExists;
  if (error.reason == "Expired" || error.reason == "Gone") error.code = base::Code::kGone;
  if (error.reason == "Timeout" || error.reason == "ServerTimeout") error.code = base::Code::kTimeout;
  if (error.reason == "TooManyRequests") error.code = base::Code::kThrottled;
}

}  // namespace

std::string object_path(const Kind& kind, std::string_view namespace_name, std::string_view name,
                        std::string_view subresource) {
  std::string out = kind.group.empty() ? "/api/" : "/apis/" + std::string(kind.group) + "/";
  out += kind.version;
  if (kind.namespaced && !namespace_name.empty())
    out += "/namespaces/" + base::percent_encode(namespace_name);
  out.append("/").append(kind.plural);
  if (!name.empty()) out += "/" + base::percent_encode(name);
  if (!subresource.empty()) out.append("/").append(subresource);
  return out;
}

net::HttpRequest list_request(const Kind& kind, std::string_view namespace_name, const ListOptions& options) {
  Query query;
  query.add("labelSelector", options.label_selector);
  query.add("fieldSelector", options.field_selector);
  if (options.limit > 0) query.add("limit", std::to_string(options.limit));
  query.add("continue", options.continue_token);
  query.add("resourceVersion", options.resource_version);
  return request("GET", object_path(kind, namespace_name, "", "") + query.text());
}

net::HttpRequest watch_request(const Kind& kind, std::string_view namespace_name,
                               const WatchOptions& options) {
  Query query;
  query.add("watch", "true");
  if (options.bookmarks) query.add("allowWatchBookmarks", "true");
  query.add("labelSelector", options.label_selector);
  query.add("fieldSelector", options.field_selector);
  query.add("resourceVersion", options.resource_version);
  query.add("timeoutSeconds", std::to_string(options.timeout.count()));
  return request("GET", object_path(kind, namespace_name, "", "") + query.text());
}

net::HttpRequest get_request(const Kind& kind, const model::ObjectKey& key) {
  return request("GET", object_path(kind, key.namespace_name, key.name, ""));
}

net::HttpRequest create_request(const Kind& kind, std::string_view namespace_name, json::View object) {
  auto out = request("POST", object_path(kind, namespace_name, "", ""));
  set_body(out, object, "application/json");
  return out;
}

net::HttpRequest patch_request(const Kind& kind, const model::ObjectKey& key, PatchType type,
                               json::View patch, std::string_view subresource) {
  auto out = request("PATCH", object_path(kind, key.namespace_name, key.name, subresource));
  set_body(out, patch, content_type_of(type));
  return out;
}

net::HttpRequest delete_request(const Kind& kind, const model::ObjectKey& key, json::View options) {
  auto out = request("DELETE", object_path(kind, key.namespace_name, key.name, ""));
  if (options.size() > 0) set_body(out, options, "application/json");
  return out;
}

base::Error error_of_response(const net::HttpResponse& response) {
  auto error = net::error_of_status(response.status, response.headers, "");
  error.with = {{"status", std::to_string(response.status)}};
  const auto parsed = json::parse(response.body);
  const auto status = parsed ? parsed->view() : json::View();
  if (status["kind"].string_or("") != "Status") {
    error.message = "unexpected answer of the API server";
    return std::move(error).add("body", response.body.substr(0, kMaxErrorText));
  }
  error.message = status["message"].string_or("the API server refused the request");
  error.reason = status["reason"].string_or("");
  if (const auto seconds = status["details"]["retryAfterSeconds"].integer_or(0); seconds > 0) {
    error.retry_after = std::chrono::seconds(seconds);
  }
  apply_reason(error);
  return error;
}

}  // namespace karpenter::kube
