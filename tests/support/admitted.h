#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/generate.h"

// Random objects of Karpenter's kinds that the API server and our webhook accept.

namespace karpenter::support {

struct DrawnKind {
  std::string_view group;
  std::string_view version;
  std::string_view kind;
  const schema::Type* type;
};
// Every kind and version that has a CRD.
[[nodiscard]] std::vector<DrawnKind> drawn_kinds();

// With apiVersion and kind.
[[nodiscard]] json::Value draw(Generator& generator, const DrawnKind& kind, Draw draw);

// An object that `webhook validate` accepts: drawn, then what is refused is dropped or replaced by that of a
// plain valid object. nullopt when that does not help; `refused` tells what was said last.
[[nodiscard]] std::optional<json::Value> draw_admitted(Generator& generator, const DrawnKind& kind,
                                                       std::string& refused);

// What an object says, in one form for all ways to say it: quantities and durations by value, nothing that is
// empty or absent, no annotations that conversion leaves.
[[nodiscard]] json::Value meaning(const schema::Type& type, json::View object);

}  // namespace karpenter::support
