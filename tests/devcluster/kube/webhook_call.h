#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "tests/devcluster/kube/context.h"

namespace karpenter::devcluster {

struct WebhookCall {
  json::View client_config;  // url or service, caBundle
  json::View review;
  std::chrono::seconds timeout{10};
  bool timeout_in_query = false;  // admission webhooks are told their timeout
};

// POSTs a review and returns the decoded answer. An Error says why there is none, in the words the API server
// uses
// (`Post "https://...": ...`).
base::Result<json::Value> call_webhook(World& world, const WebhookCall& call, const net::Call& limit);

}  // namespace karpenter::devcluster
