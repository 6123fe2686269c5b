#pragma once

#include <string>

#include "common/conversion/conversion.h"
#include "common/net/http.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "webhook/handlers/review.h"

namespace karpenter::webhook {

// Serves defaulting, validation and conversion. Stateless but for metrics; thread-safe. Malformed bodies are
// 400, unknown paths 404, other methods than POST 405; nothing a client sends can stop it. spec: api §13,
// conversion §2.1, §5
//
//   /default/karpenter.k8s.aws, /default-resource            mutating admission
//   /validate/karpenter.sh, /validate/karpenter.k8s.aws,
//   /validate-resource, /validate/config.karpenter.sh        validating admission
//   /conversion/karpenter.sh, /conversion/karpenter.k8s.aws  conversion
//   /healthz, /readyz                                        probes of the oldest layout (same port)
class WebhookHandler final : public net::Handler {
 public:
  WebhookHandler(runtime::Runtime& runtime, telemetry::Log log, telemetry::Metrics& metrics,
                 conversion::Lookups lookups);
  net::HttpResponse handle(const net::HttpRequest& request, const net::Call& call) override;

 private:
  net::HttpResponse dispatch(const net::HttpRequest& request);

  runtime::Runtime& runtime_;
  telemetry::Log log_;
  telemetry::Metrics& metrics_;
  conversion::Lookups lookups_;
};

// The pure cores, for the offline commands and tests.
[[nodiscard]] AdmissionAnswer admit_defaulting(const AdmissionRequest& request);
[[nodiscard]] AdmissionAnswer admit_validating(const AdmissionRequest& request);
[[nodiscard]] base::Result<json::Value> convert_review(json::View review, const conversion::Lookups& lookups);

}  // namespace karpenter::webhook
