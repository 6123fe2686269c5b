#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/runtime/runtime.h"
#include "common/telemetry/log.h"
#include "controller/aws/client/ec2_api.h"
#include "controller/aws/client/pricing_api.h"

namespace karpenter::aws {

// Prices in USD (CNY in China) per hour, by type. Thread-safe. spec: aws §4
class PricingProvider {
 public:
  struct Options {
    std::string region;
    bool isolated_vpc = false;
  };
  PricingProvider(runtime::Runtime& runtime, Ec2Api& ec2, PricingApi& pricing, telemetry::Log& log,
                  Options options);

  [[nodiscard]] std::optional<double> on_demand(std::string_view instance_type) const;
  // Until the first spot refresh succeeded: the on-demand price, in any zone.
  [[nodiscard]] std::optional<double> spot(std::string_view instance_type, std::string_view zone) const;
  // Moves whenever a price may have changed.
  [[nodiscard]] std::uint64_t version() const { return version_.load(); }

  // Each leaves the old prices in place when it fails.
  base::Status update_on_demand(const Call& call);
  base::Status update_spot(const Call& call);

 private:
  using Prices = std::map<std::string, double, std::less<>>;
  base::Result<Prices> scan(const std::vector<ProductFilter>& filters, const Call& call);

  runtime::Runtime& runtime_;
  Ec2Api& ec2_;
  PricingApi& pricing_;
  telemetry::Log log_;
  Options options_;
  mutable runtime::Mutex mutex_;
  Prices on_demand_ KARP_GUARDED_BY(mutex_);
  std::map<std::string, Prices, std::less<>> spot_ KARP_GUARDED_BY(mutex_);  // type -> zone -> price
  bool spot_known_ KARP_GUARDED_BY(mutex_) = false;
  std::atomic<std::uint64_t> version_{0};
};

// Type and price of one price document; the price is empty when it is zero or unreadable. kInvalid for text
// that is not JSON or has no instance type. Pure. spec: aws §4.2
struct ProductPrice {
  std::string instance_type;
  std::optional<double> price;
};
[[nodiscard]] base::Result<ProductPrice> parse_product(std::string_view document, std::string_view currency);

}  // namespace karpenter::aws
