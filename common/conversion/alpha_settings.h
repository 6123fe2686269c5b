#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/model/meta.h"

namespace karpenter::conversion {

// Controller mode knows the cluster and must not leave placeholders; offline mode writes manifests that a
// person completes.
enum class Mode : std::uint8_t { kController, kOffline };

// What the conversion of the alpha kinds has to know besides the objects. spec: conversion §4.1
struct AlphaSettings {
  std::string cluster_name;              // "" when unknown
  std::string default_instance_profile;  // aws.defaultInstanceProfile of the alpha global settings
  std::string cluster_version = {};      // "1.31"; "" when unknown
  Mode mode = Mode::kController;
  std::string node_role = {};
  model::StringMap default_tags = {};      // aws.tags of the alpha global settings
  bool eni_limited_pod_density = true;     // false: maxPods 110 where none is given
  std::optional<bool> drift_enabled = {};  // of the alpha controller; nullopt when unknown
  bool ipv6 = false;                       // the cluster's address family
  bool ignore_defaults = false;            // leave the alpha requirement defaults out
  bool preserve_drift = false;             // a budget that keeps drift off where it was off
  bool use_role = false;                   // role instead of the instance profile
  bool ubuntu_ssm = false;                 // SSM parameters instead of a placeholder image
  bool force_launch_template = false;      // a class of placeholders instead of E-LAUNCHTEMPLATE
  bool upstream_compat = false;            // without the corrections of conversion §4
};

}  // namespace karpenter::conversion
