#pragma once

#include <string_view>

// What travels in annotations because the other version has no place for it. spec: conversion §2.2

namespace karpenter::conversion {

inline constexpr std::string_view kKubelet = "compatibility.karpenter.sh/v1beta1-kubelet-conversion";
inline constexpr std::string_view kNodeClassReference =
    "compatibility.karpenter.sh/v1beta1-nodeclass-reference";
inline constexpr std::string_view kStoredVersionMigrated = "karpenter.sh/stored-version-migrated";
inline constexpr std::string_view kUbuntu = "compatibility.karpenter.k8s.aws/v1beta1-ubuntu";
inline constexpr std::string_view kAliasVersion = "compatibility.karpenter.k8s.aws/v1-alias-version";

}  // namespace karpenter::conversion
