#include "tests/devcluster/aws/signature.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <vector>

#include "common/base/strings.h"
#include "common/net/crypto.h"

namespace karpenter::devcluster::aws_emulator {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::chrono::minutes kMaxSkew{15};

struct Authorization {
  std::string access_key;
  std::string date;
  std::string region;
  std::string service;
  std::string terminator;
  std::vector<std::string> signed_headers;
  std::string signature;
};

// `AWS4-HMAC-SHA256 Credential=AKID/date/region/service/aws4_request, SignedHeaders=a;b, Signature=hex`
std::optional<Authorization> parse_authorization(std::string_view header) {
  if (!header.starts_with(kAlgorithm)) return std::nullopt;
  std::map<std::string, std::string> parts;
  for (const auto& part : base::split(header.substr(kAlgorithm.size()), ',')) {
    const std::string_view entry = base::trim(part);
    const auto equals = entry.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    parts.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  const auto scope = base::split(parts["Credential"], '/');
  if (scope.size() != 5 || parts["SignedHeaders"].empty() || parts["Signature"].empty()) return std::nullopt;
  return Authorization{scope[0],          scope[1], scope[2],
                       scope[3],          scope[4], base::split(parts["SignedHeaders"], ';'),
                       parts["Signature"]};
}

// 20060102T150405Z
std::optional<base::Time> parse_basic_time(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  std::string iso(text.substr(0, 4));
  iso.append("-").append(text.substr(4, 2)).append("-").append(text.substr(6, 2)).append("T");
  iso.append(text.substr(9, 2)).append(":").append(text.substr(11, 2)).append(":").append(text.substr(13));
  auto parsed = base::parse_rfc3339(iso);
  if (!parsed) return std::nullopt;
  return *parsed;
}

std::string canonical_path(std::string_view path) {
  // The path arrives encoded once; every service here signs it encoded twice.
  return path.empty() ? "/" : base::percent_encode(path, base::Slash::kKeep);
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [key, value] : net::parse_query(query)) {
    pairs.emplace_back(base::percent_encode(key), base::percent_encode(value));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const auto& [key, value] : pairs) {
    if (!out.empty()) out += '&';
    out.append(key).append("=").append(value);
  }
  return out;
}

std::string collapse_blanks(std::string_view value) {
  std::string out;
  for (const char c : base::trim(value)) {
    if (c == ' ' && !out.empty() && out.back() == ' ') continue;
    out += c;
  }
  return out;
}

std::optional<std::string> header_value(const net::HttpRequest& request, std::string_view name) {
  std::optional<std::string> joined;
  for (const auto& [field, value] : request.headers.fields()) {
    if (!base::equals_ignore_case(field, name)) continue;
    joined = joined ? *joined + "," + collapse_blanks(value) : collapse_blanks(value);
  }
  if (joined || name != "host") return joined;
  // In memory nobody adds a Host header: it is what a client would have sent to this origin.
  const auto& origin = request.origin;
  const bool standard = origin.port == (origin.scheme == "https" ? 443 : 80);
  return standard ? origin.host : origin.host + ":" + std::to_string(origin.port);
}

// Empty when everything that must be signed is signed and present.
std::string missing_signed_header(const net::HttpRequest& request, const Authorization& authorization) {
  const auto& names = authorization.signed_headers;
  const auto is_signed = [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (!std::is_sorted(names.begin(), names.end())) return "the list of signed headers is not sorted";
  for (const auto& name : names) {
    if (!header_value(request, name)) return "the signed header '" + name + "' is missing";
  }
  if (!is_signed("host")) return "'Host' must be a signed header";
  for (const auto& [field, value] : request.headers.fields()) {
    const auto name = base::to_lower(field);
    const bool must = name == "content-type" || (name.starts_with("x-amz-") && name != "x-amz-user-agent");
    if (must && !is_signed(name)) return "there were headers present which were not signed: '" + name + "'";
  }
  return "";
}

std::string expected_signature(const net::HttpRequest& request, const Authorization& authorization,
                               std::string_view timestamp, std::string_view secret) {
  std::string canonical =
      request.method + "\n" + canonical_path(request.path()) + "\n" + canonical_query(request.query()) + "\n";
  for (const auto& name : authorization.signed_headers) {
    canonical.append(name).append(":").append(header_value(request, name).value_or("")).append("\n");
  }
  canonical.append("\n").append(base::join(authorization.signed_headers, ";")).append("\n");
  canonical.append(base::hex_encode(net::sha256(request.body)));

  std::string to_sign(kAlgorithm);
  to_sign.append("\n").append(timestamp).append("\n").append(authorization.date).append("/");
  to_sign.append(authorization.region).append("/").append(authorization.service).append("/");
  to_sign.append(authorization.terminator).append("\n").append(base::hex_encode(net::sha256(canonical)));

  std::string key = "AWS4" + std::string(secret);
  for (const auto& step :
       {authorization.date, authorization.region, authorization.service, authorization.terminator}) {
    key = net::hmac_sha256(key, step);
  }
  return base::hex_encode(net::hmac_sha256(key, to_sign));
}

struct Complaint {
  SignatureFault fault;
  std::string detail;
};

std::optional<Complaint> check_time_and_scope(const Authorization& authorization, std::string_view timestamp,
                                              const SignatureContext& context) {
  const auto signed_at = parse_basic_time(timestamp);
  if (!signed_at)
    return Complaint{SignatureFault::kIncomplete,
                     "Date must be in ISO-8601 'basic format'. Got '" + std::string(timestamp) + "'"};
  if (authorization.date != timestamp.substr(0, 8) || authorization.terminator != "aws4_request") {
    return Complaint{
        SignatureFault::kScope,
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP"};
  }
  const auto region = context.region_of(authorization.service);
  if (authorization.region != region) {
    return Complaint{SignatureFault::kScope,
                     "Credential should be scoped to a valid region, not '" + authorization.region + "'"};
  }
  const auto skew = context.now > *signed_at ? context.now - *signed_at : *signed_at - context.now;
  if (skew <= kMaxSkew) return std::nullopt;
  const auto now = base::format_basic_iso8601(context.now);
  return Complaint{SignatureFault::kSkew,
                   "Signature expired: " + std::string(timestamp) + " is more than 15 min. away from " + now};
}

std::optional<Complaint> check_token(const net::HttpRequest& request, const Credential& credential,
                                     base::Time now) {
  const auto token = request.headers.get("X-Amz-Security-Token");
  if (token != credential.session_token) {
    return Complaint{SignatureFault::kBadToken, "The security token included in the request is invalid."};
  }
  if (credential.expires && *credential.expires <= now) {
    return Complaint{SignatureFault::kExpiredToken, "The security token included in the request is expired"};
  }
  return std::nullopt;
}

std::optional<Complaint> check(const net::HttpRequest& request, const Authorization& authorization,
                               const SignatureContext& context) {
  const auto credential = context.find_credential(authorization.access_key);
  if (!credential)
    return Complaint{SignatureFault::kUnknownKey, "The security token included in the request is invalid."};
  if (auto bad = check_token(request, *credential, context.now)) return bad;
  const auto timestamp = request.headers.get("X-Amz-Date");
  if (timestamp.empty())
    return Complaint{SignatureFault::kIncomplete,
                     "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header"};
  if (auto bad = check_time_and_scope(authorization, timestamp, context)) return bad;
  if (auto missing = missing_signed_header(request, authorization); !missing.empty()) {
    return Complaint{SignatureFault::kIncomplete, std::move(missing)};
  }
  constexpr std::string_view kWrong =
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
      "Access Key "
      "and signing method. Consult the service documentation for details.";
  const auto sent_hash = request.headers.find("X-Amz-Content-Sha256");
  if (sent_hash && *sent_hash != base::hex_encode(net::sha256(request.body))) {
    return Complaint{SignatureFault::kMismatch,
                     "The value of 'X-Amz-Content-Sha256' does not match the body"};
  }
  if (expected_signature(request, authorization, timestamp, credential->secret_key) !=
      authorization.signature) {
    return Complaint{SignatureFault::kMismatch, std::string(kWrong)};
  }
  return std::nullopt;
}

}  // namespace

SignatureVerdict verify_signature(const net::HttpRequest& request, const SignatureContext& context) {
  SignatureVerdict verdict;
  const auto header = request.headers.find("Authorization");
  if (!header) {
    verdict.fault = SignatureFault::kMissing;
    verdict.detail = "Request is missing Authentication Token";
    return verdict;
  }
  const auto authorization = parse_authorization(*header);
  if (!authorization) {
    verdict.fault = SignatureFault::kIncomplete;
    verdict.detail =
        "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders' parameters. "
        "Authorization=" +
        std::string(*header);
    return verdict;
  }
  verdict.service = authorization->service;
  verdict.region = authorization->region;
  verdict.access_key = authorization->access_key;
  if (auto complaint = check(request, *authorization, context)) {
    verdict.fault = complaint->fault;
    verdict.detail = std::move(complaint->detail);
  }
  return verdict;
}

}  // namespace karpenter::devcluster::aws_emulator
