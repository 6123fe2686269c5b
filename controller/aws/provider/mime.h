#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

// The multipart form in which EC2 user data combines documents. Pure. spec: aws §9.2

namespace karpenter::aws {

struct MimePart {
  std::vector<std::string> headers;  // "Name: value" lines
  std::string body;
  // The value of Content-Type, or "".
  [[nodiscard]] std::string content_type() const;
};
[[nodiscard]] MimePart make_part(std::string_view content_type, std::string body);

// True when the trimmed text starts as an archive does.
[[nodiscard]] bool looks_like_mime(std::string_view text);
// The parts of a multipart archive, in order. kInvalid when it is malformed or not multipart.
[[nodiscard]] base::Result<std::vector<MimePart>> parse_mime(std::string_view text);
// An archive with boundary `//`; every CR is removed.
[[nodiscard]] std::string write_mime(const std::vector<MimePart>& parts);

}  // namespace karpenter::aws
