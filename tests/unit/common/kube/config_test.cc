#include "common/kube/config.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/sim_runtime.h"

namespace karpenter::kube {
namespace {

// A kubeconfig with the given fields of its cluster and user.
std::string kubeconfig(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: demo\n"
         "contexts:\n- name: other\n  context: {cluster: x, user: y}\n- name: demo\n  context: {cluster: c, "
         "user: u}\n"
         "clusters:\n- name: c\n  cluster: {" +
         cluster +
         "}\n"
         "users:\n- name: u\n  user: {" +
         user + "}\n";
}

void write_file(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

TEST(Kubeconfig, reads_inline_data_and_files) {
  const std::string directory = testing::TempDir();
  write_file(directory + "/client.pem", "CERT");
  const auto config = parse_kubeconfig(
      kubeconfig(
          "server: 'https://api.example:6443', certificate-authority-data: Q0E=, tls-server-name: kubernetes",
          "client-certificate: client.pem, client-key-data: S0VZ, token: t0"),
      directory);
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->origin, (net::Origin{"https", "api.example", 6443}));
  EXPECT_EQ(config->ca_pem, "CA");
  EXPECT_EQ(config->identity.certificate_pem, "CERT");
  EXPECT_EQ(config->identity.key_pem, "KEY");
  EXPECT_EQ(config->token, "t0");
  EXPECT_FALSE(config->insecure_skip_verify);
  EXPECT_EQ(client_tls(*config).server_name, "kubernetes");
}

TEST(Kubeconfig, every_problem_is_named) {
  const std::string server = "server: 'https://a'";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "not one YAML document"},
      {"a: [", ""},
      {"apiVersion: v1", "current-context"},
      {"current-context: x", "(kind=context, name=x)"},
      {kubeconfig("server: 'ftp://a'", "token: t"), "ftp://a"},
      {kubeconfig("server: 'https://a/prefix'", "token: t"), "/prefix"},
      {kubeconfig(server + ", certificate-authority-data: '***'", "token: t"), "certificate-authority-data"},
      {kubeconfig(server + ", certificate-authority: missing.pem", "token: t"), "/nowhere/missing.pem"},
      {kubeconfig(server, "exec: {command: aws}"), "exec"},
      {kubeconfig(server, "username: u"), "username"},
  };
  for (const auto& [yaml, want] : cases) {
    const auto config = parse_kubeconfig(yaml, "/nowhere");
    ASSERT_FALSE(config) << yaml;
    EXPECT_EQ(config.error().code, base::Code::kInvalid);
    EXPECT_NE(config.error().text().find(want), std::string::npos) << config.error().text();
  }
}

TEST(ClusterConfigSearch, prefers_kubeconfig_then_the_service_account_then_home) {  // spec: lifecycle §2.1
  const std::string directory = testing::TempDir() + "/search";
  ASSERT_EQ(std::system(("mkdir -p " + directory + "/.kube").c_str()), 0);
  write_file(directory + "/ca.crt", "CA");
  write_file(directory + "/token", "tok\n");
  write_file(directory + "/.kube/config", kubeconfig("server: 'http://home'", "token: t"));
  write_file(directory + "/explicit", kubeconfig("server: 'http://explicit'", "token: t"));
  ConfigSources sources{.kubeconfig = directory + "/explicit",
                        .home = directory,
                        .service_host = "10.0.0.1",
                        .service_port = "443",
                        .service_account_directory = directory};
  EXPECT_EQ(find_cluster_config(sources)->origin.host, "explicit");
  sources.kubeconfig.clear();
  const auto inside = find_cluster_config(sources);
  ASSERT_TRUE(inside);
  EXPECT_EQ(inside->origin, (net::Origin{"https", "10.0.0.1", 443}));
  EXPECT_EQ(inside->token_file, directory + "/token");
  sources.service_port = "x";
  EXPECT_TRUE(find_cluster_config(sources).failed_with(base::Code::kInvalid));
  sources.service_host.clear();
  EXPECT_EQ(find_cluster_config(sources)->origin.host, "home");
  sources.home = "/nowhere";
  EXPECT_TRUE(find_cluster_config(sources).failed_with(base::Code::kInvalid));
  sources.kubeconfig = "/nowhere/config";
  EXPECT_NE(find_cluster_config(sources).error().text().find("/nowhere/config"), std::string::npos);
}

TEST(TokenSource, rereads_the_file_once_a_minute_and_survives_its_absence) {
  support::SimRuntime runtime;
  const std::string path = testing::TempDir() + "/token";
  write_file(path, "one\n");
  const auto token = token_source(runtime, {.token = "static", .token_file = path});
  EXPECT_EQ(token(), "one");
  write_file(path, "two");
  EXPECT_EQ(token(), "one");
  runtime.run_for(std::chrono::seconds(61));
  EXPECT_EQ(token(), "two");
  ASSERT_EQ(std::remove(path.c_str()), 0);
  runtime.run_for(std::chrono::seconds(61));
  EXPECT_EQ(token(), "two");
  EXPECT_EQ(token_source(runtime, {.token = "static"})(), "static");
  EXPECT_FALSE(token_source(runtime, {}));
}

}  // namespace
}  // namespace karpenter::kube
