#include "common/net/beast/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <new>

#include "common/net/beast/socket.h"

namespace karpenter::net {
namespace {

int fd_of(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

int write_wire(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto done = ::send(fd_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (done < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(done);
}

int read_wire(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto done = ::recv(fd_of(bio), data, static_cast<std::size_t>(size), 0);
  if (done < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  return static_cast<int>(done);
}

long control_wire(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

base::Error unusable(std::string message) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return base::invalid(std::move(message)).add("cause", text.data());
}

using Bio = std::unique_ptr<BIO, decltype(&BIO_free_all)>;
Bio read_bio(std::string_view text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free_all};
}
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
Certificate next_certificate(const Bio& bio) {
  return {PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free};
}

base::Status use_identity(SSL_CTX* context, const TlsIdentity& identity) {
  if (identity.certificate_pem.empty()) return base::ok();
  const auto chain = read_bio(identity.certificate_pem);
  const auto leaf = next_certificate(chain);
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1)
    return unusable("cannot use TLS certificate");
  while (const auto issuer = next_certificate(chain)) SSL_CTX_add1_chain_cert(context, issuer.get());
  ERR_clear_error();  // of the end of the chain
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(read_bio(identity.key_pem).get(), nullptr, nullptr, const_cast<char*>("")),
      EVP_PKEY_free);
  if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1) return unusable("cannot use TLS private key");
  return base::ok();
}

base::Status use_roots(SSL_CTX* context, std::string_view ca_pem) {
  const auto bundle = read_bio(ca_pem);
  bool any = false;
  while (const auto root = next_certificate(bundle)) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.get()) != 1) break;
    any = true;
  }
  if (!any) return unusable("cannot use CA certificate");
  ERR_clear_error();  // of the end of the bundle
  return base::ok();
}

}  // namespace

TlsContext::TlsContext(const SSL_METHOD* method)
    : context_(SSL_CTX_new(method)), wire_(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket")) {
  if (context_ == nullptr || wire_ == nullptr) throw std::bad_alloc();
  BIO_meth_set_write(wire_, write_wire);
  BIO_meth_set_read(wire_, read_wire);
  BIO_meth_set_ctrl(wire_, control_wire);
  SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
  SSL_CTX_set_options(context_, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Buffers of idle connections are given back; a record is read with one call instead of two.
  SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context_, 1);
}

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
  BIO_meth_free(wire_);
}

std::unique_ptr<SSL, SslFree> TlsContext::make_session(int fd) const {
  std::unique_ptr<SSL, SslFree> session(SSL_new(context_));
  BIO* bio = BIO_new(wire_);
  if (!session || bio == nullptr) {
    BIO_free(bio);
    return nullptr;
  }
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  SSL_set_bio(session.get(), bio, bio);
  return session;
}

base::Result<std::shared_ptr<TlsContext>> make_client_context(const ClientTls& tls) {
  auto made = std::make_shared<TlsContext>(TLS_client_method());
  if (!tls.ca_pem.empty()) {
    RETURN_IF_ERROR(use_roots(made->get(), tls.ca_pem));
  } else {  // a machine without roots fails later, at verification, with the name of the peer
    SSL_CTX_set_default_verify_paths(made->get());
  }
  RETURN_IF_ERROR(use_identity(made->get(), tls.identity));
  return made;
}

base::Result<std::shared_ptr<TlsContext>> make_server_context(const TlsIdentity& identity,
                                                              std::string_view client_ca_pem) {
  auto made = std::make_shared<TlsContext>(TLS_server_method());
  if (identity.certificate_pem.empty()) return base::invalid("TLS server without certificate");
  RETURN_IF_ERROR(use_identity(made->get(), identity));
  if (!client_ca_pem.empty()) {
    RETURN_IF_ERROR(use_roots(made->get(), client_ca_pem));
    SSL_CTX_set_verify(made->get(), SSL_VERIFY_PEER, nullptr);  // presented ones must verify; none is fine
  }
  // Sessions are not resumed: a resumed one would carry the client's name from an older handshake.
  SSL_CTX_set_session_cache_mode(made->get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(made->get(), SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(made->get(), 0);
  return made;
}

}  // namespace karpenter::net
