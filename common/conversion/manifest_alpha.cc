#include <utility>

#include "common/conversion/alpha.h"
#include "common/conversion/alpha_tool.h"
#include "common/conversion/conversion.h"
#include "common/conversion/manifest_input.h"
#include "common/conversion/manifest_strip.h"
#include "common/schema/codec.h"

// Provisioners and AWSNodeTemplates as manifests. spec: conversion §4.2

namespace karpenter::conversion {
namespace {

template <class T>
json::Value stamped(const T& object, std::string_view api_version, std::string_view kind) {
  json::Value out = schema::encode(object);
  out["apiVersion"].set(api_version);
  out["kind"].set(kind);
  return out;
}

bool is_beta(const AlphaRun& run) { return run.settings.target == Target::kV1beta1; }
// The mapping of the 0.32 converter as it was. spec: conversion §3
bool is_tool(const AlphaRun& run) { return is_beta(run) && run.settings.alpha.upstream_compat; }

json::Value printed(const model::Ec2NodeClass& node_class, const AlphaRun& run, const Sayer& say) {
  auto out = stamped(node_class, "karpenter.k8s.aws/v1", "EC2NodeClass");
  return is_beta(run) ? downgraded(out, "karpenter.k8s.aws/v1beta1", say) : std::move(out);
}

json::Value printed(const model::NodePool& pool, const std::string& kubelet, const AlphaRun& run,
                    const Sayer& say) {
  auto out = stamped(pool, "karpenter.sh/v1", "NodePool");
  if (!is_beta(run)) return out;
  out = downgraded(out, "karpenter.sh/v1beta1", say);
  const auto spec = out["spec"]["template"]["spec"];
  spec["nodeClassRef"]["apiVersion"].set("karpenter.k8s.aws/v1beta1");
  if (auto document = json::parse(kubelet); document && !kubelet.empty())
    spec["kubelet"].set(std::move(document).value());
  return out;
}

// The inline provider as a class of its own, named after the Provisioner.
std::optional<model::Ec2NodeClass> inline_class(Document& document, const AlphaRun& run,
                                                const std::string& kubelet) {
  const auto say = document.sayer();
  const auto provider = decode_provider(*document.provisioner, say);
  if (!provider) return std::nullopt;
  auto out = map_class(*provider, "spec.provider", run.settings.alpha, say);
  out.meta.name = document.name;
  if (run.labels.contains("AWSNodeTemplate/" + document.name)) {
    out.meta.name += "-provider";
    say("W-RENAMED", "spec.provider", "its class is " + out.meta.name + ": an AWSNodeTemplate has the name");
  }
  if (!is_beta(run)) out.spec.kubelet = kubelet;
  return out;
}

std::string referenced_class(Document& document, const AlphaRun& run, const std::string& kubelet) {
  const auto source = "AWSNodeTemplate/" + document.provisioner->spec.provider_ref->name;
  const auto say = document.sayer();
  if (run.suppressed.contains(source)) say("E-REF", "spec.providerRef", source + " cannot be converted");
  if (run.labels.contains(source)) return run.variants.class_name(source, is_beta(run) ? "" : kubelet);
  if (!kubelet.empty() && !is_beta(run))
    say("W-KUBELET-UNPLACED", "spec.kubeletConfiguration",
        source + " is not in the input: put spec.kubelet " + kubelet + " into its EC2NodeClass");
  return std::string(bare_name(source));
}

}  // namespace

std::string read_provisioner(Document& document, const AlphaSettings& settings) {
  const auto say = document.sayer();
  check_provider(*document.provisioner, say);
  return map_kubelet(*document.provisioner, settings, say);
}

std::vector<json::Value> print_provisioner(Document& document, const AlphaRun& run) {
  if (has_error(document.said)) return {};
  const auto say = document.sayer();
  if (is_tool(run)) return tool_provisioner(document, run.settings.alpha);
  Diagnostics again;  // said when the input was read
  const auto kubelet = map_kubelet(*document.provisioner, run.settings.alpha, Sayer(again, ""));
  std::optional<model::Ec2NodeClass> own;
  std::string name;
  if (document.provisioner->spec.provider_ref) {
    name = referenced_class(document, run, kubelet);
  } else {
    own = inline_class(document, run, kubelet);
    if (!own) return {};
    name = own->meta.name;
  }
  const auto pool = map_pool(*document.provisioner, name, run.settings.alpha, say);
  if (has_error(document.said)) return {};
  check_against_v1(pool, say);
  std::vector<json::Value> out;
  out.push_back(printed(pool, kubelet, run, say));
  if (own) {
    check_against_v1(*own, say);
    out.push_back(printed(*own, run, say));
  }
  return out;
}

std::vector<json::Value> print_node_template(Document& document, const AlphaRun& run) {
  const auto say = document.sayer();
  if (is_tool(run)) return tool_node_template(document, run.settings.alpha);
  auto node_class = map_class(document.node_template->spec, "spec", run.settings.alpha, say);
  keep_metadata(document.node_template->meta, run.settings.alpha, node_class.meta);
  if (has_error(document.said)) return {};
  if (!run.variants.is_wanted(document.label))
    say("I-UNREFERENCED", "", "no Provisioner in the input refers to it");
  const auto variants = run.variants.of(document.label);
  if (variants.size() > 1)
    say("W-SPLIT", "", "one class for each kubelet: " + run.variants.split_text(document.label));
  check_against_v1(node_class, say);
  std::vector<json::Value> out;
  for (const auto& [name, kubelet] : variants) {
    node_class.meta.name = name;
    node_class.spec.kubelet = kubelet;
    if (!kubelet.empty()) check_against_v1(node_class, say);
    out.push_back(printed(node_class, run, say));
  }
  return out;
}

}  // namespace karpenter::conversion
