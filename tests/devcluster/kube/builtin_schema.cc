#include <map>
#include <string>
#include <utility>

#include "common/base/check.h"
#include "common/base/strings.h"
#include "tests/devcluster/kube/builtin_types.h"
#include "tests/devcluster/kube/kinds.h"

// Turns the text of builtin_types.cc into structural schemas, so that one engine (schema.h) prunes, defaults,
// validates and publishes built-in and custom kinds alike. The text is ours: a mistake in it is a programmer
// error.

namespace karpenter::devcluster {
namespace {

using FieldTokens = std::vector<std::string>;

std::map<std::string, FieldTokens, std::less<>> parse_type_table(std::string_view text) {
  std::map<std::string, FieldTokens, std::less<>> types;
  std::string current;
  for (const std::string& line : base::split(text, '\n')) {
    if (line.empty()) continue;
    bool head = line[0] != ' ';
    for (const std::string& token : base::split(line, ' ')) {
      if (token.empty()) continue;
      if (head) {
        current = token;
        types[current];
        head = false;
      } else {
        types[current].push_back(token);
      }
    }
  }
  return types;
}

class SchemaBuilder {
 public:
  SchemaBuilder() : types_(parse_type_table(builtin_types())) {}

  void put_type(json::Ref out, std::string_view name) const {
    const auto found = types_.find(name);
    KARP_CHECK(found != types_.end());
    out["type"].set("object");
    out["properties"].set_object();
    for (const std::string& token : found->second) put_field(out, token);
  }

 private:
  // `name!:type=default`
  void put_field(json::Ref object, const std::string& token) const {
    const std::size_t colon = token.find(':');
    KARP_CHECK(colon != std::string::npos);
    std::string name = token.substr(0, colon);
    if (name.back() == '!') {
      name.pop_back();
      object["required"].push_back(std::string_view(name));
    }
    std::string type = token.substr(colon + 1);
    const std::size_t equals = type.find('=');
    json::Ref field = object["properties"][name];
    field.set_object();
    if (equals != std::string::npos) {
      auto value = json::parse(std::string_view(type).substr(equals + 1));
      KARP_CHECK(value.has_value());
      field["default"].set(std::move(value).value());
      type.resize(equals);
    }
    put_reference(field, type);
  }

  void put_reference(json::Ref out, const std::string& type) const {
    if (type.front() == '[') {
      const std::size_t close = type.rfind(']');
      out["type"].set("array");
      out["items"].set_object();
      put_reference(out["items"], type.substr(1, close - 1));
      if (close + 1 < type.size()) put_merge_strategy(out, type.substr(close + 2));
    } else if (type.front() == '{') {
      out["type"].set("object");
      out["additionalProperties"].set_object();
      put_reference(out["additionalProperties"], type.substr(1, type.size() - 2));
    } else if (!put_simple(out, type)) {
      put_type(out, type);
    }
  }

  static void put_merge_strategy(json::Ref out, const std::string& key) {
    out["x-kubernetes-patch-strategy"].set("merge");
    if (!key.empty()) out["x-kubernetes-patch-merge-key"].set(key);
  }

  static bool put_simple(json::Ref out, const std::string& type) {
    const std::vector<std::string> words = base::split(type, '|');
    const std::string& word = words.front();
    if (word == "string") {
      out["type"].set("string");
      for (std::size_t i = 1; i < words.size(); ++i) out["enum"].push_back(std::string_view(words[i]));
    } else if (word == "int32" || word == "int64") {
      out["type"].set("integer");
      out["format"].set(word);
    } else if (word == "bool") {
      out["type"].set("boolean");
    } else if (word == "number") {
      out["type"].set("number");
    } else if (word == "intstr") {
      out["x-kubernetes-int-or-string"].set(true);
    } else if (word == "quantity") {
      out["x-kubernetes-int-or-string"].set(true);
      out["format"].set("quantity");
    } else if (word == "time") {
      out["type"].set("string");
      out["format"].set("date-time");
    } else if (word == "object") {
      out["x-kubernetes-preserve-unknown-fields"].set(true);
    } else if (word == "map" || word == "quantities") {
      out["type"].set("object");
      out["additionalProperties"].set_object();
      put_simple(out["additionalProperties"], word == "map" ? "string" : "quantity");
    } else {
      return false;
    }
    return true;
  }

  std::map<std::string, FieldTokens, std::less<>> types_;
};

}  // namespace

json::Value make_builtin_schema(std::string_view type_name) {
  static const SchemaBuilder builder;  // of constant text: the same for every server
  json::Value schema = json::Value::object();
  builder.put_type(schema.ref(), type_name);
  if (type_name == "ObjectMeta") return schema;
  json::Ref properties = schema["properties"];
  properties["apiVersion"]["type"].set("string");
  properties["kind"]["type"].set("string");
  properties["metadata"].set_object();
  builder.put_type(properties["metadata"], "ObjectMeta");
  return schema;
}

}  // namespace karpenter::devcluster
