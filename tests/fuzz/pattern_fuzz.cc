#include "common/schema/pattern.h"

#include "tests/fuzz/fuzz.h"

// The first line is an expression, the rest the text.
KARP_FUZZ(text) {
  const auto end = text.find('\n');
  const auto pattern = karpenter::schema::Pattern::compile(text.substr(0, end));
  if (!pattern) return;
  static_cast<void>(pattern->matches(""));
  if (end != std::string_view::npos) static_cast<void>(pattern->matches(text.substr(end + 1)));
}
