#pragma once

#include <cstdint>

#include "common/model/core/core.h"

// When do two pods ask the same? Hash first, compare on a hit: no text is built.

namespace karpenter::scheduling {

// Everything that decides where a pod may go, but what it requests and its labels: namespace, node selector,
// affinity, tolerations, spread, host ports, volume claims. spec: scheduling §25.2 item 5
[[nodiscard]] std::uint64_t rules_hash(const model::Pod& pod);
[[nodiscard]] bool same_rules(const model::Pod& a, const model::Pod& b);

// Whatever effective_requests() reads.
[[nodiscard]] std::uint64_t size_hash(const model::PodSpec& spec);
[[nodiscard]] bool same_size(const model::PodSpec& a, const model::PodSpec& b);

// Required anti-affinity alone, with the namespace: what keeps others away from a running pod.
[[nodiscard]] std::uint64_t anti_affinity_hash(const model::Pod& pod);
[[nodiscard]] bool same_anti_affinity(const model::Pod& a, const model::Pod& b);

}  // namespace karpenter::scheduling
