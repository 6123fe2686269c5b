#pragma once

#include <array>
#include <bitset>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "common/schema/cel.h"
#include "common/schema/pattern.h"

// What cel_compile.cc makes and cel.cc runs. Private to both.

namespace karpenter::schema::cel {

inline constexpr std::size_t kMaxSlots = 12;  // variables, also those of macros
inline constexpr int kMaxDepth = 100;

enum class Op : std::uint8_t {
  kConstant,
  kVariable,
  kSelect,
  kHas,
  kIndex,
  kListOf,
  kNot,
  kNegate,
  kOr,
  kAnd,
  kConditional,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kAll,
  kExists,
  kExistsOne,
  kFilter,
  kMap,
  kSize,
  kToInt,
  kToDouble,
  kToString,
  kToBool,
  kToDyn,
  kContains,
  kStartsWith,
  kEndsWith,
  kMatches,
  kFindHead,  // find('^[^c]*')
  kSplit,
  kMin,
  kMax,
};

// What is known before anything is evaluated.
struct StaticType {
  Kind kind = Kind::kDyn;
  Kind element = Kind::kDyn;  // of a list
};

struct Program::Node {
  Op op = Op::kConstant;
  StaticType type = {};
  std::vector<Node> children = {};
  std::string_view name = {};                   // kSelect, kHas; the stop character of kFindHead
  std::vector<std::string_view> words = {};     // kIn: of a constant list of texts
  std::size_t slot = 0;                         // kVariable; of a macro: its variable
  Value constant = {};                          // kConstant
  std::shared_ptr<const Pattern> pattern = {};  // kMatches
  int depth = 1;
};

struct Program::Code {
  std::string expression;
  std::deque<std::string> texts;         // literals with escapes
  std::deque<std::vector<Value>> lists;  // constant lists
  Node root;
  std::bitset<kMaxSlots> used;
  std::size_t slots = 0;
};

// `int`, `list`, …
[[nodiscard]] std::string_view kind_name(Kind kind);

}  // namespace karpenter::schema::cel
