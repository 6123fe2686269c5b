#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/base/time.h"
#include "common/net/tls.h"

// Digests and certificates, over OpenSSL (crypto.cc only).

namespace karpenter::net {

[[nodiscard]] std::string sha256(std::string_view data);                             // 32 raw bytes
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view data);  // 32 raw bytes
[[nodiscard]] std::string md5_hex(std::string_view data);                            // for SQS bodies
[[nodiscard]] std::string random_bytes(std::size_t n);  // from the system's source

struct CertificateRequest {
  std::string common_name;
  std::vector<std::string> organizations = {};  // subject O, in order (Kubernetes groups)
  std::vector<std::string> dns_names = {};
  std::vector<std::string> ip_addresses = {};
  base::Time not_before;
  base::Time not_after;
  bool is_ca = false;
};
// ECDSA P-256. Self-signed when `issuer` is empty, else signed by it (certificate + key PEM of a CA).
[[nodiscard]] base::Result<TlsIdentity> make_certificate(const CertificateRequest& request,
                                                         const TlsIdentity& issuer);

struct CertificateFacts {
  std::string common_name;
  std::vector<std::string> dns_names;
  base::Time not_before;
  base::Time not_after;
  bool is_ca = false;
};
[[nodiscard]] base::Result<CertificateFacts> read_certificate(
    std::string_view pem);  // the first of the PEM text

// Each certificate of a PEM text, in order; what is between them is left out.
[[nodiscard]] std::vector<std::string> split_certificates(std::string_view pem);

// Whether the first certificate of `pem` carries the signature of that of `ca_pem`. False when either cannot
// be read.
[[nodiscard]] bool is_signed_by(std::string_view pem, std::string_view ca_pem);

// Whether the key is that of the first certificate of the PEM text. False when either cannot be read.
[[nodiscard]] bool is_pair(std::string_view certificate_pem, std::string_view key_pem);

}  // namespace karpenter::net
