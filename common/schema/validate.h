#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/json/json.h"
#include "common/schema/type.h"

// What the API server does with the structural schema of a CRD: types, limits, CEL rules, defaults.

namespace karpenter::schema {

// The reason of a cause in metav1.Status. spec: api §13.3
enum class Cause : std::uint8_t { kRequired, kInvalid, kUnsupported, kDuplicate, kTooLong, kTooMany };
[[nodiscard]] std::string_view cause_name(Cause cause);  // "FieldValueRequired", …

struct Problem {
  // What was broken: the type (also a required or extra entry), a limit on a text or number, or a CEL rule.
  enum class Source : std::uint8_t { kType, kLimit, kRule };

  std::string path;  // spec.template.spec.requirements[0].operator
  Cause cause = Cause::kInvalid;
  std::string value;    // the offending value as JSON, at most 256 bytes; "" where the cause shows none
  std::string message;  // may be ""
  Source source = Source::kType;

  // `Invalid value: 0: must be …`
  [[nodiscard]] std::string text() const;
  friend bool operator==(const Problem&, const Problem&) = default;
};

// A Type made ready: patterns and rules compiled. Immutable, thread-safe; the Type must outlive it.
class Checker {
 public:
  // Leaves out the member `ignored` of the object.
  explicit Checker(const Type& type, std::string_view ignored = {});
  ~Checker();
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;

  // Every breach of a type, a limit, a required member or a rule, in the order of the table; at most 100.
  // With an old object also transition rules. Unknown members are not breaches (the API server prunes them;
  // see unknown_fields). Rules on a value are left out when something in it has a wrong type or is missing. A
  // rule over entries names each entry that breaks it; among entries that clash the later ones. Words near an
  // allowed one get it: `(did you mean "In"?)`. O(size of the object).
  [[nodiscard]] std::vector<Problem> check(json::View object, json::View old = {}) const;

  struct Part;

 private:
  std::unique_ptr<const Part> root_;
};

// The checker of a model type, made once.
template <class T>
[[nodiscard]] const Checker& checker_of() {
  static const Checker checker(type_of<T>());
  return checker;
}

// A checker for one use.
[[nodiscard]] std::vector<Problem> validate(const Type& type, json::View object, json::View old = {});

// ` (did you mean "x"?)` with the word nearest to `word` (another case of it first), or "" when none is near.
[[nodiscard]] std::string suggestion(std::string_view word, std::span<const std::string_view> words);

// Adds absent members that have a default, also inside objects that were there. null counts as absent.
// Idempotent.
void apply_defaults(const Type& type, json::Ref object);

}  // namespace karpenter::schema
