#include "controller/aws/provider/pricing.h"

#include <utility>

#include "common/base/strings.h"
#include "common/json/json.h"

namespace karpenter::aws {

base::Result<ProductPrice> parse_product(std::string_view document, std::string_view currency) {
  ASSIGN_OR_RETURN(const json::Value product, json::parse(document));
  ProductPrice out;
  out.instance_type = product["product"]["attributes"]["instanceType"].string_or("");
  if (out.instance_type.empty()) return base::invalid("price document without an instance type");
  for (const auto& [offer, term] : product["terms"]["OnDemand"].members()) {
    for (const auto& [code, dimension] : term["priceDimensions"].members()) {
      for (const auto& [unit, text] : dimension["pricePerUnit"].members()) {
        if (!base::equals_ignore_case(unit, currency)) continue;
        const auto price = base::parse_double(text.string_or(""));
        if (price && *price > 0) out.price = *price;
      }
    }
  }
  return out;
}

PricingProvider::PricingProvider(runtime::Runtime& runtime, Ec2Api& ec2, PricingApi& pricing,
                                 telemetry::Log& log, Options options)
    : runtime_(runtime), ec2_(ec2), pricing_(pricing), log_(log), options_(std::move(options)) {}

std::optional<double> PricingProvider::on_demand(std::string_view instance_type) const {
  runtime::Lock lock(mutex_);
  const auto it = on_demand_.find(instance_type);
  return it == on_demand_.end() ? std::nullopt : std::optional<double>(it->second);
}

std::optional<double> PricingProvider::spot(std::string_view instance_type, std::string_view zone) const {
  runtime::Lock lock(mutex_);
  if (!spot_known_) {
    const auto it = on_demand_.find(instance_type);
    return it == on_demand_.end() ? std::nullopt : std::optional<double>(it->second);
  }
  const auto zones = spot_.find(instance_type);
  if (zones == spot_.end()) return std::nullopt;
  const auto it = zones->second.find(zone);
  return it == zones->second.end() ? std::nullopt : std::optional<double>(it->second);
}

base::Result<PricingProvider::Prices> PricingProvider::scan(const std::vector<ProductFilter>& filters,
                                                            const Call& call) {
  std::vector<ProductFilter> all = {{"regionCode", options_.region}, {"serviceCode", "AmazonEC2"},
                                    {"preInstalledSw", "NA"},        {"operatingSystem", "Linux"},
                                    {"capacitystatus", "Used"},      {"marketoption", "OnDemand"}};
  all.insert(all.end(), filters.begin(), filters.end());
  ASSIGN_OR_RETURN(const auto documents, pricing_.get_products(all, call));
  const std::string_view currency = options_.region.starts_with("cn-") ? "CNY" : "USD";
  Prices out;
  for (const auto& document : documents) {
    const auto product = parse_product(document, currency);
    if (!product) {
      log_.error(product.error(), "skipped a price document");
      continue;
    }
    if (product->price) out.insert_or_assign(product->instance_type, *product->price);
  }
  if (out.empty()) return base::make_error(base::Code::kUnavailable, "no on-demand pricing found");
  return out;
}

base::Status PricingProvider::update_on_demand(const Call& call) {
  if (options_.isolated_vpc || options_.region.starts_with("us-gov")) return base::ok();
  ASSIGN_OR_RETURN(Prices shared, scan({{"tenancy", "Shared"}, {"productFamily", "Compute Instance"}}, call));
  ASSIGN_OR_RETURN(
      const Prices metal,
      scan({{"tenancy", "Dedicated"}, {"productFamily", "Compute Instance (bare metal)"}}, call));
  for (const auto& [type, price] : metal) shared.insert_or_assign(type, price);
  {
    runtime::Lock lock(mutex_);
    for (const auto& [type, price] : shared) on_demand_.insert_or_assign(type, price);
  }
  ++version_;
  log_.debug("updated on-demand pricing", {{"instance-type-count", shared.size()}});
  return base::ok();
}

base::Status PricingProvider::update_spot(const Call& call) {
  ASSIGN_OR_RETURN(const auto history, ec2_.describe_spot_price_history(runtime_.now(), call));
  std::map<std::string, Prices, std::less<>> fresh;
  for (const auto& record : history) {
    const auto price = base::parse_double(record.price);
    if (!price || record.timestamp.empty()) continue;
    fresh[record.instance_type].insert_or_assign(record.zone, *price);
  }
  if (fresh.empty()) return base::make_error(base::Code::kUnavailable, "no spot pricing found");
  {
    runtime::Lock lock(mutex_);
    for (auto& [type, zones] : fresh) {
      for (const auto& [zone, price] : zones) spot_[type].insert_or_assign(zone, price);
    }
    spot_known_ = true;
  }
  ++version_;
  log_.debug("updated spot pricing", {{"instance-type-count", fresh.size()}});
  return base::ok();
}

}  // namespace karpenter::aws
