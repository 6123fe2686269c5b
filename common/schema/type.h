#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The description of one API type: what its JSON looks like, what limits the API server puts on it, and
// (through a Binding) where each value lives in the C++ model. Everything else in this folder is derived from
// it. All text is expected to outlive the Type (string literals). Types are built once and never change:
// thread-safe.

namespace karpenter::model {
class Blanks;
}

namespace karpenter::schema {

struct Binding;
struct Field;

enum class Shape : std::uint8_t {
  kBool,
  kInt32,
  kInt64,
  kString,
  kDateTime,
  kIntOrString,  // quantities
  kList,
  kMap,  // string keys
  kObject,
  kOpen,  // any object; the API server keeps unknown members
  kMeta,  // metadata of an API object: the API server's own schema applies
};

// A CEL rule of the CRD. The controller and webhook check the same in common/admission; nothing here
// evaluates it.
struct Rule {
  std::string_view rule;
  std::string_view message;
};

// Limits as OpenAPI has them. Negative or empty: no limit.
struct Limits {
  std::optional<std::int64_t> minimum;
  std::optional<std::int64_t> maximum;
  std::int64_t min_length = -1;
  std::int64_t max_length = -1;
  std::int64_t min_items = -1;
  std::int64_t max_items = -1;
  std::int64_t max_properties = -1;
  std::string_view pattern;              // RE2 syntax, search semantics
  std::vector<std::string_view> one_of;  // enum
};

// A value type with chained setters: `list(string()).max_items(50).defaulted("[]")`.
struct Type {
  Shape shape = Shape::kString;
  Limits limits;
  bool is_required = false;
  std::string_view default_json;  // JSON text; "" = no default
  std::string_view list_type;     // atomic, set, map; "" = unsaid
  std::string_view map_key;       // with list_type map
  std::string_view map_type;      // atomic, granular
  std::string_view time_format;   // "micro" for metav1.MicroTime
  bool has_format = true;         // false: an integer without int32 or int64 in the CRD
  std::vector<Rule> rules;
  std::shared_ptr<const Type> item;  // of a list; the values of a map
  std::vector<Field> fields;         // of an object, in the order of the table
  const Binding* binding = nullptr;  // overrides the binding of the C++ type

  [[nodiscard]] Type required() &&;
  [[nodiscard]] Type range(std::int64_t minimum, std::int64_t maximum) &&;
  [[nodiscard]] Type at_least(std::int64_t minimum) &&;
  [[nodiscard]] Type min_length(std::int64_t length) &&;
  [[nodiscard]] Type max_length(std::int64_t length) &&;
  [[nodiscard]] Type min_items(std::int64_t count) &&;
  [[nodiscard]] Type max_items(std::int64_t count) &&;
  [[nodiscard]] Type max_properties(std::int64_t count) &&;
  [[nodiscard]] Type pattern(std::string_view regex) &&;
  [[nodiscard]] Type one_of(std::vector<std::string_view> values) &&;
  [[nodiscard]] Type defaulted(std::string_view json) &&;
  [[nodiscard]] Type atomic() &&;                        // of a list or map
  [[nodiscard]] Type granular() &&;                      // of a map
  [[nodiscard]] Type set() &&;                           // a list without duplicates
  [[nodiscard]] Type keyed_by(std::string_view key) &&;  // a list that is a map
  [[nodiscard]] Type rule(std::string_view cel, std::string_view message) &&;
};

struct Field {
  std::string_view name;
  std::string_view description;
  Type type;
  void* (*at)(void* object);  // the address of the member in the C++ object
  const Binding* binding;
  model::Blanks* (*blanks)(void* object) = nullptr;  // where the object notes empty members, if it does
};

[[nodiscard]] Type boolean();
[[nodiscard]] Type int32();
[[nodiscard]] Type int64();
[[nodiscard]] Type integer_without_format();
[[nodiscard]] Type string();
[[nodiscard]] Type date_time();
[[nodiscard]] Type micro_time();
[[nodiscard]] Type int_or_string();
[[nodiscard]] Type quantity();    // int-or-string with the quantity pattern
[[nodiscard]] Type quantities();  // map of quantities
[[nodiscard]] Type list(Type item);
[[nodiscard]] Type map(Type value);
[[nodiscard]] Type strings();  // map of strings
[[nodiscard]] Type object(std::vector<Field> fields);
// Any object, kept as compact JSON text in a std::string.
[[nodiscard]] Type open_object();
// A bool that tells whether the member exists.
[[nodiscard]] Type presence();

// The table of a model type. Defined in common/schema/tables/*.cc.
template <class T>
[[nodiscard]] const Type& type_of();

}  // namespace karpenter::schema
