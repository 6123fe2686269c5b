#include <algorithm>
#include <array>

#include "common/admission/rules.h"
#include "common/base/strings.h"
#include "common/json/json.h"
#include "common/model/labels.h"
#include "common/schema/inline_provider.h"

// NodePool and NodeClaim v1beta1, Provisioner v1alpha5, AWSNodeTemplate v1alpha1. spec: api §10.4, §11.1,
// §12.2, §12.3

namespace karpenter::admission {
namespace {

namespace labels = model::labels;

constexpr std::string_view kProvisionerName = "karpenter.sh/provisioner-name";

void check_own_key(std::span<const model::NodeSelectorRequirement> requirements, std::string_view path,
                   std::string_view own, Violations& out) {
  for (std::size_t i = 0; i < requirements.size(); ++i) {
    if (requirements[i].key != own) continue;
    add(out, at(path, i), ViolationKind::kForbidden, "", std::string(own) + " is restricted");
  }
}

void check_beta_disruption(const model::v1beta1::Disruption& disruption, Violations& out) {
  const auto policy = disruption.consolidation_policy.value_or("");
  const auto after = disruption.consolidate_after.value_or("");
  if (policy == "WhenUnderutilized" && !after.empty() && after != "Never") {
    add(out, "spec.disruption.consolidateAfter", ViolationKind::kForbidden, "",
        "consolidateAfter cannot be combined with consolidationPolicy=WhenUnderutilized");
  }
  if (policy == "WhenEmpty" && after.empty()) {
    add(out, "spec.disruption.consolidateAfter", ViolationKind::kRequired, "",
        "consolidateAfter must be specified with consolidationPolicy=WhenEmpty");
  }
  if (!disruption.budgets) return;
  for (std::size_t i = 0; i < disruption.budgets->size(); ++i) {
    const auto& budget = (*disruption.budgets)[i];
    const std::string path = at("spec.disruption.budgets", i);
    if (budget.schedule.has_value() != budget.duration.has_value()) {
      add(out, path, ViolationKind::kInvalid, "", "schedule and duration must be specified together");
    }
    if (!budget.schedule) continue;
    if (const auto fault = schedule_fault(*budget.schedule)) {
      add(out, path + ".schedule", ViolationKind::kInvalid, quoted(*budget.schedule),
          "invalid schedule " + *fault);
    }
  }
}

void check_one_of(std::string_view value, std::span<const std::string_view> words, const std::string& path,
                  Violations& out) {
  if (std::ranges::find(words, value) != words.end()) return;
  std::string text = std::string(value) + " not in ";
  for (std::size_t i = 0; i < words.size(); ++i) text.append(i == 0 ? "" : ", ").append(words[i]);
  if (const auto near = base::nearest_word(value, words))
    text += " (did you mean \"" + std::string(*near) + "\"?)";
  add(out, path, ViolationKind::kNotSupported, quoted(value), text);
}

// ---- selector maps of the alpha kinds

struct IdRule {
  std::string_view prefix;  // "subnet-"
  std::string_view hint;    // "must be a valid subnet-id (regex: subnet-[0-9a-z]+)"
};
constexpr IdRule kSubnetIds{"subnet-", "must be a valid subnet-id (regex: subnet-[0-9a-z]+)"};
constexpr IdRule kGroupIds{"sg-", "must be a valid group-id (regex: sg-[0-9a-z]+)"};
constexpr IdRule kAmiIds{"ami-", "must be a valid ami-id (regex: ami-[0-9a-z]+)"};

bool contains_id(std::string_view text, std::string_view prefix) {
  for (auto found = text.find(prefix); found != std::string_view::npos;
       found = text.find(prefix, found + 1)) {
    const auto next = found + prefix.size();
    if (next < text.size() &&
        ((text[next] >= '0' && text[next] <= '9') || (text[next] >= 'a' && text[next] <= 'z'))) {
      return true;
    }
  }
  return false;
}

void check_selector(const model::StringMap& selector, const std::string& path, const IdRule& rule,
                    Violations& out) {
  for (const auto& [key, value] : selector) {
    const std::string here = path + "['" + key + "']";
    if (key.empty() || value.empty()) add(out, here, ViolationKind::kInvalid, "\"\"", "may not be empty");
    if (key != "aws-ids" && key != "aws::ids") continue;
    for (const auto& id : base::split(value, ',')) {
      if (!contains_id(id, rule.prefix))
        add(out, here, ViolationKind::kInvalid, quoted(id), std::string(rule.hint));
    }
    if (selector.size() > 1) {
      add(out, path, ViolationKind::kForbidden, "",
          "\"" + key +
              "\" filter is mutually exclusive, cannot be set with a combination of other filters in");
    }
  }
}

// PV-W1: what a custom launch template excludes.
void check_launch_template(const model::v1alpha1::AwsNodeTemplateSpec& spec, const std::string& prefix,
                           Violations& out) {
  if (spec.launch_template.empty()) return;
  const auto forbid = [&](bool present, const std::string& field) {
    if (!present) return;
    add(out, prefix + "launchTemplate", ViolationKind::kForbidden, "",
        "expected exactly one, got both: launchTemplate, " + field);
  };
  forbid(spec.security_group_selector.has_value(), "securityGroupSelector");
  forbid(spec.metadata_options.has_value(), "metadataOptions");
  forbid(!spec.ami_family.empty(), "amiFamily");
  forbid(!spec.instance_profile.empty(), "instanceProfile");
  forbid(!spec.block_device_mappings.empty(), "blockDeviceMappings");
}

// PV-W1…W8. `prefix` is "spec." or "spec.provider.".
void check_provider(const model::v1alpha1::AwsNodeTemplateSpec& spec, const std::string& prefix,
                    Violations& out) {
  check_launch_template(spec, prefix, out);
  if (!spec.subnet_selector) {
    add(out, prefix + "subnetSelector", ViolationKind::kRequired, "", "missing field(s)");
  } else {
    check_selector(*spec.subnet_selector, prefix + "subnetSelector", kSubnetIds, out);
  }
  if (spec.security_group_selector) {
    check_selector(*spec.security_group_selector, prefix + "securityGroupSelector", kGroupIds, out);
  } else if (spec.launch_template.empty()) {
    add(out, prefix + "securityGroupSelector", ViolationKind::kRequired, "", "missing field(s)");
  }
  for (const auto& [key, value] : spec.tags) {
    if (!key.empty()) continue;
    add(out, prefix + "tags", ViolationKind::kInvalid, "",
        "the tag with key : '' and value : '" + value +
            "' is invalid because empty tag keys aren't supported");
  }
  if (spec.metadata_options) check_metadata_options(*spec.metadata_options, prefix + "metadataOptions", out);
  constexpr std::array<std::string_view, 6> kFamilies{"Bottlerocket", "AL2",         "Ubuntu",
                                                      "Windows2019",  "Windows2022", "Custom"};
  if (!spec.ami_family.empty()) check_one_of(spec.ami_family, kFamilies, prefix + "amiFamily", out);
  for (std::size_t i = 0; i < spec.block_device_mappings.size(); ++i) {
    check_block_device(spec.block_device_mappings[i], at(prefix + "blockDeviceMappings", i), out);
  }
}

void check_inline_provider(const std::string& text, Violations& out) {
  const auto document = json::parse(text);
  const auto provider = document ? schema::decode_inline_provider(*document)
                                 : base::Result<model::v1alpha1::AwsNodeTemplateSpec>(document.error());
  if (!provider) {
    add(out, "spec.provider", ViolationKind::kInvalid, quoted(text), provider.error().text());
    return;
  }
  check_provider(*provider, "spec.provider.", out);
}

void check_ttl(const std::optional<std::int64_t>& seconds, const std::string& path, Violations& out) {
  if (seconds && *seconds < 0) {
    add(out, path, ViolationKind::kInvalid, std::to_string(*seconds), "cannot be negative");
  }
}

}  // namespace

void check_metadata_options(const model::MetadataOptions& options, const std::string& path, Violations& out) {
  constexpr std::array<std::string_view, 2> kSwitch{"disabled", "enabled"};
  constexpr std::array<std::string_view, 2> kTokens{"optional", "required"};
  if (options.http_endpoint) check_one_of(*options.http_endpoint, kSwitch, path + ".httpEndpoint", out);
  if (options.http_protocol_ipv6)
    check_one_of(*options.http_protocol_ipv6, kSwitch, path + ".httpProtocolIPv6", out);
  if (options.http_tokens) check_one_of(*options.http_tokens, kTokens, path + ".httpTokens", out);
  const auto hops = options.http_put_response_hop_limit.value_or(1);
  if (hops < 1 || hops > 64) {
    add(out, path + ".httpPutResponseHopLimit", ViolationKind::kInvalid, std::to_string(hops),
        "expected 1 <= " + std::to_string(hops) + " <= 64");
  }
}

void check_block_device(const model::BlockDeviceMapping& device, const std::string& path, Violations& out) {
  constexpr std::array<std::string_view, 7> kTypes{"standard", "io1", "io2", "gp2", "sc1", "st1", "gp3"};
  if (device.device_name.empty())
    add(out, path + ".deviceName", ViolationKind::kRequired, "", "missing field(s)");
  if (!device.ebs) {
    add(out, path + ".ebs", ViolationKind::kRequired, "", "missing field(s)");
    return;
  }
  if (!device.ebs->volume_type.empty())
    check_one_of(device.ebs->volume_type, kTypes, path + ".ebs.volumeType", out);
  const auto& size = device.ebs->volume_size;
  if (!size) {
    if (device.ebs->snapshot_id.empty()) {
      add(out, path + ".ebs.volumeSize", ViolationKind::kRequired, "", "missing field(s)");
    }
  } else if (*size < model::Quantity::of(1'000'000'000) || *size > model::Quantity::of(64'000'000'000'000)) {
    add(out, path + ".ebs.volumeSize", ViolationKind::kInvalid, quoted(size->text()),
        "expected 1G <= " + size->text() + " <= 64T");
  }
}

Violations validate(const model::v1beta1::NodePool& pool) {
  Violations out;
  const auto& spec = pool.spec.node_template.spec;
  check_name(pool.meta, out);
  if (!spec.requests.empty()) {
    add(out, "spec.template.spec.resources.requests", ViolationKind::kForbidden, "",
        "must not set the field(s)");
  }
  check_labels(pool.spec.node_template.meta.labels, "spec.template.metadata.labels", Era::kBeta,
               labels::kNodePool, out);
  check_taints(spec.taints, spec.startup_taints, "spec.template.spec", out);
  check_own_key(spec.requirements, "spec.template.spec.requirements", labels::kNodePool, out);
  check_requirements(spec.requirements, "spec.template.spec.requirements", Era::kBeta, out);
  if (pool.spec.disruption) check_beta_disruption(*pool.spec.disruption, out);
  if (spec.kubelet) check_typed_kubelet(*spec.kubelet, "spec.template.spec.kubelet", out);
  return finished(std::move(out));
}

Violations validate(const model::v1beta1::NodeClaim& claim) {
  Violations out;
  check_name(claim.meta, out);
  check_taints(claim.spec.taints, claim.spec.startup_taints, "spec", out);
  check_requirements(claim.spec.requirements, "spec.requirements", Era::kBeta, out);
  if (claim.spec.kubelet) check_typed_kubelet(*claim.spec.kubelet, "spec.kubelet", out);
  return finished(std::move(out));
}

Violations validate(const model::v1alpha5::Provisioner& provisioner) {
  Violations out;
  const auto& spec = provisioner.spec;
  check_name(provisioner.meta, out);
  check_ttl(spec.ttl_seconds_until_expired, "spec.ttlSecondsUntilExpired", out);
  check_ttl(spec.ttl_seconds_after_empty, "spec.ttlSecondsAfterEmpty", out);
  if (spec.consolidation_enabled.value_or(false) && spec.ttl_seconds_after_empty.value_or(-1) >= 0) {
    add(out, "spec.consolidation.enabled", ViolationKind::kForbidden, "",
        "expected exactly one, got both: spec.consolidation.enabled, spec.ttlSecondsAfterEmpty");
  }
  if (spec.provider.empty() != spec.provider_ref.has_value()) {
    add(out, "spec.provider", spec.provider.empty() ? ViolationKind::kRequired : ViolationKind::kForbidden,
        "",
        std::string("expected exactly one, got ") + (spec.provider.empty() ? "neither" : "both") +
            ": spec.provider, spec.providerRef");
  }
  check_labels(spec.labels, "spec.labels", Era::kAlpha, kProvisionerName, out);
  check_taints(spec.taints, spec.startup_taints, "spec", out);
  check_own_key(spec.requirements, "spec.requirements", kProvisionerName, out);
  check_requirements(spec.requirements, "spec.requirements", Era::kAlpha, out);
  if (spec.kubelet) check_typed_kubelet(*spec.kubelet, "spec.kubeletConfiguration", out);
  if (!spec.provider.empty()) check_inline_provider(spec.provider, out);
  return finished(std::move(out));
}

std::vector<std::string> warnings(const model::v1alpha5::Provisioner& provisioner) {
  std::vector<std::string> out;
  if (!provisioner.spec.provider.empty()) {
    out.emplace_back("spec.provider: deprecated; use an AWSNodeTemplate or, at v1, an EC2NodeClass");
  }
  if (provisioner.spec.kubelet && !provisioner.spec.kubelet->container_runtime.empty()) {
    out.emplace_back("spec.kubeletConfiguration.containerRuntime: no longer used");
  }
  return out;
}

Violations validate(const model::v1alpha1::AwsNodeTemplate& node_template) {
  Violations out;
  const auto& spec = node_template.spec;
  check_name(node_template.meta, out);
  check_provider(spec, "spec.", out);
  if (spec.user_data && !spec.launch_template.empty()) {
    add(out, "spec.userData", ViolationKind::kForbidden, "",
        "expected exactly one, got both: spec.userData, spec.launchTemplate");
  }
  if (spec.ami_selector && !spec.launch_template.empty()) {
    add(out, "spec.amiSelector", ViolationKind::kForbidden, "",
        "expected exactly one, got both: spec.amiSelector, spec.launchTemplate");
  }
  if (spec.ami_selector) check_selector(*spec.ami_selector, "spec.amiSelector", kAmiIds, out);
  if (spec.ami_family == "Custom" && !spec.ami_selector) {
    add(out, "spec.amiSelector", ViolationKind::kRequired, "", "missing field(s)");
  }
  for (const auto& [key, value] : spec.tags) {
    const bool restricted = key.starts_with("kubernetes.io/cluster/") || key == kProvisionerName ||
                            key == "karpenter.sh/managed-by";
    if (restricted) {
      add(out, member("spec.tags", key), ViolationKind::kInvalid, quoted(key),
          "invalid key name \"" + key + "\": tag contains a restricted tag");
    }
  }
  return finished(std::move(out));
}

std::vector<std::string> warnings(const model::v1alpha1::AwsNodeTemplate& node_template) {
  if (node_template.spec.launch_template.empty()) return {};
  return {"spec.launchTemplate: custom launch templates are not supported at v1"};
}

}  // namespace karpenter::admission
