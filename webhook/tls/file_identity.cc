#include "webhook/tls/file_identity.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "common/net/crypto.h"

namespace karpenter::webhook {
namespace {

base::Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return base::invalid("cannot read file").add("path", path);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

}  // namespace

FileIdentity::FileIdentity(runtime::Runtime& runtime, telemetry::Log log, std::string certificate_path,
                           std::string key_path)
    : runtime_(runtime),
      log_(std::move(log)),
      certificate_path_(std::move(certificate_path)),
      key_path_(std::move(key_path)) {}

base::Result<std::unique_ptr<FileIdentity>> FileIdentity::open(runtime::Runtime& runtime, telemetry::Log log,
                                                               std::string certificate_path,
                                                               std::string key_path) {
  std::unique_ptr<FileIdentity> out(
      new FileIdentity(runtime, std::move(log), std::move(certificate_path), std::move(key_path)));
  ASSIGN_OR_RETURN(out->identity_, out->read());
  return out;
}

base::Result<net::TlsIdentity> FileIdentity::read() const {
  net::TlsIdentity out;
  ASSIGN_OR_RETURN(out.certificate_pem, read_file(certificate_path_));
  ASSIGN_OR_RETURN(out.key_pem, read_file(key_path_));
  auto facts = net::read_certificate(out.certificate_pem);
  if (!facts) return std::move(facts).error().add("path", certificate_path_);
  if (!net::is_pair(out.certificate_pem, out.key_pem)) {
    return base::invalid("file holds no private key of the certificate")
        .add("path", key_path_)
        .add("certificate", certificate_path_);
  }
  return out;
}

net::TlsIdentity FileIdentity::current() {
  const auto now = runtime_.mono();
  {
    runtime::Lock lock(mutex_);
    if (now < next_look_) return identity_;
    next_look_ = now + std::chrono::seconds(1);
  }
  auto fresh = read();
  if (!fresh) log_.error(fresh.error(), "keeping the last good certificate");
  runtime::Lock lock(mutex_);
  if (fresh) identity_ = std::move(fresh).value();
  return identity_;
}

}  // namespace karpenter::webhook
