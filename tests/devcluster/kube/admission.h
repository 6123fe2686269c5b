#pragma once

#include <string>
#include <string_view>

#include "tests/devcluster/kube/context.h"

// Calls the registered admission webhooks. spec: conversion §5.5, §5.6, §5.7

namespace karpenter::devcluster {

struct AdmissionInput {
  std::string_view operation;  // CREATE, UPDATE, DELETE, CONNECT
  json::View object;           // missing on DELETE
  json::View old_object;       // missing on CREATE
};

// Runs the matching mutating webhooks in the order of their names; each sees what those before it made.
base::Result<json::Value> mutate(Context& context, const AdmissionInput& input);
// Runs all matching validating webhooks; the first denial in the order of their names is the answer.
base::Status admit(Context& context, const AdmissionInput& input);

}  // namespace karpenter::devcluster
