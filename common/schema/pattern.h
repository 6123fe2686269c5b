#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace karpenter::schema {

// A regular expression of an OpenAPI schema: the RE2 subset that CRDs use - literals, escapes (\d \s \w and
// their complements), classes, '.', groups (also (?:…)), '|', anchors, and * + ? {n} {n,} {n,m} (bounds up to
// 1000). Search semantics, bytes. Matching is linear in the text and never backtracks. Immutable,
// thread-safe.
class Pattern {
 public:
  // kInvalid with the offset of what is not understood.
  [[nodiscard]] static base::Result<Pattern> compile(std::string_view regex);
  [[nodiscard]] bool matches(std::string_view text) const;

  struct Instruction;
  struct Table;

 private:
  [[nodiscard]] bool matches_slowly(std::string_view text) const;

  std::shared_ptr<const Table> table_;                       // the usual case: one step a byte
  std::shared_ptr<const std::vector<Instruction>> program_;  // of patterns with very many states
};

}  // namespace karpenter::schema
