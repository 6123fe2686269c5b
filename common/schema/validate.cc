#include "common/schema/validate.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "common/base/strings.h"
#include "common/base/time.h"
#include "common/schema/path.h"
#include "common/schema/pattern.h"

namespace karpenter::schema {
namespace {

using json::View;

constexpr std::size_t kMaxProblems = 100;
constexpr std::size_t kMaxShownValue = 256;

std::string_view type_name(Shape shape) {
  switch (shape) {
    case Shape::kBool:
      return "boolean";
    case Shape::kInt32:
    case Shape::kInt64:
      return "integer";
    case Shape::kList:
      return "array";
    case Shape::kMap:
    case Shape::kObject:
    case Shape::kOpen:
    case Shape::kMeta:
      return "object";
    case Shape::kIntOrString:
      return "integer or string";
    default:
      return "string";
  }
}

bool has_shape(Shape shape, View value) {
  switch (shape) {
    case Shape::kBool:
      return value.is_bool();
    case Shape::kInt32:
    case Shape::kInt64:
      return value.integer().has_value();
    case Shape::kString:
    case Shape::kDateTime:
      return value.is_string();
    case Shape::kIntOrString:
      return value.is_string() || value.integer().has_value();
    case Shape::kList:
      return value.is_array();
    default:
      return value.is_object();
  }
}

std::string shown(View value) {
  std::string text = value.dump();
  if (text.size() > kMaxShownValue) text.resize(kMaxShownValue);
  return text;
}

class Validator {
 public:
  std::vector<Problem> problems;

  void check(const Type& type, View value, const Path& path) {
    if (!has_shape(type.shape, value)) {
      return invalid(path, value, "must be of type " + std::string(type_name(type.shape)));
    }
    if (value.is_string()) check_text(type, *value.string(), value, path);
    if (const auto number = value.integer(); number && value.is_number())
      check_number(type, *number, value, path);
    if (type.shape == Shape::kList) check_list(type, value, path);
    if (type.shape == Shape::kMap) check_map(type, value, path);
    if (type.shape == Shape::kObject) check_object(type, value, path);
  }

 private:
  void report(const Path& path, Cause cause, std::string text) {
    if (problems.size() < kMaxProblems)
      problems.push_back({.path = path.text(), .cause = cause, .text = std::move(text)});
  }
  void invalid(const Path& path, View value, const std::string& text) {
    report(path, Cause::kInvalid, "Invalid value: " + shown(value) + ": " + text);
  }

  void check_text(const Type& type, std::string_view text, View value, const Path& path) {
    const auto& limits = type.limits;
    const auto length = static_cast<std::int64_t>(text.size());
    if (limits.max_length >= 0 && length > limits.max_length) {
      report(path, Cause::kTooLong,
             "Too long: may not be more than " + std::to_string(limits.max_length) + " bytes");
    }
    if (length < limits.min_length) {
      invalid(path, value, "should be at least " + std::to_string(limits.min_length) + " chars long");
    }
    if (!limits.pattern.empty() && !pattern(limits.pattern).matches(text)) {
      invalid(path, value, "should match '" + std::string(limits.pattern) + "'");
    }
    const auto& allowed = limits.one_of;
    if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), text) == allowed.end()) {
      std::vector<std::string> names;
      for (const auto name : allowed) names.push_back("\"" + std::string(name) + "\"");
      report(path, Cause::kUnsupported,
             "Unsupported value: " + shown(value) + ": supported values: " + base::join(names, ", "));
    }
    if (type.shape == Shape::kDateTime && !base::parse_rfc3339(text))
      invalid(path, value, "must be a date-time");
  }

  void check_number(const Type& type, std::int64_t number, View value, const Path& path) {
    const auto& limits = type.limits;
    if (limits.minimum && number < *limits.minimum) {
      invalid(path, value, "should be greater than or equal to " + std::to_string(*limits.minimum));
    }
    if (limits.maximum && number > *limits.maximum) {
      invalid(path, value, "should be less than or equal to " + std::to_string(*limits.maximum));
    }
    const bool narrow = type.shape == Shape::kInt32;
    if (narrow && (number > std::numeric_limits<std::int32_t>::max() ||
                   number < std::numeric_limits<std::int32_t>::min())) {
      invalid(path, value, "must fit into 32 bits");
    }
  }

  void check_list(const Type& type, View value, const Path& path) {
    const auto count = static_cast<std::int64_t>(value.size());
    if (type.limits.max_items >= 0 && count > type.limits.max_items) {
      report(path, Cause::kTooMany,
             "Too many: " + std::to_string(count) + ": must have at most " +
                 std::to_string(type.limits.max_items) + " items");
    }
    if (count < type.limits.min_items) {
      invalid(path, value, "should have at least " + std::to_string(type.limits.min_items) + " items");
    }
    std::map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const Path here{.parent = &path, .index = i};
      const View item = value[i];
      const View identity = type.list_type == "map" ? item[type.map_key] : item;
      const bool unique = type.list_type == "map" || type.list_type == "set";
      if (unique && !seen.emplace(identity.dump(), i).second) {
        report(here, Cause::kDuplicate, "Duplicate value: " + shown(identity));
      }
      check(*type.item, item, here);
    }
  }

  void check_map(const Type& type, View value, const Path& path) {
    check_size(type, value, path);
    for (const auto& [key, member] : value.members()) {
      check(*type.item, member, Path{.parent = &path, .name = key, .is_key = true});
    }
  }

  void check_object(const Type& type, View value, const Path& path) {
    check_size(type, value, path);
    for (const auto& field : type.fields) {
      const View member = value[field.name];
      const Path here{.parent = &path, .name = field.name};
      const bool absent = !member.exists() || member.is_null();
      if (absent && field.type.is_required) report(here, Cause::kRequired, "Required value");
      if (!absent) check(field.type, member, here);
    }
  }

  void check_size(const Type& type, View value, const Path& path) {
    const auto count = static_cast<std::int64_t>(value.size());
    if (type.limits.max_properties < 0 || count <= type.limits.max_properties) return;
    report(path, Cause::kTooMany,
           "Too many: " + std::to_string(count) + ": must have at most " +
               std::to_string(type.limits.max_properties) + " items");
  }

  const Pattern& pattern(std::string_view regex) {
    const auto it = patterns_.find(regex);
    if (it != patterns_.end()) return it->second;
    auto compiled = Pattern::compile(regex);
    KARP_CHECK(compiled.has_value());  // the patterns stand in our own tables
    return patterns_.emplace(regex, std::move(compiled).value()).first->second;
  }

  std::map<std::string_view, Pattern> patterns_;
};

void fill(const Type& type, json::Ref at) {
  const View view = at.view();
  if (type.shape == Shape::kList && view.is_array()) {
    for (std::size_t i = 0; i < view.size(); ++i) fill(*type.item, at[i]);
  }
  if (type.shape == Shape::kMap && view.is_object()) {
    for (const auto& [key, member] : view.members()) fill(*type.item, at[key]);
  }
  if (type.shape != Shape::kObject || !view.is_object()) return;
  for (const auto& field : type.fields) {
    const View member = view[field.name];
    const bool absent = !member.exists() || member.is_null();
    if (absent && field.type.default_json.empty()) continue;
    if (absent) {
      auto value = json::parse(field.type.default_json);
      KARP_CHECK(value.has_value());  // the defaults stand in our own tables
      at[field.name].set(std::move(value).value());
    }
    fill(field.type, at[field.name]);
  }
}

}  // namespace

std::string_view cause_name(Cause cause) {
  switch (cause) {
    case Cause::kRequired:
      return "FieldValueRequired";
    case Cause::kUnsupported:
      return "FieldValueNotSupported";
    case Cause::kDuplicate:
      return "FieldValueDuplicate";
    case Cause::kTooLong:
      return "FieldValueTooLong";
    case Cause::kTooMany:
      return "FieldValueTooMany";
    default:
      return "FieldValueInvalid";
  }
}

std::vector<Problem> validate(const Type& type, View object) {
  Validator validator;
  validator.check(type, object, Path{});
  return std::move(validator.problems);
}

void apply_defaults(const Type& type, json::Ref object) { fill(type, object); }

}  // namespace karpenter::schema
