#pragma once

#include <openssl/ssl.h>

#include <memory>

// For socket.cc: what TlsContext holds.

namespace karpenter::net {

struct SslFree {
  void operator()(SSL* session) const { SSL_free(session); }
};

class TlsContext {
 public:
  explicit TlsContext(const SSL_METHOD* method);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  [[nodiscard]] SSL_CTX* get() const { return context_; }
  // A session over a connected, non-blocking socket; null when out of memory.
  [[nodiscard]] std::unique_ptr<SSL, SslFree> make_session(int fd) const;

 private:
  SSL_CTX* context_;
  BIO_METHOD* wire_;  // how sessions read and write: OpenSSL's own would raise SIGPIPE
};

}  // namespace karpenter::net
