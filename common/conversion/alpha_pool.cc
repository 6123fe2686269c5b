#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "common/admission/admission.h"
#include "common/admission/syntax.h"
#include "common/base/duration.h"
#include "common/base/strings.h"
#include "common/conversion/alpha.h"
#include "common/model/labels.h"

// Provisioner -> NodePool. spec: conversion §4.3-§4.5

namespace karpenter::conversion {
namespace {

namespace labels = model::labels;
using model::v1alpha5::Provisioner;
using Requirements = std::vector<model::NodeSelectorRequirement>;

// The API's durations are 64-bit counts of nanoseconds. spec: api §1.3
constexpr std::int64_t kLongest = std::numeric_limits<std::int64_t>::max() / 1'000'000'000;

std::string seconds_text(std::int64_t seconds, std::string_view path, const Sayer& say) {
  if (seconds < 0) say("E-TTL", path, "is negative");
  if (seconds > kLongest) say("E-TTL", path, "is longer than a duration of v1 can be");
  return base::format_duration(std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kLongest)));
}

model::StringMap map_annotations(const model::StringMap& annotations, const Sayer& say) {
  model::StringMap kept;
  std::optional<std::string> renamed;
  for (const auto& [key, value] : annotations) {
    if (key == "karpenter.sh/do-not-consolidate" || key == "karpenter.sh/do-not-evict") {
      if (!renamed || value == "true") renamed = value;
    } else if (key != "karpenter.sh/emptiness-timestamp") {
      kept.emplace(key, value);
    }
  }
  if (!renamed) return kept;
  kept.emplace(labels::kDoNotDisrupt, *renamed);
  say("W-DND", "spec.annotations",
      "do-not-consolidate and do-not-evict became do-not-disrupt, which also blocks drift, but not expiry");
  return kept;
}

// Why v1 refuses a label or requirement key, "" when it does not. spec: conversion §4.4 point 4
std::string key_fault(std::string_view key) {
  if (key == "karpenter.k8s.aws/instance-pods") return "is gone: set maxPods of the kubelet";
  if (key == "karpenter.k8s.aws/instance-ami-id") return "is gone: use AMI selector terms";
  const bool is_refused =
      key == labels::kNodePool || admission::restriction(key, admission::Era::kV1).has_value();
  return is_refused ? "is not allowed at v1" + admission::suggest_label(key, admission::Era::kV1) : "";
}

model::StringMap map_labels(const model::StringMap& from, const Sayer& say) {
  model::StringMap kept;
  for (const auto& [key, value] : from) {
    const std::string stable(admission::normalised_key(key));
    if (const auto fault = key_fault(stable); !fault.empty())
      say("E-LABEL", "spec.labels[" + key + "]", "the key " + fault);
    if (stable == key) kept.insert_or_assign(key, value);  // the stable key wins
    if (stable != key && (from.contains(stable) || !kept.emplace(stable, value).second))
      say("W-LABEL-MERGED", "spec.labels[" + key + "]", stable + " is there already");
  }
  return kept;
}

void check_requirement(const model::NodeSelectorRequirement& requirement, const std::string& path,
                       const Sayer& say) {
  constexpr std::array<std::string_view, 6> kOperators{"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"};
  const auto& op = requirement.op;
  if (std::ranges::find(kOperators, op) == kOperators.end())
    say("E-REQUIREMENT", path, "operator " + op + " of " + requirement.key + " is unknown");
  if (op == "In" && requirement.values.empty())
    say("E-REQUIREMENT", path, "operator In of " + requirement.key + " needs values");
  if (op == "Gt" || op == "Lt") {
    const auto bound =
        requirement.values.size() == 1 ? base::parse_int64(requirement.values.front()) : std::nullopt;
    if (!bound || *bound < 0)
      say("E-REQUIREMENT", path, "operator " + op + " of " + requirement.key + " needs one whole number");
  }
  if (const auto fault = key_fault(requirement.key); !fault.empty())
    say("E-REQUIREMENT", path, requirement.key + " " + fault);
}

// The alpha API's defaults, without those that a label makes pointless (and contradictory).
Requirements defaults(const Provisioner& provisioner, const model::StringMap& pool_labels,
                      const AlphaSettings& settings, const Sayer& say) {
  constexpr std::array kSingle{labels::kOs, labels::kArch, labels::kCapacityType};
  constexpr std::string_view kPath = "spec.requirements";
  Provisioner defaulted = provisioner;
  admission::set_defaults(defaulted);
  Requirements out;
  std::vector<std::string> keys;
  const auto given = static_cast<std::ptrdiff_t>(provisioner.spec.requirements.size());
  for (auto it = defaulted.spec.requirements.begin() + given; it != defaulted.spec.requirements.end(); ++it) {
    const bool is_single = std::ranges::find(kSingle, it->key) != kSingle.end();
    if (is_single && pool_labels.contains(it->key) && !settings.upstream_compat) {
      say("W-DEFAULT-SKIPPED", kPath, "no default for " + it->key + ": a label names it");
      continue;
    }
    keys.push_back(it->key);
    out.push_back(std::move(*it));
  }
  if (!keys.empty())
    say("I-DEFAULTED", kPath, "the alpha defaults are written out: " + base::join(keys, ", "));
  return out;
}

Requirements map_requirements(const Provisioner& provisioner, const model::StringMap& pool_labels,
                              const AlphaSettings& settings, const Sayer& say) {
  Requirements out;
  for (auto requirement : provisioner.spec.requirements) {
    const auto path = "spec.requirements[" + std::to_string(out.size()) + "]";
    const std::string stable(admission::normalised_key(requirement.key));
    if (stable != requirement.key) say("I-NORMALISED", path, requirement.key + " is now " + stable);
    requirement.key = stable;
    check_requirement(requirement, path, say);
    out.push_back(std::move(requirement));
  }
  if (!settings.ignore_defaults)
    for (auto& added : defaults(provisioner, pool_labels, settings, say)) out.push_back(std::move(added));
  return out;
}

// spec: conversion §4.5
model::Disruption map_disruption(const model::v1alpha5::ProvisionerSpec& spec, const AlphaSettings& settings,
                                 const Sayer& say) {
  model::Disruption to;
  const auto& ttl = spec.ttl_seconds_after_empty;
  if (spec.consolidation_enabled.value_or(false)) {
    to.consolidation_policy = "WhenEmptyOrUnderutilized";
    to.consolidate_after = "0s";
    if (ttl) say("W-TTL-IGNORED", "spec.ttlSecondsAfterEmpty", "consolidation wins");
  } else if (ttl) {
    to.consolidation_policy = "WhenEmpty";
    to.consolidate_after = seconds_text(*ttl, "spec.ttlSecondsAfterEmpty", say);
  } else if (settings.upstream_compat) {
    to.consolidation_policy = "WhenEmptyOrUnderutilized";
    to.consolidate_after = "0s";
  } else {
    to.consolidation_policy = "WhenEmpty";
    to.consolidate_after = "Never";
    say("W-NO-CONSOLIDATION", "spec.consolidation",
        "neither consolidation nor ttlSecondsAfterEmpty: nodes are never consolidated");
  }
  if (settings.preserve_drift && !settings.drift_enabled.value_or(false)) {
    to.budgets = std::vector<model::Budget>{
        {.nodes = "10%", .reasons = {}, .schedule = {}, .duration = {}},
        {.nodes = "0", .reasons = std::vector<std::string>{"Drifted"}, .schedule = {}, .duration = {}}};
  } else {
    say("I-BUDGET", "spec", "v1 disrupts 10% of the nodes at once unless budgets say otherwise");
  }
  return to;
}

void check_taints(const model::v1alpha5::ProvisionerSpec& spec, const Sayer& say) {
  std::set<std::pair<std::string, std::string>> seen;
  const auto check = [&](const std::vector<model::Taint>& taints, const std::string& path) {
    for (const auto& taint : taints) {
      if (taint.effect.empty()) say("E-TAINT", path, "taint " + taint.key + " has no effect, v1 needs one");
      if (!seen.emplace(taint.key, taint.effect).second)
        say("E-TAINT", path, "taint " + taint.key + ":" + taint.effect + " is there twice");
    }
  };
  check(spec.taints, "spec.taints");
  check(spec.startup_taints, "spec.startupTaints");
}

}  // namespace

void check_provider(const Provisioner& provisioner, const Sayer& say) {
  const auto& ref = provisioner.spec.provider_ref;
  const bool is_inline = !provisioner.spec.provider.empty();
  if (is_inline && ref)
    say("E-PROVIDER-BOTH", "spec.provider", "spec.provider and spec.providerRef exclude each other");
  if (!is_inline && !ref)
    say("E-PROVIDER-NONE", "spec.providerRef", "neither spec.provider nor spec.providerRef is set");
  if (!ref) return;
  const auto group = ref->api_version.substr(0, ref->api_version.find('/'));
  const bool is_known = (ref->kind.empty() || ref->kind == "AWSNodeTemplate") &&
                        (ref->api_version.empty() || group == model::kAwsGroup);
  if (!is_known)
    say("E-REF", "spec.providerRef", "is no AWSNodeTemplate: " + ref->api_version + " " + ref->kind);
}

model::NodePool map_pool(const Provisioner& provisioner, std::string_view node_class,
                         const AlphaSettings& settings, const Sayer& say) {
  const auto& spec = provisioner.spec;
  model::NodePool to;
  keep_metadata(provisioner.meta, settings, to.meta);
  to.spec.weight = spec.weight;
  to.spec.limits = spec.limits;
  to.spec.disruption = map_disruption(spec, settings, say);
  auto& node_template = to.spec.node_template;
  node_template.meta.labels = map_labels(spec.labels, say);
  node_template.meta.annotations = map_annotations(spec.annotations, say);
  check_taints(spec, say);
  node_template.spec.taints = spec.taints;
  node_template.spec.startup_taints = spec.startup_taints;
  node_template.spec.requirements = map_requirements(provisioner, node_template.meta.labels, settings, say);
  node_template.spec.node_class_ref = {
      .group = std::string(model::kAwsGroup), .kind = "EC2NodeClass", .name = std::string(node_class)};
  node_template.spec.expire_after = "Never";
  if (const auto& ttl = spec.ttl_seconds_until_expired) {
    node_template.spec.expire_after = seconds_text(*ttl, "spec.ttlSecondsUntilExpired", say);
    say("W-EXPIRY", "spec.ttlSecondsUntilExpired",
        "expiry is forceful at v1: it does not wait for replacements");
  }
  return to;
}

}  // namespace karpenter::conversion
