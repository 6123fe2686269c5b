#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/json/json.h"
#include "common/model/karpenter/v1.h"
#include "common/model/legacy/v1alpha.h"
#include "common/model/legacy/v1beta1.h"

// PURE: between API versions. Total: an object that decodes converts; what the other version cannot hold
// travels in annotations. spec: conversion §2, §4

namespace karpenter::conversion {

// ---- v1beta1 <-> v1. spec: conversion §2.3-§2.8
[[nodiscard]] model::NodePool to_v1(const model::v1beta1::NodePool& pool);
[[nodiscard]] model::v1beta1::NodePool to_v1beta1(const model::NodePool& pool);
// `expire_after`: that of the claim's NodePool, or "Never" when there is none. spec: conversion §2.5
[[nodiscard]] model::NodeClaim to_v1(const model::v1beta1::NodeClaim& claim, std::string_view expire_after);
[[nodiscard]] model::v1beta1::NodeClaim to_v1beta1(const model::NodeClaim& claim);
[[nodiscard]] model::Ec2NodeClass to_v1(const model::v1beta1::Ec2NodeClass& node_class);
[[nodiscard]] model::v1beta1::Ec2NodeClass to_v1beta1(const model::Ec2NodeClass& node_class);

// ---- one object of a ConversionReview, as JSON
struct Lookups {
  // spec.template.spec.expireAfter of the v1 NodePool of that name; nullopt when there is none. May fail (a
  // timeout).
  std::function<base::Result<std::optional<std::string>>(std::string_view node_pool)> expire_after;
};
// `object` at `desired_api_version` ("karpenter.sh/v1"): decodes leniently, converts through the hub v1,
// encodes; metadata is copied whole but for annotations. kInvalid in the words of conversion §2.1 when the
// kind or a version is unknown.
[[nodiscard]] base::Result<json::Value> convert(json::View object, std::string_view desired_api_version,
                                                const Lookups& lookups);

// ---- v1alpha5 -> v1. spec: conversion §4
struct Diagnostic {
  std::string code;  // "E-..." stops the materialisation; "W-..." and "I-..." do not
  std::string message;
  [[nodiscard]] bool is_error() const { return code.starts_with("E-"); }
};
struct AlphaSettings {
  std::string cluster_name;
  std::string
      default_instance_profile;      // aws.defaultInstanceProfile of the alpha global settings, "" when unset
  std::string cluster_version = {};  // "1.31"; "" when unknown
};
struct AlphaOutput {
  model::NodePool pool;
  model::Ec2NodeClass node_class;
  std::vector<Diagnostic> diagnostics;
  [[nodiscard]] bool has_error() const;
};
// One Provisioner with the AWSNodeTemplate it refers to (null for an inline provider): the v1 NodePool and
// EC2NodeClass equal in meaning, without owner references and status. Controller mode of conversion §4.1.
// Total.
[[nodiscard]] AlphaOutput from_v1alpha5(const model::v1alpha5::Provisioner& provisioner,
                                        const model::v1alpha1::AwsNodeTemplate* node_template,
                                        const AlphaSettings& settings);

}  // namespace karpenter::conversion
