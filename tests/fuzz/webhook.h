#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/runtime/runtime.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "webhook/handlers/webhook_handler.h"

namespace karpenter::fuzz {

class NoSink final : public telemetry::LogSink {
 public:
  void write(std::string_view) override {}
};

// The webhook, asked without a socket.
class Webhook {
 public:
  net::HttpResponse post(std::string path, std::string_view body) {
    net::HttpRequest request;
    request.method = "POST";
    request.target = std::move(path);
    request.headers.add("Content-Type", "application/json");
    request.body = body;
    return handler_.handle(request, {});
  }

 private:
  std::unique_ptr<runtime::Runtime> runtime_ = runtime::make_real_runtime();
  NoSink sink_;
  telemetry::Metrics metrics_;
  webhook::WebhookHandler handler_{*runtime_, telemetry::Log(*runtime_, sink_, {}), metrics_, {}};
};

}  // namespace karpenter::fuzz
