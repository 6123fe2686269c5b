#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "common/options/options.h"
#include "common/runtime/runtime.h"

namespace karpenter::webhook {

// The settings of the webhook; names, defaults and meaning stand in options.cc, which prints them with
// --help.
struct WebhookOptions {
  int webhook_port = 8443;
  int metrics_port = 8080;
  int health_probe_port = 8081;
  std::string bind_address = "0.0.0.0";
  std::string tls_cert_file;  // both or none: with none the webhook makes its own certificates
  std::string tls_private_key_file;
  std::string karpenter_service = "karpenter-webhook";
  std::string system_namespace;
  std::string certificate_secret = "karpenter-cert";
  std::chrono::nanoseconds endpoint_grace = std::chrono::seconds(5);
  options::FeatureGates feature_gates;
  options::AwsFeatureGates aws_feature_gates;
  std::string log_level = "info";
  std::string log_format = "json";
  std::vector<std::string> log_output_paths{"stdout"};
};

[[nodiscard]] base::Result<WebhookOptions> parse(std::span<const std::string> args,
                                                 const options::Environment& environment);
[[nodiscard]] std::string help();

// Serves until `stop`, then for the endpoint grace, then drains: no request that arrived is lost.
// `environment` is asked for KUBECONFIG and the in-cluster address. With certificates from files no cluster
// is needed: only the NodePool look-up of NodeClaim conversion does without. kInvalid when settings or files
// cannot be used, kUnavailable when a port is taken.
base::Status run(runtime::Runtime& runtime, const WebhookOptions& options,
                 const options::Environment& environment, std::stop_token stop);

}  // namespace karpenter::webhook
