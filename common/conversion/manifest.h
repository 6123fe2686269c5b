#pragma once

#include <cstdint>
#include <vector>

#include "common/conversion/alpha_settings.h"
#include "common/conversion/diagnostic.h"
#include "common/json/json.h"

// Manifests of any version in, manifests of one version out: what the offline converter prints. PURE.
// spec: conversion §2.16, §4.1, §4.2

namespace karpenter::conversion {

enum class Target : std::uint8_t { kV1, kV1beta1 };

struct ManifestSettings {
  Target target = Target::kV1;
  // Its mode is set to kOffline here; what it leaves open is taken from a ConfigMap karpenter-global-settings
  // in the input.
  AlphaSettings alpha;
  bool preserve_defaults = true;  // v1beta1 defaults that differ from v1's are written out
};

struct ManifestOutput {
  // In the order of the input, ready to be applied: no status, no server-made metadata, no compatibility
  // annotations. Objects of other kinds, and Karpenter objects that are at the target version, pass through
  // unchanged.
  std::vector<json::Value> objects;
  // In the order of the input; what concerns the whole run comes last. E-…: the object (and what depends on
  // it) is not printed. W-LOST: printed, but the target version has no place for the member named.
  Diagnostics diagnostics;
};

// Total: no document stops the others. Lists (kind …List with items) are flattened.
[[nodiscard]] ManifestOutput convert_manifests(std::vector<json::Value> documents,
                                               const ManifestSettings& settings);

}  // namespace karpenter::conversion
