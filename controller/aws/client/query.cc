#include "controller/aws/client/query.h"

#include <array>
#include <charconv>

#include "common/base/check.h"
#include "common/base/strings.h"

namespace karpenter::aws {

QueryBody::QueryBody(std::string_view action, std::string_view version) {
  set("Action", action);
  set("Version", version);
}

void QueryBody::set(std::string_view name, std::string_view value) {
  if (!value.empty()) set_even_empty(name, value);
}

void QueryBody::set(std::string_view name, std::int64_t value) { set(name, std::to_string(value)); }

void QueryBody::set(std::string_view name, double value) {
  std::array<char, 64> digits{};
  // Plain notation: the query parsers of AWS read no exponents in Double parameters reliably.
  const auto [end, error] =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed);
  KARP_CHECK(error == std::errc());
  set(name, std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
}

void QueryBody::set(std::string_view name, bool value) { set(name, value ? "true" : "false"); }

void QueryBody::set_even_empty(std::string_view name, std::string_view value) {
  if (!text_.empty()) text_.push_back('&');
  text_ += base::percent_encode(name);
  text_.push_back('=');
  text_ += base::percent_encode(value);
}

void QueryBody::list(std::string_view name, const std::vector<std::string>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) set_even_empty(nested(name, i + 1), values[i]);
}

std::string nested(std::string_view prefix, std::size_t index, std::string_view member) {
  std::string out(prefix);
  out += "." + std::to_string(index);
  if (!member.empty()) {
    out.push_back('.');
    out += member;
  }
  return out;
}

}  // namespace karpenter::aws
