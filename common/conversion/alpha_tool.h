#pragma once

#include <vector>

#include "common/conversion/manifest_input.h"

// The mapping of the 0.32 converter to v1beta1 as it was, faults included: target v1beta1 together with
// upstream_compat. spec: conversion §3.2, §3.3, §3.5

namespace karpenter::conversion {

[[nodiscard]] std::vector<json::Value> tool_provisioner(Document& document, const AlphaSettings& settings);
[[nodiscard]] std::vector<json::Value> tool_node_template(Document& document, const AlphaSettings& settings);

}  // namespace karpenter::conversion
