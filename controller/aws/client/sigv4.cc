#include "controller/aws/client/sigv4.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <vector>

#include "common/base/strings.h"
#include "common/net/crypto.h"

namespace karpenter::aws {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
// Proxies may change these, so a signature over them would break on the way.
constexpr std::array<std::string_view, 6> kUnsigned = {
    "authorization", "user-agent", "connection", "expect", "transfer-encoding", "x-amzn-trace-id"};

std::string collapse_spaces(std::string_view value) {
  std::string out;
  for (const char c : base::trim(value)) {
    if (c == ' ' && !out.empty() && out.back() == ' ') continue;
    out.push_back(c);
  }
  return out;
}

// Lower-case names with their values, sorted; repeated fields are joined by commas.
std::map<std::string, std::string> signed_headers(const net::Headers& headers) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : headers.fields()) {
    const std::string lower = base::to_lower(name);
    if (std::ranges::find(kUnsigned, lower) != kUnsigned.end()) continue;
    const auto [it, added] = out.emplace(lower, collapse_spaces(value));
    if (!added) it->second += "," + collapse_spaces(value);
  }
  return out;
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [key, value] : net::parse_query(query)) {
    encoded.emplace_back(base::percent_encode(key), base::percent_encode(value));
  }
  std::ranges::sort(encoded);
  std::string out;
  for (const auto& [key, value] : encoded) {
    if (!out.empty()) out.push_back('&');
    out += key + "=" + value;
  }
  return out;
}

std::string canonical_request(const net::HttpRequest& request,
                              const std::map<std::string, std::string>& headers, std::string_view names) {
  std::string out = request.method + "\n";
  // The path on the wire is encoded once; the signature wants it encoded twice.
  out += base::percent_encode(request.path(), base::Slash::kKeep) + "\n";
  out += canonical_query(request.query()) + "\n";
  for (const auto& [name, value] : headers) out += name + ":" + value + "\n";
  out += "\n";
  out += names;
  out += "\n" + base::hex_encode(net::sha256(request.body));
  return out;
}

std::string signing_key(const Credentials& credentials, const SigningScope& scope, std::string_view date) {
  std::string key = net::hmac_sha256("AWS4" + credentials.secret_access_key, date);
  key = net::hmac_sha256(key, scope.region);
  key = net::hmac_sha256(key, scope.service);
  return net::hmac_sha256(key, "aws4_request");
}

}  // namespace

std::string host_header(const net::Origin& origin) {
  std::string host = origin.host.find(':') == std::string::npos ? origin.host : "[" + origin.host + "]";
  const std::uint16_t usual = origin.scheme == "http" ? 80 : 443;
  if (origin.port != usual) host += ":" + std::to_string(origin.port);
  return host;
}

void sign_v4(net::HttpRequest& request, const Credentials& credentials, const SigningScope& scope,
             base::Time now) {
  const std::string timestamp = base::format_basic_iso8601(now);
  const std::string date = timestamp.substr(0, 8);
  request.headers.remove("Authorization");
  request.headers.set("Host", host_header(request.origin));
  request.headers.set("X-Amz-Date", timestamp);
  if (credentials.session_token.empty()) {
    request.headers.remove("X-Amz-Security-Token");
  } else {
    request.headers.set("X-Amz-Security-Token", credentials.session_token);
  }
  const auto headers = signed_headers(request.headers);
  std::string names;
  for (const auto& [name, value] : headers) names += (names.empty() ? "" : ";") + name;

  const std::string full_scope = date + "/" + scope.region + "/" + scope.service + "/aws4_request";
  const std::string to_sign = std::string(kAlgorithm) + "\n" + timestamp + "\n" + full_scope + "\n" +
                              base::hex_encode(net::sha256(canonical_request(request, headers, names)));
  const std::string signature =
      base::hex_encode(net::hmac_sha256(signing_key(credentials, scope, date), to_sign));
  request.headers.set("Authorization", std::string(kAlgorithm) + " Credential=" + credentials.access_key_id +
                                           "/" + full_scope + ", SignedHeaders=" + names +
                                           ", Signature=" + signature);
}

}  // namespace karpenter::aws
