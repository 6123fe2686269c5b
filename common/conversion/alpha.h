#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/conversion/alpha_settings.h"
#include "common/conversion/diagnostic.h"
#include "common/model/karpenter/v1.h"
#include "common/model/legacy/v1alpha.h"

// The pieces of conversion §4, put together by the controller (conversion.h) and the offline converter
// (manifest.h). All are total; what cannot be said at v1 is diagnosed. spec: conversion §4.3-§4.14

namespace karpenter::conversion {

// `kubeletConfiguration` as EC2NodeClass spec.kubelet: compact JSON with sorted keys, "" when it says
// nothing.
[[nodiscard]] std::string map_kubelet(const model::v1alpha5::Provisioner& provisioner,
                                      const AlphaSettings& settings, const Sayer& say);
// `<template>-<8 hex digits of the kubelet's SHA-256>`, at most 63 characters. spec: conversion §4.6
[[nodiscard]] std::string variant_name(std::string_view node_template, std::string_view kubelet);

// Where the Provisioner takes its node template from: exactly one of the two, else E-PROVIDER-… and E-REF.
void check_provider(const model::v1alpha5::Provisioner& provisioner, const Sayer& say);
[[nodiscard]] model::NodePool map_pool(const model::v1alpha5::Provisioner& provisioner,
                                       std::string_view node_class, const AlphaSettings& settings,
                                       const Sayer& say);

// `path` of the template's members in the source: "spec" or "spec.provider". Labels and annotations are the
// caller's business.
[[nodiscard]] model::Ec2NodeClass map_class(const model::v1alpha1::AwsNodeTemplateSpec& from,
                                            std::string_view path, const AlphaSettings& settings,
                                            const Sayer& say);
// `spec.provider`, read strictly; nullopt and E-INVALID when it does not decode.
[[nodiscard]] std::optional<model::v1alpha1::AwsNodeTemplateSpec> decode_provider(
    const model::v1alpha5::Provisioner& provisioner, const Sayer& say);
// Name, labels, annotations and (offline) finalizers that survive.
void keep_metadata(const model::ObjectMeta& from, const AlphaSettings& settings, model::ObjectMeta& to);

// E-INVALID, with the v1 path, for whatever the v1 API would refuse. spec: conversion §4.2 step 6
void check_against_v1(const model::NodePool& pool, const Sayer& say);
void check_against_v1(const model::Ec2NodeClass& node_class, const Sayer& say);

}  // namespace karpenter::conversion
