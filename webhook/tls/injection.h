#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/json/json.h"

// Where API servers look for the CAs they shall trust when they call the webhook, and how it gets there.
// spec: conversion §5.8, lifecycle §19.4, §19.5

namespace karpenter::webhook {

enum class RegistrationKind : std::uint8_t { kCrd, kMutating, kValidating };
struct Registration {
  RegistrationKind kind;
  std::string_view name;
  std::string_view conversion_path = {};  // of a CRD
};
// All that may name the webhook. What is not installed is passed over.
[[nodiscard]] const std::vector<Registration>& registrations();

struct Callee {
  std::vector<std::string> services;  // names under which callers reach the webhook
  std::string namespace_name;
  std::string ca_bundle;  // PEM
};

// The JSON patch that makes `object` trust the callee: empty when it does already. Entries of other services
// are left alone. kInvalid for a CRD that does not convert by a webhook service: that is for its owner to
// repair.
[[nodiscard]] base::Result<json::Value> plan_injection(const Registration& registration, json::View object,
                                                       const Callee& callee);

}  // namespace karpenter::webhook
