#include "common/net/beast/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <system_error>

#include "common/net/beast/tls_context.h"

namespace karpenter::net {
namespace {

base::Error broken(std::string message, std::string cause) {
  return base::make_error(base::Code::kUnavailable, std::move(message)).add("cause", std::move(cause));
}
std::string text_of_errno(int code) { return std::generic_category().message(code); }

// Sockets live in real time only, so the system's clock is the right one; callers pass durations.
std::chrono::nanoseconds now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

std::optional<Address> parse_address(const std::string& text, std::uint16_t port) {
  Address out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    out.size = sizeof(*v4);
    return out;
  }
  if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    out.size = sizeof(*v6);
    return out;
  }
  return std::nullopt;
}

void set_flag(int fd, int level, int option) {
  const int on = 1;
  setsockopt(fd, level, option, &on, sizeof(on));
}

std::string tls_cause(SSL* tls) {
  const long verified = SSL_get_verify_result(tls);
  const unsigned long code = ERR_get_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  std::string out = reason == nullptr ? "connection closed" : reason;
  if (verified != X509_V_OK) out += std::string(": ") + X509_verify_cert_error_string(verified);
  return out;
}

}  // namespace

struct Socket::Impl {
  // Closed by the destructor alone: abort() may use it from another thread until then.
  std::atomic<int> fd = -1;
  std::atomic<bool> aborted = false;
  bool dead = false;  // an operation failed half-way
  std::shared_ptr<TlsContext> context;
  std::unique_ptr<SSL, SslFree> tls;
  std::array<char, 16384> buffer;

  ~Impl() {
    tls.reset();
    if (fd >= 0) ::close(fd);
  }

  // Ends the connection for good; the peer sees it.
  base::Error give_up(base::Error error) {
    dead = true;
    if (fd >= 0) ::shutdown(fd, SHUT_RDWR);
    return error;
  }

  // Waits until the socket is ready for `events`.
  base::Status wait(short events, std::chrono::nanoseconds deadline) {
    for (;;) {
      if (aborted) return base::make_error(base::Code::kCancelled, "connection cancelled");
      const auto left = deadline - now();
      if (left <= std::chrono::nanoseconds(0))
        return base::make_error(base::Code::kTimeout, "deadline exceeded");
      const auto millis = std::chrono::ceil<std::chrono::milliseconds>(left).count();
      pollfd item{.fd = fd, .events = events, .revents = 0};
      const int ready = ::poll(&item, 1, static_cast<int>(std::min<std::int64_t>(millis, INT_MAX)));
      if (ready > 0) break;
    }
    if (aborted) return base::make_error(base::Code::kCancelled, "connection cancelled");
    return base::ok();
  }

  // Repeats an OpenSSL operation until it succeeds. 0: the peer closed, with a goodbye or in the middle of
  // things.
  template <class Operation>
  base::Result<int> run_tls(const Operation& operation, std::chrono::nanoseconds deadline) {
    for (;;) {
      ERR_clear_error();
      errno = 0;
      const int done = operation(tls.get());
      if (done > 0) return done;
      switch (SSL_get_error(tls.get(), done)) {
        case SSL_ERROR_WANT_READ:
          RETURN_IF_ERROR(wait(POLLIN, deadline));
          break;
        case SSL_ERROR_WANT_WRITE:
          RETURN_IF_ERROR(wait(POLLOUT, deadline));
          break;
        case SSL_ERROR_ZERO_RETURN:
          return 0;
        case SSL_ERROR_SYSCALL:
          if (aborted) return base::make_error(base::Code::kCancelled, "connection cancelled");
          if (errno == 0 || errno == ECONNRESET) return 0;
          return broken("connection broken", text_of_errno(errno));
        default:
          if (aborted) return base::make_error(base::Code::kCancelled, "connection cancelled");
          return broken("connection broken", tls_cause(tls.get()));
      }
    }
  }

  base::Status start_tls(std::shared_ptr<TlsContext> from, std::chrono::nanoseconds timeout,
                         int (*hello)(SSL*)) {
    const auto done = run_tls(hello, now() + timeout);
    context = std::move(from);
    if (done.has_value() && *done > 0) return base::ok();
    if (done.has_value()) return give_up(broken("TLS handshake failed", "connection closed"));
    auto error = done.error();
    if (error.code == base::Code::kUnavailable) error.message = "TLS handshake failed";
    return give_up(std::move(error));
  }

  base::Result<std::size_t> read_plain(std::chrono::nanoseconds deadline) {
    for (;;) {
      RETURN_IF_ERROR(wait(POLLIN, deadline));
      const auto size = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (size >= 0) return static_cast<std::size_t>(size);
      if (errno == ECONNRESET) return std::size_t{0};
      if (errno != EAGAIN && errno != EINTR) return broken("connection broken", text_of_errno(errno));
    }
  }

  base::Result<std::size_t> read_tls(std::chrono::nanoseconds deadline) {
    // Waiting first saves the attempt that would only say "nothing yet".
    if (SSL_has_pending(tls.get()) == 0) RETURN_IF_ERROR(wait(POLLIN, deadline));
    auto size = run_tls(
        [this](SSL* ssl) { return SSL_read(ssl, buffer.data(), static_cast<int>(buffer.size())); }, deadline);
    if (size) return static_cast<std::size_t>(*size);
    return std::move(size).error();
  }

  base::Result<std::size_t> write_some(std::string_view data, std::chrono::nanoseconds deadline) {
    const auto chunk = std::min<std::size_t>(data.size(), INT_MAX);
    if (tls) {
      auto size =
          run_tls([&](SSL* ssl) { return SSL_write(ssl, data.data(), static_cast<int>(chunk)); }, deadline);
      if (size && *size > 0) return static_cast<std::size_t>(*size);
      return size ? broken("connection broken", "connection closed") : std::move(size).error();
    }
    for (;;) {
      const auto size = ::send(fd, data.data(), chunk, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (size >= 0) return static_cast<std::size_t>(size);
      if (errno != EAGAIN && errno != EINTR) return broken("connection broken", text_of_errno(errno));
      RETURN_IF_ERROR(wait(POLLOUT, deadline));
    }
  }
};

Socket::Socket() : impl_(std::make_unique<Impl>()) {}
Socket::~Socket() = default;

base::Status Socket::connect(const std::string& address, std::uint16_t port,
                             std::chrono::nanoseconds timeout) {
  auto& impl = *impl_;
  const auto to = parse_address(address, port);
  if (!to) return base::invalid("not an IP address").add("address", address);
  const auto deadline = now() + timeout;
  impl.fd = ::socket(to->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (impl.fd < 0) return broken("cannot connect", text_of_errno(errno));
  set_flag(impl.fd, IPPROTO_TCP, TCP_NODELAY);
  if (::connect(impl.fd, to->get(), to->size) == 0) return base::ok();
  if (errno != EINPROGRESS) return impl.give_up(broken("cannot connect", text_of_errno(errno)));
  auto ready = impl.wait(POLLOUT, deadline);
  if (!ready) return impl.give_up(std::move(ready).error());
  int code = 0;
  socklen_t size = sizeof(code);
  getsockopt(impl.fd, SOL_SOCKET, SO_ERROR, &code, &size);
  if (code != 0) return impl.give_up(broken("cannot connect", text_of_errno(code)));
  return base::ok();
}

base::Status Socket::handshake_client(std::shared_ptr<TlsContext> context, const ClientTls& tls,
                                      const std::string& host, std::chrono::nanoseconds timeout) {
  auto& impl = *impl_;
  impl.tls = context->make_session(impl.fd);
  if (!impl.tls) return impl.give_up(broken("TLS handshake failed", "out of memory"));
  SSL* ssl = impl.tls.get();
  const std::string& name = tls.server_name.empty() ? host : tls.server_name;
  const bool is_address = parse_address(name, 0).has_value();
  if (!is_address) {  // SNI carries names only
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(name.c_str()));
  }
  SSL_set_verify(ssl, tls.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (tls.verify && is_address) X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str());
  if (tls.verify && !is_address) {
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl, name.c_str());
  }
  return impl.start_tls(std::move(context), timeout, SSL_connect);
}

base::Status Socket::handshake_server(std::shared_ptr<TlsContext> context, std::chrono::nanoseconds timeout) {
  auto& impl = *impl_;
  impl.tls = context->make_session(impl.fd);
  if (!impl.tls) return impl.give_up(broken("TLS handshake failed", "out of memory"));
  return impl.start_tls(std::move(context), timeout, SSL_accept);
}

base::Result<std::string_view> Socket::read(std::chrono::nanoseconds timeout) {
  auto& impl = *impl_;
  if (impl.aborted) return base::make_error(base::Code::kCancelled, "connection cancelled");
  if (impl.dead) return broken("connection broken", "used after a failure");
  const auto deadline = now() + timeout;
  auto size = impl.tls ? impl.read_tls(deadline) : impl.read_plain(deadline);
  if (size) return std::string_view(impl.buffer.data(), *size);
  return std::move(size).error();
}

base::Status Socket::write(std::string_view data, std::chrono::nanoseconds timeout) {
  auto& impl = *impl_;
  if (impl.aborted) return base::make_error(base::Code::kCancelled, "connection cancelled");
  if (impl.dead) return broken("connection broken", "used after a failure");
  const auto deadline = now() + timeout;
  while (!data.empty()) {
    auto size = impl.write_some(data, deadline);
    // What a peer said before it closed can still be read; after half a message nothing can follow.
    if (size.failed_with(base::Code::kUnavailable)) return std::move(size).error();
    if (!size) return impl.give_up(std::move(size).error());
    data.remove_prefix(*size);
  }
  return base::ok();
}

void Socket::shutdown_write() { ::shutdown(impl_->fd, SHUT_WR); }

bool Socket::peer_gone() const {
  pollfd item{.fd = impl_->fd, .events = POLLRDHUP, .revents = 0};
  return ::poll(&item, 1, 0) != 0;
}

std::string Socket::peer_common_name() const {
  SSL* tls = impl_->tls.get();
  if (tls == nullptr || SSL_get_verify_result(tls) != X509_V_OK) return "";
  const X509* certificate = SSL_get0_peer_certificate(tls);
  if (certificate == nullptr) return "";
  std::array<char, 256> name{};
  const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(),
                                             static_cast<int>(name.size()));
  return size > 0 ? std::string(name.data(), static_cast<std::size_t>(size)) : "";
}

void Socket::abort() {
  impl_->aborted = true;
  if (impl_->fd >= 0) ::shutdown(impl_->fd, SHUT_RDWR);  // wakes the thread that waits for it
}

// ---- Listener

struct Listener::Impl {
  int fd = -1;
  std::uint16_t port = 0;
  std::atomic<bool> closed = false;
  ~Impl() {
    if (fd >= 0) ::close(fd);
  }
};

Listener::Listener() : impl_(std::make_unique<Impl>()) {}
Listener::~Listener() = default;

base::Result<std::unique_ptr<Listener>> Listener::bind(const std::string& address, std::uint16_t port) {
  const auto fail = [&](std::string cause) {
    return broken("cannot listen", std::move(cause))
        .add("address", address)
        .add("port", std::to_string(port));
  };
  std::unique_ptr<Listener> listener(new Listener());
  const auto at = parse_address(address, port);
  if (!at) return fail("not an IP address");
  int& fd = listener->impl_->fd;
  fd = ::socket(at->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(text_of_errno(errno));
  set_flag(fd, SOL_SOCKET, SO_REUSEADDR);
  if (::bind(fd, at->get(), at->size) != 0 || ::listen(fd, SOMAXCONN) != 0) return fail(text_of_errno(errno));
  sockaddr_in6 own{};  // large enough for both families; the port is at the same place
  socklen_t size = sizeof(own);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) != 0) return fail(text_of_errno(errno));
  listener->impl_->port = ntohs(own.sin6_port);
  return listener;
}

base::Result<std::unique_ptr<Socket>> Listener::accept() {
  auto socket = std::make_unique<Socket>();
  socket->impl_->fd = ::accept4(impl_->fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  const int code = errno;
  if (impl_->closed) return base::make_error(base::Code::kCancelled, "listener closed");
  if (socket->impl_->fd < 0) return broken("cannot accept", text_of_errno(code));
  set_flag(socket->impl_->fd, IPPROTO_TCP, TCP_NODELAY);
  return socket;
}

void Listener::close() {
  impl_->closed = true;
  ::shutdown(impl_->fd, SHUT_RDWR);  // wakes accept()
}

std::uint16_t Listener::port() const { return impl_->port; }

}  // namespace karpenter::net
