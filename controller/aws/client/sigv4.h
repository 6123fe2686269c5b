#pragma once

#include <optional>
#include <string>

#include "common/base/time.h"
#include "common/net/http.h"

namespace karpenter::aws {

// Keys that sign requests. `expires` is empty for keys that live for ever.
struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token = {};
  std::optional<base::Time> expires = std::nullopt;
};

// What a signature is valid for.
struct SigningScope {
  std::string region;   // "us-west-2"
  std::string service;  // signing name: "ec2"
};

// Signs the request in place: sets Host, X-Amz-Date, X-Amz-Security-Token (when there is a token) and
// Authorization. Every header present is signed except those that proxies may change (user-agent, connection,
// expect, transfer-encoding, x-amzn-trace-id). Pure. spec: aws §2.5
void sign_v4(net::HttpRequest& request, const Credentials& credentials, const SigningScope& scope,
             base::Time now);

// The Host header that belongs to an origin: the name, in brackets if IPv6, and the port unless it is the
// default.
[[nodiscard]] std::string host_header(const net::Origin& origin);

}  // namespace karpenter::aws
