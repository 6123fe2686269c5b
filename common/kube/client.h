#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/json/json.h"
#include "common/kube/kind.h"
#include "common/model/meta.h"
#include "common/net/http.h"
#include "common/telemetry/metrics.h"

namespace karpenter::kube {

using net::Call;

struct ListOptions {
  std::string label_selector = {};
  std::string field_selector = {};
  std::int64_t limit = 0;  // page size; 0: everything at once
  std::string continue_token = {};
  std::string resource_version = {};
};
struct WatchOptions {
  std::string resource_version = {};
  std::string label_selector = {};
  std::string field_selector = {};
  std::chrono::seconds timeout{300};
  bool bookmarks = true;
};
enum class PatchType : std::uint8_t { kMerge, kJson, kStrategicMerge };

// ---- sans-IO: pure request building, golden-tested. `subresource` is "", "status", "scale", "eviction".
[[nodiscard]] std::string object_path(const Kind& kind, std::string_view namespace_name,
                                      std::string_view name, std::string_view subresource);
[[nodiscard]] net::HttpRequest list_request(const Kind& kind, std::string_view namespace_name,
                                            const ListOptions&);
[[nodiscard]] net::HttpRequest watch_request(const Kind& kind, std::string_view namespace_name,
                                             const WatchOptions&);
[[nodiscard]] net::HttpRequest get_request(const Kind& kind, const model::ObjectKey& key);
[[nodiscard]] net::HttpRequest create_request(const Kind& kind, std::string_view namespace_name,
                                              json::View object);
[[nodiscard]] net::HttpRequest patch_request(const Kind& kind, const model::ObjectKey& key, PatchType type,
                                             json::View patch, std::string_view subresource);
[[nodiscard]] net::HttpRequest delete_request(const Kind& kind, const model::ObjectKey& key,
                                              json::View options);

// Reads a metav1.Status answer into an Error: code by HTTP status and reason, message as the server words it.
[[nodiscard]] base::Error error_of_response(const net::HttpResponse& response);

// The authenticated connection to one API server: adds origin, credentials and user agent to a request,
// limits the rate (lifecycle §2.6), turns non-2xx answers into Errors. Thread-safe.
class Client {
 public:
  struct Options {
    net::Origin origin = {};
    std::string user_agent = "karpenter";
    std::function<std::string()> bearer_token =
        {};            // asked for each request, so that rotated tokens take effect
    double qps = 200;  // 0: no limit (the leader-election client, lifecycle §2.6)
    int burst = 300;
    std::chrono::seconds request_timeout{30};
    telemetry::Metrics* metrics = nullptr;  // client_go_* families when set; outlives the Client
  };
  Client(runtime::Runtime& runtime, net::Transport& transport, Options options);
  ~Client();

  // Sends and returns the decoded JSON body of a 2xx answer (null when it has none). Also the way to objects
  // that have no model: build the request with a Kind of your own.
  base::Result<json::Value> send(net::HttpRequest request, const Call& call);
  base::Result<std::unique_ptr<net::ByteStream>> open(net::HttpRequest request, const Call& call);
  [[nodiscard]] runtime::Runtime& runtime() const { return runtime_; }

 private:
  net::HttpRequest prepare(net::HttpRequest request) const;
  base::Status wait_for_turn(const Call& call);
  void record(const net::HttpRequest& request, int status, runtime::Mono start) const;
  struct Limiter;
  runtime::Runtime& runtime_;
  net::Transport& transport_;
  Options options_;
  std::unique_ptr<Limiter> limiter_;
};

}  // namespace karpenter::kube
