#include "tests/devcluster/kube/patch.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/strings.h"

namespace karpenter::devcluster {
namespace {

constexpr std::string_view kOrder = "$setElementOrder/";
constexpr std::string_view kDeletePrimitive = "$deleteFromPrimitiveList/";

json::View member_schema(json::View schema, std::string_view name) {
  const json::View known = schema["properties"][name];
  return known.exists() ? known : schema["additionalProperties"];
}

std::optional<std::size_t> find_by_key(json::View list, const std::string& key, json::View value) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i][key] == value) return i;
  }
  return std::nullopt;
}

bool contains(json::View list, json::View value) {
  const std::vector<json::View> items = list.items();
  return std::ranges::find(items, value) != items.end();
}

base::Status merge_object(json::Ref target, json::View patch, json::View schema);

base::Status merge_keyed_list(json::Ref target, json::View patch, json::View schema, const std::string& key) {
  if (!target.view().is_array()) target.set_array();
  for (const json::View item : patch.items()) {
    if (!item.is_object()) return base::invalid("strategic merge patch: list item is not an object");
    const std::string directive = item["$patch"].string_or("");
    if (directive == "replace") continue;
    const json::View id = item[key];
    if (!id.exists())
      return base::invalid("map: " + item.dump() + " does not contain declared merge key: " + key);
    const auto at = find_by_key(target, key, id);
    if (directive == "delete") {
      if (at.has_value()) target.erase(*at);
      continue;
    }
    const json::Ref place = at.has_value() ? target[*at] : target.push_back();
    if (!at.has_value()) place.set_object();
    RETURN_IF_ERROR(merge_object(place, item, schema["items"]));
  }
  return base::ok();
}

bool has_replace_marker(json::View list) {
  return std::ranges::any_of(list.items(),
                             [](json::View item) { return item["$patch"].string_or("") == "replace"; });
}

base::Status merge_list(json::Ref target, json::View patch, json::View schema) {
  const std::string key = schema["x-kubernetes-patch-merge-key"].string_or("");
  const bool merges = schema["x-kubernetes-patch-strategy"].string_or("") == "merge";
  if (!merges || has_replace_marker(patch)) {
    target.set_array();
    for (const json::View item : patch.items()) {
      if (!item["$patch"].exists()) target.push_back(item);
    }
    return base::ok();
  }
  if (!key.empty()) return merge_keyed_list(target, patch, schema, key);
  if (!target.view().is_array()) target.set_array();
  for (const json::View item : patch.items()) {
    if (!contains(target, item)) target.push_back(item);
  }
  return base::ok();
}

// Brings a merged list into the order the patch asks for; what it does not name follows.
void set_order(json::Ref list, json::View order, const std::string& key) {
  if (!list.view().is_array()) return;
  json::Value sorted = json::Value::array();
  const auto listed = [&](json::View item) {
    return key.empty() ? contains(order, item) : find_by_key(order, key, item[key]).has_value();
  };
  for (const json::View wanted : order.items()) {
    for (const json::View item : list.view().items()) {
      if (key.empty() ? item == wanted : item[key] == wanted[key]) sorted.ref().push_back(item);
    }
  }
  for (const json::View item : list.view().items()) {
    if (!listed(item)) sorted.ref().push_back(item);
  }
  list.set(std::move(sorted));
}

void apply_list_directive(json::Ref target, std::string_view name, json::View value, json::View schema) {
  if (name.starts_with(kOrder)) {
    const std::string field(name.substr(kOrder.size()));
    const json::View list = member_schema(schema, field);
    if (target.view()[field].exists()) {
      set_order(target[field], value, list["x-kubernetes-patch-merge-key"].string_or(""));
    }
    return;
  }
  const std::string field(name.substr(kDeletePrimitive.size()));
  if (!target.view()[field].is_array()) return;
  json::Value kept = json::Value::array();
  for (const json::View item : target.view()[field].items()) {
    if (!contains(value, item)) kept.ref().push_back(item);
  }
  target[field].set(std::move(kept));
}

void retain_keys(json::Ref target, json::View keys) {
  std::vector<std::string> gone;
  for (const auto& [name, value] : target.view().members()) {
    if (!contains(keys, json::Value::of(name))) gone.emplace_back(name);
  }
  for (const std::string& name : gone) target.erase(name);
}

base::Status merge_member(json::Ref target, std::string_view name, json::View value, json::View schema) {
  if (value.is_null()) {
    target.erase(name);
    return base::ok();
  }
  const json::Ref place = target[name];
  if (value.is_object()) {
    if (!place.view().is_object()) place.set_object();
    return merge_object(place, value, schema);
  }
  if (value.is_array()) return merge_list(place, value, schema);
  place.set(value);
  return base::ok();
}

base::Status merge_object(json::Ref target, json::View patch, json::View schema) {
  const std::string directive = patch["$patch"].string_or("");
  if (directive == "replace" || directive == "delete") target.set_object();
  if (directive == "delete") return base::ok();
  if (patch["$retainKeys"].is_array()) retain_keys(target, patch["$retainKeys"]);
  for (const auto& [name, value] : patch.members()) {
    if (name.starts_with('$')) continue;
    RETURN_IF_ERROR(merge_member(target, name, value, member_schema(schema, name)));
  }
  for (const std::string_view prefix : {kDeletePrimitive, kOrder}) {
    for (const auto& [name, value] : patch.members()) {
      if (name.starts_with(prefix)) apply_list_directive(target, name, value, schema);
    }
  }
  return base::ok();
}

bool same_keys(json::View a, json::View b, const std::vector<std::string>& keys) {
  return std::ranges::all_of(keys, [&](const std::string& key) { return a[key] == b[key]; });
}

void apply_list(json::Ref target, json::View configuration, json::View schema) {
  std::vector<std::string> keys;
  for (const json::View key : schema["x-kubernetes-list-map-keys"].items()) keys.push_back(key.string_or(""));
  const std::string merge_key = schema["x-kubernetes-patch-merge-key"].string_or("");
  if (keys.empty() && !merge_key.empty()) keys.push_back(merge_key);
  const bool set = schema["x-kubernetes-list-type"].string_or("") == "set" ||
                   (schema["x-kubernetes-patch-strategy"].string_or("") == "merge" && keys.empty());
  if ((keys.empty() && !set) || !target.view().is_array()) {
    target.set(configuration);
    return;
  }
  for (const json::View item : configuration.items()) {
    if (set) {
      if (!contains(target, item)) target.push_back(item);
      continue;
    }
    const std::vector<json::View> have = target.view().items();
    const auto found =
        std::ranges::find_if(have, [&](json::View entry) { return same_keys(entry, item, keys); });
    if (found == have.end()) {
      target.push_back(item);
    } else {
      apply_configuration(target[static_cast<std::size_t>(found - have.begin())], item, schema["items"]);
    }
  }
}

}  // namespace

base::Status apply_strategic_patch(json::Ref target, json::View patch, json::View schema) {
  if (!patch.is_object()) return base::invalid("a strategic merge patch must be an object");
  return merge_object(target, patch, schema);
}

void apply_configuration(json::Ref target, json::View configuration, json::View schema) {
  if (!target.view().is_object() || !configuration.is_object()) {
    target.set(configuration);
    return;
  }
  for (const auto& [name, value] : configuration.members()) {
    if (value.is_null()) continue;
    const json::View child = member_schema(schema, name);
    if (value.is_array()) {
      apply_list(target[name], value, child);
    } else if (value.is_object() && child["x-kubernetes-map-type"].string_or("") != "atomic") {
      apply_configuration(target[name], value, child);
    } else {
      target[name].set(value);
    }
  }
}

}  // namespace karpenter::devcluster
