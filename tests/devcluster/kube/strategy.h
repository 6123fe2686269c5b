#pragma once

#include <vector>

#include "tests/devcluster/kube/context.h"
#include "tests/devcluster/kube/status.h"

// What is particular to a kind: fields the server sets, fields that may not change, and the built-in
// admission that comes with every cluster (service account, priority, default tolerations). Everything else
// is data in kinds.h and schema.h.

namespace karpenter::devcluster {

// Before mutating admission of a create: built-in admission plugins. 403 when one refuses.
base::Status admit_builtin(const Context& context, json::Ref object);
// Before validation of a create: drops what clients may not set, sets what the server sets.
void prepare_create(const Context& context, json::Ref object);
// Before validation of an update: isolates status from the rest, raises the generation.
void prepare_update(const Context& context, json::Ref object, json::View old);
// Violations that no schema can express. `old` is missing on create.
[[nodiscard]] std::vector<Cause> validate_kind(const Context& context, json::View object, json::View old);

}  // namespace karpenter::devcluster
