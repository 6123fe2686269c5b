#include "common/schema/binding.h"

#include <limits>

#include "common/base/strings.h"

namespace karpenter::schema {
namespace {

using json::Ref;
using json::View;
using Result = std::optional<Mismatch>;

std::string_view kind_name(View v) {
  switch (v.kind()) {
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

Mismatch expected(std::string_view what, View got, std::string where = {}) {
  return {.where = std::move(where),
          .text = "must be of type " + std::string(what) + ", got " + std::string(kind_name(got))};
}

template <class T>
const T& as(const void* from) {
  return *static_cast<const T*>(from);
}
template <class T>
T& as(void* to) {
  return *static_cast<T*>(to);
}
template <class T>
std::size_t nonzero(const void* value) {
  return as<T>(value) == T{} ? 0 : 1;
}
template <class T>
std::size_t entries(const void* value) {
  return as<T>(value).size();
}

template <class T>
Result read_integer(const Type&, View from, void* to) {
  const auto value = from.integer();
  if (!value) return expected("integer", from);
  if (*value < std::numeric_limits<T>::min() || *value > std::numeric_limits<T>::max()) {
    return Mismatch{.where = {}, .text = "is out of range: " + std::to_string(*value)};
  }
  as<T>(to) = static_cast<T>(*value);
  return std::nullopt;
}
template <class T>
void write_integer(const Type&, const void* from, Ref to) {
  to.set(std::int64_t{as<T>(from)});
}

Result read_bool(const Type&, View from, void* to) {
  const auto value = from.boolean();
  if (!value) return expected("boolean", from);
  as<bool>(to) = *value;
  return std::nullopt;
}

// Numbers are text where the schema says int-or-string.
std::optional<std::string> text_of(const Type& type, View from) {
  if (const auto text = from.string()) return std::string(*text);
  if (type.shape == Shape::kIntOrString && from.is_number()) return from.dump();
  return std::nullopt;
}

Result read_string(const Type& type, View from, void* to) {
  auto text = text_of(type, from);
  if (!text) return expected("string", from);
  as<std::string>(to) = *std::move(text);
  return std::nullopt;
}
void write_string(const Type&, const void* from, Ref to) { to.set(as<std::string>(from)); }

Result read_time(const Type&, View from, void* to) {
  const auto text = from.string();
  if (!text) return expected("string", from);
  const auto time = base::parse_rfc3339(*text);
  if (!time) return Mismatch{.where = {}, .text = "is not an RFC 3339 time: \"" + std::string(*text) + "\""};
  as<base::Time>(to) = *time;
  return std::nullopt;
}
void write_time(const Type& type, const void* from, Ref to) {
  const auto time = as<base::Time>(from);
  to.set(type.time_format == "micro" ? base::format_rfc3339_micro(time) : base::format_rfc3339(time));
}

base::Result<model::Quantity> parse_amount(std::string_view text, bool /*is_number*/, model::Quantity*) {
  return model::Quantity::parse(text);
}
base::Result<model::WrittenQuantity> parse_amount(std::string_view text, bool is_number,
                                                  model::WrittenQuantity*) {
  using Form = model::WrittenQuantity::Form;
  return model::WrittenQuantity::read(text, is_number ? Form::kNumber : Form::kText);
}

template <class Amount>
Result parse_quantity(View from, Amount& to) {
  const auto text = from.is_number() ? from.dump() : from.string_or("");
  if (!from.is_number() && !from.is_string()) return expected("integer or string", from);
  auto value = parse_amount(text, from.is_number(), static_cast<Amount*>(nullptr));
  if (!value) return Mismatch{.where = {}, .text = "is not a quantity: \"" + text + "\""};
  to = std::move(value).value();
  return std::nullopt;
}
template <class Amount>
Result read_quantity(const Type&, View from, void* to) {
  return parse_quantity(from, as<Amount>(to));
}
void write_quantity(const Type&, const void* from, Ref to) { to.set(as<model::Quantity>(from).text()); }

void write_as_written(const model::WrittenQuantity& amount, Ref to) {
  const auto text = amount.written();
  if (!amount.is_number()) return to.set(text);
  auto number = json::parse(text);
  KARP_CHECK(number.has_value());  // it was read as a JSON number
  to.set(std::move(number).value());
}
void write_written_quantity(const Type&, const void* from, Ref to) {
  write_as_written(as<model::WrittenQuantity>(from), to);
}

template <class List, class Amount, void (List::*Set)(std::string_view, Amount)>
Result read_amounts(const Type&, View from, void* to) {
  if (!from.is_object()) return expected("object", from);
  for (const auto& [name, value] : from.members()) {
    Amount amount;
    if (auto wrong = parse_quantity(value, amount)) {
      return Mismatch{.where = "[" + std::string(name) + "]", .text = wrong->text};
    }
    (as<List>(to).*Set)(name, std::move(amount));
  }
  return std::nullopt;
}
constexpr auto read_resources = read_amounts<model::Resources, model::Quantity, &model::Resources::set>;
constexpr auto read_written_resources =
    read_amounts<model::WrittenResources, model::WrittenQuantity, &model::WrittenResources::set_written>;
void write_resources(const Type&, const void* from, Ref to) {
  to.set_object();
  for (const auto& [name, amount] : as<model::Resources>(from)) to[name].set(amount.text());
}
void write_written_resources(const Type&, const void* from, Ref to) {
  to.set_object();
  const auto& amounts = as<model::WrittenResources>(from);
  for (const auto& [name, amount] : amounts) write_as_written(amounts.written(name), to[name]);
}

Result read_strings(const Type& type, View from, void* to) {
  if (!from.is_object()) return expected("object", from);
  for (const auto& [name, value] : from.members()) {
    if (value.is_null()) continue;
    auto text = text_of(*type.item, value);
    if (!text) return expected("string", value, "[" + std::string(name) + "]");
    as<model::StringMap>(to).insert_or_assign(std::string(name), *std::move(text));
  }
  return std::nullopt;
}
void write_strings(const Type&, const void* from, Ref to) {
  to.set_object();
  for (const auto& [name, value] : as<model::StringMap>(from)) to[name].set(value);
}

Result read_json(const Type& type, View from, void* to) {
  if (type.shape == Shape::kIntOrString) {
    if (!from.is_string() && !from.integer()) return expected("integer or string", from);
  } else if (!from.is_object()) {
    return expected("object", from);
  }
  as<std::string>(to) = from.dump();
  return std::nullopt;
}
void write_json(const Type&, const void* from, Ref to) {
  auto value = json::parse(as<std::string>(from));
  // Text that is no JSON was never read by read_json: it is shown as it is, so that the API server names it.
  if (value) {
    to.set(std::move(value).value());
  } else {
    to.set(as<std::string>(from));
  }
}

Result read_presence(const Type&, View, void* to) {
  as<bool>(to) = true;
  return std::nullopt;
}
void write_presence(const Type&, const void*, Ref to) {
  if (!to.view().is_object()) to.set_object();
}

std::size_t always(const void*) { return 1; }

}  // namespace

#define KARP_BINDING(cpp_type, read_function, write_function, size_function)    \
  const Binding& BindingOf<cpp_type>::get() {                                   \
    static constexpr Binding binding = {                                        \
        .read = read_function, .write = write_function, .size = size_function}; \
    return binding;                                                             \
  }
KARP_BINDING(
    bool, read_bool, [](const Type&, const void* from, Ref to) { to.set(as<bool>(from)); }, nonzero<bool>)
KARP_BINDING(std::int32_t, read_integer<std::int32_t>, write_integer<std::int32_t>, nonzero<std::int32_t>)
KARP_BINDING(std::int64_t, read_integer<std::int64_t>, write_integer<std::int64_t>, nonzero<std::int64_t>)
KARP_BINDING(std::string, read_string, write_string, nonzero<std::string>)
KARP_BINDING(base::Time, read_time, write_time, always)
KARP_BINDING(model::Quantity, read_quantity<model::Quantity>, write_quantity, always)
KARP_BINDING(model::WrittenQuantity, read_quantity<model::WrittenQuantity>, write_written_quantity, always)
KARP_BINDING(model::Resources, read_resources, write_resources, entries<model::Resources>)
KARP_BINDING(model::WrittenResources, read_written_resources, write_written_resources,
             entries<model::WrittenResources>)
KARP_BINDING(model::StringMap, read_strings, write_strings, entries<model::StringMap>)
#undef KARP_BINDING

const Binding& struct_binding() {
  static constexpr Binding binding = {.kind = Binding::Kind::kStruct};
  return binding;
}
const Binding& json_text_binding() {
  static constexpr Binding binding = {.read = read_json, .write = write_json, .size = nonzero<std::string>};
  return binding;
}
const Binding& presence_binding() {
  static constexpr Binding binding = {.read = read_presence, .write = write_presence, .size = nonzero<bool>};
  return binding;
}

Field group(std::string_view name, Type type, std::string_view description) {
  const auto same = [](void* object) { return object; };
  const auto blanks = type.fields.empty() ? nullptr : type.fields.front().blanks;  // of the same C++ object
  return Field{.name = name,
               .description = description,
               .type = std::move(type),
               .at = same,
               .binding = &struct_binding(),
               .blanks = blanks};
}
Field not_kept(std::string_view name) {
  static constexpr Binding binding = {.read = [](const Type&, View, void*) { return Result(); },
                                      .write = [](const Type&, const void*, Ref) {},
                                      .size = [](const void*) -> std::size_t { return 0; }};
  const auto same = [](void* object) { return object; };
  return Field{.name = name, .description = {}, .type = open_object(), .at = same, .binding = &binding};
}
Field self(std::string_view name) {
  const auto same = [](void* object) { return object; };
  return Field{.name = name,
               .description = {},
               .type = string().required(),
               .at = same,
               .binding = &BindingOf<std::string>::get()};
}

}  // namespace karpenter::schema
