#include "webhook/app/app.h"

#include <atomic>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include "common/base/strings.h"
#include "common/kube/api.h"
#include "common/kube/connect/connect.h"
#include "common/net/beast/beast.h"
#include "common/reconcile/health.h"
#include "webhook/handlers/webhook_handler.h"
#include "webhook/tls/file_identity.h"
#include "webhook/tls/own_certificates.h"

namespace karpenter::webhook {
namespace {

constexpr auto kDrain = std::chrono::seconds(10);  // below the pod's termination grace period
constexpr auto kForever = std::chrono::hours(24 * 365 * 10);
constexpr auto kLookupLimit = std::chrono::seconds(5);  // spec: conversion §2.5
constexpr std::string_view kNamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
// Of releases whose registrations and certificates may still be there. spec: lifecycle §19.2, §19.5, §19.7
constexpr std::string_view kOldService = "karpenter";
constexpr std::string_view kOldSecret = "karpenter-webhook-cert";

telemetry::LogOptions log_options(const WebhookOptions& options) {
  telemetry::LogOptions out;
  out.logger = "webhook";
  out.level = options.log_level == "debug"   ? telemetry::Level::kDebug
              : options.log_level == "error" ? telemetry::Level::kError
                                             : telemetry::Level::kInfo;
  out.format = options.log_format == "json" ? telemetry::LogFormat::kJson : telemetry::LogFormat::kConsole;
  return out;
}

// The API server, for certificates and look-ups.
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

// spec: lifecycle §2.2: empty means the pod's own namespace
base::Result<std::string> find_namespace(const WebhookOptions& options) {
  if (!options.system_namespace.empty()) return options.system_namespace;
  std::ifstream in{std::string(kNamespaceFile)};
  if (in) return std::string(base::trim(std::string(std::istreambuf_iterator<char>(in), {})));
  return base::invalid(
             "neither tls-cert-file nor SYSTEM_NAMESPACE is set and this is no pod: where is the "
             "certificate's Secret?")
      .add("path", std::string(kNamespaceFile));
}

// Where the serving certificate comes from: files or ourselves.
struct Certificates {
  std::unique_ptr<FileIdentity> files;
  std::unique_ptr<OwnCertificates> own;

  [[nodiscard]] net::TlsIdentity current() const { return files ? files->current() : own->current(); }
  [[nodiscard]] bool ready() const { return files || own->ready(); }
};

base::Result<Certificates> find_certificates(runtime::Runtime& runtime, const telemetry::Log& log,
                                             const WebhookOptions& options,
                                             const base::Result<kube::Connection>& cluster) {
  Certificates out;
  if (!options.tls_cert_file.empty()) {
    ASSIGN_OR_RETURN(out.files,
                     FileIdentity::open(runtime, log, options.tls_cert_file, options.tls_private_key_file));
    return out;
  }
  if (!cluster) return cluster.error();
  OwnCertificateOptions own;
  ASSIGN_OR_RETURN(own.namespace_name, find_namespace(options));
  own.secret_name = options.certificate_secret;
  own.fallback_secret_name = kOldSecret;
  own.services = {options.karpenter_service};
  if (options.karpenter_service != kOldService) own.services.emplace_back(kOldService);
  out.own = std::make_unique<OwnCertificates>(runtime, log, *cluster->client, std::move(own));
  return out;
}

net::ServerOptions listen(const WebhookOptions& options, int port) {
  net::ServerOptions out;
  out.address = options.bind_address;
  out.port = static_cast<std::uint16_t>(port);
  return out;
}

net::ServerOptions listen_for_reviews(const WebhookOptions& options, const telemetry::Log& log,
                                      const Certificates& certificates) {
  net::ServerOptions out = listen(options, options.webhook_port);
  out.max_body_bytes = max_body_bytes("/conversion/");
  out.max_body_bytes_of = max_body_bytes;
  out.tls = [&certificates] { return certificates.current(); };
  out.on_error = [log](const base::Error& error) { log.error(error, "serving webhooks"); };
  return out;
}

admission::Gates gates(const WebhookOptions& options) {
  return {.node_class_cel = options.aws_feature_gates.node_class_cel,
          .static_capacity = options.feature_gates.static_capacity,
          .node_overlay = options.feature_gates.node_overlay};
}

}  // namespace

base::Status run(runtime::Runtime& runtime, const WebhookOptions& options,
                 const options::Environment& environment, std::stop_token stop) {
  ASSIGN_OR_RETURN(const auto sink, telemetry::make_sink(options.log_output_paths));
  const telemetry::Log log(runtime, *sink, log_options(options));
  telemetry::Metrics metrics;
  auto cluster = connect(runtime, environment);
  ASSIGN_OR_RETURN(const auto certificates, find_certificates(runtime, log, options, cluster));
  if (!cluster)
    log.error(cluster.error(), "no cluster: NodeClaims convert without their NodePool's expireAfter");

  std::atomic<bool> leaving = false;
  const auto is_ready = [&] { return !leaving && certificates.ready(); };
  WebhookHandler handler(runtime, log, metrics,
                         lookups(runtime, cluster ? cluster->client.get() : nullptr, stop), gates(options),
                         is_ready);
  reconcile::MetricsHandler metrics_handler(metrics, {});
  reconcile::ProbeHandler probe_handler({{.name = "webhooks", .passes = is_ready}});
  // Reviews are answered from the start: whoever fills a cache may need them for that. spec: conversion §5.3
  ASSIGN_OR_RETURN(const auto server,
                   net::start_server(runtime, handler, listen_for_reviews(options, log, certificates)));
  ASSIGN_OR_RETURN(const auto metrics_server,
                   net::start_server(runtime, metrics_handler, listen(options, options.metrics_port)));
  ASSIGN_OR_RETURN(const auto probe_server,
                   net::start_server(runtime, probe_handler, listen(options, options.health_probe_port)));
  log.info("serving webhooks", {{"port", static_cast<int>(server->port())},
                                {"metrics-port", static_cast<int>(metrics_server->port())},
                                {"health-probe-port", static_cast<int>(probe_server->port())}});
  if (certificates.own) {
    certificates.own->run(stop);
  } else {
    static_cast<void>(runtime::sleep_for(runtime, kForever, {.stop = stop}));
  }
  log.info("draining");
  leaving = true;
  static_cast<void>(runtime::sleep_for(runtime, options.endpoint_grace, {}));
  server->drain(kDrain);
  return base::ok();
}

}  // namespace karpenter::webhook
