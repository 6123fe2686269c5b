#include "common/schema/validate.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "common/base/strings.h"
#include "common/base/time.h"
#include "common/schema/cel.h"
#include "common/schema/path.h"
#include "common/schema/pattern.h"

namespace karpenter::schema {
// A Type with what is compiled from it.
struct Checker::Part {
  struct CompiledRule {
    cel::Program program;
    std::string_view message;
    bool is_transition = false;
  };

  const Type* type = nullptr;
  std::optional<Pattern> pattern;
  std::vector<CompiledRule> rules;
  std::unique_ptr<const Part> item;
  std::vector<std::pair<std::string_view, std::unique_ptr<const Part>>> fields;
};

namespace {

using json::View;
using Part = Checker::Part;

std::unique_ptr<Part> compile(const Type& type) {
  constexpr std::array kVariables{cel::Variable{"self"}, cel::Variable{"oldSelf"}};
  auto out = std::make_unique<Part>();
  out->type = &type;
  if (!type.limits.pattern.empty()) {
    auto pattern = Pattern::compile(type.limits.pattern);
    KARP_CHECK(pattern.has_value());  // the patterns stand in our own tables
    out->pattern = std::move(pattern).value();
  }
  for (const auto& rule : type.rules) {
    auto program = cel::Program::compile(rule.rule, kVariables, cel::Library::kCrd);
    KARP_CHECK(program.has_value());  // so do the rules
    const bool is_transition = program->uses(1);
    out->rules.push_back({std::move(program).value(), rule.message, is_transition});
  }
  if (type.item) out->item = compile(*type.item);
  if (type.shape != Shape::kObject) return out;
  for (const auto& field : type.fields) out->fields.emplace_back(field.name, compile(field.type));
  return out;
}

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
  if (text.size() <= kMaxShownValue) return text;
  std::size_t end = kMaxShownValue;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // between characters
  text.resize(end);
  return text;
}

// The member of an entry that its rule is about, where the rule stands on the entry's list. spec: api §13.3
std::string_view blamed_member(std::string_view message) {
  struct Hint {
    std::string_view message;
    std::string_view member;
  };
  constexpr std::array<Hint, 11> kHints{{
      {"requirements with operator", "values"},
      {"requirements operator", "values"},
      {"requirements with 'minValues'", "minValues"},
      {"'weight' is not supported", "weight"},
      {"Cannot transition NodePool", "replicas"},
      {"must specify amiFamily", "amiFamily"},
      {"if set, amiFamily", "amiFamily"},
      {"consolidateAfter ", "consolidateAfter"},
      {"amiSelectorTerms is required", "amiSelectorTerms"},
      {"nodeClassRef.group is immutable", "group"},
      {"nodeClassRef.kind is immutable", "kind"},
  }};
  for (const auto& [start, member] : kHints) {
    if (message.starts_with(start)) return member;
  }
  return "";
}

// One walk over one object.
class Walk {
 public:
  std::vector<Problem> problems;

  // Whether rules can be evaluated on the value: no wrong types, nothing missing, not too many entries in it.
  bool check(const Part& part, View value, View old, const Path& path) {
    if (is_full()) return true;
    const Type& type = *part.type;
    if (!has_shape(type.shape, value)) {
      invalid(path, value, "must be of type " + std::string(type_name(type.shape)), Source::kType);
      return false;
    }
    bool is_sound = true;
    if (value.is_string()) check_text(part, *value.string(), value, path);
    if (const auto number = value.integer(); number && value.is_number())
      check_number(type, *number, value, path);
    if (type.shape == Shape::kList) is_sound = check_list(part, value, old, path);
    if (type.shape == Shape::kMap) is_sound = check_map(part, value, old, path);
    if (type.shape == Shape::kObject) is_sound = check_object(part, value, old, path);
    if (is_sound) check_rules(part, value, old, path);
    return is_sound;
  }

 private:
  using Source = Problem::Source;

  [[nodiscard]] bool is_full() const { return problems.size() >= kMaxProblems; }

  void report(const Path& path, Cause cause, std::string value, std::string message, Source source) {
    if (is_full()) return;
    problems.push_back({.path = path.text(),
                        .cause = cause,
                        .value = std::move(value),
                        .message = std::move(message),
                        .source = source});
  }
  void invalid(const Path& path, View value, std::string text, Source source = Source::kLimit) {
    report(path, Cause::kInvalid, shown(value), std::move(text), source);
  }

  void check_text(const Part& part, std::string_view text, View value, const Path& path) {
    const auto& limits = part.type->limits;
    // Characters: every byte but those that continue one.
    const auto length = std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
    const bool is_long = limits.max_length >= 0 && length > limits.max_length;
    if (is_long) {
      report(path, Cause::kTooLong, "",
             "may not be more than " + std::to_string(limits.max_length) + " bytes", Source::kLimit);
    }
    if (length < limits.min_length) {
      invalid(path, value, "should be at least " + std::to_string(limits.min_length) + " chars long");
    }
    if (part.pattern && !part.pattern->matches(text)) {
      invalid(path, value, "should match '" + std::string(limits.pattern) + "'");
    }
    if (!limits.one_of.empty()) check_word(limits.one_of, text, value, path);
    if (part.type->shape == Shape::kDateTime && !base::parse_rfc3339(text))
      invalid(path, value, "must be a date-time");
  }

  void check_word(const std::vector<std::string_view>& allowed, std::string_view text, View value,
                  const Path& path) {
    if (std::find(allowed.begin(), allowed.end(), text) != allowed.end()) return;
    std::vector<std::string> names;
    for (const auto name : allowed) names.push_back("\"" + std::string(name) + "\"");
    report(path, Cause::kUnsupported, shown(value),
           "supported values: " + base::join(names, ", ") + suggestion(text, allowed), Source::kLimit);
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

  bool check_list(const Part& part, View value, View old, const Path& path) {
    const Type& type = *part.type;
    const auto count = static_cast<std::int64_t>(value.size());
    bool is_sound = check_size(type.limits.max_items, value, path);
    if (count < type.limits.min_items) {
      invalid(path, value, "should have at least " + std::to_string(type.limits.min_items) + " items");
    }
    const bool is_map = type.list_type == "map";
    const bool is_unique = is_map || type.list_type == "set";
    std::map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < value.size() && !is_full(); ++i) {
      const Path here{.parent = &path, .index = i};
      const View item = value[i];
      const View identity = is_map ? item[type.map_key] : item;
      if (is_unique && !seen.emplace(identity.dump(), i).second) {
        report(here, Cause::kDuplicate, shown(identity), "", Source::kType);
      }
      is_sound &= check(*part.item, item, is_map ? same_key(old, type.map_key, identity) : View(), here);
    }
    return is_sound;
  }

  static View same_key(View old, std::string_view key, View identity) {
    for (std::size_t i = 0; i < old.size(); ++i) {
      if (old[i][key] == identity) return old[i];
    }
    return {};
  }

  bool check_map(const Part& part, View value, View old, const Path& path) {
    bool is_sound = check_size(part.type->limits.max_properties, value, path);
    for (const auto& [key, member] : value.members()) {
      is_sound &= check(*part.item, member, old[key], Path{.parent = &path, .name = key, .is_key = true});
    }
    return is_sound;
  }

  bool check_object(const Part& part, View value, View old, const Path& path) {
    bool is_sound = check_size(part.type->limits.max_properties, value, path);
    for (const auto& [name, field] : part.fields) {
      const View member = value[name];
      const Path here{.parent = &path, .name = name};
      const bool absent = !member.exists() || member.is_null();
      if (absent && field->type->is_required) {
        report(here, Cause::kRequired, "", "", Source::kType);
        is_sound = false;
      }
      if (!absent) is_sound &= check(*field, member, old[name], here);
    }
    return is_sound;
  }

  bool check_size(std::int64_t most, View value, const Path& path) {
    const auto count = static_cast<std::int64_t>(value.size());
    if (most < 0 || count <= most) return true;
    report(path, Cause::kTooMany, std::to_string(count),
           "must have at most " + std::to_string(most) + " items", Source::kType);
    return false;
  }

  void check_rules(const Part& part, View value, View old, const Path& path) {
    if (part.rules.empty()) return;
    const std::array<cel::Value, 2> variables{cel::Value::of(value), cel::Value::of(old)};
    const bool is_update = old.exists() && !old.is_null();
    for (const auto& rule : part.rules) {
      if (rule.is_transition && !is_update) continue;
      for (const auto& blame : rule.program.failures(variables))
        report_blame(blame, rule.message, value, path);
    }
  }

  void report_blame(const cel::Blame& blame, std::string_view message, View value, const Path& path) {
    if (blame.steps.empty()) return report_entry(blame, message, value, path);
    const Path here{.parent = &path, .name = blame.steps.front()};
    cel::Blame rest = blame;
    rest.steps.erase(rest.steps.begin());
    report_blame(rest, message, value[blame.steps.front()], here);
  }
  void report_entry(const cel::Blame& blame, std::string_view message, View value, const Path& path) {
    if (blame.key) {  // about the key
      const Path here{.parent = &path, .name = *blame.key, .is_key = true};
      return report(here, Cause::kInvalid, shown(json::Value::of(*blame.key)), std::string(message),
                    Source::kRule);
    }
    if (blame.index)
      return report_member(message, value[*blame.index], {.parent = &path, .index = *blame.index});
    report_member(message, value, path);
  }
  void report_member(std::string_view message, View value, const Path& path) {
    const auto member = blamed_member(message);
    if (member.empty())
      return report(path, Cause::kInvalid, shown(value), std::string(message), Source::kRule);
    const Path here{.parent = &path, .name = member};
    const View blamed = value[member];
    const bool absent = !blamed.exists() || blamed.is_null();
    report(here, absent ? Cause::kRequired : Cause::kInvalid, shown(blamed), std::string(message),
           Source::kRule);
  }
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

Checker::Checker(const Type& type, std::string_view ignored) {
  auto root = compile(type);
  std::erase_if(root->fields, [&](const auto& field) { return field.first == ignored; });
  root_ = std::move(root);
}
Checker::~Checker() = default;

std::vector<Problem> Checker::check(View object, View old) const {
  Walk walk;
  static_cast<void>(walk.check(*root_, object, old, Path{}));
  return std::move(walk.problems);
}

std::vector<Problem> validate(const Type& type, View object, View old) {
  return Checker(type).check(object, old);
}

std::string Problem::text() const {
  constexpr std::array<std::string_view, 6> kHeads{"Required value",  "Invalid value", "Unsupported value",
                                                   "Duplicate value", "Too long",      "Too many"};
  std::string out(kHeads[static_cast<std::size_t>(cause)]);
  if (!value.empty()) out += ": " + value;
  if (!message.empty()) out += ": " + message;
  return out;
}

std::string suggestion(std::string_view word, std::span<const std::string_view> words) {
  constexpr std::size_t kMaxWord = 128;  // the distance costs its square
  if (word.empty() || word.size() > kMaxWord) return "";
  const auto same = std::find_if(words.begin(), words.end(),
                                 [&](std::string_view w) { return base::equals_ignore_case(w, word); });
  const auto near = same != words.end() ? std::optional(*same) : base::nearest_word(word, words);
  return near && !near->empty() ? " (did you mean \"" + std::string(*near) + "\"?)" : "";
}

void apply_defaults(const Type& type, json::Ref object) { fill(type, object); }

}  // namespace karpenter::schema
