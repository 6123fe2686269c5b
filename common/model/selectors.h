#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/as_written.h"
#include "common/model/meta.h"

namespace karpenter::model {

// In, NotIn, Exists, DoesNotExist, Gt, Lt, Gte, Lte as written; not validated here.
struct NodeSelectorRequirement {
  std::string key;
  std::string op;  // JSON: operator
  std::vector<std::string> values;
  std::optional<std::int64_t> min_values;  // only in NodePool and NodeClaim
  Blanks blanks = {};
  friend bool operator==(const NodeSelectorRequirement&, const NodeSelectorRequirement&) = default;
};

struct NodeSelectorTerm {
  std::vector<NodeSelectorRequirement> match_expressions;
  std::vector<NodeSelectorRequirement> match_fields;
  friend bool operator==(const NodeSelectorTerm&, const NodeSelectorTerm&) = default;
};

struct LabelSelectorRequirement {
  std::string key;
  std::string op;  // In, NotIn, Exists, DoesNotExist
  std::vector<std::string> values;
  friend bool operator==(const LabelSelectorRequirement&, const LabelSelectorRequirement&) = default;
};

// metav1.LabelSelector: an empty one matches everything; "no selector" is an empty optional at the user.
struct LabelSelector {
  StringMap match_labels;
  std::vector<LabelSelectorRequirement> match_expressions;
  friend bool operator==(const LabelSelector&, const LabelSelector&) = default;
};
[[nodiscard]] bool matches(const LabelSelector& selector, const StringMap& labels);

}  // namespace karpenter::model
