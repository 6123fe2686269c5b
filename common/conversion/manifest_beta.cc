#include <utility>

#include "common/conversion/alpha.h"
#include "common/conversion/annotations.h"
#include "common/conversion/conversion.h"
#include "common/conversion/manifest_input.h"
#include "common/conversion/manifest_strip.h"
#include "common/schema/codec.h"

// v1beta1 (and v1) NodePools and EC2NodeClasses as manifests. spec: conversion §2.16

namespace karpenter::conversion {
namespace {

bool is_absent(json::View value) { return !value.exists() || value.is_null(); }
void set_if_absent(json::Ref to, std::string_view text) {
  if (is_absent(to)) to.set(text);
}

// What the API server of v1beta1 would have filled in and v1 fills in differently. spec: conversion §2.9
void default_pool(json::Ref object) {
  const auto disruption = object["spec"]["disruption"];
  set_if_absent(disruption["consolidationPolicy"], "WhenUnderutilized");
  set_if_absent(disruption["expireAfter"], "720h");
}

void default_class(json::Ref object, const Sayer& say) {
  const auto options = object["spec"]["metadataOptions"];
  if (!is_absent(options.view()["httpPutResponseHopLimit"])) return;
  if (is_absent(options)) {
    options["httpEndpoint"].set("enabled");
    options["httpProtocolIPv6"].set("disabled");
    options["httpTokens"].set("required");
  }
  options["httpPutResponseHopLimit"].set(2);
  say("W-IMDS", "spec.metadataOptions", "made explicit with hop limit 2; v1's default is 1");
}

// At the version asked for, stripped; null and E-INVALID when it does not decode.
json::Value upgraded(json::View object, std::string_view api_version, const ManifestSettings& settings,
                     const Sayer& say) {
  auto converted = convert(object, api_version, {}, {.upstream_compat = settings.alpha.upstream_compat});
  if (!converted) {
    say("E-INVALID", "", converted.error().text());
    return {};
  }
  strip(converted->ref());
  return std::move(converted).value();
}

template <class T>
void check(json::View object, const Sayer& say) {
  const auto decoded = schema::decode<T>(object);
  if (!decoded) return say("E-INVALID", "", decoded.error().text());
  check_against_v1(*decoded, say);
}

void warn_family(json::View spec, const Sayer& say) {
  const auto family = spec["amiFamily"].string_or("");
  if (family == "Custom")
    say("W-UNREGISTERED", "spec.amiFamily",
        "kubelet must register with taint karpenter.sh/unregistered:NoExecute");
  if (family == "Ubuntu" && spec["amiSelectorTerms"].size() == 0)
    say("W-UBUNTU", "spec.amiFamily", "name the images: Ubuntu has no default images any more");
}

std::vector<json::Value> one(json::Value object) {
  std::vector<json::Value> out;
  out.push_back(std::move(object));
  return out;
}

}  // namespace

std::string node_class_of(const Document& pool) {
  return "EC2NodeClass/" +
         pool.value.view()["spec"]["template"]["spec"]["nodeClassRef"]["name"].string_or("");
}

std::string read_beta_kubelet(const Document& document) {
  const auto kubelet = document.value.view()["spec"]["template"]["spec"]["kubelet"];
  return kubelet.is_object() && kubelet.size() > 0 ? kubelet.dump() : "";
}

std::vector<json::Value> print_pool(Document& document, const BetaRun& run) {
  const auto say = document.sayer();
  const auto source = node_class_of(document);
  if (run.settings.target == Target::kV1beta1) {
    auto out = downgraded(document.value, "karpenter.sh/v1beta1", say);
    if (const auto found = run.v1_kubelets.find(source); found != run.v1_kubelets.end())
      out["spec"]["template"]["spec"]["kubelet"].set(json::parse(found->second).value());
    return one(std::move(out));
  }
  default_pool(document.value.ref());
  auto out = upgraded(document.value, "karpenter.sh/v1", run.settings, say);
  if (has_error(document.said)) return {};
  const auto kubelet = read_beta_kubelet(document);
  if (run.labels.contains(source)) {
    out["spec"]["template"]["spec"]["nodeClassRef"]["name"].set(run.variants.class_name(source, kubelet));
  } else if (!kubelet.empty()) {
    say("W-KUBELET-UNPLACED", "spec.template.spec.kubelet",
        source + " is not in the input: put spec.kubelet " + kubelet + " into it");
  }
  if (out.view()["spec"]["template"]["spec"]["expireAfter"].string_or("Never") != "Never")
    say("W-EXPIRY", "spec.disruption.expireAfter",
        "expiry is forceful at v1: it does not wait for replacements");
  check<model::NodePool>(out, say);
  return one(std::move(out));
}

std::vector<json::Value> print_class(Document& document, const BetaRun& run) {
  const auto say = document.sayer();
  if (run.settings.target == Target::kV1beta1) {
    // Pools take the kubelet with them.
    if (run.pool_classes.contains(document.label)) document.value["spec"].erase("kubelet");
    return one(downgraded(document.value, "karpenter.k8s.aws/v1beta1", say));
  }
  warn_family(document.value.view()["spec"], say);
  if (run.settings.preserve_defaults) default_class(document.value.ref(), say);
  const auto out = upgraded(document.value, "karpenter.k8s.aws/v1", run.settings, say);
  if (has_error(document.said)) return {};
  const auto variants = run.variants.of(document.label);
  if (variants.size() > 1)
    say("W-SPLIT", "", "one class for each kubelet: " + run.variants.split_text(document.label));
  std::vector<json::Value> printed;
  for (const auto& [name, kubelet] : variants) {
    auto& object = printed.emplace_back(out);
    object["metadata"]["name"].set(name);
    if (!kubelet.empty()) object["spec"]["kubelet"].set(json::parse(kubelet).value());
    check<model::Ec2NodeClass>(object, say);
  }
  return printed;
}

}  // namespace karpenter::conversion
