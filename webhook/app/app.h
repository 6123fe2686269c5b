#pragma once

#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "common/options/setting.h"
#include "common/runtime/runtime.h"

namespace karpenter::webhook {

// The settings of the webhook; names, defaults and meaning stand in app.cc, which prints them with --help.
struct WebhookOptions {
  int webhook_port = 8443;
  int metrics_port = 8080;
  int health_probe_port = 8081;
  std::string bind_address = "0.0.0.0";
  std::string tls_cert_file;         // never empty
  std::string tls_private_key_file;  // never empty
  std::string log_level = "info";
  std::string log_format = "json";
  std::vector<std::string> log_output_paths{"stdout"};
};

[[nodiscard]] base::Result<WebhookOptions> parse(std::span<const std::string> args,
                                                 const options::Environment& environment);
[[nodiscard]] std::string help();

// Serves until `stop`, then drains: no request that arrived is lost. `environment` is asked for KUBECONFIG
// and the in-cluster address; without a cluster everything but the NodePool look-up of NodeClaim conversion
// works.
base::Status run(runtime::Runtime& runtime, const WebhookOptions& options,
                 const options::Environment& environment, std::stop_token stop);

}  // namespace karpenter::webhook
