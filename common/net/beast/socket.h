#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "common/net/beast/beast.h"

// Blocking TCP and TLS with real deadlines: non-blocking descriptors and poll() (architecture §5.3).

namespace karpenter::net {

// A reusable OpenSSL context: roots, certificate, key. Immutable once made; shared by sockets.
class TlsContext;
[[nodiscard]] base::Result<std::shared_ptr<TlsContext>> make_client_context(const ClientTls& tls);
[[nodiscard]] base::Result<std::shared_ptr<TlsContext>> make_server_context(const TlsIdentity& identity,
                                                                            std::string_view client_ca_pem);

// One connection. Used by one thread at a time, except abort(). Destroying it closes the connection.
class Socket {
 public:
  struct Impl;
  Socket();
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Connects to a numeric address. kUnavailable when refused or too slow.
  base::Status connect(const std::string& address, std::uint16_t port, std::chrono::nanoseconds timeout);
  // Both turn a connected socket into a TLS one. kUnavailable when the handshake fails: the error names the
  // reason.
  base::Status handshake_client(std::shared_ptr<TlsContext> context, const ClientTls& tls,
                                const std::string& host, std::chrono::nanoseconds timeout);
  base::Status handshake_server(std::shared_ptr<TlsContext> context, std::chrono::nanoseconds timeout);

  // What has arrived, at most 16 KiB, valid until the next call; "" at the end of the peer's data. After
  // kTimeout the next call takes the read up again. kUnavailable when the connection broke, kCancelled after
  // abort().
  base::Result<std::string_view> read(std::chrono::nanoseconds timeout);
  base::Status write(std::string_view data, std::chrono::nanoseconds timeout);
  void shutdown_write();  // tells the peer that no more comes; best effort

  // True when the peer has closed its side. Never blocks.
  [[nodiscard]] bool peer_gone() const;
  [[nodiscard]] std::string peer_common_name() const;  // of a verified client certificate, else ""
  // Ends the running and every later operation with kCancelled. From any thread.
  void abort();

 private:
  friend class Listener;
  std::unique_ptr<Impl> impl_;
};

// A listening port. accept() is for one thread; close() may come from any.
class Listener {
 public:
  // kUnavailable with address and port when binding fails.
  static base::Result<std::unique_ptr<Listener>> bind(const std::string& address, std::uint16_t port);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  base::Result<std::unique_ptr<Socket>>
  accept();  // kCancelled after close(), kUnavailable for a transient failure
  void close();
  [[nodiscard]] std::uint16_t port() const;

 private:
  Listener();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace karpenter::net
