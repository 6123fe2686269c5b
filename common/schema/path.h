#pragma once

#include <string>
#include <string_view>

namespace karpenter::schema {

// Where a walk through a document is, as a chain on the stack: text is only made for an error.
struct Path {
  const Path* parent = nullptr;
  std::string_view name = {};  // a member
  std::size_t index = 0;       // a list entry, when name is empty
  bool is_key = false;         // `name` is a key of a map: printed as [name]

  // `spec.template.spec.requirements[0].values[1]`, `spec.tags[a/b]`
  [[nodiscard]] std::string text() const {
    if (parent == nullptr) return {};
    std::string out = parent->text();
    if (name.empty() && !is_key) return out + "[" + std::to_string(index) + "]";
    if (is_key) return out + "[" + std::string(name) + "]";
    if (!out.empty()) out += '.';
    return out.append(name);
  }
};

}  // namespace karpenter::schema
