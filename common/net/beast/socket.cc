#include "common/net/beast/socket.h"

#define BOOST_ASIO_NO_DEPRECATED
#define BOOST_ASIO_NO_TS_EXECUTORS
#define BOOST_ASIO_DISABLE_BOOST_REGEX
#include <openssl/x509.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <optional>

namespace karpenter::net {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

class TlsContext {
 public:
  explicit TlsContext(ssl::context::method method) : context(method) {
    context.set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 | ssl::context::no_sslv3 |
                        ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
  }
  ssl::context context;
};

namespace {

base::Error broken(std::string message, const ErrorCode& code) {
  return base::make_error(base::Code::kUnavailable, std::move(message)).add("cause", code.message());
}

// The peer closed without a TLS goodbye, or in the middle of things: for a reader that is simply the end.
bool is_end(const ErrorCode& code) {
  return code == asio::error::eof || code == ssl::error::stream_truncated ||
         code == asio::error::connection_reset;
}

base::Status use_identity(ssl::context& context, const TlsIdentity& identity) {
  if (identity.certificate_pem.empty()) return base::ok();
  ErrorCode code;
  context.use_certificate_chain(asio::buffer(identity.certificate_pem), code);
  if (code) return base::invalid("cannot use TLS certificate").add("cause", code.message());
  context.use_private_key(asio::buffer(identity.key_pem), ssl::context::pem, code);
  if (code) return base::invalid("cannot use TLS private key").add("cause", code.message());
  return base::ok();
}

base::Status use_roots(ssl::context& context, std::string_view ca_pem) {
  ErrorCode code;
  context.add_certificate_authority(asio::buffer(ca_pem), code);
  if (code) return base::invalid("cannot use CA certificate").add("cause", code.message());
  return base::ok();
}

}  // namespace

base::Result<std::shared_ptr<TlsContext>> make_client_context(const ClientTls& tls) {
  auto made = std::make_shared<TlsContext>(ssl::context::tls_client);
  if (!tls.ca_pem.empty()) {
    RETURN_IF_ERROR(use_roots(made->context, tls.ca_pem));
  } else {
    ErrorCode ignored;  // a machine without roots fails later, at verification, with the name of the peer
    made->context.set_default_verify_paths(ignored);
  }
  RETURN_IF_ERROR(use_identity(made->context, tls.identity));
  return made;
}

base::Result<std::shared_ptr<TlsContext>> make_server_context(const TlsIdentity& identity,
                                                              std::string_view client_ca_pem) {
  auto made = std::make_shared<TlsContext>(ssl::context::tls_server);
  if (identity.certificate_pem.empty()) return base::invalid("TLS server without certificate");
  RETURN_IF_ERROR(use_identity(made->context, identity));
  if (!client_ca_pem.empty()) {
    RETURN_IF_ERROR(use_roots(made->context, client_ca_pem));
    made->context.set_verify_mode(ssl::verify_peer);  // presented certificates must verify; none is fine
  }
  // Sessions are not resumed: a resumed one would carry the client's name from an older handshake.
  SSL_CTX_set_session_cache_mode(made->context.native_handle(), SSL_SESS_CACHE_OFF);
  return made;
}

// ---- Socket

struct Socket::Impl {
  asio::io_context io{1};
  tcp::socket wire{io};
  asio::steady_timer timer{io};
  std::shared_ptr<TlsContext> context;
  std::optional<ssl::stream<tcp::socket&>> tls;
  std::atomic<bool> aborted = false;

  std::uint64_t waits = 0;    // number of the current wait
  std::uint64_t expired = 0;  // number of the last wait whose timer fired
  std::optional<ErrorCode> done;
  bool reading = false;  // a read is running, perhaps since an earlier call
  ErrorCode read_error;
  std::size_t read_size = 0;
  std::array<char, 16384> buffer;

  ~Impl() { finish(); }

  // Ends every operation and lets its handler run: handlers refer to members and to the caller's data.
  void finish() {
    ErrorCode ignored;
    wire.close(ignored);
    timer.cancel();
    io.restart();
    io.run();
  }

  // Runs the context until `ready()`. An operation may still be running after an error.
  template <class Ready>
  base::Status wait(std::chrono::nanoseconds timeout, const Ready& ready) {
    const auto wait_number = ++waits;
    timer.expires_after(std::clamp<std::chrono::nanoseconds>(timeout, std::chrono::nanoseconds(0), kLongest));
    timer.async_wait([this, wait_number](const ErrorCode& code) {
      if (!code) expired = wait_number;
    });
    io.restart();
    while (!ready() && !aborted && expired != wait_number) io.run_one();
    timer.cancel();
    if (aborted) return base::make_error(base::Code::kCancelled, "connection cancelled");
    if (!ready()) return base::make_error(base::Code::kTimeout, "deadline exceeded");
    return base::ok();
  }

  auto on_done() {
    done.reset();
    return [this](const ErrorCode& code, std::size_t = 0) { done = code; };
  }

  // Waits for the operation that was started with on_done(); a failed one leaves the connection closed.
  base::Status complete(std::chrono::nanoseconds timeout, std::string_view what) {
    auto status = wait(timeout, [this] { return done.has_value(); });
    if (status && *done) status = broken(std::string(what), *done);
    if (!status) finish();
    return status;
  }

  static constexpr std::chrono::nanoseconds kLongest = std::chrono::hours(24 * 365);
};

Socket::Socket() : impl_(std::make_unique<Impl>()) {}
Socket::~Socket() = default;

base::Status Socket::connect(const std::string& address, std::uint16_t port,
                             std::chrono::nanoseconds timeout) {
  ErrorCode code;
  const auto ip = asio::ip::make_address(address, code);
  if (code) return base::invalid("not an IP address").add("address", address);
  impl_->wire.async_connect(tcp::endpoint(ip, port), impl_->on_done());
  auto status = impl_->complete(timeout, "cannot connect");
  if (status) impl_->wire.set_option(tcp::no_delay(true), code);
  return status;
}

base::Status Socket::handshake_client(std::shared_ptr<TlsContext> context, const ClientTls& tls,
                                      const std::string& host, std::chrono::nanoseconds timeout) {
  auto& impl = *impl_;
  impl.context = std::move(context);
  impl.tls.emplace(impl.wire, impl.context->context);
  const std::string& name = tls.server_name.empty() ? host : tls.server_name;
  ErrorCode not_ip;
  asio::ip::make_address(name, not_ip);
  if (not_ip) {  // SNI carries names only
    SSL_ctrl(impl.tls->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(name.c_str()));
  }
  impl.tls->set_verify_mode(tls.verify ? ssl::verify_peer : ssl::verify_none);
  if (tls.verify) impl.tls->set_verify_callback(ssl::host_name_verification(name));
  impl.tls->async_handshake(ssl::stream_base::client, impl.on_done());
  return impl.complete(timeout, "TLS handshake failed");
}

base::Status Socket::handshake_server(std::shared_ptr<TlsContext> context, std::chrono::nanoseconds timeout) {
  auto& impl = *impl_;
  impl.context = std::move(context);
  impl.tls.emplace(impl.wire, impl.context->context);
  impl.tls->async_handshake(ssl::stream_base::server, impl.on_done());
  return impl.complete(timeout, "TLS handshake failed");
}

base::Result<std::string> Socket::read(std::chrono::nanoseconds timeout) {
  auto& impl = *impl_;
  if (!impl.reading) {
    impl.reading = true;
    const auto handler = [&impl](const ErrorCode& code, std::size_t size) {
      impl.reading = false;
      impl.read_error = code;
      impl.read_size = size;
    };
    if (impl.tls) {
      impl.tls->async_read_some(asio::buffer(impl.buffer), handler);
    } else {
      impl.wire.async_read_some(asio::buffer(impl.buffer), handler);
    }
  }
  RETURN_IF_ERROR(impl.wait(timeout, [&impl] { return !impl.reading; }));
  if (is_end(impl.read_error)) return std::string();
  if (impl.read_error) return broken("connection broken", impl.read_error);
  return std::string(impl.buffer.data(), impl.read_size);
}

base::Status Socket::write(std::string_view data, std::chrono::nanoseconds timeout) {
  auto& impl = *impl_;
  if (impl.tls) {
    asio::async_write(*impl.tls, asio::buffer(data), impl.on_done());
  } else {
    asio::async_write(impl.wire, asio::buffer(data), impl.on_done());
  }
  return impl.complete(timeout, "connection broken");
}

void Socket::shutdown_write() {
  ErrorCode ignored;
  impl_->wire.shutdown(tcp::socket::shutdown_send, ignored);
}

bool Socket::peer_gone() const {
  pollfd item{.fd = impl_->wire.native_handle(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&item, 1, 0) != 0;
}

std::string Socket::peer_common_name() const {
  if (!impl_->tls || SSL_get_verify_result(impl_->tls->native_handle()) != X509_V_OK) return "";
  const X509* certificate = SSL_get0_peer_certificate(impl_->tls->native_handle());
  if (certificate == nullptr) return "";
  std::array<char, 256> name{};
  const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(),
                                             static_cast<int>(name.size()));
  return size > 0 ? std::string(name.data(), static_cast<std::size_t>(size)) : "";
}

void Socket::abort() {
  impl_->aborted = true;
  asio::post(impl_->io, [] {});  // wakes the thread that runs the context
}

// ---- Listener

struct Listener::Impl {
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  std::uint16_t port = 0;
  std::atomic<bool> closed = false;
};

Listener::Listener() : impl_(std::make_unique<Impl>()) {}
Listener::~Listener() = default;

base::Result<std::unique_ptr<Listener>> Listener::bind(const std::string& address, std::uint16_t port) {
  std::unique_ptr<Listener> listener(new Listener());
  auto& acceptor = listener->impl_->acceptor;
  ErrorCode code;
  const tcp::endpoint endpoint(asio::ip::make_address(address, code), port);
  if (!code) acceptor.open(endpoint.protocol(), code);
  if (!code) acceptor.set_option(tcp::acceptor::reuse_address(true), code);
  if (!code) acceptor.bind(endpoint, code);
  if (!code) acceptor.listen(tcp::acceptor::max_listen_connections, code);
  if (!code) listener->impl_->port = acceptor.local_endpoint(code).port();
  if (code) return broken("cannot listen", code).add("address", address).add("port", std::to_string(port));
  return listener;
}

base::Result<std::unique_ptr<Socket>> Listener::accept() {
  auto socket = std::make_unique<Socket>();
  std::optional<ErrorCode> done;
  impl_->acceptor.async_accept(socket->impl_->wire, [&done](const ErrorCode& code) { done = code; });
  impl_->io.restart();
  while (!done) {
    if (impl_->closed) {  // the accept must end before its socket does
      ErrorCode ignored;
      impl_->acceptor.close(ignored);
    }
    impl_->io.run_one();
  }
  if (impl_->closed) return base::make_error(base::Code::kCancelled, "listener closed");
  if (*done) return broken("cannot accept", *done);
  ErrorCode ignored;
  socket->impl_->wire.set_option(tcp::no_delay(true), ignored);
  return socket;
}

void Listener::close() {
  impl_->closed = true;
  asio::post(impl_->io, [] {});  // wakes accept()
}

std::uint16_t Listener::port() const { return impl_->port; }

}  // namespace karpenter::net
