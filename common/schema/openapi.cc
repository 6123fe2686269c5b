#include "common/schema/openapi.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/schema/type.h"

namespace karpenter::schema {
namespace {

using json::Ref;

void describe(const Type& type, Ref out);

void set_text(Ref out, std::string_view key, std::string_view text) {
  if (!text.empty()) out[key].set(text);
}
void set_limit(Ref out, std::string_view key, std::int64_t limit) {
  if (limit >= 0) out[key].set(limit);
}

void describe_limits(const Type& type, Ref out) {
  const auto& limits = type.limits;
  if (limits.minimum) out["minimum"].set(*limits.minimum);
  if (limits.maximum) out["maximum"].set(*limits.maximum);
  set_limit(out, "minLength", limits.min_length);
  set_limit(out, "maxLength", limits.max_length);
  set_limit(out, "minItems", limits.min_items);
  set_limit(out, "maxItems", limits.max_items);
  set_limit(out, "maxProperties", limits.max_properties);
  set_text(out, "pattern", limits.pattern);
  for (const auto value : limits.one_of) out["enum"].push_back(value);
}

void describe_extensions(const Type& type, Ref out) {
  set_text(out, "x-kubernetes-list-type", type.list_type);
  if (!type.map_key.empty()) out["x-kubernetes-list-map-keys"].push_back(type.map_key);
  set_text(out, "x-kubernetes-map-type", type.map_type);
  for (const auto& rule : type.rules) {
    const Ref entry = out["x-kubernetes-validations"].push_back();
    entry["rule"].set(rule.rule);
    entry["message"].set(rule.message);
  }
}

void describe_members(const Type& type, Ref out) {
  std::vector<std::string_view> required;
  for (const auto& field : type.fields) {
    const Ref member = out["properties"][field.name];
    if (!member.view().is_object()) describe(field.type, member);
    set_text(member, "description", field.description);
    if (field.type.is_required) required.push_back(field.name);
  }
  std::sort(required.begin(), required.end());
  for (const auto name : required) out["required"].push_back(name);
}

void describe_shape(const Type& type, Ref out) {
  switch (type.shape) {
    case Shape::kBool:
      return out["type"].set("boolean");
    case Shape::kInt32:
    case Shape::kInt64:
      out["type"].set("integer");
      if (type.has_format) out["format"].set(type.shape == Shape::kInt32 ? "int32" : "int64");
      return;
    case Shape::kString:
      return out["type"].set("string");
    case Shape::kDateTime:
      out["type"].set("string");
      return out["format"].set("date-time");
    case Shape::kIntOrString:
      out["anyOf"].push_back()["type"].set("integer");
      out["anyOf"].push_back()["type"].set("string");
      return out["x-kubernetes-int-or-string"].set(true);
    case Shape::kList:
      out["type"].set("array");
      return describe(*type.item, out["items"]);
    case Shape::kMap:
      out["type"].set("object");
      return describe(*type.item, out["additionalProperties"]);
    case Shape::kObject:
      out["type"].set("object");
      return describe_members(type, out);
    case Shape::kOpen:
      out["type"].set("object");
      return out["x-kubernetes-preserve-unknown-fields"].set(true);
    case Shape::kMeta:
      return out["type"].set("object");
  }
}

void describe(const Type& type, Ref out) {
  out.set_object();
  describe_shape(type, out);
  describe_limits(type, out);
  describe_extensions(type, out);
  if (type.default_json.empty()) return;
  auto value = json::parse(type.default_json);
  KARP_CHECK(value.has_value());  // the defaults stand in our own tables
  out["default"].set(std::move(value).value());
}

}  // namespace

json::Value openapi(const Type& type) {
  json::Value out;
  describe(type, out.ref());
  return out;
}

}  // namespace karpenter::schema
