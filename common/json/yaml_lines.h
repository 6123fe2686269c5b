#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

// Where things stand in a YAML text, for messages to people.

namespace karpenter::json {

// For each path the line (from 1) of its key or item in `document`, which is one YAML (or JSON) document.
// Paths are those of our error messages: `spec.taints[0].key`, `metadata.labels[example.com/x]`; "" is the
// document itself. Where a step is missing, the line of the last one that is there. 0 for every path when the
// text is no YAML.
[[nodiscard]] std::vector<int> lines_of(std::string_view document, std::span<const std::string> paths);

}  // namespace karpenter::json
