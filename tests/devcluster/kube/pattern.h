#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace karpenter::devcluster {

// A regular expression of the RE2 family, as OpenAPI patterns use them: alternation, groups, classes, \d \w
// \s \b, repetition (greedy or lazy alike, for only the fact of a match is asked). Matches bytes, in time
// linear in the text.
class Pattern {
 public:
  // kInvalid with the place of the mistake; back references and look-around do not exist.
  [[nodiscard]] static base::Result<Pattern> compile(std::string_view text);
  // Whether `text` contains a match, as OpenAPI wants it; anchors make it the whole text.
  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  friend class PatternCompiler;
  enum class Op : std::uint8_t { kBytes, kSplit, kJump, kBegin, kEnd, kWordBoundary, kAccept };
  struct Step {
    Op op = Op::kAccept;
    std::size_t first = 0;   // next step, or first branch
    std::size_t second = 0;  // second branch
    std::bitset<256> bytes = {};
  };
  void follow(std::vector<std::size_t>& threads, std::vector<bool>& seen, std::size_t step,
              std::string_view text, std::size_t at) const;
  std::vector<Step> steps_;
};

}  // namespace karpenter::devcluster
