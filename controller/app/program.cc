#include "controller/app/program.h"

#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <utility>

#include "common/base/strings.h"
#include "common/kube/connect/connect.h"
#include "common/net/beast/beast.h"
#include "common/reconcile/health.h"
#include "controller/app/app.h"
#include "controller/app/environment.h"

namespace karpenter::app {
namespace {

constexpr auto kDrain = std::chrono::milliseconds(200);
constexpr auto kAwsTimeout = std::chrono::minutes(4);  // spec: lifecycle §2.1 step 7
constexpr std::string_view kNamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

telemetry::LogOptions log_options(const options::Options& options) {
  telemetry::LogOptions out;
  out.level = options.log_level == options::LogLevel::kDebug   ? telemetry::Level::kDebug
              : options.log_level == options::LogLevel::kError ? telemetry::Level::kError
                                                               : telemetry::Level::kInfo;
  out.format = options.log_format == options::LogFormat::kJson ? telemetry::LogFormat::kJson
                                                               : telemetry::LogFormat::kConsole;
  return out;
}

std::string hostname() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

base::Result<kube::ClusterConfig> cluster_config(const options::Environment& environment) {
  const auto get = [&](std::string_view name) { return environment(name).value_or(""); };
  kube::ConfigSources sources;
  sources.kubeconfig = get("KUBECONFIG");
  sources.home = get("HOME");
  sources.service_host = get("KUBERNETES_SERVICE_HOST");
  sources.service_port = get("KUBERNETES_SERVICE_PORT");
  return kube::find_cluster_config(sources);
}

// spec: lifecycle §2.2: empty means the pod's own namespace
base::Result<std::string> election_namespace(const options::Options& options) {
  if (!options.leader_election_namespace.empty() || options.disable_leader_election) {
    return options.leader_election_namespace;
  }
  std::ifstream in{std::string(kNamespaceFile)};
  if (!in) {
    return base::invalid("LEADER_ELECTION_NAMESPACE is not set and this is no pod")
        .add("path", std::string(kNamespaceFile));
  }
  return std::string(base::trim(std::string(std::istreambuf_iterator<char>(in), {})));
}

kube::Client::Options client_options(std::string user_agent, double qps, int burst) {
  kube::Client::Options out;
  out.user_agent = std::move(user_agent);
  out.qps = qps;
  out.burst = burst;
  return out;
}

std::unique_ptr<net::Transport> aws_transport(runtime::Runtime& runtime) {
  net::ClientOptions options;
  options.tls = [](const net::Origin&) { return net::ClientTls{}; };
  options.request_timeout = kAwsTimeout;
  return net::make_beast_transport(runtime, std::move(options));
}

base::Result<std::unique_ptr<net::Server>> serve(runtime::Runtime& runtime, net::Handler& handler,
                                                 const std::string& address, int port) {
  net::ServerOptions options;
  options.address = address;
  options.port = static_cast<std::uint16_t>(port);
  return net::start_server(runtime, handler, std::move(options));
}

}  // namespace

base::Status run_program(runtime::Runtime& runtime, const options::Options& options,
                         const options::Environment& environment, std::stop_token stop) {
  ASSIGN_OR_RETURN(const auto sink, telemetry::make_sink(options.log_output_paths));
  telemetry::Log log(runtime, *sink, log_options(options));
  telemetry::Metrics metrics;
  Settings settings{.options = options, .aws = {}};
  ASSIGN_OR_RETURN(settings.aws, aws_settings(options, environment));
  ASSIGN_OR_RETURN(settings.options.leader_election_namespace, election_namespace(options));
  ASSIGN_OR_RETURN(const auto config, cluster_config(environment));
  if (settings.aws.cluster_ca_bundle.empty())
    settings.aws.cluster_ca_bundle = base::base64_encode(config.ca_pem);
  const std::string agent = "karpenter/" KARPENTER_VERSION;
  settings.aws.version = KARPENTER_VERSION;
  const auto kube = kube::connect(runtime, config,
                                  client_options(agent, options.kube_client_qps, options.kube_client_burst));
  const auto leases = kube::connect(runtime, config, client_options(agent + "/leader-election", 1000, 1000));
  const auto aws = aws_transport(runtime);

  ASSIGN_OR_RETURN(const auto app, App::make(std::move(settings), {runtime, *kube.client, *leases.client,
                                                                   *aws, log, metrics, hostname()}));
  reconcile::ProbeHandler probes({{.name = "manager", .passes = [&] { return app->caches_synced(); }},
                                  {.name = "crd", .passes = [&] { return app->crds_present(); }}});
  reconcile::MetricsHandler metrics_handler(metrics, [&] { app->update_gauges(); });
  ASSIGN_OR_RETURN(const auto probe_server,
                   serve(runtime, probes, options.bind_address, options.health_probe_port));
  ASSIGN_OR_RETURN(const auto metrics_server,
                   serve(runtime, metrics_handler, options.bind_address, options.metrics_port));
  log.info("starting", {{"version", KARPENTER_VERSION},
                        {"metrics-port", static_cast<int>(metrics_server->port())},
                        {"health-probe-port", static_cast<int>(probe_server->port())}});
  auto status = app->run(std::move(stop));
  probe_server->drain(kDrain);
  metrics_server->drain(kDrain);
  runtime.stop_all();  // caches and event writers use the app
  runtime.join_all();
  if (status.failed_with(base::Code::kCancelled)) return base::ok();
  return status;
}

}  // namespace karpenter::app
