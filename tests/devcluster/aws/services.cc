#include "tests/devcluster/aws/services.h"

#include <algorithm>

namespace karpenter::devcluster::aws_emulator {

base::Status check_members(json::View body, std::initializer_list<std::string_view> required,
                           std::initializer_list<std::string_view> optional) {
  for (const auto name : required) {
    if (body[name].string_or("").empty()) {
      return failure("ValidationException", "Value null at '" + std::string(name) +
                                                "' failed to satisfy constraint: Member must not be null");
    }
  }
  const auto in = [](const auto& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const auto& [name, value] : body.members()) {
    if (!in(required, name) && !in(optional, name))
      return failure("ValidationException", "Unknown parameter '" + std::string(name) + "'");
  }
  return base::ok();
}

base::Result<std::int64_t> read_integer(json::View body, std::string_view name, std::int64_t fallback,
                                        std::int64_t min, std::int64_t max) {
  const auto member = body[name];
  if (!member.exists()) return fallback;
  const auto value = member.integer();
  if (value && *value >= min && *value <= max) return *value;
  return failure("InvalidParameterValue", "Value " + member.dump() + " for parameter " + std::string(name) +
                                              " is invalid. Reason: Must be between " + std::to_string(min) +
                                              " and " + std::to_string(max) + ", if provided.");
}

}  // namespace karpenter::devcluster::aws_emulator
