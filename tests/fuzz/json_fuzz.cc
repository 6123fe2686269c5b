#include "common/json/json.h"

#include "tests/fuzz/fuzz.h"

namespace json = karpenter::json;

static bool has_null(json::View value) {
  if (value.is_null()) return true;
  for (const auto item : value.items()) {
    if (has_null(item)) return true;
  }
  for (const auto& [key, member] : value.members()) {
    if (has_null(member)) return true;
  }
  return false;
}

// What is read and printed is read as the same; a patch made of two documents turns one into the other.
KARP_FUZZ(text) {
  const auto value = json::parse(text);
  if (!value) return;
  const std::string printed = value->dump();
  const auto again = json::parse(printed);
  KARP_CHECK(again.has_value());
  KARP_CHECK(*again == *value);
  KARP_CHECK(again->dump() == printed);
  const auto indented = json::parse(value->view().dump_pretty());
  KARP_CHECK(indented.has_value() && *indented == *value);

  const auto before = value->view()[std::size_t{0}];
  const auto after = value->view()[std::size_t{1}];
  if (value->view().size() != 2 || !before.exists()) return;
  json::Value patched(before);
  KARP_CHECK(json::apply_json_patch(patched, json::make_json_patch(before, after)).has_value());
  KARP_CHECK(patched.view() == after);
  json::Value merged(before);
  json::apply_merge_patch(merged.ref(), json::make_merge_patch(before, after));
  KARP_CHECK(!before.is_object() || has_null(before) || has_null(after) || merged.view() == after);
  json::Value target(before);
  static_cast<void>(json::apply_json_patch(target, after));
  json::apply_merge_patch(target.ref(), after);
}
