#include "common/conversion/shape.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "common/schema/path.h"

namespace karpenter::conversion {
namespace {

using json::Ref;
using json::View;
using schema::Path;
using schema::Shape;
using schema::Type;

constexpr std::size_t kMaxFaults = 100;

bool is_int32(View at) {
  using Limits = std::numeric_limits<std::int32_t>;
  const auto value = at.integer();
  return value && *value >= Limits::min() && *value <= Limits::max();
}

// "" when `at` may stand where the table says `shape`.
std::string_view wanted_type(Shape shape, View at) {
  switch (shape) {
    case Shape::kBool:
      return at.is_bool() ? "" : "boolean";
    case Shape::kInt32:
      return is_int32(at) ? "" : "integer of 32 bits";
    case Shape::kInt64:
      return at.integer() ? "" : "integer";
    case Shape::kString:
    case Shape::kDateTime:
      return at.is_string() ? "" : "string";
    case Shape::kIntOrString:
      return at.is_string() || at.is_number() ? "" : "integer or string";
    case Shape::kList:
      return at.is_array() ? "" : "array";
    default:
      return at.is_object() ? "" : "object";
  }
}

// Looks without changing anything: most documents are in shape.
class Inspection {
 public:
  std::vector<std::string> faults;
  bool has_surplus = false;

  void value(const Type& type, View at, const Path& path) {
    if (const auto wanted = wanted_type(type.shape, at); !wanted.empty()) {
      if (faults.size() < kMaxFaults)
        faults.push_back(path.text() + ": must be of type " + std::string(wanted));
      return;
    }
    if (type.shape == Shape::kObject) members(type, at, path);
    if (type.shape == Shape::kList) {
      std::size_t index = 0;
      for (const auto item : at.items()) value(*type.item, item, Path{.parent = &path, .index = index++});
    }
    if (type.shape == Shape::kMap) texts(*type.item, at, path);
    if (type.shape == Shape::kMeta) {
      for (const auto* map : {"labels", "annotations"}) {
        const Path here{.parent = &path, .name = map};
        if (const auto found = at[map]; found.exists() && !found.is_null())
          value(schema::strings(), found, here);
      }
    }
  }

 private:
  void members(const Type& type, View at, const Path& path) {
    for (const auto& [name, member] : at.members()) {
      const auto* known = member_type(type, name);
      const bool is_type_meta = path.parent == nullptr && (name == "apiVersion" || name == "kind");
      if (known != nullptr && !member.is_null()) {
        value(*known, member, Path{.parent = &path, .name = name});
      } else if (!is_type_meta) {
        has_surplus = true;
      }
    }
  }

  void texts(const Type& type, View at, const Path& path) {
    for (const auto& [key, entry] : at.members()) {
      if (entry.is_null()) {
        has_surplus = true;
      } else {
        value(type, entry, Path{.parent = &path, .name = key, .is_key = true});
      }
    }
  }
};

void prune(const Type& type, Ref at, bool is_root) {
  if (type.shape == Shape::kList) {
    for (std::size_t i = 0; i < at.view().size(); ++i) prune(*type.item, at[i], false);
  }
  if (type.shape != Shape::kObject && type.shape != Shape::kMap) return;
  std::vector<std::string> doomed;
  for (const auto& [name, member] : at.view().members()) {
    const auto* known = type.shape == Shape::kMap ? type.item.get() : member_type(type, name);
    if (is_root && (name == "apiVersion" || name == "kind")) continue;
    if (known == nullptr || member.is_null()) {
      doomed.emplace_back(name);
    } else {
      prune(*known, at[name], false);
    }
  }
  for (const auto& name : doomed) at.erase(name);
}

}  // namespace

const Type* member_type(const Type& type, std::string_view name) {
  const auto found = std::ranges::find(type.fields, name, &schema::Field::name);
  return found == type.fields.end() ? nullptr : &found->type;
}

base::Status fit(const Type& type, Ref object) {
  Inspection inspection;
  inspection.value(type, object, Path{});
  if (!inspection.faults.empty())
    return base::invalid("malformed object").add("errors", base::join(inspection.faults, "; "));
  if (inspection.has_surplus) prune(type, object, true);
  return base::ok();
}

void collect_unknown(View object, const Type& old_type, Ref to) {
  for (const auto& [name, member] : object.members()) {
    const auto* known = member_type(old_type, name);
    if (known == nullptr) {
      to[name].set(member);
    } else if (known->shape == Shape::kObject && to.view()[name].exists()) {
      collect_unknown(member, *known, to[name]);
    } else if (known->shape == Shape::kObject) {
      json::Value below;
      collect_unknown(member, *known, below.ref());
      if (below.view().size() > 0) to[name].set(std::move(below));
    }
  }
}

void restore_unknown(Ref object, const Type& old_type, View from) {
  for (const auto& [name, member] : from.members()) {
    const auto* known = member_type(old_type, name);
    if (known == nullptr) {
      if (!object.view()[name].exists()) object[name].set(member);
    } else if (known->shape == Shape::kObject) {
      json::Value below;
      collect_unknown(member, *known, below.ref());
      if (below.view().size() > 0) restore_unknown(object[name], *known, below);
    }
  }
}

}  // namespace karpenter::conversion
