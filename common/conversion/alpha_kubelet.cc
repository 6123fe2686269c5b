#include <algorithm>
#include <array>

#include "common/conversion/alpha.h"
#include "common/conversion/sha256.h"
#include "common/json/json.h"

// spec: conversion §4.6

namespace karpenter::conversion {
namespace {

constexpr std::int32_t kPodsWithoutEniLimit = 110;

std::string below(std::string_view member) {
  std::string path = "spec.kubeletConfiguration.";
  return path.append(member);
}

bool has_same_keys(const model::StringMap& a, const model::StringMap& b) {
  return std::ranges::equal(a, b, {}, &model::StringMap::value_type::first,
                            &model::StringMap::value_type::first);
}

void check_reserved(std::string_view member, const model::StringMap& reserved, const Sayer& say) {
  constexpr std::array<std::string_view, 4> kReserved{"cpu", "memory", "ephemeral-storage", "pid"};
  for (const auto& [key, value] : reserved) {
    if (std::ranges::find(kReserved, key) == kReserved.end())
      say("E-KUBELET", below(member), key + " cannot be reserved");
  }
}

void check(const model::v1beta1::Kubelet& kubelet, const Sayer& say) {
  const auto& runtime = kubelet.container_runtime;
  if (runtime == "dockerd") {
    say("W-DOCKERD", below("containerRuntime"), "nodes run containerd, no longer dockerd");
  } else if (!runtime.empty()) {
    say("I-RUNTIME", below("containerRuntime"), runtime + " is dropped: v1 has no such setting");
  }
  check_reserved("systemReserved", kubelet.system_reserved, say);
  check_reserved("kubeReserved", kubelet.kube_reserved, say);
  const auto& high = kubelet.image_gc_high_threshold_percent;
  const auto& low = kubelet.image_gc_low_threshold_percent;
  if (high && low && *high <= *low)
    say("E-KUBELET", below("imageGCHighThresholdPercent"), "must be above imageGCLowThresholdPercent");
  if (!has_same_keys(kubelet.eviction_soft, kubelet.eviction_soft_grace_period))
    say("E-KUBELET", below("evictionSoft"), "must have the keys of evictionSoftGracePeriod");
}

}  // namespace

std::string map_kubelet(const model::v1alpha5::Provisioner& provisioner, const AlphaSettings& settings,
                        const Sayer& say) {
  auto kubelet = provisioner.spec.kubelet.value_or(model::v1beta1::Kubelet{});
  check(kubelet, say);
  if (!settings.eni_limited_pod_density && !kubelet.max_pods) {
    kubelet.max_pods = kPodsWithoutEniLimit;
    say("I-MAXPODS", below("maxPods"), "110, as without the limit of network interfaces");
  }
  const auto encoded = json::parse(model::v1beta1::kubelet_json(kubelet));
  if (!encoded || encoded->view().size() == 0) return "";
  return encoded->dump();  // keys sorted
}

std::string variant_name(std::string_view node_template, std::string_view kubelet) {
  // The name becomes the value of a node label: at most 63 characters.
  constexpr std::size_t kLongest = 63;
  constexpr std::size_t kSuffix = 9;
  std::string stem(node_template);
  if (stem.size() + kSuffix > kLongest) {
    stem.resize(kLongest - kSuffix);
    stem.resize(stem.find_last_not_of("-.") + 1);
  }
  return stem + "-" + sha256_hex(kubelet).substr(0, kSuffix - 1);
}

}  // namespace karpenter::conversion
