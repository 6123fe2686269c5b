#pragma once

#include <string_view>

#include "common/model/legacy/annotations.h"

// What travels in annotations because the other version has no place for it. spec: conversion §2.2

namespace karpenter::conversion {

inline constexpr std::string_view kKubelet = model::v1beta1::kKubeletAnnotation;
inline constexpr std::string_view kNodeClassReference =
    "compatibility.karpenter.sh/v1beta1-nodeclass-reference";
inline constexpr std::string_view kStoredVersionMigrated = "karpenter.sh/stored-version-migrated";
inline constexpr std::string_view kUbuntu = "compatibility.karpenter.k8s.aws/v1beta1-ubuntu";
inline constexpr std::string_view kAliasVersion = "compatibility.karpenter.k8s.aws/v1-alias-version";
// What v1beta1 has no place for: `{"spec":{...}}`, shaped like the v1 object. spec: conversion §2.14
inline constexpr std::string_view kFields = "compatibility.karpenter.sh/v1-fields";

// An image id that resolves to nothing.
inline constexpr std::string_view kPlaceholderImage = "ami-placeholder";

}  // namespace karpenter::conversion
