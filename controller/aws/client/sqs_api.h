#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/runtime/runtime.h"

namespace karpenter::aws {

class ServiceClient;
using runtime::Call;

struct QueueMessage {
  std::string body;
  std::string receipt_handle;
};

// SQS, JSON 1.0. Thread-safe. spec: aws §2.11
class SqsApi {
 public:
  virtual ~SqsApi() = default;
  virtual base::Result<std::string> get_queue_url(std::string_view name, const Call& call) = 0;
  // A long poll of 20 s for up to 10 messages, hidden from others for 20 s. Empty when none came.
  virtual base::Result<std::vector<QueueMessage>> receive(std::string_view queue_url, const Call& call) = 0;
  virtual base::Status remove(std::string_view queue_url, std::string_view receipt_handle,
                              const Call& call) = 0;
};
[[nodiscard]] std::unique_ptr<SqsApi> make_sqs_api(ServiceClient& client);

}  // namespace karpenter::aws
