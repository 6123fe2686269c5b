#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/conversion/alpha_settings.h"
#include "common/conversion/diagnostic.h"
#include "common/json/json.h"
#include "common/model/karpenter/v1.h"
#include "common/model/legacy/v1alpha.h"

// PURE: between API versions. Total: an object that decodes converts; what the other version cannot hold
// travels in annotations. spec: conversion §2, §4

namespace karpenter::conversion {

// ---- v1beta1 <-> v1: one object of a ConversionReview. spec: conversion §2.3-§2.8
struct Lookups {
  // spec.template.spec.expireAfter of the v1 NodePool of that name; nullopt when there is none. May fail (a
  // timeout).
  std::function<base::Result<std::optional<std::string>>(std::string_view node_pool)> expire_after;
};
struct Options {
  bool upstream_compat = false;                 // what Karpenter 1.0 does, without the deviations of §2.14
  std::vector<std::string>* remarks = nullptr;  // annotations that were ignored, for a log
};
// Makes of `object` what it is at `desired_api_version` ("karpenter.sh/v1"). Edits only what differs between
// the versions: everything else keeps its text. null and unknown members go; metadata stays but for
// annotations. kInvalid in the words of conversion §2.1 when the kind or a version is unknown, and with the
// path when a value has a wrong JSON type; the object is then half converted and of no use. O(size of the
// object).
[[nodiscard]] base::Status convert_in_place(json::Ref object, std::string_view desired_api_version,
                                            const Lookups& lookups, const Options& options = {});
// The same on a copy.
[[nodiscard]] base::Result<json::Value> convert(json::View object, std::string_view desired_api_version,
                                                const Lookups& lookups, const Options& options = {});

// ---- v1alpha5 -> v1. spec: conversion §4
struct AlphaOutput {
  model::NodePool pool;
  model::Ec2NodeClass node_class;
  Diagnostics diagnostics;
  [[nodiscard]] bool has_error() const;
};
// How the class of an inline provider is called: `<name>-provider` where an AWSNodeTemplate has the name.
enum class InlineName : std::uint8_t { kPlain, kSuffixed };

// One Provisioner with the AWSNodeTemplate it refers to (null for an inline provider): the v1 NodePool and
// EC2NodeClass equal in meaning, without owner references and status. Total.
[[nodiscard]] AlphaOutput from_v1alpha5(const model::v1alpha5::Provisioner& provisioner,
                                        const model::v1alpha1::AwsNodeTemplate* node_template,
                                        const AlphaSettings& settings,
                                        InlineName inline_name = InlineName::kPlain);

}  // namespace karpenter::conversion
