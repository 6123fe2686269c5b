#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/json/json.h"
#include "common/schema/type.h"

// What the API server does with the structural schema of a CRD: limits and defaults. CEL rules are not
// evaluated.

namespace karpenter::schema {

// The reason of a cause in metav1.Status. spec: api §13.3
enum class Cause : std::uint8_t { kRequired, kInvalid, kUnsupported, kDuplicate, kTooLong, kTooMany };
[[nodiscard]] std::string_view cause_name(Cause cause);  // "FieldValueRequired", …

struct Problem {
  std::string path;  // spec.template.spec.requirements[0].operator
  Cause cause = Cause::kInvalid;
  std::string text;  // `Invalid value: 0: must be …`
  friend bool operator==(const Problem&, const Problem&) = default;
};

// Every breach of a type, a limit or a required member, in the order of the table; at most 100. Unknown
// members are not breaches (the API server prunes them; see unknown_fields).
[[nodiscard]] std::vector<Problem> validate(const Type& type, json::View object);

// Adds absent members that have a default, also inside objects that were there. null counts as absent.
// Idempotent.
void apply_defaults(const Type& type, json::Ref object);

}  // namespace karpenter::schema
