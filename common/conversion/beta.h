#pragma once

#include <string>
#include <string_view>

#include "common/conversion/conversion.h"
#include "common/json/json.h"
#include "common/schema/type.h"

// The parts of v1beta1 <-> v1, on documents in place. Only this folder includes it. spec: conversion §2

namespace karpenter::conversion {

struct Context {
  const Lookups& lookups;
  const Options& options;

  [[nodiscard]] bool is_compat() const { return options.upstream_compat; }
  void remark(std::string_view text) const {
    if (options.remarks != nullptr) options.remarks->emplace_back(text);
  }
};

// Each takes an object of the other version, whole, and leaves apiVersion and kind alone.
[[nodiscard]] base::Status pool_to_v1(json::Ref object, const Context& context);
[[nodiscard]] base::Status pool_to_v1beta1(json::Ref object, const Context& context);
[[nodiscard]] base::Status claim_to_v1(json::Ref object, const Context& context);
[[nodiscard]] base::Status claim_to_v1beta1(json::Ref object, const Context& context);
[[nodiscard]] base::Status class_to_v1(json::Ref object, const Context& context);
[[nodiscard]] base::Status class_to_v1beta1(json::Ref object, const Context& context);

// ---- annotations
[[nodiscard]] std::string_view annotation(json::View object, std::string_view key);  // "" when absent
void set_annotation(json::Ref object, std::string_view key, std::string_view value);
// Also drops the map when nothing is left in it, so that a round trip leaves no trace.
void drop_annotations(json::Ref object, std::initializer_list<std::string_view> keys);

// ---- the stash of what v1beta1 cannot hold. spec: conversion §2.14
// Takes the annotation from the object. `{"spec": …}`; null when there is none, it is malformed or
// `upstream_compat` is set.
[[nodiscard]] json::Value take_stash(json::Ref object, const schema::Type& v1_type, const Context& context);
// Adds the annotation unless `spec` is empty or the annotations would get too large.
void leave_stash(json::Ref object, json::Value spec, const Context& context);

// ---- what 1.0 does to texts and empty lists. spec: conversion §1.3
void make_canonical(json::Ref object);

}  // namespace karpenter::conversion
