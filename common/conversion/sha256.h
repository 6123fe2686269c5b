#pragma once

#include <string>
#include <string_view>

namespace karpenter::conversion {

// SHA-256 (FIPS 180-4) as 64 lower-case hex digits. For names, not for secrets: this layer has no
// cryptography library.
[[nodiscard]] std::string sha256_hex(std::string_view data);

}  // namespace karpenter::conversion
