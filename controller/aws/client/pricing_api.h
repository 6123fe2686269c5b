#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/runtime/runtime.h"

namespace karpenter::aws {

class ServiceClient;

struct ProductFilter {
  std::string field;
  std::string value;  // always TERM_MATCH
};

// The price list service, JSON 1.1. Thread-safe. spec: aws §4.2
class PricingApi {
 public:
  virtual ~PricingApi() = default;
  // All price documents (each a JSON text) of AmazonEC2 that match every filter.
  virtual base::Result<std::vector<std::string>> get_products(const std::vector<ProductFilter>& filters,
                                                              const runtime::Call& call) = 0;
};
[[nodiscard]] std::unique_ptr<PricingApi> make_pricing_api(ServiceClient& client);

}  // namespace karpenter::aws
