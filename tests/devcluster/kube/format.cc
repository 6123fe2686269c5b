#include <algorithm>
#include <cctype>
#include <string>

#include "common/base/duration.h"
#include "common/base/strings.h"
#include "common/base/time.h"
#include "common/model/quantity.h"
#include "tests/devcluster/kube/schema.h"

// OpenAPI string formats, as far as the API server checks them.

namespace karpenter::devcluster {
namespace {

bool is_ipv4(std::string_view text) {
  const std::vector<std::string> parts = base::split(text, '.');
  return parts.size() == 4 && std::ranges::all_of(parts, [](const std::string& part) {
           const auto number = base::parse_int64(part);
           return number.has_value() && *number >= 0 && *number <= 255 && std::to_string(*number) == part;
         });
}

bool is_ipv6(std::string_view text) {
  return std::ranges::count(text, ':') >= 2 && std::ranges::all_of(text, [](char c) {
           return std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '.';
         });
}

bool is_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const auto bits = base::parse_int64(text.substr(slash + 1));
  const std::string_view address = text.substr(0, slash);
  if (!bits.has_value() || *bits < 0) return false;
  return (is_ipv4(address) && *bits <= 32) || (is_ipv6(address) && *bits <= 128);
}

bool is_uuid(std::string_view text) {
  const std::string bare = base::replace_all(std::string(text), "-", "");
  return bare.size() == 32 &&
         std::ranges::all_of(bare, [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; });
}

bool is_date(std::string_view text) {
  return text.size() == 10 && base::parse_rfc3339(std::string(text) + "T00:00:00Z").has_value();
}

bool is_uri(std::string_view text) {
  const std::size_t colon = text.find(':');
  return colon != std::string_view::npos && colon > 0 && text.find(' ') == std::string_view::npos;
}

}  // namespace

bool has_format(std::string_view format, std::string_view text) {
  if (format.empty()) return true;
  if (format == "date-time") return base::parse_rfc3339(text).has_value();
  if (format == "date") return is_date(text);
  if (format == "duration") return base::parse_duration(text).has_value();
  if (format == "quantity") return model::Quantity::parse(text).has_value();
  if (format == "byte") return base::base64_decode(text).has_value();
  if (format == "ipv4") return is_ipv4(text);
  if (format == "ipv6") return is_ipv6(text);
  if (format == "cidr") return is_cidr(text);
  if (format == "uuid") return is_uuid(text);
  if (format == "uri") return is_uri(text);
  return true;
}

}  // namespace karpenter::devcluster
