#include "controller/aws/provider/ami_family.h"

#include <array>

#include "common/base/strings.h"
#include "common/model/labels.h"
#include "controller/aws/provider/aws_labels.h"

namespace karpenter::aws {
namespace {

using model::Requirement;
using model::Requirements;

// In the order of AmiFamily.
constexpr std::array<FamilyTraits, 7> kTraits = {{
    {"AL2", "al2", true, true, true, false, "/dev/xvda", ""},
    {"AL2023", "al2023", true, true, true, true, "/dev/xvda", ""},
    {"Bottlerocket", "bottlerocket", false, false, true, false, "/dev/xvdb", ""},
    {"Windows2019", "windows2019", false, true, false, false, "/dev/sda1", "10.0.17763"},
    {"Windows2022", "windows2022", false, true, false, false, "/dev/sda1", "10.0.20348"},
    {"Windows2025", "windows2025", false, true, false, false, "/dev/sda1", "10.0.26100"},
    {"Custom", "", true, true, true, true, "", ""},
}};

std::optional<AmiFamily> family_named(std::string_view text, std::string_view FamilyTraits::*member) {
  for (std::size_t i = 0; i < kTraits.size(); ++i) {
    if (!text.empty() && kTraits[i].*member == text) return static_cast<AmiFamily>(i);
  }
  return std::nullopt;
}

Requirements standard_variant() {
  Requirements out;
  out.add(Requirement::does_not_exist(label::kAcceleratorCount));
  out.add(Requirement::does_not_exist(label::kGpuCount));
  return out;
}
Requirements nvidia_variant() {
  Requirements out;
  out.add(Requirement::exists(label::kGpuCount));
  return out;
}
Requirements neuron_variant() {
  Requirements out;
  out.add(Requirement::exists(label::kAcceleratorCount));
  return out;
}
Requirements windows_variant(std::string_view build) {
  Requirements out;
  out.add(Requirement::in(model::labels::kWindowsBuild, {std::string(build)}));
  out.add(Requirement::in(model::labels::kOs, {"windows"}));
  return out;
}

std::string text(std::string_view view) { return std::string(view); }

std::vector<AmiParameter> al2_parameters(const std::string& version, const std::string& image) {
  const std::string root = "/aws/service/eks/optimized-ami/" + version + "/amazon-linux-2";
  const auto leaf = [&](std::string_view prefix) {
    return (image == "latest" ? "recommended" : text(prefix) + "-" + version + "-" + image) + "/image_id";
  };
  return {{root + "/" + leaf("amazon-eks-node"), {standard_variant()}},
          {root + "-arm64/" + leaf("amazon-eks-arm64-node"), {standard_variant()}},
          {root + "-gpu/" + leaf("amazon-eks-gpu-node"), {neuron_variant(), nvidia_variant()}}};
}

std::vector<AmiParameter> al2023_parameters(const std::string& version, const std::string& image) {
  const std::string root = "/aws/service/eks/optimized-ami/" + version + "/amazon-linux-2023/";
  const auto path = [&](const std::string& arch, const std::string& variant) {
    const std::string leaf =
        image == "latest" ? "recommended"
                          : "amazon-eks-node-al2023-" + arch + "-" + variant + "-" + version + "-" + image;
    return root + arch + "/" + variant + "/" + leaf + "/image_id";
  };
  return {{path("x86_64", "standard"), {standard_variant()}},
          {path("arm64", "standard"), {standard_variant()}},
          {path("x86_64", "nvidia"), {nvidia_variant()}},
          {path("arm64", "nvidia"), {nvidia_variant()}},
          {path("x86_64", "neuron"), {neuron_variant()}}};
}

std::vector<AmiParameter> bottlerocket_parameters(const std::string& version, std::string image) {
  while (image.starts_with('v')) image.erase(0, 1);
  const std::string root = "/aws/service/bottlerocket/aws-k8s-" + version;
  const std::string leaf = "/" + image + "/image_id";
  return {{root + "/x86_64" + leaf, {standard_variant(), neuron_variant()}},
          {root + "/arm64" + leaf, {standard_variant()}},
          {root + "-nvidia/x86_64" + leaf, {nvidia_variant()}},
          {root + "-nvidia/arm64" + leaf, {nvidia_variant()}}};
}

model::BlockDeviceMapping gp3_device(std::string_view device, std::int64_t gib) {
  model::Ebs ebs;
  ebs.encrypted = true;
  ebs.volume_type = "gp3";
  ebs.volume_size = model::Quantity::of(gib << 30, model::Quantity::Format::kBinarySI);
  model::BlockDeviceMapping out;
  out.device_name = device;
  out.ebs = ebs;
  return out;
}

std::int64_t minor_of(std::string_view version) {
  const auto dot = version.find('.');
  return dot == std::string_view::npos ? 0 : base::parse_int64(version.substr(dot + 1)).value_or(0);
}

}  // namespace

const FamilyTraits& traits_of(AmiFamily family) { return kTraits[static_cast<std::size_t>(family)]; }
bool is_windows(AmiFamily family) { return !traits_of(family).windows_build.empty(); }

base::Result<std::optional<AmiAlias>> find_alias(const model::Ec2NodeClassSpec& spec) {
  for (const auto& term : spec.ami_selector_terms) {
    if (term.alias.empty()) continue;
    const auto parts = base::split(term.alias, '@');
    const auto family = parts.size() == 2 ? family_named(parts[0], &FamilyTraits::alias) : std::nullopt;
    if (!family || parts[1].empty()) {
      return base::invalid("AMI alias must be family@version").add("alias", term.alias);
    }
    return std::optional<AmiAlias>(AmiAlias{*family, parts[1]});
  }
  return std::optional<AmiAlias>();
}

base::Result<AmiFamily> resolve_family(const model::Ec2NodeClassSpec& spec) {
  if (!spec.ami_family.empty()) {
    const auto family = family_named(spec.ami_family, &FamilyTraits::name);
    if (!family) return base::invalid("unknown AMI family").add("amiFamily", spec.ami_family);
    return *family;
  }
  ASSIGN_OR_RETURN(const auto alias, find_alias(spec));
  return alias ? alias->family : AmiFamily::kCustom;
}

std::vector<model::BlockDeviceMapping> default_block_devices(AmiFamily family) {
  switch (family) {
    case AmiFamily::kAl2:
    case AmiFamily::kAl2023:
      return {gp3_device("/dev/xvda", 20)};
    case AmiFamily::kBottlerocket:
      return {gp3_device("/dev/xvda", 6), gp3_device("/dev/xvdb", 20)};
    case AmiFamily::kWindows2019:
    case AmiFamily::kWindows2022:
    case AmiFamily::kWindows2025:
      return {gp3_device("/dev/sda1", 50)};
    case AmiFamily::kCustom:
      return {};
  }
  return {};
}

std::vector<AmiParameter> ami_parameters(const AmiAlias& alias, std::string_view cluster_version) {
  const std::string version(cluster_version);
  switch (alias.family) {
    case AmiFamily::kAl2:
      return al2_parameters(version, alias.version);
    case AmiFamily::kAl2023:
      return al2023_parameters(version, alias.version);
    case AmiFamily::kBottlerocket:
      return bottlerocket_parameters(version, alias.version);
    case AmiFamily::kWindows2019:
    case AmiFamily::kWindows2022:
    case AmiFamily::kWindows2025: {
      const FamilyTraits& traits = traits_of(alias.family);
      const std::string year(traits.alias.substr(std::string_view("windows").size()));
      return {{"/aws/service/ami-windows-latest/Windows_Server-" + year + "-English-Core-EKS_Optimized-" +
                   version + "/image_id",
               {windows_variant(traits.windows_build)}}};
    }
    case AmiFamily::kCustom:
      return {};
  }
  return {};
}

base::Status check_alias(const AmiAlias& alias, std::string_view cluster_version) {
  const std::int64_t minor = minor_of(cluster_version);
  const bool unsupported = (alias.family == AmiFamily::kAl2 && minor >= 33) ||
                           (alias.family == AmiFamily::kWindows2025 && minor < 35);
  if (!unsupported) return base::ok();
  auto error =
      base::make_error(base::Code::kTerminal, "the AMI alias is not published for this Kubernetes version");
  error.reason = "UnsupportedAlias";
  return std::move(error)
      .add("alias", std::string(traits_of(alias.family).alias))
      .add("kubernetes-version", std::string(cluster_version));
}

}  // namespace karpenter::aws
