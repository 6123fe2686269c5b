#pragma once

#include <cstdint>

namespace karpenter::laws {

// How many objects of each kind, and the first seed: --objects=N, --seed=N.
struct Scale {
  std::uint64_t objects = 10'000;
  std::uint64_t seed = 1;
};
[[nodiscard]] Scale& scale();

}  // namespace karpenter::laws
