#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "common/admission/admission.h"
#include "common/conversion/conversion.h"
#include "common/net/http.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "webhook/handlers/review.h"

namespace karpenter::webhook {

// Serves defaulting, validation and conversion. Stateless but for metrics; thread-safe. Malformed bodies are
// 400, unknown paths 404, other methods than POST 405, other bodies than JSON 415, too large ones 413;
// nothing a client sends can stop it. spec: api §13, conversion §2.1, §5, lifecycle §19.6
//
//   /default/karpenter.k8s.aws, /default-resource            mutating admission
//   /validate/karpenter.sh, /validate/karpenter.k8s.aws,
//   /validate-resource                                       validating admission
//   /validate/config.karpenter.sh, /config-validation        ConfigMaps of old releases: allowed
//   /conversion/karpenter.sh, /conversion/karpenter.k8s.aws  conversion
//   /healthz, /readyz, and whatever the kubelet asks for     probes of the oldest layout (same port)
class WebhookHandler final : public net::Handler {
 public:
  WebhookHandler(
      runtime::Runtime& runtime, telemetry::Log log, telemetry::Metrics& metrics, conversion::Lookups lookups,
      admission::Gates gates = {}, std::function<bool()> is_ready = [] { return true; });
  net::HttpResponse handle(const net::HttpRequest& request, const net::Call& call) override;

 private:
  net::HttpResponse dispatch(const net::HttpRequest& request);
  net::HttpResponse convert(std::string_view body);

  runtime::Runtime& runtime_;
  telemetry::Log log_;
  telemetry::Metrics& metrics_;
  conversion::Lookups lookups_;
  admission::Gates gates_;
  std::function<bool()> is_ready_;
};

// The largest body that a path takes.
[[nodiscard]] std::size_t max_body_bytes(std::string_view path);

// The pure cores, for the offline commands and tests.
[[nodiscard]] AdmissionAnswer admit_defaulting(const AdmissionRequest& request);
[[nodiscard]] AdmissionAnswer admit_validating(const AdmissionRequest& request,
                                               const admission::Gates& gates = {});

}  // namespace karpenter::webhook
