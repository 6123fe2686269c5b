#pragma once

#include <span>
#include <string_view>

#include "common/schema/type.h"

// The members of KubeletConfiguration (kubelet.config.k8s.io/v1beta1, Kubernetes 1.37) as data. spec: api
// §4.4

namespace karpenter::admission {

// Types of all members but memoryThrottlingFactor, a float. Durations are strings here.
[[nodiscard]] const schema::Type& kubelet_configuration();
inline constexpr std::string_view kKubeletFloat = "memoryThrottlingFactor";
// Dotted names of the members that are durations.
[[nodiscard]] std::span<const std::string_view> kubelet_durations();
// The members that Karpenter interprets itself, in the order of the reference.
[[nodiscard]] std::span<const std::string_view> kubelet_managed_fields();

}  // namespace karpenter::admission
