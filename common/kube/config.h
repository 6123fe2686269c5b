#pragma once

#include <functional>
#include <string>

#include "common/base/result.h"
#include "common/net/http.h"
#include "common/net/tls.h"

namespace karpenter::kube {

// How to reach and authenticate to an API server.
struct ClusterConfig {
  net::Origin origin = {};
  std::string ca_pem = {};
  net::TlsIdentity identity = {};
  std::string server_name = {};  // for SNI and the name check; empty: the origin's host
  std::string token = {};        // static bearer token
  std::string token_file = {};   // re-read at most once a minute; wins over `token`
  bool insecure_skip_verify = false;
};

// The current context of a kubeconfig text (certificates inline or by path, relative to `directory`).
// kInvalid with what is missing or wrong; exec plugins, auth providers and passwords are refused.
[[nodiscard]] base::Result<ClusterConfig> parse_kubeconfig(std::string_view yaml, std::string_view directory);
// KUBECONFIG file, else in-cluster service account, else ~/.kube/config. spec: lifecycle §2.1 step 4
struct ConfigSources {
  std::string kubeconfig = {};    // value of KUBECONFIG, "" when unset
  std::string home = {};          // value of HOME
  std::string service_host = {};  // KUBERNETES_SERVICE_HOST
  std::string service_port = {};  // KUBERNETES_SERVICE_PORT
  std::string service_account_directory = "/var/run/secrets/kubernetes.io/serviceaccount";
};
[[nodiscard]] base::Result<ClusterConfig> find_cluster_config(const ConfigSources& sources);

// The TLS settings of the connection, for net::ClientOptions::tls.
[[nodiscard]] net::ClientTls client_tls(const ClusterConfig& config);
// For Client::Options::bearer_token: the static token, or the file's, re-read once a minute; when reading
// fails the last good one stays. Thread-safe. `runtime` outlives it. Empty function when there is no token at
// all.
[[nodiscard]] std::function<std::string()> token_source(runtime::Runtime& runtime,
                                                        const ClusterConfig& config);

}  // namespace karpenter::kube
