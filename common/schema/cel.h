#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/json/json.h"

// A small CEL: what the rules of CRDs and the kubelet expressions of EC2NodeClass use. Literals, lists,
// fields, has(), operators, the macros all, exists, exists_one, filter and map, conversions, and the string
// functions below. No maps, uints, bytes, timestamps. Compiled once, immutable, thread-safe; evaluation never
// fails in C++ terms: errors are values. spec: api §1.6, §4.6

namespace karpenter::schema::cel {

enum class Kind : std::uint8_t { kError, kDyn, kNull, kBool, kInt, kDouble, kString, kList, kObject };

// A value while an expression is evaluated. Texts and lists belong to the document, the program or the
// evaluation.
struct Value {
  Kind kind = Kind::kNull;
  bool truth = false;
  std::int64_t integer = 0;
  double real = 0;
  std::string_view text = {};                // also what an error says
  json::View view = {};                      // of objects, and of lists that stand in a document
  const std::vector<Value>* list = nullptr;  // of lists that the expression made

  [[nodiscard]] static Value of(json::View view);
  [[nodiscard]] static Value of(bool truth) { return {.kind = Kind::kBool, .truth = truth}; }
  [[nodiscard]] static Value of(std::int64_t integer) { return {.kind = Kind::kInt, .integer = integer}; }
  [[nodiscard]] static Value of(double real) { return {.kind = Kind::kDouble, .real = real}; }
  [[nodiscard]] static Value of(std::string_view text) { return {.kind = Kind::kString, .text = text}; }
  [[nodiscard]] bool is(bool wanted) const { return kind == Kind::kBool && truth == wanted; }
};

struct Variable {
  std::string_view name;
  Kind kind = Kind::kDyn;
};

// kCrd: the API server's additions find, split. kKubelet: min and max of two numbers.
enum class Library : std::uint8_t { kCrd, kKubelet };

// The part of a value that broke a rule: `steps` into it, then, when the rule is about every entry of a list
// or map, the entry.
struct Blame {
  std::vector<std::string_view> steps;
  std::optional<std::size_t> index;
  std::optional<std::string_view> key;
};

class Program {
 public:
  // kInvalid with offset and reason: syntax, unknown names, operands that cannot fit. At most 100,000 bytes,
  // nested at most 100 deep.
  [[nodiscard]] static base::Result<Program> compile(std::string_view expression,
                                                     std::span<const Variable> variables, Library library);
  // What the type checker knows of the result; kDyn: anything.
  [[nodiscard]] Kind result() const;
  // Whether the variable is used; a rule that uses oldSelf is a transition rule.
  [[nodiscard]] bool uses(std::size_t variable) const;

  // Values in the order of the variables. Of a text or list result only the kind is meaningful afterwards.
  // Bounded work: an evaluation of more than a million steps is an error. An error's text is valid as long as
  // `keep`.
  [[nodiscard]] Value evaluate(std::span<const Value> variables, std::string& keep) const;
  // Which parts break the rule, at most 100; empty when it holds. An evaluation error breaks it.
  [[nodiscard]] std::vector<Blame> failures(std::span<const Value> variables) const;

  struct Node;
  struct Code;

 private:
  std::shared_ptr<const Code> code_;
};

}  // namespace karpenter::schema::cel
