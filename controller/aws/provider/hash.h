#pragma once

#include <cstdint>
#include <string_view>

namespace karpenter::aws {

inline constexpr std::uint64_t kFnvOffset = 14695981039346656037ULL;
inline constexpr std::uint64_t kFnvPrime = 1099511628211ULL;

// FNV-1a: xor, then multiply. For names that only have to be stable.
[[nodiscard]] constexpr std::uint64_t fnv1a(std::string_view bytes) {
  std::uint64_t out = kFnvOffset;
  for (const char c : bytes) out = (out ^ static_cast<unsigned char>(c)) * kFnvPrime;
  return out;
}

// FNV-1: multiply, then xor. The hash of legacy instance-profile names. spec: aws §11.10, §11.11
[[nodiscard]] constexpr std::uint64_t fnv1(std::string_view bytes) {
  std::uint64_t out = kFnvOffset;
  for (const char c : bytes) out = (out * kFnvPrime) ^ static_cast<unsigned char>(c);
  return out;
}

}  // namespace karpenter::aws
