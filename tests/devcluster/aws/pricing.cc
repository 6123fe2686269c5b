#include <array>
#include <cstdio>

#include "common/base/strings.h"
#include "tests/devcluster/aws/services.h"

// GetProducts for AmazonEC2: one Linux on-demand product per type of the region. spec: aws §4.2

namespace karpenter::devcluster::aws_emulator {
namespace {

std::map<std::string, std::string> product_attributes(const Account& account, const TypeFacts& type) {
  const bool metal = type.hypervisor.empty();
  return {
      {"capacitystatus", "Used"},
      {"instanceType", type.name},
      {"locationType", "AWS Region"},
      {"marketoption", "OnDemand"},
      {"memory", format_number(static_cast<double>(type.memory_mib) / 1024) + " GiB"},
      {"operatingSystem", "Linux"},
      {"preInstalledSw", "NA"},
      {"productFamily", metal ? "Compute Instance (bare metal)" : "Compute Instance"},
      {"regionCode", account.options.region},
      {"serviceCode", "AmazonEC2"},
      {"tenancy", metal ? "Dedicated" : "Shared"},
      {"vcpu", std::to_string(type.vcpus)},
  };
}

// Dollars with ten decimals, as the price list has them.
std::string price_text(double price) {
  std::array<char, 40> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.10f", price);
  return buffer.data();
}

std::string product_document(const std::map<std::string, std::string>& attributes, double price) {
  auto out = json::Value::object();
  const auto sku = base::to_lower(base::replace_all(attributes.at("instanceType"), ".", ""));
  out["serviceCode"].set("AmazonEC2");
  out["product"]["sku"].set(sku);
  for (const auto& [name, value] : attributes) {
    if (name == "productFamily") {
      out["product"][name].set(value);
    } else {
      out["product"]["attributes"][name == "serviceCode" ? "servicecode" : name].set(value);
    }
  }
  const auto term = out["terms"]["OnDemand"][sku + ".JRTCKXETXF"];
  term["sku"].set(sku);
  term["offerTermCode"].set("JRTCKXETXF");
  const auto dimension = term["priceDimensions"][sku + ".JRTCKXETXF.6YS6EN2CT7"];
  dimension["unit"].set("Hrs");
  dimension["beginRange"].set("0");
  dimension["endRange"].set("Inf");
  dimension["pricePerUnit"]["USD"].set(price_text(price));
  return out.dump();
}

base::Result<std::map<std::string, std::string>> read_filters(json::View body) {
  constexpr std::array<std::string_view, 12> kFields{
      "capacitystatus", "instanceType",  "locationType", "marketoption", "memory",  "operatingSystem",
      "preInstalledSw", "productFamily", "regionCode",   "serviceCode",  "tenancy", "vcpu"};
  std::map<std::string, std::string> filters;
  for (const auto filter : body["Filters"].items()) {
    RETURN_IF_ERROR(check_members(filter, {"Type", "Field", "Value"}, {}));
    const auto field = filter["Field"].string_or("");
    if (filter["Type"].string_or("") != "TERM_MATCH")
      return failure("InvalidParameterException", "Unsupported filter type " + filter["Type"].dump());
    if (std::find(kFields.begin(), kFields.end(), field) == kFields.end()) {
      return failure("InvalidParameterException", "Unknown filter field " + field);
    }
    filters[field] = filter["Value"].string_or("");
  }
  return filters;
}

base::Result<json::Value> get_products(JsonCall& call) {
  const Account& account = call.account;
  RETURN_IF_ERROR(
      check_members(call.body, {"ServiceCode"}, {"Filters", "FormatVersion", "MaxResults", "NextToken"}));
  if (call.body["ServiceCode"].string_or("") != "AmazonEC2")
    return failure("InvalidParameterException", "Unknown service code");
  ASSIGN_OR_RETURN(const auto filters, read_filters(call.body));
  ASSIGN_OR_RETURN(auto limit, read_integer(call.body, "MaxResults", 100, 1, 100));
  const auto after = base::base64_decode(call.body["NextToken"].string_or(""));
  if (!after)
    return failure("InvalidNextTokenException",
                   "The pagination token is invalid. Try again without a pagination token.");
  if (account.switches.page_limit > 0) limit = std::min(limit, account.switches.page_limit);

  auto out = json::Value::object();
  out["FormatVersion"].set("aws_v1");
  out["PriceList"].set_array();
  std::string last;
  for (const auto& [name, type] : account.types) {
    if (name <= *after) continue;
    const auto attributes = product_attributes(account, type);
    const bool wanted = std::all_of(filters.begin(), filters.end(), [&](const auto& filter) {
      return attributes.at(filter.first) == filter.second;
    });
    if (!wanted) continue;
    if (static_cast<std::int64_t>(out["PriceList"].view().size()) == limit) {
      out["NextToken"].set(base::base64_encode(last));
      break;
    }
    out["PriceList"].push_back(
        std::string_view(product_document(attributes, account.on_demand_prices.at(name))));
    last = name;
  }
  return out;
}

}  // namespace

JsonOperation find_pricing_operation(std::string_view name) {
  return name == "GetProducts" ? get_products : nullptr;
}

}  // namespace karpenter::devcluster::aws_emulator
