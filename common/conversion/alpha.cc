#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "common/admission/admission.h"
#include "common/admission/syntax.h"
#include "common/base/duration.h"
#include "common/base/strings.h"
#include "common/conversion/alpha_selectors.h"
#include "common/conversion/annotations.h"
#include "common/conversion/conversion.h"
#include "common/model/labels.h"
#include "common/schema/codec.h"
#include "common/schema/inline_provider.h"
#include "common/schema/pattern.h"
#include "common/schema/patterns.h"

// v1alpha5 Provisioner and v1alpha1 AWSNodeTemplate -> v1. spec: conversion §4

namespace karpenter::conversion {
namespace {

using model::v1alpha1::AwsNodeTemplate;
using model::v1alpha1::AwsNodeTemplateSpec;
using model::v1alpha5::Provisioner;

using Diagnostics = std::vector<Diagnostic>;

void say(Diagnostics& out, std::string code, std::string message) {
  out.push_back({.code = std::move(code), .message = std::move(message)});
}

// The API's durations are 64-bit counts of nanoseconds. spec: api §1.3
constexpr std::int64_t kLongest = std::numeric_limits<std::int64_t>::max() / 1'000'000'000;

std::string seconds_text(std::int64_t seconds) {
  return base::format_duration(std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kLongest)));
}

bool is_hash_annotation(std::string_view key) {
  return key == "kubectl.kubernetes.io/last-applied-configuration" ||
         (key.starts_with("karpenter.sh/") && key.find("-hash") != std::string_view::npos) ||
         key == "karpenter.k8s.aws/nodetemplate-hash";
}

model::StringMap kept_annotations(const model::StringMap& annotations) {
  model::StringMap out;
  for (const auto& [key, value] : annotations) {
    if (!is_hash_annotation(key)) out.emplace(key, value);
  }
  return out;
}

// spec: conversion §4.3
model::StringMap template_annotations(const model::StringMap& annotations, Diagnostics& out) {
  constexpr std::string_view kDoNotDisrupt = "karpenter.sh/do-not-disrupt";
  model::StringMap kept;
  std::optional<std::string> renamed;
  for (const auto& [key, value] : annotations) {
    if (key == "karpenter.sh/do-not-consolidate" || key == "karpenter.sh/do-not-evict") {
      if (!renamed || value == "true") renamed = value;
    } else if (key != "karpenter.sh/emptiness-timestamp") {
      kept.emplace(key, value);
    }
  }
  if (renamed) {
    kept.emplace(kDoNotDisrupt, *renamed);
    say(out, "W-DND", "do-not-consolidate and do-not-evict became do-not-disrupt, which also blocks drift");
  }
  return kept;
}

model::StringMap template_labels(const model::StringMap& labels, Diagnostics& out) {
  model::StringMap kept;
  for (const auto& [key, value] : labels) {
    const std::string stable(admission::normalised_key(key));
    if (stable == key) kept.insert_or_assign(key, value);  // the stable key wins
    if (stable != key && (labels.contains(stable) || !kept.emplace(stable, value).second)) {
      say(out, "W-LABEL-MERGED", "spec.labels[" + key + "]: " + stable + " is there already");
    }
  }
  return kept;
}

// spec: conversion §4.4
std::vector<model::NodeSelectorRequirement> requirements(const Provisioner& provisioner,
                                                         const model::StringMap& labels, Diagnostics& said) {
  constexpr std::array<std::string_view, 6> kOperators{"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"};
  constexpr std::array kSingle{model::labels::kOs, model::labels::kArch, model::labels::kCapacityType};
  Provisioner defaulted = provisioner;
  admission::set_defaults(defaulted);
  const auto given = provisioner.spec.requirements.size();
  std::vector<model::NodeSelectorRequirement> out;
  for (std::size_t i = 0; i < defaulted.spec.requirements.size(); ++i) {
    auto requirement = defaulted.spec.requirements[i];
    requirement.key = std::string(admission::normalised_key(requirement.key));
    // A label and a contradictory default would make the pool unschedulable.
    const bool is_single = std::ranges::find(kSingle, requirement.key) != kSingle.end();
    if (i >= given && is_single && labels.contains(requirement.key)) {
      say(said, "W-DEFAULT-SKIPPED",
          "spec.requirements: no default for " + requirement.key + ", a label names it");
      continue;
    }
    if (std::ranges::find(kOperators, requirement.op) == kOperators.end()) {
      say(said, "E-REQUIREMENT", "spec.requirements: operator " + requirement.op + " of " + requirement.key);
    }
    out.push_back(std::move(requirement));
  }
  return out;
}

void check_ttl(std::int64_t seconds, std::string_view path, Diagnostics& out) {
  if (seconds < 0) say(out, "E-TTL", std::string(path) + " is negative");
  if (seconds > kLongest) say(out, "E-TTL", std::string(path) + " is longer than a duration of v1 can be");
}

// spec: conversion §4.5
model::Disruption disruption(const model::v1alpha5::ProvisionerSpec& spec, Diagnostics& out) {
  model::Disruption to;
  if (spec.consolidation_enabled.value_or(false)) {
    to.consolidation_policy = "WhenEmptyOrUnderutilized";
    to.consolidate_after = "0s";
    if (spec.ttl_seconds_after_empty) say(out, "W-TTL-IGNORED", "ttlSecondsAfterEmpty: consolidation wins");
    return to;
  }
  to.consolidation_policy = "WhenEmpty";
  if (!spec.ttl_seconds_after_empty) {
    to.consolidate_after = "Never";
    say(out, "W-NO-CONSOLIDATION",
        "neither consolidation nor ttlSecondsAfterEmpty: nodes are never consolidated");
  } else {
    check_ttl(*spec.ttl_seconds_after_empty, "spec.ttlSecondsAfterEmpty", out);
    to.consolidate_after = seconds_text(*spec.ttl_seconds_after_empty);
  }
  return to;
}

// ---- EC2NodeClass

void map_family(const AwsNodeTemplateSpec& from, const AlphaSettings& settings, model::Ec2NodeClass& to,
                Diagnostics& out) {
  const std::string family = from.ami_family.empty() ? "AL2" : from.ami_family;
  const bool has_selector = from.ami_selector && !from.ami_selector->empty();
  if (has_selector) {
    to.spec.ami_selector_terms = expand_ami_selector(*from.ami_selector, out);
    say(out, "W-AMI-TAGS", "tags of images are no longer read as requirements");
  }
  constexpr std::array<std::string_view, 4> kAliased{"AL2", "Bottlerocket", "Windows2019", "Windows2022"};
  if (std::ranges::find(kAliased, family) != kAliased.end()) {
    if (has_selector) {
      to.spec.ami_family = family;
      return;
    }
    model::AmiSelectorTerm term;
    term.alias = base::to_lower(family) + "@latest";
    to.spec.ami_selector_terms = {term};
    const auto minor =
        base::parse_int64(settings.cluster_version.substr(settings.cluster_version.find('.') + 1));
    if (family == "AL2" && (!minor || *minor >= 33)) {
      say(out, "W-AL2", "the AL2 alias is refused from Kubernetes 1.33 on");
    }
    return;
  }
  if (family == "Custom" && has_selector) {
    to.spec.ami_family = "Custom";
    say(out, "W-UNREGISTERED", "kubelet must register with taint karpenter.sh/unregistered:NoExecute");
  } else if (family == "Ubuntu") {
    model::v1beta1::Ec2NodeClass beta;
    beta.spec.ami_family = "Ubuntu";
    beta.spec.ami_selector_terms = to.spec.ami_selector_terms;
    if (!to.spec.block_device_mappings.empty())
      beta.spec.block_device_mappings = to.spec.block_device_mappings;
    const auto converted = to_v1(beta);
    to.spec.ami_family = converted.spec.ami_family;
    to.spec.ami_selector_terms = converted.spec.ami_selector_terms;
    to.spec.block_device_mappings = converted.spec.block_device_mappings;
    to.meta.annotations.insert_or_assign(std::string(kUbuntu),
                                         converted.meta.annotations.find(kUbuntu)->second);
    say(out, "W-UBUNTU", "name the images: amiFamily Ubuntu has no default images any more");
  } else {
    say(out, "E-AMI", "amiFamily " + family + " cannot be converted without an amiSelector");
  }
}

// spec: conversion §4.11
model::MetadataOptions metadata_options(const std::optional<model::MetadataOptions>& from, Diagnostics& out) {
  if (!from) {
    say(out, "W-IMDS", "metadataOptions: hop limit 2 is kept");
    return {.http_endpoint = "enabled",
            .http_protocol_ipv6 = "disabled",
            .http_put_response_hop_limit = 2,
            .http_tokens = "required"};
  }
  model::MetadataOptions to = *from;
  const bool partial =
      !to.http_endpoint || !to.http_protocol_ipv6 || !to.http_put_response_hop_limit || !to.http_tokens;
  if (partial)
    say(out, "W-IMDS-PARTIAL", "metadataOptions: missing members are what EC2 used: hop limit 1, optional");
  if (!to.http_endpoint) to.http_endpoint = "enabled";
  if (!to.http_protocol_ipv6) to.http_protocol_ipv6 = "disabled";
  if (!to.http_put_response_hop_limit) to.http_put_response_hop_limit = 1;
  if (!to.http_tokens) to.http_tokens = "optional";
  return to;
}

// spec: conversion §4.13
model::StringMap resource_tags(const model::StringMap& tags, Diagnostics& out) {
  model::StringMap kept;
  for (const auto& [key, value] : tags) {
    constexpr std::array<std::string_view, 6> kOwned{
        "eks:eks-cluster-name",           "karpenter.sh/nodepool",         "karpenter.sh/nodeclaim",
        "karpenter.k8s.aws/ec2nodeclass", "karpenter.sh/provisioner-name", "karpenter.sh/managed-by"};
    if (key.starts_with("kubernetes.io/cluster") || std::ranges::find(kOwned, key) != kOwned.end()) {
      say(out, "W-TAG", "tag " + key + " is removed: v1 owns it");
    } else {
      kept.emplace(key, value);
    }
  }
  return kept;
}

// spec: conversion §4.10
void map_identity(const AwsNodeTemplateSpec& from, const AlphaSettings& settings, model::Ec2NodeClassSpec& to,
                  Diagnostics& out) {
  to.instance_profile =
      from.instance_profile.empty() ? settings.default_instance_profile : from.instance_profile;
  if (const auto slash = to.instance_profile.rfind('/'); slash != std::string::npos) {
    to.instance_profile = to.instance_profile.substr(slash + 1);
    say(out, "W-PROFILE-ARN", "instanceProfile: the ARN is reduced to " + to.instance_profile);
  }
  if (to.instance_profile.empty())
    say(out, "E-IDENTITY", "no instanceProfile and no default instance profile");
}

// spec: conversion §4.9
std::vector<model::SelectorTerm> selector(const std::optional<model::StringMap>& from, std::string_view name,
                                          const AlphaSettings& settings, Diagnostics& out) {
  if (from) return expand_selector(*from, name, out);
  if (settings.cluster_name.empty()) {
    say(out, "E-SELECTOR", std::string(name) + " is absent and the cluster name unknown");
    return {};
  }
  say(out, "W-SELECTOR-DEFAULTED", std::string(name) + " is absent: the cluster's tag is used");
  model::SelectorTerm term;
  term.tags.emplace("kubernetes.io/cluster/" + settings.cluster_name, "*");
  return {term};
}

// The size as v1 takes it: text it knows stays, anything else becomes whole GiB, rounded up as EC2 was asked
// for.
void map_volume_size(model::Ebs& ebs, Diagnostics& out) {
  static const auto kAccepted = schema::Pattern::compile(schema::patterns::kVolumeSize);
  if (!ebs.volume_size) return;
  const auto text = ebs.volume_size->text();
  if (kAccepted->matches(text)) return;
  constexpr std::int64_t kGiB = 1LL << 30;
  const auto bytes = ebs.volume_size->value();
  const auto whole = bytes / kGiB + (bytes % kGiB > 0 ? 1 : 0);
  if (whole < 1 || whole > 59000) {
    say(out, "E-VOLUME", "blockDeviceMappings: volumeSize " + text + " is not between 1Gi and 59000Gi");
    return;
  }
  ebs.volume_size = *model::Quantity::parse(std::to_string(whole) + "Gi");
  say(out, "I-VOLUME", "blockDeviceMappings: volumeSize " + text + " is " + std::to_string(whole) + "Gi");
}

// spec: conversion §4.12
std::vector<model::BlockDeviceMapping> block_devices(std::vector<model::BlockDeviceMapping> devices,
                                                     Diagnostics& out) {
  for (auto& device : devices) {
    device.root_volume = std::nullopt;
    if (device.ebs) map_volume_size(*device.ebs, out);
  }
  return devices;
}

void map_node_class(const AwsNodeTemplateSpec& from, const AlphaSettings& settings, model::Ec2NodeClass& to,
                    Diagnostics& out) {
  if (!from.launch_template.empty()) {
    say(out, "E-LAUNCHTEMPLATE",
        "launchTemplate " + from.launch_template +
            ": port image, user data, IAM profile, security groups, block devices, metadata "
            "options and tags by hand");
    return;
  }
  to.spec.subnet_selector_terms = selector(from.subnet_selector, "subnetSelector", settings, out);
  to.spec.security_group_selector_terms =
      selector(from.security_group_selector, "securityGroupSelector", settings, out);
  to.spec.block_device_mappings = block_devices(from.block_device_mappings, out);
  map_family(from, settings, to, out);
  map_identity(from, settings, to.spec, out);
  to.spec.metadata_options = metadata_options(from.metadata_options, out);
  to.spec.tags = resource_tags(from.tags, out);
  to.spec.user_data = from.user_data;
  to.spec.detailed_monitoring = from.detailed_monitoring;
  to.spec.context = from.context;
}

bool has_same_keys(const model::StringMap& a, const model::StringMap& b) {
  return std::ranges::equal(a, b, {}, &model::StringMap::value_type::first,
                            &model::StringMap::value_type::first);
}

void check_kubelet(const model::v1beta1::Kubelet& kubelet, Diagnostics& out) {
  const auto refuse = [&](const std::string& text) {
    say(out, "E-KUBELET", "spec.kubeletConfiguration." + text);
  };
  if (kubelet.container_runtime == "dockerd")
    say(out, "W-DOCKERD", "containerRuntime dockerd: nodes run containerd");
  constexpr std::array<std::string_view, 4> kReserved{"cpu", "memory", "ephemeral-storage", "pid"};
  const auto check_reserved = [&](const std::string& field, const model::StringMap& reserved) {
    for (const auto& [key, value] : reserved) {
      if (std::ranges::find(kReserved, key) == kReserved.end())
        refuse(field + ": " + key + " cannot be reserved");
    }
  };
  check_reserved("systemReserved", kubelet.system_reserved);
  check_reserved("kubeReserved", kubelet.kube_reserved);
  const auto& high = kubelet.image_gc_high_threshold_percent;
  const auto& low = kubelet.image_gc_low_threshold_percent;
  if (high && low && *high <= *low)
    refuse("imageGCHighThresholdPercent: must be above imageGCLowThresholdPercent");
  if (!has_same_keys(kubelet.eviction_soft, kubelet.eviction_soft_grace_period)) {
    refuse("evictionSoft: must have the keys of evictionSoftGracePeriod");
  }
}

// spec: conversion §4.6. "" when nothing is set.
std::string kubelet_text(const std::optional<model::v1beta1::Kubelet>& kubelet, Diagnostics& out) {
  if (!kubelet) return "";
  check_kubelet(*kubelet, out);
  auto copy = *kubelet;
  copy.container_runtime.clear();
  const auto encoded = json::parse(model::v1beta1::kubelet_json(copy));
  if (!encoded || encoded->view().size() == 0) return "";
  return encoded->dump();  // keys sorted
}

// First 8 hex digits of a stable hash: a class per kubelet configuration.
std::string short_hash(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  std::string bytes;
  for (int shift = 56; shift >= 32; shift -= 8) bytes += static_cast<char>((hash >> shift) & 0xFFU);
  return base::hex_encode(bytes);
}

std::string class_name(const Provisioner& provisioner, const AwsNodeTemplate* node_template,
                       const std::string& kubelet) {
  if (node_template == nullptr) return provisioner.meta.name;
  if (kubelet.empty()) return node_template->meta.name;
  // The name becomes the value of a node label: at most 63 characters.
  std::string stem = node_template->meta.name.substr(0, 54);
  if (stem.size() < node_template->meta.name.size()) stem.resize(stem.find_last_not_of("-.") + 1);
  return stem + "-" + short_hash(kubelet);
}

// spec: conversion §4.3
void check_ref(const std::optional<model::v1alpha5::ProviderRef>& ref, Diagnostics& out) {
  if (!ref) return;
  const auto group = ref->api_version.substr(0, ref->api_version.find('/'));
  const bool is_known = (ref->kind.empty() || ref->kind == "AWSNodeTemplate") &&
                        (ref->api_version.empty() || group == model::kAwsGroup);
  if (!is_known)
    say(out, "E-REF", "spec.providerRef is no AWSNodeTemplate: " + ref->api_version + " " + ref->kind);
}

// Whatever v1 would refuse is said with the v1 path.
void check_result(const AlphaOutput& output, Diagnostics& out) {
  for (const auto& violation : admission::validate(output.pool))
    say(out, "E-INVALID", "NodePool " + violation.text());
  for (const auto& violation : admission::validate(output.node_class)) {
    say(out, "E-INVALID", "EC2NodeClass " + violation.text());
  }
}

void map_pool(const Provisioner& provisioner, const std::string& node_class, model::NodePool& to,
              Diagnostics& out) {
  const auto& spec = provisioner.spec;
  to.meta.name = provisioner.meta.name;
  to.meta.labels = provisioner.meta.labels;
  to.meta.annotations = kept_annotations(provisioner.meta.annotations);
  to.spec.weight = spec.weight;
  to.spec.limits = spec.limits;
  to.spec.disruption = disruption(spec, out);
  auto& node_template = to.spec.node_template;
  node_template.meta.labels = template_labels(spec.labels, out);
  node_template.meta.annotations = template_annotations(spec.annotations, out);
  node_template.spec.taints = spec.taints;
  node_template.spec.startup_taints = spec.startup_taints;
  for (const auto* taints : {&spec.taints, &spec.startup_taints}) {
    for (const auto& taint : *taints) {
      if (taint.effect.empty()) say(out, "E-TAINT", "taint " + taint.key + " has no effect, v1 needs one");
    }
  }
  node_template.spec.requirements = requirements(provisioner, node_template.meta.labels, out);
  node_template.spec.node_class_ref = {
      .group = std::string(model::kAwsGroup), .kind = "EC2NodeClass", .name = node_class};
  node_template.spec.expire_after = "Never";
  if (spec.ttl_seconds_until_expired) {
    check_ttl(*spec.ttl_seconds_until_expired, "spec.ttlSecondsUntilExpired", out);
    node_template.spec.expire_after = seconds_text(*spec.ttl_seconds_until_expired);
    say(out, "W-EXPIRY", "expiry is forceful at v1: it does not wait for replacements");
  }
}

}  // namespace

bool AlphaOutput::has_error() const {
  return std::ranges::any_of(diagnostics, [](const Diagnostic& diagnostic) { return diagnostic.is_error(); });
}

AlphaOutput from_v1alpha5(const Provisioner& provisioner, const AwsNodeTemplate* node_template,
                          const AlphaSettings& settings) {
  AlphaOutput out;
  auto& said = out.diagnostics;
  if (!provisioner.spec.provider.empty() && provisioner.spec.provider_ref) {
    say(said, "E-PROVIDER-BOTH", "spec.provider and spec.providerRef exclude each other");
    return out;
  }
  check_ref(provisioner.spec.provider_ref, said);
  AwsNodeTemplateSpec source;
  if (node_template != nullptr) {
    source = node_template->spec;
    out.node_class.meta.labels = node_template->meta.labels;
    out.node_class.meta.annotations = kept_annotations(node_template->meta.annotations);
  } else {
    const auto document = json::parse(provisioner.spec.provider);
    auto decoded = document ? schema::decode_inline_provider(*document)
                            : base::Result<AwsNodeTemplateSpec>(document.error());
    if (!decoded) {
      say(said, provisioner.spec.provider.empty() ? "E-PROVIDER-NONE" : "E-INVALID", decoded.error().text());
      return out;
    }
    source = std::move(decoded).value();
  }
  out.node_class.spec.kubelet = kubelet_text(provisioner.spec.kubelet, said);
  out.node_class.meta.name = class_name(provisioner, node_template, out.node_class.spec.kubelet);
  map_node_class(source, settings, out.node_class, said);
  map_pool(provisioner, out.node_class.meta.name, out.pool, said);
  if (!out.has_error()) check_result(out, said);
  return out;
}

}  // namespace karpenter::conversion
