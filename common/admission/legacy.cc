#include <algorithm>
#include <array>

#include "common/admission/rules.h"
#include "common/base/strings.h"
#include "common/json/json.h"
#include "common/model/labels.h"
#include "common/schema/inline_provider.h"
#include "common/schema/validate.h"

// NodePool and NodeClaim v1beta1, Provisioner v1alpha5, AWSNodeTemplate v1alpha1. spec: api §10.4, §11.1,
// §12.2, §12.3

namespace karpenter::admission {
namespace {

namespace labels = model::labels;

constexpr std::string_view kProvisionerName = "karpenter.sh/provisioner-name";

// BNP-W4, PR-W8.
void check_own_key(std::span<const model::NodeSelectorRequirement> requirements, const Path& path,
                   std::string_view own, Violations& out) {
  for (std::size_t i = 0; i < requirements.size(); ++i) {
    if (requirements[i].key != own) continue;
    add(out, item(path, i).text(), ViolationKind::kInvalid, quoted(own), std::string(own) + " is restricted");
  }
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

void check_selector(const model::StringMap& selector, const Path& path, const IdRule& rule, Violations& out) {
  for (const auto& [key, value] : selector) {
    const std::string here = path.text() + "['" + key + "']";
    if (key.empty() || value.empty()) add(out, here, ViolationKind::kInvalid, "\"\"", "");
    if (key != "aws-ids" && key != "aws::ids") continue;
    for (const auto& id : base::split(value, ',')) {
      if (!contains_id(id, rule.prefix))
        add(out, here, ViolationKind::kInvalid, quoted(id), std::string(rule.hint));
    }
    if (selector.size() > 1) {
      add(out, path.text(), ViolationKind::kForbidden, "",
          "\"" + key +
              "\" filter is mutually exclusive, cannot be set with a combination of other filters in");
    }
  }
}

// `both` exclude each other.
void check_not_both(bool first, std::string_view first_name, bool second, std::string_view second_name,
                    const Path& parent, Violations& out) {
  if (!first || !second) return;
  const auto a = step(parent, first_name).text();
  add(out, a, ViolationKind::kForbidden, "",
      "expected exactly one, got both: " + a + ", " + step(parent, second_name).text());
}

// PV-W1: what a custom launch template excludes.
void check_launch_template(const model::v1alpha1::AwsNodeTemplateSpec& spec, const Path& path,
                           Violations& out) {
  const bool has_template = !spec.launch_template.empty();
  const auto forbid = [&](bool present, std::string_view field) {
    check_not_both(has_template, "launchTemplate", present, field, path, out);
  };
  forbid(spec.security_group_selector.has_value(), "securityGroupSelector");
  forbid(spec.metadata_options.has_value(), "metadataOptions");
  forbid(!spec.ami_family.empty(), "amiFamily");
  forbid(!spec.instance_profile.empty(), "instanceProfile");
  forbid(!spec.block_device_mappings.empty(), "blockDeviceMappings");
}

// PV-W1…W8 on `spec` of a template or `spec.provider`.
void check_provider(const model::v1alpha1::AwsNodeTemplateSpec& spec, const Path& path, Violations& out) {
  check_launch_template(spec, path, out);
  const Path subnets = step(path, "subnetSelector");
  const Path groups = step(path, "securityGroupSelector");
  const auto need = [&](const Path& at) {
    add(out, at.text(), ViolationKind::kRequired, "", "missing field(s)");
  };
  if (!spec.subnet_selector) need(subnets);
  if (spec.subnet_selector) check_selector(*spec.subnet_selector, subnets, kSubnetIds, out);
  if (!spec.security_group_selector && spec.launch_template.empty()) need(groups);
  if (spec.security_group_selector) check_selector(*spec.security_group_selector, groups, kGroupIds, out);
  for (const auto& [key, value] : spec.tags) {
    if (!key.empty()) continue;
    add(out, step(path, "tags").text(), ViolationKind::kInvalid, "\"\"",
        "the tag with key : '' and value : '" + shown(value) +
            "' is invalid because empty tag keys aren't supported");
  }
  if (spec.metadata_options)
    check_metadata_options(*spec.metadata_options, step(path, "metadataOptions"), out);
  constexpr std::array<std::string_view, 6> kFamilies{"Bottlerocket", "AL2",         "Ubuntu",
                                                      "Windows2019",  "Windows2022", "Custom"};
  if (!spec.ami_family.empty()) check_word(spec.ami_family, kFamilies, step(path, "amiFamily"), out);
  const Path devices = step(path, "blockDeviceMappings");
  for (std::size_t i = 0; i < spec.block_device_mappings.size(); ++i) {
    check_block_device(spec.block_device_mappings[i], item(devices, i), out);
  }
}

// The decoder's words; members inside the object are not told apart by it.
std::string decoder_text(const base::Error& error) {
  constexpr std::array<std::string_view, 11> kMembers{"amiFamily",
                                                      "apiVersion",
                                                      "blockDeviceMappings",
                                                      "context",
                                                      "instanceProfile",
                                                      "kind",
                                                      "launchTemplate",
                                                      "metadataOptions",
                                                      "securityGroupSelector",
                                                      "subnetSelector",
                                                      "tags"};
  for (const auto& [key, value] : error.with) {
    if (key == "field") return "unknown field \"" + shown(value) + "\"" + schema::suggestion(value, kMembers);
  }
  return shown(error.text());
}

void check_inline_provider(const std::string& text, const Path& path, Violations& out) {
  const auto document = json::parse(text);
  const auto provider = document ? schema::decode_inline_provider(*document)
                                 : base::Result<model::v1alpha1::AwsNodeTemplateSpec>(document.error());
  if (!provider)
    return add(out, path.text(), ViolationKind::kInvalid, quoted(text), decoder_text(provider.error()));
  const auto& version = provider->api_version;
  const bool known = (version.empty() || version == "extensions.karpenter.sh/v1alpha1") &&
                     (provider->kind.empty() || provider->kind == "AWS");
  if (!known) {
    add(out, path.text(), ViolationKind::kInvalid, quoted(text),
        "no kind \"" + shown(provider->kind) + "\" is registered for version \"" + shown(version) + "\"");
  }
  check_provider(*provider, path, out);
}

void check_ttl(const std::optional<std::int64_t>& seconds, const Path& path, Violations& out) {
  if (!seconds || *seconds >= 0) return;
  add(out, path.text(), ViolationKind::kInvalid, std::to_string(*seconds), "cannot be negative");
}

// PR-W2…W5.
void check_provisioner_fields(const model::v1alpha5::ProvisionerSpec& of, const Path& spec, Violations& out) {
  check_ttl(of.ttl_seconds_until_expired, step(spec, "ttlSecondsUntilExpired"), out);
  check_ttl(of.ttl_seconds_after_empty, step(spec, "ttlSecondsAfterEmpty"), out);
  const bool empties = of.ttl_seconds_after_empty.value_or(-1) >= 0;  // a negative one is said above
  if (of.consolidation_enabled.value_or(false) && empties) {
    add(out, "spec.consolidation.enabled", ViolationKind::kForbidden, "",
        "expected exactly one, got both: spec.consolidation.enabled, spec.ttlSecondsAfterEmpty");
  }
  check_not_both(!of.provider.empty(), "provider", of.provider_ref.has_value(), "providerRef", spec, out);
  if (of.provider.empty() && !of.provider_ref) {
    add(out, "spec.provider", ViolationKind::kRequired, "",
        "expected exactly one, got neither: spec.provider, spec.providerRef");
  }
}

// NT-W7.
void check_template_tags(const model::StringMap& tags, const Path& path, Violations& out) {
  constexpr std::string_view kCluster = "kubernetes.io/cluster/";
  const auto is_cluster = [&](std::string_view key) {
    if (!key.starts_with(kCluster)) return false;
    const auto name = key.substr(kCluster.size());
    const auto is_alnum = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    return !name.empty() && is_alnum(name.front()) &&
           std::ranges::all_of(name, [&](char c) { return is_alnum(c) || c == '-' || c == '_'; });
  };
  for (const auto& [key, value] : tags) {
    const bool by_name = key == kProvisionerName || key == "karpenter.sh/managed-by";
    if (!by_name && !is_cluster(key)) continue;
    const std::string regex = by_name ? "^" + base::replace_all(key, ".", "\\.") + "$"
                                      : "^kubernetes\\.io/cluster/[0-9A-Za-z][A-Za-z0-9\\-_]*$";
    add(out, entry(path, key).text(), ViolationKind::kInvalid, quoted(key),
        "invalid key name \"" + shown(key) + "\": tag contains a restricted tag matching \"" + regex + "\"");
  }
}

}  // namespace

void check(const model::v1beta1::NodePool& pool, const Gates&, Violations& out) {
  const Path root;
  const Path spec = step(root, "spec");
  const Path node_template = step(spec, "template");
  const Path meta = step(node_template, "metadata");
  const Path template_spec = step(node_template, "spec");
  const Path requirements = step(template_spec, "requirements");
  const auto& of_nodes = pool.spec.node_template.spec;
  check_name(pool.meta, out);
  if (!of_nodes.requests.empty()) {
    const Path resources = step(template_spec, "resources");
    add(out, step(resources, "requests").text(), ViolationKind::kForbidden, "", "must not set the field(s)");
  }
  check_labels(pool.spec.node_template.meta.labels, step(meta, "labels"), Era::kBeta, labels::kNodePool, out);
  check_taints(of_nodes.taints, of_nodes.startup_taints, template_spec, out);
  check_own_key(of_nodes.requirements, requirements, labels::kNodePool, out);
  check_requirements(of_nodes.requirements, requirements, Era::kBeta, out);
  if (of_nodes.kubelet)
    check_typed_kubelet(*of_nodes.kubelet, step(template_spec, "kubelet"), Era::kBeta, out);
  if (!pool.spec.disruption) return;
  const Path disruption = step(spec, "disruption");
  check_duration(pool.spec.disruption->consolidate_after, step(disruption, "consolidateAfter"), out);
  check_duration(pool.spec.disruption->expire_after, step(disruption, "expireAfter"), out);
  if (pool.spec.disruption->budgets)
    check_budgets(*pool.spec.disruption->budgets, step(disruption, "budgets"), out);
}

void check(const model::v1beta1::NodeClaim& claim, const Gates&, Violations& out) {
  const Path root;
  const Path spec = step(root, "spec");
  check_name(claim.meta, out);
  check_taints(claim.spec.taints, claim.spec.startup_taints, spec, out);
  check_requirements(claim.spec.requirements, step(spec, "requirements"), Era::kBeta, out);
  if (claim.spec.kubelet) check_typed_kubelet(*claim.spec.kubelet, step(spec, "kubelet"), Era::kBeta, out);
}

void check(const model::v1alpha5::Provisioner& provisioner, const Gates&, Violations& out) {
  const Path root;
  const Path spec = step(root, "spec");
  const auto& of = provisioner.spec;
  check_name(provisioner.meta, out);
  check_provisioner_fields(of, spec, out);
  check_labels(of.labels, step(spec, "labels"), Era::kAlpha, kProvisionerName, out);
  check_taints(of.taints, of.startup_taints, spec, out);
  check_own_key(of.requirements, step(spec, "requirements"), kProvisionerName, out);
  check_requirements(of.requirements, step(spec, "requirements"), Era::kAlpha, out);
  if (of.kubelet) check_typed_kubelet(*of.kubelet, step(spec, "kubeletConfiguration"), Era::kAlpha, out);
  if (!of.provider.empty()) check_inline_provider(of.provider, step(spec, "provider"), out);
}

void warn(const model::v1alpha5::Provisioner& provisioner, const Gates&, Warnings& out) {
  if (provisioner.spec.kubelet && !provisioner.spec.kubelet->container_runtime.empty()) {
    out.emplace_back("spec.kubeletConfiguration.containerRuntime: removed in later versions");
  }
  if (!provisioner.spec.provider.empty()) {
    out.emplace_back("spec.provider: removed in later versions, use an AWSNodeTemplate");
  }
}

void check(const model::v1alpha1::AwsNodeTemplate& node_template, const Gates&, Violations& out) {
  const Path root;
  const Path spec = step(root, "spec");
  const auto& of = node_template.spec;
  check_name(node_template.meta, out);
  check_provider(of, spec, out);
  const bool has_template = !of.launch_template.empty();
  check_not_both(of.user_data.has_value(), "userData", has_template, "launchTemplate", spec, out);
  check_not_both(of.ami_selector.has_value(), "amiSelector", has_template, "launchTemplate", spec, out);
  const Path images = step(spec, "amiSelector");
  if (of.ami_selector) check_selector(*of.ami_selector, images, kAmiIds, out);
  if (of.ami_family == "Custom" && !of.ami_selector) {
    add(out, images.text(), ViolationKind::kRequired, "", "missing field(s)");
  }
  check_template_tags(of.tags, step(spec, "tags"), out);
}

void warn(const model::v1alpha1::AwsNodeTemplate& node_template, const Gates&, Warnings& out) {
  if (node_template.spec.launch_template.empty()) return;
  out.emplace_back("spec.launchTemplate: removed in later versions");
}

}  // namespace karpenter::admission
