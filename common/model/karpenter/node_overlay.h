#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/model/as_written.h"
#include "common/model/meta.h"
#include "common/model/selectors.h"

// karpenter.sh/v1alpha1 NodeOverlay. spec: api §5

namespace karpenter::model {

struct NodeOverlaySpec {
  std::vector<NodeSelectorRequirement> requirements;  // without minValues
  std::optional<std::string> price;                   // absolute, per hour: "0.25"
  std::optional<std::string> price_adjustment;        // "+0.1", "-10%"; excludes price
  WrittenResources capacity;                          // extended resources that the instance types gain
  std::optional<std::int32_t> weight;                 // absent = 0; the highest wins
  Blanks blanks = {};
};
struct NodeOverlayStatus {
  std::vector<Condition> conditions;
  Blanks blanks = {};
};
struct NodeOverlay {
  ObjectMeta meta;
  NodeOverlaySpec spec;
  NodeOverlayStatus status;
  Blanks blanks = {};
};

}  // namespace karpenter::model
