#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/base/time.h"
#include "common/json/json.h"
#include "common/net/tls.h"

// The certificates that the webhook makes itself, and what to do about them. Decisions only: no clock, no
// requests. spec: conversion §5.8, lifecycle §19.5

namespace karpenter::webhook {

// What the Secret holds. Missing or unreadable parts are empty.
struct CertificateSecret {
  net::TlsIdentity current = {};  // server-cert.pem, server-key.pem: what every replica serves
  net::TlsIdentity next = {};     // next-server-cert.pem, next-server-key.pem: published, not yet served
  std::string ca_bundle = {};     // ca-cert.pem: the CAs of both, and of what was served before
  friend bool operator==(const CertificateSecret&, const CertificateSecret&) = default;
};
[[nodiscard]] CertificateSecret read_certificate_secret(json::View secret);
// The Secret's `data`; absent parts are null, which removes them in a merge patch.
[[nodiscard]] json::Value write_certificate_data(const CertificateSecret& certificates);

// `<service>`, `<service>.<namespace>`, `<service>.<namespace>.svc`,
// `<service>.<namespace>.svc.cluster.local` of each.
[[nodiscard]] std::vector<std::string> certificate_names(const std::vector<std::string>& services,
                                                         const std::string& namespace_name);

constexpr auto kCertificateLife = std::chrono::hours(24 * 7);
constexpr auto kRenewBefore = std::chrono::hours(24);
constexpr auto kSettle = std::chrono::minutes(2);       // API servers learn a new bundle in seconds
constexpr auto kLastChance = std::chrono::minutes(10);  // before expiry, whatever has been published

// Rotation takes two writes, so that no call fails between them: first the next pair's CA is published beside
// the old one, then, when every caller trusts it, the pair is served. The old CA stays until it has expired,
// and with it every leaf that it signed: until then some replica may still serve one.
enum class CertificateStep : std::uint8_t {
  kKeep,
  kCreate,   // nothing usable is there: a new CA and pair, served at once
  kStage,    // the pair ends soon or lacks a name: make the next one and publish its CA
  kPromote,  // serve the next pair
};
struct CertificateState {
  base::Time now;
  const CertificateSecret& secret;
  const std::vector<std::string>& names;  // wanted
  bool published = false;                 // every registration holds secret.ca_bundle
};
[[nodiscard]] CertificateStep plan_certificates(const CertificateState& state);

// The Secret after the step. kInvalid when a certificate cannot be made.
[[nodiscard]] base::Result<CertificateSecret> take_step(CertificateStep step, const CertificateState& state);

// Whether callers that trust the bundle would accept the pair now.
[[nodiscard]] bool is_usable(const net::TlsIdentity& pair, const std::string& ca_bundle, base::Time now);

}  // namespace karpenter::webhook
