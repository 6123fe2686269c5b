#include "common/model/meta.h"

#include <algorithm>

namespace karpenter::model {
namespace {

std::string_view value_of(const StringMap& map, std::string_view key) {
  const auto it = map.find(key);
  return it == map.end() ? std::string_view() : std::string_view(it->second);
}

}  // namespace

std::string_view ObjectMeta::label(std::string_view key) const { return value_of(labels, key); }
std::string_view ObjectMeta::annotation(std::string_view key) const { return value_of(annotations, key); }
bool ObjectMeta::has_finalizer(std::string_view finalizer) const {
  return std::find(finalizers.begin(), finalizers.end(), finalizer) != finalizers.end();
}

std::string ObjectKey::text() const { return namespace_name.empty() ? name : namespace_name + "/" + name; }
ObjectKey key_of(const ObjectMeta& meta) {
  return {.namespace_name = meta.namespace_name, .name = meta.name};
}

const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type) {
  const auto it =
      std::find_if(conditions.begin(), conditions.end(), [&](const auto& c) { return c.type == type; });
  return it == conditions.end() ? nullptr : &*it;
}

bool is_true(const std::vector<Condition>& conditions, std::string_view type) {
  const Condition* condition = find_condition(conditions, type);
  return condition != nullptr && condition->status == "True";
}

}  // namespace karpenter::model
