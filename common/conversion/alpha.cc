#include "common/conversion/alpha.h"

#include "common/conversion/conversion.h"
#include "common/schema/inline_provider.h"

// One Provisioner in controller mode. spec: conversion §4.2, §5.9 (b)

namespace karpenter::conversion {

bool AlphaOutput::has_error() const { return conversion::has_error(diagnostics); }

std::optional<model::v1alpha1::AwsNodeTemplateSpec> decode_provider(
    const model::v1alpha5::Provisioner& provisioner, const Sayer& say) {
  const auto document = json::parse(provisioner.spec.provider);
  if (!document) {
    say("E-INVALID", "spec.provider", document.error().text());
    return std::nullopt;
  }
  auto decoded = schema::decode_inline_provider(*document);
  if (decoded) return std::move(decoded).value();
  say("E-INVALID", "spec.provider", decoded.error().text());
  return std::nullopt;
}

AlphaOutput from_v1alpha5(const model::v1alpha5::Provisioner& provisioner,
                          const model::v1alpha1::AwsNodeTemplate* node_template,
                          const AlphaSettings& settings, InlineName inline_name) {
  AlphaOutput out;
  const Sayer say(out.diagnostics, "Provisioner/" + provisioner.meta.name);
  check_provider(provisioner, say);
  if (out.has_error()) return out;
  const auto kubelet = map_kubelet(provisioner, settings, say);
  std::string name = provisioner.meta.name;
  if (node_template != nullptr) {
    const Sayer of_template(out.diagnostics, "AWSNodeTemplate/" + node_template->meta.name);
    out.node_class = map_class(node_template->spec, "spec", settings, of_template);
    keep_metadata(node_template->meta, settings, out.node_class.meta);
    // Always with a suffix: a later Provisioner must not rename this one's class.
    name = kubelet.empty() ? node_template->meta.name : variant_name(node_template->meta.name, kubelet);
  } else {
    const auto provider = decode_provider(provisioner, say);
    if (!provider) return out;
    out.node_class = map_class(*provider, "spec.provider", settings, say);
    if (inline_name == InlineName::kSuffixed) {
      say("W-RENAMED", "spec.provider",
          "its class is " + name + "-provider: an AWSNodeTemplate has its name");
      name += "-provider";
    }
  }
  out.node_class.spec.kubelet = kubelet;
  out.node_class.meta.name = name;
  out.pool = map_pool(provisioner, name, settings, say);
  if (out.has_error()) return out;
  check_against_v1(out.pool, say);
  check_against_v1(out.node_class, say);
  return out;
}

}  // namespace karpenter::conversion
