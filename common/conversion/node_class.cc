#include <algorithm>
#include <array>

#include "common/admission/admission.h"
#include "common/base/strings.h"
#include "common/conversion/annotations.h"
#include "common/conversion/conversion.h"

// EC2NodeClass, v1beta1 <-> v1. spec: conversion §2.6, §2.7

namespace karpenter::conversion {
namespace {

namespace beta = model::v1beta1;

constexpr std::array<std::string_view, 5> kAliasFamilies{"AL2", "AL2023", "Bottlerocket", "Windows2019",
                                                         "Windows2022"};
constexpr const char* kPlaceholder = "ami-placeholder";

bool has_alias(std::string_view family) {
  return std::ranges::find(kAliasFamilies, family) != kAliasFamilies.end();
}

// Deviation D3: only a version that gives a valid alias.
std::string alias_version(const model::ObjectMeta& meta, const std::string& family) {
  const auto version = meta.annotation(kAliasVersion);
  const bool usable = !version.empty() && version.find('@') == std::string_view::npos &&
                      family.size() + 1 + version.size() <= 30 && !family.starts_with("windows");
  return usable ? std::string(version) : "latest";
}

model::BlockDeviceMapping ubuntu_root() {
  model::Ebs ebs;
  ebs.encrypted = true;
  ebs.volume_type = "gp3";
  ebs.volume_size = model::Quantity::of(20LL << 30, model::Quantity::Format::kBinarySI);
  return {.device_name = "/dev/sda1", .root_volume = true, .ebs = ebs};
}

model::AmiSelectorTerm term_of_id(std::string id) {
  model::AmiSelectorTerm out;
  out.id = std::move(id);
  return out;
}
model::AmiSelectorTerm term_of_alias(std::string alias) {
  model::AmiSelectorTerm out;
  out.alias = std::move(alias);
  return out;
}

void ubuntu_to_v1(const beta::Ec2NodeClass& from, model::Ec2NodeClass& to) {
  std::vector<std::string> specifiers{"amiFamily"};
  to.spec.ami_family = "AL2";
  if (!from.spec.block_device_mappings) {
    specifiers.emplace_back("blockDeviceMappings");
    to.spec.block_device_mappings = {ubuntu_root()};
  }
  if (from.spec.ami_selector_terms.empty()) {
    specifiers.emplace_back("incompatible");
    to.spec.ami_selector_terms = {term_of_id(kPlaceholder)};
  }
  to.meta.annotations.insert_or_assign(std::string(kUbuntu), base::join(specifiers, ","));
}

void family_to_v1(const beta::Ec2NodeClass& from, model::Ec2NodeClass& to) {
  const auto& family = from.spec.ami_family;
  to.spec.ami_selector_terms = from.spec.ami_selector_terms;
  if (family == "Ubuntu") {
    ubuntu_to_v1(from, to);
  } else if (!has_alias(family)) {
    to.spec.ami_family = "Custom";
  } else if (from.spec.ami_selector_terms.empty()) {
    const auto lower = base::to_lower(family);
    to.spec.ami_selector_terms = {term_of_alias(lower + "@" + alias_version(from.meta, lower))};
  } else {
    to.spec.ami_family = family;
  }
}

void drop(model::ObjectMeta& meta, std::string_view key) {
  if (const auto it = meta.annotations.find(key); it != meta.annotations.end()) meta.annotations.erase(it);
}

void family_to_v1beta1(const model::Ec2NodeClass& from, beta::Ec2NodeClass& to) {
  const auto ubuntu = from.meta.annotation(kUbuntu);
  for (auto term : from.spec.ami_selector_terms) {
    if (!term.alias.empty()) {
      const auto sign = term.alias.find('@');
      const auto version = sign == std::string::npos ? std::string() : term.alias.substr(sign + 1);
      if (!version.empty() && version != "latest")
        to.meta.annotations.insert_or_assign(std::string(kAliasVersion), version);
      continue;
    }
    term.ssm_parameter.clear();
    to.spec.ami_selector_terms.push_back(std::move(term));
  }
  if (ubuntu.empty()) {
    to.spec.ami_family = admission::resolved_ami_family(from.spec);
    if (to.spec.ami_family == "Windows2025") to.spec.ami_family = "Custom";
    return;
  }
  to.spec.ami_family = "Ubuntu";
  const auto specifiers = base::split(ubuntu, ',');
  const auto has = [&](std::string_view word) {
    return std::ranges::find(specifiers, word) != specifiers.end();
  };
  if (has("incompatible")) to.spec.ami_selector_terms.clear();
  if (has("blockDeviceMappings")) to.spec.block_device_mappings = std::nullopt;
}

}  // namespace

model::Ec2NodeClass to_v1(const beta::Ec2NodeClass& node_class) {
  model::Ec2NodeClass out;
  const auto& from = node_class.spec;
  auto& to = out.spec;
  out.meta = node_class.meta;
  drop(out.meta, kAliasVersion);
  to.subnet_selector_terms = from.subnet_selector_terms;
  to.security_group_selector_terms = from.security_group_selector_terms;
  to.associate_public_ip_address = from.associate_public_ip_address;
  to.user_data = from.user_data;
  to.role = from.role;
  to.instance_profile = from.instance_profile;
  to.tags = from.tags;
  to.block_device_mappings = from.block_device_mappings.value_or(std::vector<model::BlockDeviceMapping>{});
  to.instance_store_policy = from.instance_store_policy;
  to.detailed_monitoring = from.detailed_monitoring;
  to.metadata_options = from.metadata_options;
  to.context = from.context;
  family_to_v1(node_class, out);
  out.status = node_class.status;
  return out;
}

beta::Ec2NodeClass to_v1beta1(const model::Ec2NodeClass& node_class) {
  beta::Ec2NodeClass out;
  const auto& from = node_class.spec;
  auto& to = out.spec;
  out.meta = node_class.meta;
  drop(out.meta, kUbuntu);
  drop(out.meta, kStoredVersionMigrated);
  to.subnet_selector_terms = from.subnet_selector_terms;
  to.security_group_selector_terms = from.security_group_selector_terms;
  to.associate_public_ip_address = from.associate_public_ip_address;
  to.user_data = from.user_data;
  to.role = from.role;
  to.instance_profile = from.instance_profile;
  to.tags = from.tags;
  if (!from.block_device_mappings.empty()) to.block_device_mappings = from.block_device_mappings;
  to.instance_store_policy = from.instance_store_policy;
  to.detailed_monitoring = from.detailed_monitoring;
  to.metadata_options = from.metadata_options;
  to.context = from.context;
  family_to_v1beta1(node_class, out);
  out.status = node_class.status;
  out.status.capacity_reservations.clear();
  return out;
}

}  // namespace karpenter::conversion
