#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/base/time.h"
#include "common/json/json.h"
#include "common/model/as_written.h"
#include "common/model/meta.h"
#include "common/schema/type.h"

// How tables reach into C++ objects. Only common/schema includes this.
//
// A member pointer is a template argument of field<>, so a Field is plain data with one function pointer;
// reading and writing is done once per C++ *type* by a Binding, not once per field.

namespace karpenter::schema {

// What was wrong with a value: `where` continues the path of the value ("[cpu]" in a map).
struct Mismatch {
  std::string where;
  std::string text;
};

struct Binding {
  enum class Kind : std::uint8_t { kScalar, kOptional, kList, kStruct };
  Kind kind = Kind::kScalar;
  const Binding* element = nullptr;  // of an optional or list

  // kScalar (string, number, time, quantity and the two map types)
  std::optional<Mismatch> (*read)(const Type& type, json::View from, void* to) = nullptr;
  void (*write)(const Type& type, const void* from, json::Ref to) = nullptr;

  // kOptional: emplaces; kList: appends
  void* (*add)(void* container) = nullptr;
  const void* (*get)(const void* container, std::size_t index) = nullptr;
  // Entries of a container; of a scalar 1 unless it is the zero value.
  std::size_t (*size)(const void* value) = nullptr;
};

[[nodiscard]] const Binding& struct_binding();
[[nodiscard]] const Binding& json_text_binding();  // std::string that holds any JSON
[[nodiscard]] const Binding& presence_binding();   // bool: the member exists

template <class T>
struct BindingOf {  // a struct: its Type knows the members
  static const Binding& get() { return struct_binding(); }
  static Type default_type() { return type_of<T>(); }
};

#define KARP_SCALAR_BINDING(cpp_type, type_function)     \
  template <>                                            \
  struct BindingOf<cpp_type> {                           \
    static const Binding& get();                         \
    static Type default_type() { return type_function; } \
  }
KARP_SCALAR_BINDING(bool, boolean());
KARP_SCALAR_BINDING(std::int32_t, int32());
KARP_SCALAR_BINDING(std::int64_t, int64());
KARP_SCALAR_BINDING(std::string, string());
KARP_SCALAR_BINDING(base::Time, date_time());
KARP_SCALAR_BINDING(model::Quantity, quantity());
KARP_SCALAR_BINDING(model::Resources, quantities());
KARP_SCALAR_BINDING(model::WrittenQuantity, quantity());
KARP_SCALAR_BINDING(model::WrittenResources, quantities());
KARP_SCALAR_BINDING(model::StringMap, strings());
#undef KARP_SCALAR_BINDING

template <class T>
struct BindingOf<std::optional<T>> {
  using Optional = std::optional<T>;
  static const Binding& get() {
    static const Binding binding = {
        .kind = Binding::Kind::kOptional,
        .element = &BindingOf<T>::get(),
        .add = [](void* to) -> void* { return &static_cast<Optional*>(to)->emplace(); },
        .get = [](const void* from, std::size_t) -> const void* {
          return &**static_cast<const Optional*>(from);
        },
        .size = [](const void* from) -> std::size_t {
          return static_cast<const Optional*>(from)->has_value() ? 1 : 0;
        },
    };
    return binding;
  }
  static Type default_type() { return BindingOf<T>::default_type(); }
};

template <class T>
struct BindingOf<std::vector<T>> {
  using List = std::vector<T>;
  static const Binding& get() {
    static const Binding binding = {
        .kind = Binding::Kind::kList,
        .element = &BindingOf<T>::get(),
        .add = [](void* to) -> void* { return &static_cast<List*>(to)->emplace_back(); },
        .get = [](const void* from, std::size_t at) -> const void* {
          return &(*static_cast<const List*>(from))[at];
        },
        .size = [](const void* from) -> std::size_t { return static_cast<const List*>(from)->size(); },
    };
    return binding;
  }
  static Type default_type() { return list(BindingOf<T>::default_type()); }
};

template <class T>
struct MemberOf;
template <class T, class M>
struct MemberOf<M T::*> {
  using Object = T;
  using Value = M;
};

// Where an object of type T notes which members stood there empty; null when it does not.
template <class T>
[[nodiscard]] constexpr auto blanks_of() -> model::Blanks* (*)(void*) {
  if constexpr (requires(T object) { object.blanks; }) {
    return [](void* object) -> model::Blanks* { return &static_cast<T*>(object)->blanks; };
  } else {
    return nullptr;
  }
}

// A member with an explicit type.
template <auto Member>
[[nodiscard]] Field field(std::string_view name, Type type, std::string_view description = {}) {
  using Traits = MemberOf<decltype(Member)>;
  const Binding* binding = type.binding != nullptr ? type.binding : &BindingOf<typename Traits::Value>::get();
  const auto at = [](void* object) -> void* {
    return &(static_cast<typename Traits::Object*>(object)->*Member);
  };
  return Field{.name = name,
               .description = description,
               .type = std::move(type),
               .at = at,
               .binding = binding,
               .blanks = blanks_of<typename Traits::Object>()};
}
// A member with the type that its C++ type suggests.
template <auto Member>
[[nodiscard]] Field field(std::string_view name, std::string_view description = {}) {
  return field<Member>(name, BindingOf<typename MemberOf<decltype(Member)>::Value>::default_type(),
                       description);
}

// A JSON object whose members live in the same C++ object: `group("spec", object({...}))`.
[[nodiscard]] Field group(std::string_view name, Type type, std::string_view description = {});
// The whole C++ value as a member: a list of {"name": ...} kept as a list of strings.
[[nodiscard]] Field self(std::string_view name);
// A member that may stand there but is not kept: known, yet neither read nor written.
[[nodiscard]] Field not_kept(std::string_view name);
// `metadata` of an API object.
template <auto Member>
[[nodiscard]] Field metadata() {
  Type type = type_of<model::ObjectMeta>();
  type.shape = Shape::kMeta;
  return field<Member>("metadata", std::move(type));
}

}  // namespace karpenter::schema
