#pragma once

#include <string_view>

namespace karpenter::devcluster {

// The fields of the built-in kinds, one type per line: `TypeName field:type field:type ...`; a line that
// starts with a blank continues the type above. Types: string int32 int64 bool number quantity intstr time
// object(any content) map(string->string) quantities(string->quantity), a TypeName, [type] for a list,
// [type]@key for a list merged by key in strategic merge patches, [string]@ for a merged set, {Type} for a
// string map of it. `field!` is required, `field:type=value` has a default (JSON), `field:string|A|B` an
// enumeration.
[[nodiscard]] std::string_view builtin_types();

}  // namespace karpenter::devcluster
