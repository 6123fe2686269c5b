#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/time.h"
#include "common/net/http.h"

// The receiving side of Signature Version 4. Written from AWS's public description, apart from the client's
// signer, so that each checks the other. spec: aws §2.5

namespace karpenter::devcluster::aws_emulator {

struct Credential {
  std::string secret_key;
  std::string session_token;  // empty: none may be sent
  std::optional<base::Time> expires = std::nullopt;
};

enum class SignatureFault : std::uint8_t {
  kMissing,       // no Authorization header
  kIncomplete,    // malformed, or a header that must be signed is not
  kUnknownKey,    // no such access key
  kBadToken,      // session token missing, wrong or sent without need
  kExpiredToken,  // temporary credentials ran out
  kScope,         // wrong date, region or terminator in the credential scope
  kSkew,          // more than 15 minutes away from our clock
  kMismatch,      // the signature itself, or the payload hash
};

struct SignatureVerdict {
  std::string service;  // of the credential scope, "" when unreadable
  std::string region;
  std::string access_key;
  std::optional<SignatureFault> fault;  // empty: the request is signed properly
  std::string detail;                   // what exactly is wrong
};

struct SignatureContext {
  base::Time now;
  std::function<std::optional<Credential>(std::string_view access_key)> find_credential;
  std::function<std::string(std::string_view service)> region_of;  // the region a service must be signed for
};

// Checks Authorization, date, scope, signed headers, payload hash and signature. Pure but for the callbacks.
[[nodiscard]] SignatureVerdict verify_signature(const net::HttpRequest& request,
                                                const SignatureContext& context);

}  // namespace karpenter::devcluster::aws_emulator
