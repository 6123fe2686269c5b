#include "common/admission/kubelet_expression.h"

#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "common/model/quantity.h"

namespace karpenter::admission {
namespace {

namespace cel = schema::cel;

constexpr std::array kVariables{
    cel::Variable{"vcpus", cel::Kind::kInt},        cel::Variable{"memory_mib", cel::Kind::kInt},
    cel::Variable{"default_enis", cel::Kind::kInt}, cel::Variable{"ips_per_eni", cel::Kind::kInt},
    cel::Variable{"max_pods", cel::Kind::kInt},     cel::Variable{"instance_type", cel::Kind::kString}};

// The next multiple; the amount itself where that would not fit.
std::int64_t rounded_up(std::int64_t amount, std::int64_t multiple) {
  const auto rest = amount % multiple;
  if (rest == 0 || amount > std::numeric_limits<std::int64_t>::max() - multiple) return amount;
  return amount + multiple - rest;
}

}  // namespace

base::Result<KubeletExpression> KubeletExpression::compile(std::string_view text) {
  ASSIGN_OR_RETURN(auto program, cel::Program::compile(text, kVariables, cel::Library::kKubelet));
  const auto kind = program.result();
  if (kind != cel::Kind::kInt && kind != cel::Kind::kDouble) {
    return base::invalid("malformed expression").add("reason", "the result must be an int or a double");
  }
  KubeletExpression out;
  out.program_ = std::move(program);
  return out;
}

base::Result<std::int64_t> KubeletExpression::evaluate(const InstanceFacts& facts) const {
  const std::array values{cel::Value::of(facts.vcpus),        cel::Value::of(facts.memory_mib),
                          cel::Value::of(facts.default_enis), cel::Value::of(facts.ips_per_eni),
                          cel::Value::of(facts.max_pods),     cel::Value::of(facts.instance_type)};
  std::string keep;
  const auto result = program_.evaluate(values, keep);
  if (result.kind == cel::Kind::kInt) return result.integer;
  if (result.kind != cel::Kind::kDouble) {
    return base::invalid("expression failed")
        .add("reason", keep)
        .add("instance-type", std::string(facts.instance_type));
  }
  if (!(std::trunc(result.real) >= -0x1p63 && std::trunc(result.real) < 0x1p63)) {
    return base::invalid("expression failed").add("reason", "the result is no finite 64-bit number");
  }
  return static_cast<std::int64_t>(result.real);
}

base::Result<std::int32_t> evaluate_max_pods(const KubeletExpression& expression,
                                             const InstanceFacts& facts) {
  ASSIGN_OR_RETURN(const auto pods, expression.evaluate(facts));
  if (pods < 0 || pods > std::numeric_limits<std::int32_t>::max()) {
    return base::invalid("maxPods must be between 0 and 2147483647").add("result", std::to_string(pods));
  }
  return static_cast<std::int32_t>(pods);
}

base::Result<std::string> evaluate_reserved(const KubeletExpression& expression, std::string_view resource,
                                            const InstanceFacts& facts) {
  ASSIGN_OR_RETURN(const auto amount, expression.evaluate(facts));
  if (amount < 0)
    return base::invalid("a reserved amount must not be negative").add("result", std::to_string(amount));
  if (resource == "cpu") return std::to_string(rounded_up(amount, 10)) + "m";
  if (resource == "memory") return std::to_string(rounded_up(amount, 16)) + "Mi";
  if (resource == "ephemeral-storage") return std::to_string(amount) + "Gi";
  return std::to_string(amount);
}

bool is_reserved_expression(std::string_view value) { return !model::Quantity::parse(value).has_value(); }

}  // namespace karpenter::admission
