#include "webhook/tls/certificates.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/strings.h"
#include "common/net/crypto.h"

namespace karpenter::webhook {
namespace {

constexpr auto kSkew = std::chrono::minutes(5);  // certificates begin earlier, for clocks that are late

struct Entry {
  std::string_view key;
  std::string& (*field)(CertificateSecret&);
};
constexpr std::array kEntries{
    Entry{"ca-cert.pem", [](CertificateSecret& s) -> std::string& { return s.ca_bundle; }},
    Entry{"next-server-cert.pem",
          [](CertificateSecret& s) -> std::string& { return s.next.certificate_pem; }},
    Entry{"next-server-key.pem", [](CertificateSecret& s) -> std::string& { return s.next.key_pem; }},
    Entry{"server-cert.pem", [](CertificateSecret& s) -> std::string& { return s.current.certificate_pem; }},
    Entry{"server-key.pem", [](CertificateSecret& s) -> std::string& { return s.current.key_pem; }},
};

bool is_valid_at(const net::CertificateFacts& facts, base::Time now) {
  return facts.not_before <= now && now < facts.not_after;
}

// The CAs that are not over.
std::string living(const std::string& bundle, base::Time now) {
  std::string out;
  for (const auto& pem : net::split_certificates(bundle)) {
    const auto facts = net::read_certificate(pem);
    if (facts && now < facts->not_after) out += pem;
  }
  return out;
}

struct Made {
  net::TlsIdentity pair;
  std::string ca_pem;
};

// The key of the CA is forgotten at once: nothing else will ever be signed with it.
base::Result<Made> make_pair(const CertificateState& state) {
  net::CertificateRequest request;
  // Verifiers find a CA by its name, so each has one of its own.
  request.common_name = "karpenter-webhook-ca-" + base::hex_encode(net::random_bytes(8));
  request.organizations = {"knative.dev"};
  request.not_before = state.now - kSkew;
  request.not_after = state.now + kCertificateLife;
  request.is_ca = true;
  ASSIGN_OR_RETURN(const auto ca, net::make_certificate(request, {}));
  request.common_name = state.names.empty() ? "" : state.names.front();
  request.dns_names = state.names;
  request.is_ca = false;
  Made out{.pair = {}, .ca_pem = ca.certificate_pem};
  ASSIGN_OR_RETURN(out.pair, net::make_certificate(request, ca));
  return out;
}

bool wants_renewal(const net::CertificateFacts& facts, const CertificateState& state) {
  const auto has = [&](const std::string& name) { return std::ranges::count(facts.dns_names, name) > 0; };
  return state.now >= facts.not_after - kRenewBefore || !std::ranges::all_of(state.names, has);
}

}  // namespace

CertificateSecret read_certificate_secret(json::View secret) {
  CertificateSecret out;
  for (const auto& entry : kEntries) {
    entry.field(out) = base::base64_decode(secret["data"][entry.key].string_or("")).value_or("");
  }
  return out;
}

json::Value write_certificate_data(const CertificateSecret& certificates) {
  CertificateSecret copy = certificates;
  json::Value out = json::Value::object();
  for (const auto& entry : kEntries) {
    const auto& text = entry.field(copy);
    if (text.empty()) {
      out[entry.key].set(nullptr);
    } else {
      out[entry.key].set(base::base64_encode(text));
    }
  }
  return out;
}

std::vector<std::string> certificate_names(const std::vector<std::string>& services,
                                           const std::string& namespace_name) {
  std::vector<std::string> out;
  for (const auto& service : services) {
    const std::string full = service + "." + namespace_name;
    out.insert(out.end(), {service, full, full + ".svc", full + ".svc.cluster.local"});
  }
  return out;
}

bool is_usable(const net::TlsIdentity& pair, const std::string& ca_bundle, base::Time now) {
  const auto facts = net::read_certificate(pair.certificate_pem);
  if (!facts || !is_valid_at(*facts, now) || !net::is_pair(pair.certificate_pem, pair.key_pem)) return false;
  const auto cas = net::split_certificates(ca_bundle);
  return std::ranges::any_of(cas, [&](const std::string& ca) {
    const auto ca_facts = net::read_certificate(ca);
    return ca_facts && is_valid_at(*ca_facts, now) && net::is_signed_by(pair.certificate_pem, ca);
  });
}

CertificateStep plan_certificates(const CertificateState& state) {
  const auto& secret = state.secret;
  const bool has_current = is_usable(secret.current, secret.ca_bundle, state.now);
  const bool has_next = is_usable(secret.next, secret.ca_bundle, state.now);
  if (!has_current) return has_next ? CertificateStep::kPromote : CertificateStep::kCreate;
  const auto current = net::read_certificate(secret.current.certificate_pem).value();
  if (!has_next) return wants_renewal(current, state) ? CertificateStep::kStage : CertificateStep::kKeep;
  const auto next = net::read_certificate(secret.next.certificate_pem).value();
  if (wants_renewal(next, state)) return CertificateStep::kStage;
  const bool settled = state.published && state.now >= next.not_before + kSkew + kSettle;
  const bool urgent = state.now >= current.not_after - kLastChance;
  return settled || urgent ? CertificateStep::kPromote : CertificateStep::kKeep;
}

base::Result<CertificateSecret> take_step(CertificateStep step, const CertificateState& state) {
  CertificateSecret out = state.secret;
  if (step == CertificateStep::kPromote) out.current = std::exchange(out.next, {});
  if (step != CertificateStep::kCreate && step != CertificateStep::kStage) return out;
  ASSIGN_OR_RETURN(auto made, make_pair(state));
  out.ca_bundle = living(state.secret.ca_bundle, state.now) + made.ca_pem;
  (step == CertificateStep::kCreate ? out.current : out.next) = std::move(made.pair);
  return out;
}

}  // namespace karpenter::webhook
