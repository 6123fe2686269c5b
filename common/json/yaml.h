#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/json/json.h"

// YAML at the edges (kubectl dumps, manifests, golden files): read into JSON, print from JSON.

namespace karpenter::json {

// All documents of a YAML (or JSON) text; empty documents are skipped. Scalars follow YAML 1.2 core as
// sigs.k8s.io/yaml reads them (quoted is string; true/false, null/~, integers and floats otherwise). Anchors
// and merge keys work. kInvalid with document number, line and column.
[[nodiscard]] base::Result<std::vector<Value>> parse_yaml(std::string_view text);

// Block style, keys sorted, strings quoted where YAML 1.1 or 1.2 would read them as something else.
[[nodiscard]] std::string to_yaml(View value);

}  // namespace karpenter::json
