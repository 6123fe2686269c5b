#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/net/http.h"
#include "common/net/tls.h"

// Real sockets. The only folder that includes Boost.

namespace karpenter::net {

struct ClientOptions {
  // TLS settings per origin, asked for at each new connection, so that rotated files take effect.
  std::function<ClientTls(const Origin&)> tls = {};
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds request_timeout{30000};  // when the Call has no nearer deadline
  std::size_t max_idle_per_origin = 64;
  std::chrono::seconds idle_timeout{60};
  std::size_t max_body_bytes = 256U << 20U;
};

// A client with one pool of keep-alive connections per origin; blocking, with real deadlines and cancellation
// (architecture §5.3). Threads may call it concurrently; each request owns a connection while it runs.
[[nodiscard]] std::unique_ptr<Transport> make_beast_transport(runtime::Runtime& runtime,
                                                              ClientOptions options);

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one
  // Asked for at each new connection (rotation without dropping a request); an identity without certificate
  // refuses the connection. Empty function: plain HTTP.
  std::function<TlsIdentity()> tls = {};
  std::string client_ca_pem = {};  // when set, client certificates are verified if presented
  std::size_t max_body_bytes = 3U << 20U;
  // A smaller limit for a path, known before the body is read. Empty function: none.
  std::function<std::size_t(std::string_view path)> max_body_bytes_of = {};
  std::size_t max_bodies_bytes = std::size_t{512} << 20U;  // of all requests that are being read and answered
  std::size_t max_header_bytes = 64U << 10U;
  std::size_t max_connections = 4096;
  std::chrono::milliseconds header_timeout{10000};  // from first byte (or accept) to the end of the headers
  std::chrono::milliseconds body_timeout{30000};
  std::chrono::milliseconds idle_timeout{120000};
  std::chrono::milliseconds write_timeout{30000};
  // Told about failed handshakes, unusable identities and handlers that throw; for logs. Called on connection
  // threads.
  std::function<void(const base::Error&)> on_error = {};
};

// Serves a Handler. Limits: 413 for a large body, 431 for large headers, 408 for a slow client, 503 above
// max_connections and max_bodies_bytes.
class Server {
 public:
  virtual ~Server() = default;  // stops at once
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  // Stops accepting, answers `Connection: close`, waits for running requests up to `grace`, then closes.
  virtual void drain(std::chrono::milliseconds grace) = 0;
};
// Binds and serves at once. kUnavailable with address and port when binding fails. `handler` outlives the
// server.
[[nodiscard]] base::Result<std::unique_ptr<Server>> start_server(runtime::Runtime& runtime, Handler& handler,
                                                                 ServerOptions options);

}  // namespace karpenter::net
