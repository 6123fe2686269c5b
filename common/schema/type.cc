#include "common/schema/type.h"

#include <utility>

#include "common/schema/binding.h"
#include "common/schema/patterns.h"

namespace karpenter::schema {

Type Type::required() && {
  is_required = true;
  return std::move(*this);
}
Type Type::range(std::int64_t minimum, std::int64_t maximum) && {
  limits.minimum = minimum;
  limits.maximum = maximum;
  return std::move(*this);
}
Type Type::at_least(std::int64_t minimum) && {
  limits.minimum = minimum;
  return std::move(*this);
}
Type Type::min_length(std::int64_t length) && {
  limits.min_length = length;
  return std::move(*this);
}
Type Type::max_length(std::int64_t length) && {
  limits.max_length = length;
  return std::move(*this);
}
Type Type::min_items(std::int64_t count) && {
  limits.min_items = count;
  return std::move(*this);
}
Type Type::max_items(std::int64_t count) && {
  limits.max_items = count;
  return std::move(*this);
}
Type Type::max_properties(std::int64_t count) && {
  limits.max_properties = count;
  return std::move(*this);
}
Type Type::pattern(std::string_view regex) && {
  limits.pattern = regex;
  return std::move(*this);
}
Type Type::one_of(std::vector<std::string_view> values) && {
  limits.one_of = std::move(values);
  return std::move(*this);
}
Type Type::defaulted(std::string_view json) && {
  default_json = json;
  return std::move(*this);
}
Type Type::atomic() && {
  (shape == Shape::kList ? list_type : map_type) = "atomic";
  return std::move(*this);
}
Type Type::granular() && {
  map_type = "granular";
  return std::move(*this);
}
Type Type::set() && {
  list_type = "set";
  return std::move(*this);
}
Type Type::keyed_by(std::string_view key) && {
  list_type = "map";
  map_key = key;
  return std::move(*this);
}
Type Type::rule(std::string_view cel, std::string_view message) && {
  rules.push_back({.rule = cel, .message = message});
  return std::move(*this);
}

namespace {

Type of_shape(Shape shape) {
  Type type;
  type.shape = shape;
  return type;
}

}  // namespace

Type boolean() { return of_shape(Shape::kBool); }
Type int32() { return of_shape(Shape::kInt32); }
Type int64() { return of_shape(Shape::kInt64); }
Type integer_without_format() {
  Type type = int64();
  type.has_format = false;
  return type;
}
Type string() { return of_shape(Shape::kString); }
Type date_time() { return of_shape(Shape::kDateTime); }
Type micro_time() {
  Type type = of_shape(Shape::kDateTime);
  type.time_format = "micro";
  return type;
}
Type int_or_string() { return of_shape(Shape::kIntOrString); }
Type quantity() { return int_or_string().pattern(patterns::kQuantity); }
Type quantities() { return map(quantity()); }
Type list(Type item) {
  Type type = of_shape(Shape::kList);
  type.item = std::make_shared<const Type>(std::move(item));
  return type;
}
Type map(Type value) {
  Type type = of_shape(Shape::kMap);
  type.item = std::make_shared<const Type>(std::move(value));
  return type;
}
Type strings() { return map(string()); }
Type object(std::vector<Field> fields) {
  Type type = of_shape(Shape::kObject);
  type.fields = std::move(fields);
  return type;
}
Type open_object() {
  Type type = of_shape(Shape::kOpen);
  type.binding = &json_text_binding();
  return type;
}
Type presence() {
  Type type = of_shape(Shape::kOpen);
  type.binding = &presence_binding();
  return type;
}

}  // namespace karpenter::schema
