#pragma once

#include <string_view>

namespace karpenter::model::v1beta1 {

// On v1 NodePools and NodeClaims: the kubelet of their v1beta1 form, as JSON; it wins over the
// EC2NodeClass's. spec: conversion §2.2, §2.11
inline constexpr std::string_view kKubeletAnnotation =
    "compatibility.karpenter.sh/v1beta1-kubelet-conversion";

}  // namespace karpenter::model::v1beta1
