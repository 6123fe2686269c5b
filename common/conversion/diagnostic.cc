#include "common/conversion/diagnostic.h"

#include <algorithm>

#include "common/admission/syntax.h"

namespace karpenter::conversion {
namespace {

std::string in_one_line(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return text;
}

}  // namespace

std::string Diagnostic::line() const {
  std::string out = is_error() ? "ERROR " : is_warning() ? "WARN " : "INFO ";
  out += code;
  for (const auto* part : {&object, &path}) {
    if (!part->empty()) out.append(" ").append(*part);
  }
  return in_one_line(out + ": " + message);
}

std::string Diagnostic::warning() const {
  return admission::shortened(in_one_line(code + " " + (path.empty() ? "" : path + ": ") + message), 120);
}

bool has_error(const Diagnostics& diagnostics) {
  return std::ranges::any_of(diagnostics, &Diagnostic::is_error);
}

}  // namespace karpenter::conversion
