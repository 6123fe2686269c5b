#include "tests/devcluster/kube/schema.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tests/devcluster/kube/pattern.h"

namespace karpenter::devcluster {
namespace {

bool keeps_unknown(json::View schema) {
  return schema["x-kubernetes-preserve-unknown-fields"].bool_or(false);
}

std::string member_path(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : path + "." + std::string(name);
}

std::vector<std::string> member_names(json::View object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.members()) names.emplace_back(name);
  return names;
}

bool is_root_member(std::string_view name) {
  return name == "apiVersion" || name == "kind" || name == "metadata";
}

class Pruner {
 public:
  explicit Pruner(std::vector<std::string>& unknown) : unknown_(unknown) {}

  void visit(json::Ref value, json::View schema, const std::string& path, bool resource) const {
    const json::View view = value;
    if (view.is_array()) {
      for (std::size_t i = 0; i < view.size(); ++i) {
        visit(value[i], schema["items"], path + "[" + std::to_string(i) + "]",
              schema["items"]["x-kubernetes-embedded-resource"].bool_or(false));
      }
      return;
    }
    if (!view.is_object()) return;
    for (const std::string& name : member_names(view)) {
      if (resource && is_root_member(name)) continue;
      visit_member(value, schema, name, path);
    }
  }

 private:
  void visit_member(json::Ref object, json::View schema, const std::string& name,
                    const std::string& path) const {
    const json::View known = schema["properties"][name];
    const json::View child = known.exists() ? known : schema["additionalProperties"];
    if (!known.exists() && !child.is_object() && !child.bool_or(false)) {
      if (keeps_unknown(schema)) return;
      unknown_.push_back(member_path(path, name));
      object.erase(name);
      return;
    }
    if (child.is_object() && object[name].view().is_null() && !child["nullable"].bool_or(false) &&
        !keeps_unknown(child)) {
      object.erase(name);
      return;
    }
    visit(object[name], child, member_path(path, name),
          child["x-kubernetes-embedded-resource"].bool_or(false));
  }

  std::vector<std::string>& unknown_;
};

std::string_view json_type(json::View value) {
  switch (value.kind()) {
    case json::Kind::kBool:
      return "boolean";
    case json::Kind::kInt:
      return "integer";
    case json::Kind::kDouble:
      return "number";
    case json::Kind::kString:
      return "string";
    case json::Kind::kArray:
      return "array";
    case json::Kind::kObject:
      return "object";
    default:
      return "null";
  }
}

bool type_matches(json::View value, std::string_view type) {
  if (type.empty()) return true;
  if (type == "integer") return value.integer().has_value() && value.is_number();
  if (type == "number") return value.is_number();
  return json_type(value) == type;
}

std::size_t utf8_length(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string number_text(json::View number) { return number.dump(); }

class Validator {
 public:
  explicit Validator(const RuleBook* rules) : rules_(rules) {}

  void visit(json::View value, json::View old, json::View schema, const std::string& path) {
    if (old.exists() && old == value) return;  // ratcheting
    if (value.is_null() && schema["nullable"].bool_or(false)) return;
    if (!check_type(value, schema, path)) return;
    check_enum(value, schema, path);
    if (value.is_string()) check_string(value, schema, path);
    if (value.is_number()) check_number(value, schema, path);
    if (value.is_array()) visit_array(value, old, schema, path);
    if (value.is_object()) visit_object(value, old, schema, path);
    check_combinations(value, schema, path);
    check_rules(value, old, schema, path);
  }

  std::vector<Cause> causes;

 private:
  void fail(const std::string& path, json::View value, const std::string& why) {
    causes.push_back(invalid_value(path, value, path + " in body " + why));
  }

  bool check_type(json::View value, json::View schema, const std::string& path) {
    if (schema["x-kubernetes-int-or-string"].bool_or(false)) {
      if (value.is_string() || value.kind() == json::Kind::kInt) return true;
      if (schema["format"].string_or("") == "quantity" && value.is_number()) return true;
      causes.push_back(type_error(path, value, json_type(value), "integer,string"));
      return false;
    }
    const std::string type = schema["type"].string_or("");
    if (type_matches(value, type)) return true;
    causes.push_back(type_error(path, value, json_type(value), type));
    return false;
  }

  void check_enum(json::View value, json::View schema, const std::string& path) {
    const json::View allowed = schema["enum"];
    if (!allowed.is_array()) return;
    std::vector<std::string> texts;
    for (const json::View entry : allowed.items()) {
      if (entry == value) return;
      texts.push_back(entry.is_string() ? entry.string_or("") : entry.dump());
    }
    causes.push_back(unsupported_value(path, value, texts));
  }

  void check_string(json::View value, json::View schema, const std::string& path) {
    const std::string text = value.string_or("");
    const auto length = static_cast<std::int64_t>(utf8_length(text));
    if (const auto limit = schema["maxLength"].integer(); limit.has_value() && length > *limit) {
      causes.push_back(too_long_value(path, static_cast<std::size_t>(*limit)));
    }
    if (const auto limit = schema["minLength"].integer(); limit.has_value() && length < *limit) {
      fail(path, value, "should be at least " + std::to_string(*limit) + " chars long");
    }
    if (const auto pattern = schema["pattern"].string(); pattern.has_value()) {
      const auto compiled = Pattern::compile(*pattern);
      if (!compiled.has_value() || !compiled->matches(text)) {
        fail(path, value, "should match '" + std::string(*pattern) + "'");
      }
    }
    const std::string format = schema["format"].string_or("");
    if (!has_format(format, text)) fail(path, value, "must be of type " + format + ": \"" + text + "\"");
  }

  void check_number(json::View value, json::View schema, const std::string& path) {
    const double number = value.number().value_or(0);
    const json::View minimum = schema["minimum"];
    const json::View maximum = schema["maximum"];
    if (minimum.is_number()) {
      const bool open = schema["exclusiveMinimum"].bool_or(false);
      const double limit = minimum.number().value_or(0);
      if (number < limit || (open && number == limit)) {
        fail(path, value,
             std::string("should be greater than ") + (open ? "" : "or equal to ") + number_text(minimum));
      }
    }
    if (maximum.is_number()) {
      const bool open = schema["exclusiveMaximum"].bool_or(false);
      const double limit = maximum.number().value_or(0);
      if (number > limit || (open && number == limit)) {
        fail(path, value,
             std::string("should be less than ") + (open ? "" : "or equal to ") + number_text(maximum));
      }
    }
    if (const auto unit = schema["multipleOf"].integer(); unit.has_value() && *unit != 0) {
      const auto whole = value.integer();
      if (!whole.has_value() || *whole % *unit != 0)
        fail(path, value, "should be a multiple of " + std::to_string(*unit));
    }
    const std::string format = schema["format"].string_or("");
    const auto whole = value.integer();
    if (format == "int32" && whole.has_value() && (*whole > INT32_MAX || *whole < INT32_MIN)) {
      fail(path, value, "must be of type int32: \"" + value.dump() + "\"");
    }
  }

  void visit_array(json::View value, json::View old, json::View schema, const std::string& path) {
    const auto size = static_cast<std::int64_t>(value.size());
    if (const auto limit = schema["maxItems"].integer(); limit.has_value() && size > *limit) {
      causes.push_back(too_many_items(path, value.size(), static_cast<std::size_t>(*limit)));
    }
    if (const auto limit = schema["minItems"].integer(); limit.has_value() && size < *limit) {
      causes.push_back(invalid_value(path, json::Value::of("").view(), ""));
      causes.back().message = "Invalid value: " + std::to_string(size) + ": " + path +
                              " in body should have at least " + std::to_string(*limit) + " items";
    }
    const std::string list_type = schema["x-kubernetes-list-type"].string_or("atomic");
    std::vector<std::pair<json::Value, json::View>> old_by_key;
    if (list_type == "map") {
      for (const json::View item : old.items()) old_by_key.emplace_back(key_of(item, schema), item);
    }
    std::vector<json::Value> seen;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const std::string item_path = path + "[" + std::to_string(i) + "]";
      json::View old_item;
      if (list_type != "atomic") {
        json::Value key = list_type == "map" ? key_of(value[i], schema) : value[i].clone();
        if (std::ranges::find(seen, key) != seen.end()) causes.push_back(duplicate_value(item_path, key));
        const auto found = std::ranges::find(old_by_key, key, &std::pair<json::Value, json::View>::first);
        if (found != old_by_key.end()) old_item = found->second;
        seen.push_back(std::move(key));
      }
      visit(value[i], old_item, schema["items"], item_path);
    }
  }

  static json::Value key_of(json::View item, json::View schema) {
    json::Value key = json::Value::object();
    for (const json::View name : schema["x-kubernetes-list-map-keys"].items()) {
      const std::string text = name.string_or("");
      const json::View part =
          item[text].exists() ? item[text] : schema["items"]["properties"][text]["default"];
      if (part.exists()) key[text].set(part);
    }
    return key;
  }

  void visit_object(json::View value, json::View old, json::View schema, const std::string& path) {
    for (const json::View name : schema["required"].items()) {
      const std::string text = name.string_or("");
      if (!value[text].exists()) causes.push_back(required_value(member_path(path, text), ""));
    }
    const auto size = static_cast<std::int64_t>(value.size());
    if (const auto limit = schema["maxProperties"].integer(); limit.has_value() && size > *limit) {
      causes.push_back(
          {"FieldValueTooMany", path,
           "Too many: " + std::to_string(size) + ": must have at most " + std::to_string(*limit) + " items"});
    }
    if (const auto limit = schema["minProperties"].integer(); limit.has_value() && size < *limit) {
      fail(path, value, "should have at least " + std::to_string(*limit) + " properties");
    }
    for (const auto& [name, member] : value.members()) {
      const json::View known = schema["properties"][name];
      const json::View child = known.exists() ? known : schema["additionalProperties"];
      if (child.is_object()) visit(member, old[name], child, member_path(path, name));
    }
  }

  [[nodiscard]] bool passes(json::View value, json::View schema, const std::string& path) const {
    Validator inner(nullptr);
    inner.visit(value, {}, schema, path);
    return inner.causes.empty();
  }

  void check_combinations(json::View value, json::View schema, const std::string& path) {
    for (const json::View part : schema["allOf"].items()) visit(value, {}, part, path);
    const auto count = [&](json::View options) {
      return std::ranges::count_if(options.items(),
                                   [&](json::View part) { return passes(value, part, path); });
    };
    if (const json::View any = schema["anyOf"]; any.size() > 0 && count(any) == 0) {
      fail(path, value, "must validate at least one schema (anyOf)");
    }
    if (const json::View one = schema["oneOf"]; one.size() > 0 && count(one) != 1) {
      fail(path, value, "must validate one and only one schema (oneOf)");
    }
    if (const json::View no = schema["not"]; no.is_object() && passes(value, no, path)) {
      fail(path, value, "must not validate the schema (not)");
    }
  }

  void check_rules(json::View value, json::View old, json::View schema, const std::string& path) {
    if (rules_ == nullptr) return;
    for (const json::View rule : schema["x-kubernetes-validations"].items()) {
      const auto message = rules_->judge(rule, value, old);
      if (!message.has_value()) continue;
      causes.push_back({"FieldValueInvalid", path,
                        "Invalid value: \"" + std::string(json_type(value)) + "\": " + *message});
    }
  }

  const RuleBook* rules_;
};

constexpr std::array<std::string_view, 6> kTypes = {"object",  "array",  "string",
                                                    "integer", "number", "boolean"};

void check_schema_node(json::View schema, const std::string& path, std::vector<Cause>& causes) {
  if (!schema.is_object()) {
    causes.push_back(required_value(path, "must be a schema"));
    return;
  }
  const std::string type = schema["type"].string_or("");
  const bool open = schema["x-kubernetes-int-or-string"].bool_or(false) || keeps_unknown(schema);
  if (type.empty() && !open) {
    causes.push_back(required_value(path + ".type", "must not be empty for specified object fields"));
  } else if (!type.empty() && std::ranges::find(kTypes, type) == kTypes.end()) {
    causes.push_back(unsupported_value(path + ".type", schema["type"], {kTypes.begin(), kTypes.end()}));
  }
  if (schema["$ref"].exists()) causes.push_back(forbidden_value(path + ".$ref", "$ref is not supported"));
  if (schema["properties"].size() > 0 && schema["additionalProperties"].exists()) {
    causes.push_back(forbidden_value(path + ".additionalProperties",
                                     "additionalProperties and properties are mutual exclusive"));
  }
  if (const auto pattern = schema["pattern"].string();
      pattern.has_value() && !Pattern::compile(*pattern).has_value()) {
    causes.push_back(
        invalid_value(path + ".pattern", schema["pattern"], "must be a valid regular expression"));
  }
  for (const json::View rule : schema["x-kubernetes-validations"].items()) {
    if (auto why = rule_error(rule["rule"].string_or(""))) {
      causes.push_back(invalid_value(path + ".x-kubernetes-validations.rule", rule["rule"], *why));
    }
  }
  for (const auto& [name, child] : schema["properties"].members()) {
    check_schema_node(child, path + ".properties[" + std::string(name) + "]", causes);
  }
  if (type == "array" && !schema["items"].exists())
    causes.push_back(required_value(path + ".items", "must be specified"));
  if (schema["items"].exists()) check_schema_node(schema["items"], path + ".items", causes);
  if (schema["additionalProperties"].is_object()) {
    check_schema_node(schema["additionalProperties"], path + ".additionalProperties", causes);
  }
}

}  // namespace

void prune(json::Ref object, json::View schema, std::vector<std::string>& unknown) {
  Pruner(unknown).visit(object, schema, "", true);
}

void prune_part(json::Ref part, json::View schema, std::vector<std::string>& unknown) {
  Pruner(unknown).visit(part, schema, "", false);
}

void apply_defaults(json::Ref object, json::View schema) {
  const json::View view = object;
  if (view.is_array()) {
    for (std::size_t i = 0; i < view.size(); ++i) apply_defaults(object[i], schema["items"]);
    return;
  }
  if (!view.is_object()) return;
  for (const auto& [name, child] : schema["properties"].members()) {
    if (!view[name].exists()) {
      if (!child["default"].exists()) continue;
      object[name].set(child["default"]);
    }
    apply_defaults(object[name], child);
  }
  if (!schema["additionalProperties"].is_object()) return;
  for (const std::string& name : member_names(view)) {
    if (!schema["properties"][name].exists()) apply_defaults(object[name], schema["additionalProperties"]);
  }
}

std::vector<Cause> validate(const ValidationInput& input) {
  Validator validator(input.rules);
  validator.visit(input.object, input.old, input.schema, "");
  return std::move(validator.causes);
}

std::vector<Cause> check_structural(json::View schema, const std::string& path) {
  std::vector<Cause> causes;
  check_schema_node(schema, path, causes);
  if (schema["type"].string_or("") != "object") {
    causes.push_back(invalid_value(path + ".type", schema["type"], "must be object at the root"));
  }
  return causes;
}

}  // namespace karpenter::devcluster
