#pragma once

#include <cstdint>
#include <vector>

#include "common/schema/type.h"

// Parts that the tables of several CRD versions share.

namespace karpenter::schema {

// spec: api §2.2 (taints)
[[nodiscard]] Type limited_taint();
// spec: api §2.2 (requirements)
[[nodiscard]] Type limited_requirement(std::vector<std::string_view> operators, std::vector<Rule> key_rules);
// The same without minValues. spec: api §5
[[nodiscard]] Type requirement_without_min_values(std::vector<std::string_view> operators,
                                                  std::vector<Rule> key_rules);
// NodeClaims may leave reason and message out. spec: api §8.1
enum class ConditionRules : std::uint8_t { kStandard, kRelaxed };
[[nodiscard]] Type limited_conditions(ConditionRules rules);

// The rules on whole requirement lists: NP-C9 and NP-C11. spec: api §2.3
[[nodiscard]] Rule in_needs_values();
[[nodiscard]] Rule min_values_need_values();
// The rules on one label key `self`, and the same on all keys of a map of labels. spec: api §2.3, §3.3, §5,
// §10.1, §10.2
enum class KeyDomains : std::uint8_t { kV1NodePool, kV1NodeClaim, kBetaNodePool, kBetaNodeClaim, kOverlay };
[[nodiscard]] std::vector<Rule> requirement_key_rules(KeyDomains domains);
[[nodiscard]] std::vector<Rule> label_map_rules(KeyDomains domains);

}  // namespace karpenter::schema
