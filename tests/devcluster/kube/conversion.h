#pragma once

#include <string_view>
#include <vector>

#include "tests/devcluster/kube/context.h"

// Moves objects between the versions of their kind. spec: conversion §5.1, §5.2

namespace karpenter::devcluster {

// The objects at `version`, in order; those already there are not sent to the webhook. What is unknown to the
// target schema is pruned; nothing is defaulted or validated. One failure fails all.
base::Result<std::vector<Object>> convert_all(const Context& context, const std::vector<Object>& objects,
                                              std::string_view version);
base::Result<Object> convert_one(const Context& context, const Object& object, std::string_view version);

// What a read returns of a stored object: pruned and defaulted at its stored version, then converted.
base::Result<std::vector<Object>> read_all(const Context& context, const std::vector<Object>& stored,
                                           std::string_view version);
base::Result<Object> read_one(const Context& context, const Object& stored, std::string_view version);

}  // namespace karpenter::devcluster
