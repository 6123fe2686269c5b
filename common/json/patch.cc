#include <nlohmann/json.hpp>
#include <utility>

#include "common/json/json.h"

namespace karpenter::json {
namespace {

using Node = nlohmann::json;

void merge(Node& target, const Node& patch) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  if (!target.is_object()) target = Node::object();
  for (const auto& [key, value] : patch.get_ref<const Node::object_t&>()) {
    if (value.is_null()) {
      target.erase(key);
    } else {
      merge(target[key], value);
    }
  }
}

Node merge_difference(const Node& before, const Node& after) {
  Node out = Node::object();
  for (const auto& [key, old_value] : before.get_ref<const Node::object_t&>()) {
    if (!after.contains(key)) out[key] = nullptr;
  }
  for (const auto& [key, value] : after.get_ref<const Node::object_t&>()) {
    const auto old_value = before.find(key);
    if (old_value == before.end()) {
      out[key] = value;
    } else if (*old_value == value) {
      continue;
    } else if (old_value->is_object() && value.is_object()) {
      out[key] = merge_difference(*old_value, value);
    } else {
      out[key] = value;
    }
  }
  return out;
}

// ---- RFC 6902

base::Error bad(std::string message, std::string_view path) {
  return base::invalid(std::move(message)).add("path", std::string(path));
}

// Splits the last step off a pointer: "/a/b" -> ("/a", "b").
struct Place {
  std::string_view parent;
  std::string step;  // unescaped
};
std::optional<Place> split_pointer(std::string_view pointer) {
  const auto slash = pointer.rfind('/');
  if (pointer.empty() || pointer[0] != '/' || slash == std::string_view::npos) return std::nullopt;
  Place place{.parent = pointer.substr(0, slash), .step = {}};
  const auto raw = pointer.substr(slash + 1);
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '~') {
      place.step += raw[i];
      continue;
    }
    if (i + 1 >= raw.size() || (raw[i + 1] != '0' && raw[i + 1] != '1')) return std::nullopt;
    place.step += raw[++i] == '0' ? '~' : '/';
  }
  return place;
}

std::optional<std::size_t> array_index(std::string_view step) {
  if (step.empty() || step.size() > 9 || (step.size() > 1 && step[0] == '0')) return std::nullopt;
  std::size_t index = 0;
  for (const char c : step) {
    if (c < '0' || c > '9') return std::nullopt;
    index = index * 10 + static_cast<std::size_t>(c - '0');
  }
  return index;
}

// A writable node, or null.
Node* find_node(Node& root, std::string_view pointer) {
  const Node* found = View(&root).at_pointer(pointer).node();
  return const_cast<Node*>(found);  // NOLINT(cppcoreguidelines-pro-type-const-cast): the root is ours
}

base::Status add(Node& root, std::string_view path, Node value) {
  if (path.empty()) {
    root = std::move(value);
    return base::ok();
  }
  const auto place = split_pointer(path);
  if (!place) return bad("malformed JSON pointer", path);
  Node* parent = find_node(root, place->parent);
  if (parent == nullptr || !parent->is_structured()) return bad("JSON patch path does not exist", path);
  if (parent->is_object()) {
    (*parent)[place->step] = std::move(value);
    return base::ok();
  }
  if (place->step == "-") {
    parent->push_back(std::move(value));
    return base::ok();
  }
  const auto index = array_index(place->step);
  if (!index || *index > parent->size()) return bad("JSON patch index out of range", path);
  parent->insert(parent->begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
  return base::ok();
}

base::Status remove(Node& root, std::string_view path) {
  const auto place = split_pointer(path);
  if (!place) return bad("malformed JSON pointer", path);
  if (find_node(root, path) == nullptr) return bad("JSON patch path does not exist", path);
  Node* parent = find_node(root, place->parent);
  if (parent->is_object()) {
    parent->erase(place->step);
  } else {
    parent->erase(*array_index(place->step));
  }
  return base::ok();
}

base::Status move_or_copy(Node& root, View operation, std::string_view path, bool moves) {
  const auto from = operation["from"].string();
  if (!from) return bad("JSON patch operation without 'from'", path);
  const Node* source = View(&root).at_pointer(*from).node();
  if (source == nullptr) return bad("JSON patch path does not exist", *from);
  Node value = *source;
  if (moves) {
    if (path.size() > from->size() && path.starts_with(*from) && path[from->size()] == '/') {
      return bad("JSON patch moves a value into itself", path);
    }
    if (path == *from) return base::ok();
    RETURN_IF_ERROR(remove(root, *from));
  }
  return add(root, path, std::move(value));
}

base::Status apply_one(Node& root, View operation) {
  const auto op = operation["op"].string();
  const auto path = operation["path"].string();
  if (!op || !path) return base::invalid("JSON patch operation without 'op' or 'path'");
  if (*op == "remove") return remove(root, *path);
  if (*op == "move" || *op == "copy") return move_or_copy(root, operation, *path, *op == "move");
  const View value = operation["value"];
  if (*op != "add" && *op != "replace" && *op != "test") return bad("unknown JSON patch operation", *op);
  if (!value.exists()) return bad("JSON patch operation without 'value'", *path);
  if (*op == "add") return add(root, *path, *value.node());
  Node* target = find_node(root, *path);
  if (*op == "test") {
    if (target != nullptr && *target == *value.node()) return base::ok();
    return base::make_error(base::Code::kConflict, "JSON patch test failed").add("path", std::string(*path));
  }
  if (target == nullptr) return bad("JSON patch path does not exist", *path);
  *target = *value.node();
  return base::ok();
}

}  // namespace

void apply_merge_patch(Ref target, View patch) {
  if (patch.exists()) merge(*target.node(), *patch.node());
}

Value make_merge_patch(View before, View after) {
  if (before == after) return Value::object();
  if (!before.is_object() || !after.is_object()) return after.clone();
  Value out;
  *out.ref().node() = merge_difference(*before.node(), *after.node());
  return out;
}

base::Status apply_json_patch(Value& target, View patch) {
  if (!patch.is_array()) return base::invalid("a JSON patch must be a list of operations");
  Value work(target);
  std::size_t index = 0;
  for (const View operation : patch.items()) {
    auto status = apply_one(*work.ref().node(), operation);
    if (!status) return std::move(status).error().add("operation", std::to_string(index));
    ++index;
  }
  target = std::move(work);
  return base::ok();
}

Value make_json_patch(View before, View after) {
  const Node null = nullptr;
  Value out;
  *out.ref().node() =
      Node::diff(before.exists() ? *before.node() : null, after.exists() ? *after.node() : null);
  return out;
}

}  // namespace karpenter::json
