#pragma once

#include <cstdint>
#include <vector>

#include "common/model/resources.h"
#include "controller/scheduling/bits.h"

namespace karpenter::scheduling {

// Resource amounts by resource id, in milli-units (saturating at 2^63-1). Only resources that some pod or
// daemon of the pass requests have an id.
using Amounts = std::vector<std::int64_t>;

// Rounded up; names without an id are added to `names`.
[[nodiscard]] Amounts requested(const model::Resources& resources, Interner& names);
// Rounded down; names without an id do not matter and are left out.
[[nodiscard]] Amounts offered(const model::Resources& resources, const Interner& names);
// Milli-units, rounded down, saturating.
[[nodiscard]] std::int64_t floor_milli(const model::Quantity& quantity);
[[nodiscard]] bool has_negative(const model::Resources& resources);

// Missing trailing entries are zero.
[[nodiscard]] bool fits(const Amounts& request, const Amounts& total);
void add(Amounts& to, const Amounts& amounts);
void subtract(Amounts& from, const Amounts& amounts);

}  // namespace karpenter::scheduling
