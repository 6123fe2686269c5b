#pragma once

#include <chrono>
#include <string>

#include "common/json/json.h"
#include "common/net/http.h"
#include "common/runtime/runtime.h"
#include "common/telemetry/metrics.h"
#include "controller/aws/client/credentials.h"
#include "controller/aws/client/endpoints.h"
#include "controller/aws/client/errors.h"
#include "controller/aws/client/query.h"
#include "controller/aws/client/xml.h"

namespace karpenter::aws {

// Whether an operation may be sent again after a failure whose outcome is unknown.
enum class Retries : std::uint8_t { kStandard, kNone };

// Retry bookkeeping of one service: 500 tokens, 5 a retry (10 after a timeout), 1 back for each success, the
// cost of a retry back when that retry succeeds. Pure. spec: aws §2.7
class RetryBudget {
 public:
  static constexpr int kCapacity = 500;
  static constexpr int kRetryCost = 5;
  static constexpr int kTimeoutCost = 10;
  [[nodiscard]] bool take(int cost);
  void give_back(int tokens);
  [[nodiscard]] int tokens() const { return tokens_; }

 private:
  int tokens_ = kCapacity;
};

// The wait before retry `attempt` (0-based): unit × min(2^attempt, 20) seconds, unit in [0, 1).
[[nodiscard]] std::chrono::nanoseconds retry_delay(int attempt, double unit);

struct ServiceOptions {
  Service service = Service::kEc2;
  Endpoint endpoint;
  int max_attempts = 3;
  std::chrono::seconds attempt_timeout{240};
  std::string user_agent = "karpenter.sh-dev";
  // Unsigned services (web identity) have no credentials.
  bool signed_requests = true;
};

// One AWS service: endpoint, signature, retries, request metrics, errors by AWS code. Thread-safe. spec: aws
// §2
class ServiceClient {
 public:
  ServiceClient(runtime::Runtime& runtime, net::Transport& transport, CredentialsProvider& credentials,
                telemetry::Metrics& metrics, ServiceOptions options);
  ~ServiceClient();

  // EC2 query and AWS query: the parsed answer.
  base::Result<XmlDocument> query(std::string_view operation, const QueryBody& body, const Call& call,
                                  Retries retries = Retries::kStandard);
  // JSON 1.0 or 1.1: POST / with X-Amz-Target `target_prefix`.`operation`.
  struct JsonProtocol {
    std::string_view version;        // "1.0"
    std::string_view target_prefix;  // "AmazonSQS"
  };
  base::Result<json::Value> json(const JsonProtocol& protocol, std::string_view operation, json::View input,
                                 const Call& call);
  // REST-JSON: GET of a percent-encoded path.
  base::Result<json::Value> rest_get(std::string_view operation, std::string_view path, const Call& call);

  [[nodiscard]] runtime::Runtime& runtime() const { return runtime_; }

 private:
  base::Result<std::string> send(std::string_view operation, net::HttpRequest request, Retries retries,
                                 const Call& call);
  base::Result<net::HttpResponse> attempt(std::string_view operation, const net::HttpRequest& request,
                                          const Call& call);
  base::Error error_of(std::string_view operation, const net::HttpResponse& response) const;
  int pay_for_retry(const base::Error& error, int status, const Call& call);
  void record(std::string_view operation, int status, base::Mono started, int retries);
  bool learn_clock_skew(const base::Error& error, const net::HttpResponse& response);
  struct State;
  runtime::Runtime& runtime_;
  net::Transport& transport_;
  CredentialsProvider& credentials_;
  telemetry::Metrics& metrics_;
  ServiceOptions options_;
  std::unique_ptr<State> state_;
};

// Code, message and request id of a failed answer, whatever its protocol (XML, JSON, or neither). Pure. spec:
// aws §2.6
[[nodiscard]] AwsFailure parse_failure(int status, const net::Headers& headers, std::string_view body);

}  // namespace karpenter::aws
