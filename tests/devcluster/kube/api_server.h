#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/json/json.h"
#include "common/net/beast/beast.h"
#include "common/net/http.h"
#include "common/runtime/runtime.h"

// A Kubernetes API server at the wire, in memory: what a client can see of kube-apiserver, etcd and the
// garbage collector, and nothing behind it. Where it differs from the real one it is stricter. Used through a
// net::LoopbackTransport in simulation and tests, and behind net::start_server for a real kubectl.

namespace karpenter::devcluster {

struct UserInfo {
  std::string name;
  std::vector<std::string> groups;  // system:authenticated is added by the server
};

// Switches of a simulation. All are asked from the thread that serves the request; empty functions do
// nothing.
struct FaultHooks {
  // Answers instead of the server: the work is not done.
  std::function<std::optional<net::HttpResponse>(const net::HttpRequest&)> before;
  // Answers after the server has done the work, whose answer is lost.
  std::function<std::optional<net::HttpResponse>(const net::HttpRequest&)> after;
  // The largest page of this list request; the server may so return less than `limit` asked for. 0: as asked.
  std::function<std::size_t()> page_size;
};

// One way to call webhooks. `tls` says which roots to trust; a transport for simulation may ignore it.
using WebhookTransport = std::function<std::shared_ptr<net::Transport>(const net::ClientTls& tls)>;

// Where a webhook service listens. nullopt: as a service without endpoints.
using ServiceResolver = std::function<std::optional<net::Origin>(std::string_view namespace_name,
                                                                 std::string_view name, std::uint16_t port)>;

struct ApiServerOptions {
  // Bearer tokens. A request without a token and without a client certificate is system:anonymous.
  std::map<std::string, UserInfo> tokens = {};
  // Groups of client certificates by subject CN: only the CN reaches a Handler.
  std::map<std::string, std::vector<std::string>> certificate_groups = {};
  // Everybody may do everything: for tests that are not about authorization. Authentication stays as it is.
  bool allow_all = false;
  WebhookTransport webhook_transport = {};  // empty: every webhook call fails as unreachable
  ServiceResolver resolve_service = {};
  std::size_t history_per_kind = 4096;  // watch events kept; older ones answer 410
  std::chrono::seconds bookmark_interval{60};
  std::size_t max_body_bytes = 3U << 20U;
  FaultHooks faults = {};
};

// Thread-safe. Streams it handed out must be gone before it is destroyed. No thread of its own; waits and
// webhook calls happen on the caller's thread, never under a lock.
class ApiServer final : public net::Handler {
 public:
  ApiServer(runtime::Runtime& runtime, ApiServerOptions options);
  ~ApiServer() override;

  net::HttpResponse handle(const net::HttpRequest& request, const net::Call& call) override;

  // Ends every open watch of `plural` ("" for all kinds) as a closed connection does.
  void cut_watches(std::string_view plural = "");
  // Forgets the watch history of `plural` ("" for all kinds): the next watch or page from before answers 410.
  void compact(std::string_view plural = "");
  // The latest resourceVersion given out.
  [[nodiscard]] std::int64_t revision() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace karpenter::devcluster
