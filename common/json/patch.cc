#include <utility>

#include "common/json/json.h"

namespace karpenter::json {
namespace {

void merge(Ref target, View patch) {
  if (!patch.is_object()) return target.set(patch);
  if (!target.view().is_object()) target.set_object();
  for (const auto& [key, value] : patch.members()) {
    if (value.is_null()) {
      target.erase(key);
    } else {
      merge(target[key], value);
    }
  }
}

void merge_difference(Ref out, View before, View after) {
  out.set_object();
  for (const auto& [key, old_value] : before.members()) {
    if (!after[key].exists()) out[key].set(nullptr);
  }
  for (const auto& [key, value] : after.members()) {
    const View old_value = before[key];
    if (old_value == value) continue;
    if (old_value.is_object() && value.is_object()) {
      merge_difference(out[key], old_value, value);
    } else {
      out[key].set(value);
    }
  }
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

// A writable part of the document, if it is there.
std::optional<Ref> find_part(Ref root, std::string_view pointer) {
  const Node* found = root.view().at_pointer(pointer).node();
  if (found == nullptr) return std::nullopt;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): the root is ours
  return Ref(const_cast<Node*>(found), root.arena());
}

base::Status add(Ref root, std::string_view path, View value) {
  if (path.empty()) {
    root.set(value);
    return base::ok();
  }
  const auto place = split_pointer(path);
  if (!place) return bad("malformed JSON pointer", path);
  const auto parent = find_part(root, place->parent);
  const bool is_array = parent && parent->view().is_array();
  if (!is_array && !(parent && parent->view().is_object())) {
    return bad("JSON patch path does not exist", path);
  }
  if (!is_array) {
    (*parent)[place->step].set(value);
    return base::ok();
  }
  const auto index = place->step == "-" ? parent->view().size() : array_index(place->step);
  if (!index || *index > parent->view().size()) return bad("JSON patch index out of range", path);
  parent->insert(*index).set(value);
  return base::ok();
}

base::Status remove(Ref root, std::string_view path) {
  const auto place = split_pointer(path);
  if (!place) return bad("malformed JSON pointer", path);
  if (!find_part(root, path)) return bad("JSON patch path does not exist", path);
  const auto parent = find_part(root, place->parent);
  if (parent->view().is_object()) {
    parent->erase(place->step);
  } else {
    parent->erase(*array_index(place->step));
  }
  return base::ok();
}

base::Status move_or_copy(Ref root, View operation, std::string_view path, bool moves) {
  const auto from = operation["from"].string();
  if (!from) return bad("JSON patch operation without 'from'", path);
  const View source = root.view().at_pointer(*from);
  if (!source.exists()) return bad("JSON patch path does not exist", *from);
  const Value value = source.clone();
  if (moves) {
    if (path.size() > from->size() && path.starts_with(*from) && path[from->size()] == '/') {
      return bad("JSON patch moves a value into itself", path);
    }
    if (path == *from) return base::ok();
    RETURN_IF_ERROR(remove(root, *from));
  }
  return add(root, path, value);
}

base::Status apply_one(Ref root, View operation) {
  const auto op = operation["op"].string();
  const auto path = operation["path"].string();
  if (!op || !path) return base::invalid("JSON patch operation without 'op' or 'path'");
  if (*op == "remove") return remove(root, *path);
  if (*op == "move" || *op == "copy") return move_or_copy(root, operation, *path, *op == "move");
  const View value = operation["value"];
  if (*op != "add" && *op != "replace" && *op != "test") return bad("unknown JSON patch operation", *op);
  if (!value.exists()) return bad("JSON patch operation without 'value'", *path);
  if (*op == "add") return add(root, *path, value);
  const auto target = find_part(root, *path);
  if (*op == "test") {
    if (target && target->view() == value) return base::ok();
    return base::make_error(base::Code::kConflict, "JSON patch test failed").add("path", std::string(*path));
  }
  if (!target) return bad("JSON patch path does not exist", *path);
  target->set(value);
  return base::ok();
}

// ---- differences

void add_operation(Ref patch, std::string_view op, const std::string& path, View value) {
  const auto operation = patch.push_back();
  operation["op"].set(op);
  operation["path"].set(path);
  if (value.exists()) operation["value"].set(value);
}

void difference(Ref patch, View before, View after, const std::string& path);

void array_difference(Ref patch, View before, View after, const std::string& path) {
  const std::size_t both = std::min(before.size(), after.size());
  for (std::size_t i = 0; i < both; ++i) {
    difference(patch, before[i], after[i], path + "/" + std::to_string(i));
  }
  for (std::size_t i = before.size(); i > both; --i) {  // from the end: indexes stay true
    add_operation(patch, "remove", path + "/" + std::to_string(i - 1), {});
  }
  for (std::size_t i = both; i < after.size(); ++i) add_operation(patch, "add", path + "/-", after[i]);
}

void object_difference(Ref patch, View before, View after, const std::string& path) {
  const auto path_of = [&path](std::string_view key) { return path + "/" + escape_pointer(key); };
  for (const auto& [key, value] : before.members()) {
    if (after[key].exists()) {
      difference(patch, value, after[key], path_of(key));
    } else {
      add_operation(patch, "remove", path_of(key), {});
    }
  }
  for (const auto& [key, value] : after.members()) {
    if (!before[key].exists()) add_operation(patch, "add", path_of(key), value);
  }
}

void difference(Ref patch, View before, View after, const std::string& path) {
  if (before == after) return;
  if (before.is_array() && after.is_array()) return array_difference(patch, before, after, path);
  if (before.is_object() && after.is_object()) return object_difference(patch, before, after, path);
  add_operation(patch, "replace", path, after);
}

}  // namespace

void apply_merge_patch(Ref target, View patch) {
  if (patch.exists()) merge(target, patch);
}

Value make_merge_patch(View before, View after) {
  if (before == after) return Value::object();
  if (!before.is_object() || !after.is_object()) return after.clone();
  Value out;
  merge_difference(out.ref(), before, after);
  return out;
}

base::Status apply_json_patch(Value& target, View patch) {
  if (!patch.is_array()) return base::invalid("a JSON patch must be a list of operations");
  Value work(target);
  std::size_t index = 0;
  for (const View operation : patch.items()) {
    auto status = apply_one(work.ref(), operation);
    if (!status) return std::move(status).error().add("operation", std::to_string(index));
    ++index;
  }
  target = std::move(work);
  return base::ok();
}

Value make_json_patch(View before, View after) {
  const Value null;
  Value out = Value::array();
  difference(out.ref(), before.exists() ? before : null.view(), after.exists() ? after : null.view(), "");
  return out;
}

}  // namespace karpenter::json
