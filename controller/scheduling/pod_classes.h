#pragma once

#include <set>
#include <string>

#include "controller/scheduling/world.h"

namespace karpenter::scheduling {

// A text that is equal for pods that no rule of a pass can tell apart. Labels count only where a selector of
// the pass reads their key.
[[nodiscard]] std::string class_signature(const model::Pod& pod,
                                          const std::set<std::string, std::less<>>& selector_keys);

// Sorts the problem's pods into classes and queues them: cpu descending, memory descending, oldest first,
// UID. Pods whose constraints cannot be read go to `malformed`. spec: scheduling §9.1
void build_classes(World& world);
// Variants of every class: needs the taint sets. spec: scheduling §16 steps 1 and 6
void build_variants(World& world);

}  // namespace karpenter::scheduling
