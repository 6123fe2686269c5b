#pragma once

#include <string_view>

#include "common/json/json.h"
#include "common/schema/type.h"

// Documents against field tables, without going through the C++ model: conversion edits what differs between
// versions and leaves every other byte as it came.

namespace karpenter::conversion {

// Drops null members and members that `type` does not know; kInvalid with path and reason, at most 100, when
// a value has another JSON type than the table says. Limits, patterns and required members do not matter.
[[nodiscard]] base::Status fit(const schema::Type& type, json::Ref object);

// The table of a member, null when there is none.
[[nodiscard]] const schema::Type* member_type(const schema::Type& type, std::string_view name);

// What `old_type` has no place for, of the members of `object` (which fits `new_type`) and of the objects in
// it, is copied to the same place below `to`. Lists are not looked into. `to` stays untouched when there is
// nothing.
void collect_unknown(json::View object, const schema::Type& old_type, json::Ref to);
// The other way: such members that `object` lacks are copied back from `from`.
void restore_unknown(json::Ref object, const schema::Type& old_type, json::View from);

}  // namespace karpenter::conversion
