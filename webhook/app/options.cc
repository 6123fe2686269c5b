#include "webhook/app/app.h"

namespace karpenter::webhook {
namespace {

std::vector<options::Setting> settings(WebhookOptions& o) {
  using options::choice;
  return {
      options::integer("webhook-port", o.webhook_port, 0, 65535,
                       "Port of the admission and conversion service."),
      options::integer("metrics-port", o.metrics_port, 0, 65535, "Port of /metrics."),
      options::integer("health-probe-port", o.health_probe_port, 0, 65535, "Port of /healthz and /readyz."),
      options::text("bind-address", o.bind_address, "Address to listen on."),
      options::text("tls-cert-file", o.tls_cert_file,
                    "Serving certificate (PEM), read again when it changes. Without it the webhook makes its "
                    "own, keeps "
                    "it in a Secret and tells API servers about its CA."),
      options::text("tls-private-key-file", o.tls_private_key_file, "Its private key (PEM)."),
      options::text("karpenter-service", o.karpenter_service,
                    "Service under which API servers call the webhook; its own certificates name it."),
      options::text("system-namespace", o.system_namespace,
                    "Namespace of the Service and of the certificate Secret; empty: that of the pod."),
      options::text("certificate-secret", o.certificate_secret, "Secret of the webhook's own certificates."),
      options::duration("endpoint-grace", o.endpoint_grace, std::chrono::nanoseconds(0),
                        "How long to go on serving after SIGTERM, until no new connections come."),
      options::feature_gates(o.feature_gates),
      options::aws_feature_gates(o.aws_feature_gates),
      choice("log-level", o.log_level, {{"info", "info"}, {"debug", "debug"}, {"error", "error"}},
             "Least level logged."),
      choice("log-format", o.log_format, {{"json", "json"}, {"console", "console"}}, "Shape of log lines."),
      options::list("log-output-paths", o.log_output_paths, "Files, stdout or stderr."),
  };
}

}  // namespace

base::Result<WebhookOptions> parse(std::span<const std::string> args,
                                   const options::Environment& environment) {
  WebhookOptions out;
  RETURN_IF_ERROR(options::apply(settings(out), args, environment));
  if (out.tls_cert_file.empty() != out.tls_private_key_file.empty()) {
    return base::invalid("tls-cert-file and tls-private-key-file belong together: only one of them is set");
  }
  return out;
}

std::string help() {
  WebhookOptions defaults;
  return options::help_text(
      "karpenter-webhook: defaulting, validation and conversion of Karpenter's objects.\n",
      settings(defaults));
}

}  // namespace karpenter::webhook
