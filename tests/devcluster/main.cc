// The embedded cluster as a process: a Kubernetes API server (TLS) and an AWS endpoint (plain HTTP) on
// loopback, with simulated machines between them. Everything it makes for its clients (certificates,
// kubeconfigs, endpoints) goes into --dir.

#include <gflags/gflags.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>

#include "common/base/strings.h"
#include "common/json/json.h"
#include "common/json/yaml.h"
#include "common/net/beast/beast.h"
#include "common/net/crypto.h"
#include "common/runtime/signals.h"
#include "tests/devcluster/embedded_cluster.h"

DEFINE_string(dir, "", "Folder for certificates, kubeconfigs and endpoints.json; must exist");
DEFINE_int32(kube_port, 0, "Port of the Kubernetes API (0: any)");
DEFINE_int32(aws_port, 0, "Port of the AWS endpoint (0: any)");
DEFINE_string(cluster_name, "demo", "Name of the EKS cluster");
DEFINE_string(kubernetes_version, "1.32", "What the cluster says it is");
DEFINE_int32(webhook_port, 8443, "Loopback port that Service karpenter/karpenter-webhook leads to");
DEFINE_int32(boot_ms, 1500, "From a running instance to its registered Node");
DEFINE_int32(spot_warning_seconds, 20, "From a spot interruption message to the end of the instance");

namespace karpenter::devcluster {
namespace {

constexpr const char* kWebhookService = "karpenter-webhook";

struct Credentials {
  net::TlsIdentity ca;
  net::TlsIdentity api;
  net::TlsIdentity webhook;
};

base::Status write_file(const std::string& name, const std::string& content) {
  const std::string path = FLAGS_dir + "/" + name;
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << content;
  out.close();
  if (!out) return base::internal("cannot write file").add("path", path);
  ::chmod(path.c_str(), S_IRUSR | S_IWUSR);
  return base::ok();
}

base::Result<Credentials> make_credentials(runtime::Runtime& runtime) {
  net::CertificateRequest request;
  request.not_before = runtime.now() - std::chrono::hours(1);
  request.not_after = runtime.now() + std::chrono::hours(24 * 7);
  request.common_name = "karpenter throw-away CA";
  request.is_ca = true;
  Credentials out;
  ASSIGN_OR_RETURN(out.ca, net::make_certificate(request, {}));
  request.is_ca = false;
  request.ip_addresses = {"127.0.0.1"};
  request.common_name = "kube-apiserver";
  request.dns_names = {"localhost", "kubernetes", "kubernetes.default.svc"};
  ASSIGN_OR_RETURN(out.api, net::make_certificate(request, out.ca));
  request.common_name = kWebhookService;
  request.dns_names = {std::string(kWebhookService) + ".karpenter.svc", "localhost"};
  ASSIGN_OR_RETURN(out.webhook, net::make_certificate(request, out.ca));
  return out;
}

std::string kubeconfig(const std::string& server, const std::string& ca_pem, const std::string& token) {
  json::Value config = json::Value::object();
  config["apiVersion"].set("v1");
  config["kind"].set("Config");
  config["current-context"].set("demo");
  const auto cluster = config["clusters"].push_back();
  cluster["name"].set("demo");
  cluster["cluster"]["server"].set(server);
  cluster["cluster"]["certificate-authority-data"].set(base::base64_encode(ca_pem));
  const auto user = config["users"].push_back();
  user["name"].set("demo");
  user["user"]["token"].set(token);
  const auto context = config["contexts"].push_back();
  context["name"].set("demo");
  context["context"]["cluster"].set("demo");
  context["context"]["user"].set("demo");
  return json::to_yaml(config);
}

// One token per user, made for this run.
struct Tokens {
  std::string admin = base::hex_encode(net::random_bytes(16));
  std::string controller = base::hex_encode(net::random_bytes(16));
  std::string webhook = base::hex_encode(net::random_bytes(16));
};

EmbeddedClusterOptions cluster_options(runtime::Runtime& runtime, const Tokens& tokens,
                                       const std::string& api_endpoint, const std::string& ca_pem) {
  EmbeddedClusterOptions out;
  const std::vector<std::string> accounts = {"system:serviceaccounts", "system:serviceaccounts:karpenter"};
  out.api.tokens = {
      {tokens.admin, {.name = "admin", .groups = {"system:masters"}}},
      {tokens.controller, {.name = "system:serviceaccount:karpenter:karpenter", .groups = accounts}},
      {tokens.webhook, {.name = "system:serviceaccount:karpenter:karpenter-webhook", .groups = accounts}}};
  out.api.webhook_transport = [&runtime](const net::ClientTls& tls) {
    net::ClientOptions options;
    options.tls = [tls](const net::Origin&) { return tls; };
    return std::shared_ptr<net::Transport>(net::make_beast_transport(runtime, std::move(options)));
  };
  out.api.resolve_service = [](std::string_view ns, std::string_view name,
                               std::uint16_t) -> std::optional<net::Origin> {
    if (ns != "karpenter" || name != kWebhookService) return std::nullopt;
    return net::Origin{
        .scheme = "https", .host = "127.0.0.1", .port = static_cast<std::uint16_t>(FLAGS_webhook_port)};
  };
  out.aws.cluster_name = FLAGS_cluster_name;
  out.aws.instance_profile = "KarpenterNodeInstanceProfile-" + FLAGS_cluster_name;
  out.aws.cluster_version = FLAGS_kubernetes_version;
  out.aws.cluster_endpoint = api_endpoint;
  out.aws.cluster_ca_pem = ca_pem;
  out.kubelets.boot = std::chrono::milliseconds(FLAGS_boot_ms);
  return out;
}

base::Status publish(const Credentials& credentials, const Tokens& tokens, const std::string& kube_url,
                     const std::string& aws_url) {
  const auto& ca = credentials.ca.certificate_pem;
  RETURN_IF_ERROR(write_file("ca.crt", ca));
  RETURN_IF_ERROR(write_file("webhook.crt", credentials.webhook.certificate_pem));
  RETURN_IF_ERROR(write_file("webhook.key", credentials.webhook.key_pem));
  RETURN_IF_ERROR(write_file("kubeconfig", kubeconfig(kube_url, ca, tokens.admin)));
  RETURN_IF_ERROR(write_file("controller.kubeconfig", kubeconfig(kube_url, ca, tokens.controller)));
  RETURN_IF_ERROR(write_file("webhook.kubeconfig", kubeconfig(kube_url, ca, tokens.webhook)));
  json::Value endpoints = json::Value::object();
  endpoints["kubernetes"].set(kube_url);
  endpoints["aws"].set(aws_url);
  return write_file("endpoints.json", endpoints.dump() + "\n");  // last: whoever waits for it finds the rest
}

// The API server's address must be known before the cluster is built (EKS DescribeCluster answers it), and
// the port only after binding: a handler that is pointed at the cluster once it exists.
class LateHandler final : public net::Handler {
 public:
  void set(net::Handler& target) { target_.store(&target); }
  net::HttpResponse handle(const net::HttpRequest& request, const net::Call& call) override {
    auto* target = target_.load();
    if (target == nullptr) return net::text_response(503, "starting\n");
    return target->handle(request, call);
  }

 private:
  std::atomic<net::Handler*> target_{nullptr};
};

base::Status run(std::stop_token stop) {
  auto runtime = runtime::make_real_runtime();
  ASSIGN_OR_RETURN(const Credentials credentials, make_credentials(*runtime));
  const Tokens tokens;
  LateHandler kube_handler;
  LateHandler aws_handler;
  net::ServerOptions kube_options;
  kube_options.port = static_cast<std::uint16_t>(FLAGS_kube_port);
  kube_options.tls = [&credentials] { return credentials.api; };
  ASSIGN_OR_RETURN(auto kube_server, net::start_server(*runtime, kube_handler, std::move(kube_options)));
  const std::string kube_url = "https://127.0.0.1:" + std::to_string(kube_server->port());
  EmbeddedCluster cluster(*runtime,
                          cluster_options(*runtime, tokens, kube_url, credentials.ca.certificate_pem));
  auto switches = cluster.aws().switches();
  switches.pending_delay = std::chrono::milliseconds(500);
  switches.shutdown_delay = std::chrono::seconds(1);
  switches.spot_warning = std::chrono::seconds(FLAGS_spot_warning_seconds);
  cluster.aws().set_switches(switches);
  kube_handler.set(cluster.api());
  aws_handler.set(cluster.aws());
  net::ServerOptions aws_options;
  aws_options.port = static_cast<std::uint16_t>(FLAGS_aws_port);
  aws_options.max_body_bytes = 8U << 20U;
  ASSIGN_OR_RETURN(auto aws_server, net::start_server(*runtime, aws_handler, std::move(aws_options)));
  cluster.start();
  RETURN_IF_ERROR(
      publish(credentials, tokens, kube_url, "http://127.0.0.1:" + std::to_string(aws_server->port())));
  std::printf("karpenter-devcluster: Kubernetes on %s, files in %s\n", kube_url.c_str(), FLAGS_dir.c_str());
  std::fflush(stdout);
  static_cast<void>(runtime::sleep_for(*runtime, std::chrono::hours(24 * 365),
                                       {.deadline = base::Mono::max(), .stop = stop}));
  runtime->stop_all();
  kube_server->drain(std::chrono::milliseconds(500));
  aws_server->drain(std::chrono::milliseconds(500));
  runtime->join_all();
  return base::ok();
}

}  // namespace
}  // namespace karpenter::devcluster

int main(int argc, char** argv) {
  gflags::SetUsageMessage("an embedded Kubernetes cluster and AWS account on loopback\n  --dir DIR [flags]");
  gflags::SetVersionString(KARPENTER_VERSION);
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  if (FLAGS_dir.empty() || argc > 1) {
    std::fprintf(stderr, "karpenter-devcluster: --dir is required, and no other arguments\n");
    return 2;
  }
  karpenter::runtime::block_signals();
  karpenter::base::Status status = karpenter::base::ok();
  karpenter::runtime::run_until_signal(
      [&](std::stop_token stop) { status = karpenter::devcluster::run(std::move(stop)); });
  if (status.has_value()) return 0;
  std::fprintf(stderr, "karpenter-devcluster: %s\n", status.error().text().c_str());
  return 1;
}
