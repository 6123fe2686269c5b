#include "webhook/app/app.h"

#include <fstream>
#include <memory>
#include <utility>

#include "common/kube/api.h"
#include "common/kube/connect/connect.h"
#include "common/net/beast/beast.h"
#include "common/reconcile/health.h"
#include "webhook/handlers/webhook_handler.h"
#include "webhook/tls/file_identity.h"

namespace karpenter::webhook {
namespace {

constexpr auto kDrain = std::chrono::seconds(10);       // below the pod's termination grace period
constexpr std::size_t kMaxBody = 128U << 20U;           // a ConversionReview holds whole lists
constexpr auto kLookupLimit = std::chrono::seconds(5);  // spec: conversion §2.5

std::vector<options::Setting> settings(WebhookOptions& o) {
  using options::choice;
  return {
      options::integer("webhook-port", o.webhook_port, 0, 65535,
                       "Port of the admission and conversion service."),
      options::integer("metrics-port", o.metrics_port, 0, 65535, "Port of /metrics."),
      options::integer("health-probe-port", o.health_probe_port, 0, 65535, "Port of /healthz and /readyz."),
      options::text("bind-address", o.bind_address, "Address to listen on."),
      options::required_text("tls-cert-file", o.tls_cert_file,
                             "Serving certificate (PEM), read again when it changes."),
      options::required_text("tls-private-key-file", o.tls_private_key_file, "Its private key (PEM)."),
      choice("log-level", o.log_level, {{"info", "info"}, {"debug", "debug"}, {"error", "error"}},
             "Least level logged."),
      choice("log-format", o.log_format, {{"json", "json"}, {"console", "console"}}, "Shape of log lines."),
      options::list("log-output-paths", o.log_output_paths, "Files, stdout or stderr."),
  };
}

telemetry::LogOptions log_options(const WebhookOptions& options) {
  telemetry::LogOptions out;
  out.logger = "webhook";
  out.level = options.log_level == "debug"   ? telemetry::Level::kDebug
              : options.log_level == "error" ? telemetry::Level::kError
                                             : telemetry::Level::kInfo;
  out.format = options.log_format == "json" ? telemetry::LogFormat::kJson : telemetry::LogFormat::kConsole;
  return out;
}

// The API server, for look-ups only.
base::Result<kube::Connection> connect(runtime::Runtime& runtime, const options::Environment& environment) {
  const auto get = [&](std::string_view name) { return environment(name).value_or(""); };
  kube::ConfigSources sources;
  sources.kubeconfig = get("KUBECONFIG");
  sources.home = get("HOME");
  sources.service_host = get("KUBERNETES_SERVICE_HOST");
  sources.service_port = get("KUBERNETES_SERVICE_PORT");
  ASSIGN_OR_RETURN(const auto config, kube::find_cluster_config(sources));
  kube::Client::Options client;
  client.user_agent = "karpenter-webhook";
  return kube::connect(runtime, config, std::move(client));
}

// spec: conversion §2.5
conversion::Lookups lookups(runtime::Runtime& runtime, kube::Client* client, std::stop_token stop) {
  conversion::Lookups out;
  if (client == nullptr) return out;
  out.expire_after = [&runtime, client, stop = std::move(stop)](
                         std::string_view name) -> base::Result<std::optional<std::string>> {
    const net::Call call{.deadline = runtime.mono() + kLookupLimit, .stop = stop};
    auto pool =
        kube::Api<model::NodePool>(*client).get({.namespace_name = "", .name = std::string(name)}, call);
    if (pool.failed_with(base::Code::kNotFound)) return std::optional<std::string>();
    if (!pool) return std::move(pool).error();
    return pool->spec.node_template.spec.expire_after;
  };
  return out;
}

net::ServerOptions listen(const WebhookOptions& options, int port) {
  net::ServerOptions out;
  out.address = options.bind_address;
  out.port = static_cast<std::uint16_t>(port);
  return out;
}

}  // namespace

base::Result<WebhookOptions> parse(std::span<const std::string> args,
                                   const options::Environment& environment) {
  WebhookOptions out;
  RETURN_IF_ERROR(options::apply(settings(out), args, environment));
  return out;
}

std::string help() {
  WebhookOptions defaults;
  return options::help_text(
      "karpenter-webhook: defaulting, validation and conversion of Karpenter's objects.\n",
      settings(defaults));
}

base::Status run(runtime::Runtime& runtime, const WebhookOptions& options,
                 const options::Environment& environment, std::stop_token stop) {
  ASSIGN_OR_RETURN(const auto sink, telemetry::make_sink(options.log_output_paths));
  telemetry::Log log(runtime, *sink, log_options(options));
  telemetry::Metrics metrics;
  ASSIGN_OR_RETURN(const auto identity,
                   FileIdentity::open(runtime, log, options.tls_cert_file, options.tls_private_key_file));
  auto cluster = connect(runtime, environment);
  if (!cluster)
    log.error(cluster.error(), "no cluster: NodeClaims convert without their NodePool's expireAfter");

  WebhookHandler handler(runtime, log, metrics,
                         lookups(runtime, cluster ? cluster->client.get() : nullptr, stop));
  reconcile::MetricsHandler metrics_handler(metrics, {});
  reconcile::ProbeHandler probe_handler({{.name = "webhooks", .passes = [] { return true; }}});

  net::ServerOptions service = listen(options, options.webhook_port);
  service.max_body_bytes = kMaxBody;
  service.tls = [&identity] { return identity->current(); };
  service.on_error = [&log](const base::Error& error) { log.error(error, "serving webhooks"); };
  ASSIGN_OR_RETURN(const auto server, net::start_server(runtime, handler, std::move(service)));
  ASSIGN_OR_RETURN(const auto metrics_server,
                   net::start_server(runtime, metrics_handler, listen(options, options.metrics_port)));
  ASSIGN_OR_RETURN(const auto probe_server,
                   net::start_server(runtime, probe_handler, listen(options, options.health_probe_port)));
  log.info("serving webhooks", {{"port", static_cast<int>(server->port())},
                                {"metrics-port", static_cast<int>(metrics_server->port())},
                                {"health-probe-port", static_cast<int>(probe_server->port())}});
  static_cast<void>(runtime::sleep_for(runtime, std::chrono::hours(24 * 365 * 10), {.stop = stop}));
  log.info("draining");
  server->drain(kDrain);
  return base::ok();
}

}  // namespace karpenter::webhook
