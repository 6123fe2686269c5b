#include <algorithm>
#include <array>
#include <set>

#include "common/admission/admission.h"
#include "common/base/strings.h"
#include "common/conversion/alpha.h"
#include "common/conversion/alpha_selectors.h"
#include "common/conversion/annotations.h"
#include "common/schema/codec.h"
#include "common/schema/pattern.h"
#include "common/schema/patterns.h"
#include "common/schema/validate.h"

// AWSNodeTemplate or inline provider -> EC2NodeClass. spec: conversion §4.7-§4.14

namespace karpenter::conversion {
namespace {

using model::v1alpha1::AwsNodeTemplateSpec;

// One class on its way.
struct Mapping {
  const AwsNodeTemplateSpec& from;
  std::string path;  // of the members in the source
  const AlphaSettings& settings;
  const Sayer& say;
  model::Ec2NodeClass to = {};

  [[nodiscard]] bool is_offline() const { return settings.mode == Mode::kOffline; }
  [[nodiscard]] std::string at(std::string_view member) const { return path + "." + std::string(member); }
};

model::AmiSelectorTerm ami(std::string model::AmiSelectorTerm::*member, std::string value) {
  model::AmiSelectorTerm out;
  out.*member = std::move(value);
  return out;
}

std::vector<model::AmiSelectorTerm> ubuntu_parameters(std::string_view version) {
  std::vector<model::AmiSelectorTerm> out;
  for (const std::string arch : {"amd64", "arm64"}) {
    out.push_back(ami(&model::AmiSelectorTerm::ssm_parameter, "/aws/service/canonical/ubuntu/eks/20.04/" +
                                                                  std::string(version) + "/stable/current/" +
                                                                  arch + "/hvm/ebs-gp2/ami-id"));
  }
  return out;
}

// v1 has no such family: AL2 with Ubuntu's root device, and the word about it in an annotation.
void map_ubuntu(Mapping& m) {
  auto& spec = m.to.spec;
  std::vector<std::string> specifiers{"amiFamily"};
  spec.ami_family = "AL2";
  if (spec.block_device_mappings.empty()) {
    specifiers.emplace_back("blockDeviceMappings");
    model::Ebs root;
    root.encrypted = true;
    root.volume_type = "gp3";
    root.volume_size = model::Quantity::of(20LL << 30U, model::Quantity::Format::kBinarySI);
    spec.block_device_mappings = {{.device_name = "/dev/sda1", .root_volume = true, .ebs = root}};
  }
  if (spec.ami_selector_terms.empty()) {
    const auto& version = m.settings.cluster_version;
    if (m.settings.ubuntu_ssm && !version.empty()) {
      spec.ami_selector_terms = ubuntu_parameters(version);
    } else {
      specifiers.emplace_back("incompatible");
      spec.ami_selector_terms = {ami(&model::AmiSelectorTerm::id, std::string(kPlaceholderImage))};
    }
    m.say("W-UBUNTU", m.at("amiFamily"), "name the images: Ubuntu has no default images any more");
  }
  m.to.meta.annotations.insert_or_assign(std::string(kUbuntu), base::join(specifiers, ","));
}

void map_alias(Mapping& m, const std::string& family) {
  const auto alias = base::to_lower(family) + "@latest";
  m.to.spec.ami_selector_terms = {ami(&model::AmiSelectorTerm::alias, alias)};
  m.say("I-LATEST", m.at("amiFamily"), alias + " follows new image releases, which drifts nodes");
  const auto& version = m.settings.cluster_version;
  const auto minor = base::parse_int64(version.substr(version.find('.') + 1));
  if (family == "AL2" && (!minor || *minor >= 33))
    m.say("W-AL2", m.at("amiFamily"), "the AL2 alias is refused from Kubernetes 1.33 on");
}

// spec: conversion §4.8
void map_family(Mapping& m) {
  constexpr std::array<std::string_view, 4> kAliased{"AL2", "Bottlerocket", "Windows2019", "Windows2022"};
  const std::string family = m.from.ami_family.empty() ? "AL2" : m.from.ami_family;
  const bool has_selector = m.from.ami_selector && !m.from.ami_selector->empty();
  if (has_selector) {
    m.to.spec.ami_selector_terms = expand_ami_selector(*m.from.ami_selector, m.at("amiSelector"), m.say);
    m.say("W-AMI-TAGS", m.at("amiSelector"), "tags of images are no longer read as requirements");
  }
  if (family == "Ubuntu") return map_ubuntu(m);
  const bool is_aliased = std::ranges::find(kAliased, family) != kAliased.end();
  if (is_aliased && !has_selector) return map_alias(m, family);
  if (has_selector && (is_aliased || family == "Custom")) {
    m.to.spec.ami_family = family;
    if (family == "Custom")
      m.say("W-UNREGISTERED", m.at("amiFamily"),
            "kubelet must register with taint karpenter.sh/unregistered:NoExecute");
    return;
  }
  m.say("E-AMI", m.at("amiFamily"), family + (family == "Custom" ? " needs an amiSelector" : " is unknown"));
}

// spec: conversion §4.11
void map_metadata_options(Mapping& m) {
  const auto& from = m.from.metadata_options;
  if (m.settings.upstream_compat) {
    m.to.spec.metadata_options = from;
    return;
  }
  auto to = from.value_or(model::MetadataOptions{});
  const bool is_whole =
      to.http_endpoint && to.http_protocol_ipv6 && to.http_put_response_hop_limit && to.http_tokens;
  if (!from) {
    m.say("W-IMDS", m.at("metadataOptions"), "made explicit with hop limit 2; v1's default is 1");
  } else if (!is_whole) {
    m.say("W-IMDS-PARTIAL", m.at("metadataOptions"),
          "missing members are what EC2 used: hop limit 1, tokens optional");
  }
  if (!to.http_endpoint) to.http_endpoint = "enabled";
  if (!to.http_protocol_ipv6) to.http_protocol_ipv6 = !from && m.settings.ipv6 ? "enabled" : "disabled";
  if (!to.http_put_response_hop_limit) to.http_put_response_hop_limit = from ? 1 : 2;
  if (!to.http_tokens) to.http_tokens = from ? "optional" : "required";
  m.to.spec.metadata_options = std::move(to);
}

// spec: conversion §4.13
void map_tags(Mapping& m) {
  constexpr std::array<std::string_view, 6> kOwned{
      "eks:eks-cluster-name",           "karpenter.sh/nodepool",         "karpenter.sh/nodeclaim",
      "karpenter.k8s.aws/ec2nodeclass", "karpenter.sh/provisioner-name", "karpenter.sh/managed-by"};
  auto tags = m.settings.default_tags;
  for (const auto& [key, value] : m.from.tags) tags.insert_or_assign(key, value);
  for (const auto& [key, value] : tags) {
    if (key.empty()) m.say("E-INVALID", m.at("tags"), "a tag has an empty key");
    if (key.starts_with("kubernetes.io/cluster") || std::ranges::find(kOwned, key) != kOwned.end()) {
      m.say("W-TAG", m.at("tags[" + key + "]"), "removed: v1 owns it");
    } else {
      m.to.spec.tags.emplace(key, value);
    }
  }
  if (!tags.contains("Name"))
    m.say("I-NAME", m.at("tags"), "instances are named like their nodes, no longer like the Provisioner");
}

// spec: conversion §4.10
void map_identity(Mapping& m) {
  constexpr std::string_view kPlaceholderRole = "$KARPENTER_NODE_ROLE";
  const auto& settings = m.settings;
  auto& to = m.to.spec;
  const bool wants_role = settings.use_role || settings.upstream_compat;
  if (!wants_role)
    to.instance_profile =
        m.from.instance_profile.empty() ? settings.default_instance_profile : m.from.instance_profile;
  if (const auto slash = to.instance_profile.rfind('/'); slash != std::string::npos) {
    to.instance_profile.erase(0, slash + 1);
    m.say("W-PROFILE-ARN", m.at("instanceProfile"), "the ARN is reduced to " + to.instance_profile);
  }
  if (!to.instance_profile.empty()) return;
  to.role = settings.node_role;
  if (!to.role.empty()) return;
  if (!m.is_offline())
    return m.say("E-IDENTITY", m.at("instanceProfile"),
                 "is absent, and there is no default and no node role");
  to.role = kPlaceholderRole;
  m.say("W-PLACEHOLDER", m.at("instanceProfile"), "replace " + to.role + " in spec.role by the node role");
}

// spec: conversion §4.9
std::vector<model::SelectorTerm> map_selector(Mapping& m, std::string_view member,
                                              const std::optional<model::StringMap>& from) {
  const auto path = m.at(member);
  if (from) return expand_selector(*from, path, m.say);
  std::string cluster = m.settings.cluster_name;
  if (!cluster.empty()) {
    m.say("W-SELECTOR-DEFAULTED", path, "is absent: the cluster's tag is used");
  } else if (m.is_offline()) {
    cluster = "$CLUSTER_NAME";
    m.say("W-PLACEHOLDER", path, "is absent: replace $CLUSTER_NAME in the terms by the cluster's name");
  } else {
    m.say("E-SELECTOR", path, "is absent and the cluster name unknown");
    return {};
  }
  model::SelectorTerm term;
  term.tags.emplace("kubernetes.io/cluster/" + cluster, "*");
  return {term};
}

// The size as v1 takes it: text it knows stays, anything else becomes whole GiB, rounded up as EC2 was asked
// for.
void map_volume_size(model::Ebs& ebs, const std::string& path, const Sayer& say) {
  static const auto kAccepted = schema::Pattern::compile(schema::patterns::kVolumeSize);
  if (!ebs.volume_size) {
    if (ebs.snapshot_id.empty()) say("E-VOLUME", path, "neither volumeSize nor snapshotID is set");
    return;
  }
  const auto text = ebs.volume_size->written();
  if (kAccepted->matches(text)) return;
  constexpr std::int64_t kGiB = 1LL << 30U;
  const auto bytes = ebs.volume_size->value();
  const auto whole = bytes / kGiB + (bytes % kGiB > 0 ? 1 : 0);
  if (whole < 1 || whole > 59000)
    return say("E-VOLUME", path, "volumeSize " + text + " is not between 1Gi and 59000Gi");
  // Canonical text would be refused where it is 18Ti, say. spec: conversion §7 item 12
  ebs.volume_size = *model::WrittenQuantity::read(std::to_string(whole) + "Gi");
  say("I-VOLUME", path, "volumeSize " + text + " is " + std::to_string(whole) + "Gi");
}

// spec: conversion §4.12
void map_block_devices(Mapping& m) {
  m.to.spec.block_device_mappings = m.from.block_device_mappings;
  std::size_t index = 0;
  for (auto& device : m.to.spec.block_device_mappings) {
    device.root_volume = std::nullopt;
    const auto path = m.at("blockDeviceMappings[" + std::to_string(index++) + "].ebs");
    if (device.ebs) map_volume_size(*device.ebs, path, m.say);
  }
}

// spec: conversion §4.14
bool map_launch_template(Mapping& m) {
  const auto& name = m.from.launch_template;
  if (name.empty()) return false;
  if (!m.settings.force_launch_template) {
    m.say("E-LAUNCHTEMPLATE", m.at("launchTemplate"),
          "launch template \"" + name +
              "\" has no v1 equivalent; port by hand its image (to amiFamily Custom and amiSelectorTerms), "
              "user data, IAM profile, security groups, block devices, metadata options and tags");
    return true;
  }
  m.to.spec.ami_family = "Custom";
  m.to.spec.ami_selector_terms = {ami(&model::AmiSelectorTerm::id, std::string(kPlaceholderImage))};
  m.say("W-PLACEHOLDER", m.at("launchTemplate"),
        "replace " + std::string(kPlaceholderImage) + " by the image of launch template \"" + name + "\"");
  return false;
}

bool is_dropped_annotation(std::string_view key) {
  return key == "kubectl.kubernetes.io/last-applied-configuration" ||
         (key.starts_with("karpenter.sh/") && key.find("-hash") != std::string_view::npos) ||
         key == "karpenter.k8s.aws/nodetemplate-hash";
}

template <class T>
void check_result(const T& object, std::string_view what, const Sayer& say) {
  std::set<std::string> said;
  const auto refuse = [&](const std::string& path, const std::string& text) {
    if (said.insert(path).second) say("E-INVALID", "", std::string(what) + " " + path + ": " + text);
  };
  for (const auto& violation : admission::validate(object)) refuse(violation.path, violation.body());
  for (const auto& problem : schema::validate(schema::type_of<T>(), schema::encode(object)))
    refuse(problem.path, problem.text());
}

}  // namespace

void keep_metadata(const model::ObjectMeta& from, const AlphaSettings& settings, model::ObjectMeta& to) {
  to.name = from.name;
  to.labels = from.labels;
  for (const auto& [key, value] : from.annotations) {
    if (!is_dropped_annotation(key)) to.annotations.insert_or_assign(key, value);
  }
  // Whoever clears a finalizer of the source does not know of the objects that the controller makes.
  if (settings.mode == Mode::kController) return;
  for (const auto& finalizer : from.finalizers) {
    const bool is_ours =
        finalizer.starts_with("karpenter.sh/") || finalizer.starts_with("karpenter.k8s.aws/");
    if (!is_ours) to.finalizers.push_back(finalizer);
  }
}

model::Ec2NodeClass map_class(const AwsNodeTemplateSpec& from, std::string_view path,
                              const AlphaSettings& settings, const Sayer& say) {
  Mapping m{.from = from, .path = std::string(path), .settings = settings, .say = say};
  if (map_launch_template(m)) return std::move(m.to);
  auto& spec = m.to.spec;
  spec.subnet_selector_terms = map_selector(m, "subnetSelector", from.subnet_selector);
  spec.security_group_selector_terms = map_selector(m, "securityGroupSelector", from.security_group_selector);
  map_block_devices(m);
  if (from.launch_template.empty()) map_family(m);
  map_identity(m);
  map_metadata_options(m);
  map_tags(m);
  spec.user_data = from.user_data;
  spec.detailed_monitoring = from.detailed_monitoring;
  spec.context = from.context;
  say("I-PUBLICIP", m.at("subnetSelector"),
      "alpha forced no public address where no subnet assigns one; v1 leaves that to the subnet");
  return std::move(m.to);
}

void check_against_v1(const model::NodePool& pool, const Sayer& say) { check_result(pool, "NodePool", say); }
void check_against_v1(const model::Ec2NodeClass& node_class, const Sayer& say) {
  check_result(node_class, "EC2NodeClass", say);
}

}  // namespace karpenter::conversion
