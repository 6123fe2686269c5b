#include "tests/devcluster/kube/webhook_call.h"

#include <utility>

#include "common/base/strings.h"

namespace karpenter::devcluster {
namespace {

struct WebhookTarget {
  net::Url url;
  std::string shown;        // as the API server names it in errors
  std::string server_name;  // for TLS
};

base::Result<WebhookTarget> webhook_target(World& world, json::View config) {
  if (const auto url = config["url"].string(); url.has_value()) {
    ASSIGN_OR_RETURN(net::Url parsed, net::parse_url(*url));
    return WebhookTarget{.url = parsed, .shown = std::string(*url), .server_name = parsed.origin.host};
  }
  const json::View service = config["service"];
  const std::string name = service["name"].string_or("");
  const std::string space = service["namespace"].string_or("");
  const auto port = static_cast<std::uint16_t>(service["port"].integer_or(443));
  WebhookTarget target;
  target.server_name = name + "." + space + ".svc";
  target.url.target = service["path"].string_or("/");
  if (!target.url.target.starts_with('/')) target.url.target.insert(0, "/");
  target.shown = "https://" + target.server_name + ":" + std::to_string(port) + target.url.target;
  const auto origin =
      world.options.resolve_service ? world.options.resolve_service(space, name, port) : std::nullopt;
  if (!origin.has_value()) {
    return base::make_error(
        base::Code::kUnavailable,
        "Post \"" + target.shown + "\": no endpoints available for service \"" + name + "\"");
  }
  target.url.origin = *origin;
  return target;
}

}  // namespace

base::Result<json::Value> call_webhook(World& world, const WebhookCall& call, const net::Call& limit) {
  ASSIGN_OR_RETURN(WebhookTarget target, webhook_target(world, call.client_config));
  if (!world.options.webhook_transport) {
    return base::make_error(base::Code::kUnavailable, "Post \"" + target.shown + "\": connection refused");
  }
  net::ClientTls tls;
  tls.server_name = target.server_name;
  if (const auto bundle = base::base64_decode(call.client_config["caBundle"].string_or(""));
      bundle.has_value()) {
    tls.ca_pem = *bundle;
  }
  net::HttpRequest request;
  request.method = "POST";
  request.origin = target.url.origin;
  request.target = target.url.target;
  if (call.timeout_in_query) {
    const char* separator = request.query().empty() ? "?" : "&";
    request.target += separator + std::string("timeout=") + std::to_string(call.timeout.count()) + "s";
    target.shown += separator + std::string("timeout=") + std::to_string(call.timeout.count()) + "s";
  }
  request.headers.add("Content-Type", "application/json");
  request.headers.add("Accept", "application/json");
  request.headers.add("User-Agent", "kube-apiserver-admission");
  request.body = call.review.dump();
  const std::shared_ptr<net::Transport> transport = world.options.webhook_transport(tls);
  auto response = transport->send(request, runtime::within(world.runtime, limit, call.timeout));
  if (!response.has_value()) {
    const bool late = response.failed_with(base::Code::kTimeout);
    const std::string why = late ? "context deadline exceeded" : response.error().text();
    return base::make_error(response.error().code, "Post \"" + target.shown + "\": " + why);
  }
  if (response->status < 200 || response->status >= 300) {
    return base::make_error(base::Code::kUnavailable, "the server responded with the status code " +
                                                          std::to_string(response->status) + ": " +
                                                          response->body);
  }
  auto body = json::parse(response->body);
  if (!body.has_value()) return base::internal("the answer is not JSON: " + body.error().text());
  return body;
}

}  // namespace karpenter::devcluster
