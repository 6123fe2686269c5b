#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/model/karpenter/v1.h"
#include "common/model/requirements.h"

namespace karpenter::aws {

enum class AmiFamily : std::uint8_t {
  kAl2,
  kAl2023,
  kBottlerocket,
  kWindows2019,
  kWindows2022,
  kWindows2025,
  kCustom
};

// What distinguishes the families besides their user data. spec: aws §3.6, §7.4
struct FamilyTraits {
  std::string_view name;              // "AL2023"
  std::string_view alias;             // "al2023", "" for Custom
  bool eni_limited_kube_reserved;     // kube-reserved memory from ENI-limited pods
  bool pods_per_core;                 // honours kubelet.podsPerCore
  bool eni_limited_pods;              // pods follow the ENI limit; otherwise 110
  bool any_kubelet_field;             // accepts every kubelet field
  std::string_view ephemeral_device;  // "" when unknown
  std::string_view windows_build;     // "" for Linux
};
[[nodiscard]] const FamilyTraits& traits_of(AmiFamily family);
[[nodiscard]] bool is_windows(AmiFamily family);

struct AmiAlias {
  AmiFamily family;
  std::string version;  // "latest" or "v20240807"
};
// The alias of the first term that has one. kInvalid when it is not family@version with a known family. spec:
// aws §8.1
[[nodiscard]] base::Result<std::optional<AmiAlias>> find_alias(const model::Ec2NodeClassSpec& spec);
// spec.amiFamily, else the alias's family, else Custom. spec: api §4.9
[[nodiscard]] base::Result<AmiFamily> resolve_family(const model::Ec2NodeClassSpec& spec);

// What is sent when spec.blockDeviceMappings is empty. spec: aws §7.4
[[nodiscard]] std::vector<model::BlockDeviceMapping> default_block_devices(AmiFamily family);

// One SSM parameter that names an image, and the requirement sets (variants) that image serves. spec: aws
// §8.2
struct AmiParameter {
  std::string path;
  std::vector<model::Requirements> variants;
};
// In the order of the table. `cluster_version` is "1.31".
[[nodiscard]] std::vector<AmiParameter> ami_parameters(const AmiAlias& alias,
                                                       std::string_view cluster_version);
// kTerminal with reason UnsupportedAlias when the alias's family is not published for this version. spec: aws
// §8.1
[[nodiscard]] base::Status check_alias(const AmiAlias& alias, std::string_view cluster_version);

}  // namespace karpenter::aws
