#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/net/http.h"
#include "controller/aws/client/sigv4.h"

namespace karpenter::aws {

enum class Service : std::uint8_t { kEc2, kSqs, kSsm, kIam, kEks, kPricing, kSts };

[[nodiscard]] std::string_view service_id(Service service);  // "EC2", "Pricing": metric label, error field
[[nodiscard]] std::string_view endpoint_suffix(Service service);  // "EC2", "PRICING": AWS_ENDPOINT_URL_<this>

// Where the services are. Values come from the environment through the app. spec: aws §2.4
struct EndpointSettings {
  std::string region;                                    // required
  std::string url = {};                                  // AWS_ENDPOINT_URL
  std::map<std::string, std::string> service_urls = {};  // AWS_ENDPOINT_URL_<SVC>: key "EC2", "SQS", ...
  bool ignore_configured = false;                        // AWS_IGNORE_CONFIGURED_ENDPOINT_URLS
  bool fips = false;                                     // AWS_USE_FIPS_ENDPOINT
  bool dual_stack = false;                               // AWS_USE_DUALSTACK_ENDPOINT
};

struct Endpoint {
  net::Origin origin;
  std::string base_path = {};  // of an override, without a trailing '/'; usually empty
  SigningScope scope;
};

// Host, path and signing scope of a service. kInvalid for an unreadable URL or an override together with FIPS
// or dual-stack.
[[nodiscard]] base::Result<Endpoint> resolve_endpoint(Service service, const EndpointSettings& settings);

// "aws", "aws-cn", "aws-us-gov", ... of a region; an unknown region is in "aws".
[[nodiscard]] std::string_view partition_of(std::string_view region);
// The region whose Pricing API serves `region`. spec: aws §4.2
[[nodiscard]] std::string_view pricing_region(std::string_view region);

}  // namespace karpenter::aws
