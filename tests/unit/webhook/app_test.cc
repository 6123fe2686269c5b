#include "webhook/app/app.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <thread>

#include "common/base/strings.h"
#include "common/json/json.h"
#include "common/net/beast/beast.h"
#include "common/net/crypto.h"
#include "tests/devcluster/kube/api_server.h"

// The whole program but for main(): options, start, drain, over real sockets.

namespace karpenter::webhook {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const options::Environment kNothing = [](std::string_view) { return std::nullopt; };

// spec: lifecycle §2.2
TEST(WebhookOptions, come_from_arguments_and_environment) {
  const auto from = [](std::vector<std::string> args,
                       std::map<std::string, std::string, std::less<>> variables = {}) {
    return parse(args,
                 [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
                   const auto found = variables.find(name);
                   return found == variables.end() ? std::nullopt : std::optional(found->second);
                 });
  };
  const auto defaults = from({});
  ASSERT_TRUE(defaults) << defaults.error().text();
  EXPECT_EQ(defaults->webhook_port, 8443);
  EXPECT_EQ(defaults->certificate_secret, "karpenter-cert");
  EXPECT_EQ(defaults->karpenter_service, "karpenter-webhook");
  const auto set =
      from({"--endpoint-grace", "1m"},
           {{"WEBHOOK_PORT", "9443"}, {"KARPENTER_SERVICE", "k"}, {"SYSTEM_NAMESPACE", "kube-system"}});
  ASSERT_TRUE(set) << set.error().text();
  EXPECT_EQ(set->webhook_port, 9443);
  EXPECT_EQ(set->karpenter_service, "k");
  EXPECT_EQ(set->system_namespace, "kube-system");
  EXPECT_EQ(set->endpoint_grace, seconds(60));
  EXPECT_TRUE(from({"--tls-cert-file", "a"}).failed_with(base::Code::kInvalid)) << "a key belongs to it";
  EXPECT_TRUE(from({"--endpoint-grace", "-1s"}).failed_with(base::Code::kInvalid));
  EXPECT_TRUE(from({"--webhook-port", "65536"}).failed_with(base::Code::kInvalid));
  for (const char* flag :
       {"--endpoint-grace", "--certificate-secret", "--system-namespace", "ENDPOINT_GRACE"}) {
    EXPECT_NE(help().find(flag), std::string::npos) << flag;
  }
}

class WebhookProgram : public testing::Test {
 protected:
  WebhookProgram() {
    std::filesystem::create_directories(folder_);
    options_.webhook_port = options_.metrics_port = options_.health_probe_port = 0;
    options_.bind_address = "127.0.0.1";
    options_.log_output_paths = {folder_ + "/log"};
    options_.endpoint_grace = milliseconds(0);
  }
  ~WebhookProgram() override {
    stop();
    runtime_->stop_all();
    runtime_->join_all();
    std::filesystem::remove_all(folder_);
  }

  static std::string read(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
  }
  void use_files() {
    const auto pair = net::make_certificate({.common_name = "webhook",
                                             .organizations = {},
                                             .dns_names = {},
                                             .ip_addresses = {"127.0.0.1"},
                                             .not_before = runtime_->now() - std::chrono::hours(1),
                                             .not_after = runtime_->now() + std::chrono::hours(1),
                                             .is_ca = false},
                                            {})
                          .value();
    write("tls.crt", pair.certificate_pem);
    write("tls.key", pair.key_pem);
    options_.tls_cert_file = folder_ + "/tls.crt";
    options_.tls_private_key_file = folder_ + "/tls.key";
  }
  void start(const options::Environment& environment) {
    thread_ = std::thread([this, environment] {
      result_ = run(*runtime_, options_, environment, stop_.get_token());
      ended_ = true;
    });
    wait([this] { return ended_ || read(folder_ + "/log").find("serving webhooks") != std::string::npos; });
    const auto log = read(folder_ + "/log");
    const auto begin = log.rfind('\n', log.find("serving webhooks"));
    const auto line = log.substr(begin == log.npos ? 0 : begin + 1);
    const auto fields = json::parse(line.substr(0, line.find('\n')));
    ASSERT_TRUE(fields.has_value()) << log << (ended_ && !result_ ? result_.error().text() : "");
    port_ = static_cast<std::uint16_t>(fields->view()["port"].integer_or(0));
    probe_port_ = static_cast<std::uint16_t>(fields->view()["health-probe-port"].integer_or(0));
    metrics_port_ = static_cast<std::uint16_t>(fields->view()["metrics-port"].integer_or(0));
  }
  void stop() {
    stop_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  template <class Done>
  void wait(const Done& done) {
    for (int i = 0; i < 20'000 && !done(); ++i) {
      static_cast<void>(runtime::sleep_for(*runtime_, milliseconds(1), {}));
    }
    EXPECT_TRUE(done()) << read(folder_ + "/log");
  }
  base::Result<net::HttpResponse> get(const std::string& scheme, std::uint16_t port,
                                      const std::string& target) {
    net::HttpRequest request;
    request.target = target;
    return send(scheme, port, std::move(request));
  }
  base::Result<net::HttpResponse> send(const std::string& scheme, std::uint16_t port,
                                       net::HttpRequest request) {
    net::ClientOptions client;
    client.tls = [this](const net::Origin&) { return tls_; };
    request.origin = {scheme, "127.0.0.1", port};
    return net::make_beast_transport(*runtime_, std::move(client))->send(request, {});
  }
  int status(const std::string& scheme, std::uint16_t port, const std::string& target) {
    const auto answer = get(scheme, port, target);
    return answer ? answer->status : 0;
  }

  std::string folder_ =
      testing::TempDir() + "webhook_app_" + testing::UnitTest::GetInstance()->current_test_info()->name();
  std::unique_ptr<runtime::Runtime> runtime_ = runtime::make_real_runtime();
  WebhookOptions options_;
  net::ClientTls tls_{.ca_pem = {}, .identity = {}, .server_name = {}, .verify = false};
  std::stop_source stop_;
  std::thread thread_;
  std::atomic<bool> ended_ = false;
  base::Status result_ = base::ok();
  std::uint16_t port_ = 0;
  std::uint16_t probe_port_ = 0;
  std::uint16_t metrics_port_ = 0;
};

// spec: lifecycle §19.7
TEST_F(WebhookProgram, leaves_its_endpoints_before_it_stops_serving) {
  use_files();
  options_.endpoint_grace = milliseconds(300);
  start(kNothing);
  EXPECT_EQ(status("http", probe_port_, "/healthz"), 200);
  EXPECT_EQ(status("http", probe_port_, "/readyz/webhooks"), 200);
  EXPECT_EQ(status("http", metrics_port_, "/metrics"), 200);
  EXPECT_EQ(status("https", port_, "/readyz"), 200);
  stop_.request_stop();
  wait([this] { return ended_ || status("http", probe_port_, "/readyz") == 500; });
  EXPECT_EQ(status("https", port_, "/healthz"), 200) << "still serves while endpoints go";
  wait([this] { return ended_.load(); });
  EXPECT_TRUE(result_);
  EXPECT_TRUE(get("https", port_, "/healthz").failed_with(base::Code::kUnavailable));
}

// spec: api §13.5
TEST_F(WebhookProgram, judges_by_the_feature_gates_it_was_given) {
  net::HttpRequest review;
  review.method = "POST";
  review.target = "/validate/karpenter.sh";
  review.headers.add("Content-Type", "application/json");
  review.body =
      R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","name":"p",
      "kind":{"group":"karpenter.sh","version":"v1","kind":"NodePool"},"operation":"CREATE",
      "object":{"apiVersion":"karpenter.sh/v1","kind":"NodePool","metadata":{"name":"p"},"spec":{"replicas":1,
        "template":{"spec":{"requirements":[],"nodeClassRef":
          {"group":"karpenter.k8s.aws","kind":"EC2NodeClass","name":"c"}}}}}}})";
  const auto warns_of_the_gate = [&](std::vector<std::string> args) {
    options_.feature_gates = parse(args, kNothing).value().feature_gates;
    stop_ = {};
    ended_ = false;
    std::filesystem::remove(folder_ + "/log");
    start(kNothing);
    const auto answer = send("https", port_, review);
    EXPECT_TRUE(answer && answer->body.find(R"("allowed":true)") != std::string::npos)
        << (answer ? answer->body : answer.error().text());
    stop_.request_stop();
    thread_.join();
    return answer && answer->body.find("StaticCapacity is off") != std::string::npos;
  };
  use_files();
  EXPECT_TRUE(warns_of_the_gate({}));
  EXPECT_FALSE(warns_of_the_gate({"--feature-gates", "StaticCapacity=true"}));
}

TEST_F(WebhookProgram, says_what_keeps_it_from_starting) {
  EXPECT_TRUE(run(*runtime_, options_, kNothing, stop_.get_token()).failed_with(base::Code::kInvalid))
      << "no cluster";
  options_.tls_cert_file = options_.tls_private_key_file = folder_ + "/nothing";
  const auto missing = run(*runtime_, options_, kNothing, stop_.get_token());
  ASSERT_TRUE(missing.failed_with(base::Code::kInvalid));
  EXPECT_NE(missing.error().text().find(folder_ + "/nothing"), std::string::npos);
}

// spec: conversion §5.3, §5.8
TEST_F(WebhookProgram, serves_with_a_certificate_of_its_own_once_the_cluster_answers) {
  devcluster::ApiServer api(*runtime_, {.allow_all = true});
  net::HttpRequest space;
  space.method = "POST";
  space.target = "/api/v1/namespaces";
  space.headers.add("Content-Type", "application/json");
  space.body = R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"karpenter"}})";
  ASSERT_EQ(api.handle(space, {}).status, 201);
  auto cluster = net::start_server(*runtime_, api, {}).value();
  write("kubeconfig",
        "{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: a, user: "
        "a}}], "
        "users: [{name: a, user: {}}], clusters: [{name: a, cluster: {server: \"http://127.0.0.1:" +
            std::to_string(cluster->port()) + "\"}}]}");
  options_.system_namespace = "karpenter";
  start([this](std::string_view name) -> std::optional<std::string> {
    return name == "KUBECONFIG" ? std::optional(folder_ + "/kubeconfig") : std::nullopt;
  });
  wait([this] { return status("http", probe_port_, "/readyz") == 200; });
  net::HttpRequest secret;
  secret.target = "/api/v1/namespaces/karpenter/secrets/karpenter-cert";
  const auto found = json::parse(api.handle(secret, {}).body);
  ASSERT_TRUE(found.has_value());
  const auto ca = base::base64_decode(found->view()["data"]["ca-cert.pem"].string_or(""));
  tls_ = {.ca_pem = ca.value_or(""),
          .identity = {},
          .server_name = "karpenter-webhook.karpenter.svc",
          .verify = true};
  EXPECT_EQ(status("https", port_, "/readyz"), 200);
  stop();
  EXPECT_TRUE(result_) << result_.error().text();
}

}  // namespace
}  // namespace karpenter::webhook
