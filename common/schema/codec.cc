#include "common/schema/codec.h"

#include "common/base/strings.h"
#include "common/schema/binding.h"
#include "common/schema/path.h"

namespace karpenter::schema {
namespace {

using json::Ref;
using json::View;

constexpr std::size_t kMaxErrors = 100;

bool has_content(const Type& type, const Binding& binding, void* from);

// Whether the member was read empty, so that it is written although it is.
bool is_noted_blank(const Field& field, void* object) {
  return field.blanks != nullptr && field.blanks(object)->contains(field.name);
}

bool any_member(const Type& type, void* from) {
  for (const auto& field : type.fields) {
    if (has_content(field.type, *field.binding, field.at(from)) || is_noted_blank(field, from)) return true;
  }
  return false;
}

bool has_content(const Type& type, const Binding& binding, void* from) {
  return binding.kind == Binding::Kind::kStruct ? any_member(type, from) : binding.size(from) > 0;
}

class Reader {
 public:
  std::vector<std::string> errors;

  void value(const Type& type, const Binding& binding, View from, void* to, const Path& path) {
    if (!from.exists() || from.is_null()) return;
    switch (binding.kind) {
      case Binding::Kind::kOptional:
        return value(type, *binding.element, from, binding.add(to), path);
      case Binding::Kind::kList:
        return items(type, binding, from, to, path);
      case Binding::Kind::kStruct:
        return members(type, from, to, path);
      case Binding::Kind::kScalar:
        break;
    }
    // A list of {"name": ...} kept as strings: the element is a scalar, its JSON an object.
    if (type.shape == Shape::kObject) return members(type, from, to, path);
    if (const auto wrong = binding.read(type, from, to)) fail(path, wrong->where, wrong->text);
  }

  void members(const Type& type, View from, void* to, const Path& path) {
    if (!from.is_object()) return fail(path, "", "must be of type object");
    for (const auto& field : type.fields) {
      const View member = from[field.name];
      void* at = field.at(to);
      value(field.type, *field.binding, member, at, Path{.parent = &path, .name = field.name});
      const bool stands_there = field.blanks != nullptr && member.exists() && !member.is_null();
      if (stands_there && !has_content(field.type, *field.binding, at)) field.blanks(to)->add(field.name);
    }
  }

 private:
  void items(const Type& type, const Binding& binding, View from, void* to, const Path& path) {
    if (!from.is_array()) return fail(path, "", "must be of type array");
    for (std::size_t i = 0; i < from.size(); ++i) {
      value(*type.item, *binding.element, from[i], binding.add(to), Path{.parent = &path, .index = i});
    }
  }

  void fail(const Path& path, std::string_view where, std::string_view text) {
    if (errors.size() < kMaxErrors) errors.push_back(path.text().append(where).append(": ").append(text));
  }
};

// Field::at takes a mutable object for the reader's sake; the writer only looks.
void* mutable_address(const void* object) {
  return const_cast<void*>(object);  // NOLINT(cppcoreguidelines-pro-type-const-cast): see above
}

void write_value(const Type& type, const Binding& binding, const void* from, Ref to);

void write_members(const Type& type, const void* from, Ref to) {
  if (!to.view().is_object()) to.set_object();
  for (const auto& field : type.fields) {
    void* at = field.at(mutable_address(from));
    const bool can_be_absent = field.binding->kind == Binding::Kind::kOptional;
    const bool wanted = field.type.is_required && !can_be_absent;
    const bool is_present = wanted || has_content(field.type, *field.binding, at);
    if (is_present || is_noted_blank(field, mutable_address(from))) {
      write_value(field.type, *field.binding, at, to[field.name]);
    }
  }
}

void write_value(const Type& type, const Binding& binding, const void* from, Ref to) {
  switch (binding.kind) {
    case Binding::Kind::kOptional:
      return write_value(type, *binding.element, binding.get(from, 0), to);
    case Binding::Kind::kStruct:
      return write_members(type, from, to);
    case Binding::Kind::kList:
      to.set_array();
      for (std::size_t i = 0; i < binding.size(from); ++i) {
        write_value(*type.item, *binding.element, binding.get(from, i), to.push_back());
      }
      return;
    case Binding::Kind::kScalar:
      break;
  }
  if (type.shape == Shape::kObject) return write_members(type, from, to);
  binding.write(type, from, to);
}

void find_unknown(const Type& type, View at, const Path& path, std::vector<std::string>& out) {
  if (type.shape == Shape::kList) {
    for (std::size_t i = 0; i < at.size(); ++i)
      find_unknown(*type.item, at[i], Path{.parent = &path, .index = i}, out);
  }
  if (type.shape != Shape::kObject && type.shape != Shape::kMeta) return;
  for (const auto& [name, value] : at.members()) {
    const Path here{.parent = &path, .name = name};
    bool known = path.parent == nullptr && (name == "apiVersion" || name == "kind");
    for (const auto& field : type.fields) {
      if (field.name != name) continue;
      known = true;
      find_unknown(field.type, value, here, out);
    }
    if (!known && out.size() < kMaxErrors) out.push_back(here.text());
  }
}

}  // namespace

base::Status read(const Type& type, View from, void* to) {
  Reader reader;
  const Path root;
  reader.members(type, from, to, root);
  if (reader.errors.empty()) return base::ok();
  return base::invalid("malformed object").add("errors", base::join(reader.errors, "; "));
}

void write(const Type& type, const void* from, Ref to) { write_members(type, from, to); }

std::vector<std::string> unknown_fields(const Type& type, View object) {
  std::vector<std::string> out;
  find_unknown(type, object, Path{}, out);
  return out;
}

base::Status refuse_unknown_fields(const Type& type, View object) {
  const auto unknown = unknown_fields(type, object);
  if (unknown.empty()) return base::ok();
  return base::invalid("unknown field").add("field", base::join(unknown, ", "));
}

}  // namespace karpenter::schema
