#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/schema/cel.h"

// PURE: expressions in spec.kubelet of an EC2NodeClass (gate NodeClassCEL). spec: api §4.6

namespace karpenter::admission {

// What an expression may name; of one instance type.
struct InstanceFacts {
  std::int64_t vcpus = 0;
  std::int64_t memory_mib = 0;
  std::int64_t default_enis = 0;  // of the default network card
  std::int64_t ips_per_eni = 0;   // IPv4; 0 when unknown
  std::int64_t max_pods = 0;      // of the family in maxPods, the final number in reserved maps
  std::string_view instance_type;
};

// Compiled once, immutable, thread-safe.
class KubeletExpression {
 public:
  // kInvalid with offset and reason: syntax, unknown names or functions, a result that is no number.
  [[nodiscard]] static base::Result<KubeletExpression> compile(std::string_view text);
  // Fractions are cut off. kInvalid for evaluation errors, infinities, NaN and what does not fit into 64
  // bits.
  [[nodiscard]] base::Result<std::int64_t> evaluate(const InstanceFacts& facts) const;

 private:
  schema::cel::Program program_;
};

// maxPods: 0 to 2147483647; else kInvalid.
[[nodiscard]] base::Result<std::int32_t> evaluate_max_pods(const KubeletExpression& expression,
                                                           const InstanceFacts& facts);
// An entry of kubeReserved or systemReserved with its unit, rounded up as the reference does: cpu "80m"
// (tens), memory "1040Mi" (sixteens), ephemeral-storage "3Gi", pid "5". kInvalid when negative.
[[nodiscard]] base::Result<std::string> evaluate_reserved(const KubeletExpression& expression,
                                                          std::string_view resource,
                                                          const InstanceFacts& facts);
// Whether a value of kubeReserved or systemReserved is an expression: it is no quantity. Every string in
// maxPods is one.
[[nodiscard]] bool is_reserved_expression(std::string_view value);

}  // namespace karpenter::admission
