#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "common/conversion/annotations.h"
#include "common/conversion/beta.h"
#include "common/conversion/shape.h"
#include "common/model/legacy/v1beta1.h"

// EC2NodeClass, v1beta1 <-> v1. spec: conversion §2.6, §2.7

namespace karpenter::conversion {
namespace {

namespace beta = model::v1beta1;
using json::Ref;
using json::View;

constexpr std::array<std::string_view, 5> kAliasFamilies{"AL2", "AL2023", "Bottlerocket", "Windows2019",
                                                         "Windows2022"};
constexpr std::string_view kUbuntuDevices =
    R"([{"deviceName":"/dev/sda1","ebs":{"encrypted":true,"volumeSize":"20Gi","volumeType":"gp3"},"rootVolume":true}])";

// The v1beta1 family of an alias, "" when there is none.
std::string_view family_of_alias(std::string_view alias) {
  const auto name = alias.substr(0, alias.find('@'));
  const auto* found =
      std::ranges::find_if(kAliasFamilies, [&](auto family) { return base::to_lower(family) == name; });
  return found == kAliasFamilies.end() ? "" : *found;
}

std::string_view version_of_alias(std::string_view alias) {
  const auto sign = alias.find('@');
  return sign == std::string_view::npos ? "" : alias.substr(sign + 1);
}

// Deviation D3: only a version that gives a valid alias.
std::string alias_of(std::string_view family, std::string_view version, const Context& context) {
  const auto lower = base::to_lower(family);
  const bool is_usable =
      context.is_compat() || (version.find('@') == std::string_view::npos &&
                              lower.size() + 1 + version.size() <= 30 && !lower.starts_with("windows"));
  return lower + "@" + (version.empty() || !is_usable ? "latest" : std::string(version));
}

json::Value one_term(std::string_view member, std::string_view value) {
  json::Value out = json::Value::array();
  out.ref().push_back()[member].set(value);
  return out;
}
json::Value placeholder() { return one_term("id", kPlaceholderImage); }
json::Value ubuntu_devices() { return json::parse(kUbuntuDevices).value(); }

// What v1beta1 says about the images of a v1 class.
struct Images {
  std::string family;
  json::Value terms = json::Value::array();
  std::string version;       // of the alias, "" for latest
  bool is_lossless = false;  // whether v1 can be told from it
};

Images images_of(View spec, const Context& context) {
  Images out;
  std::string alias;
  bool has_parameter = false;
  for (const auto term : spec["amiSelectorTerms"].items()) {
    if (const auto found = term["alias"].string(); found && !found->empty()) {
      alias = *found;
      continue;
    }
    has_parameter = has_parameter || term["ssmParameter"].exists();
    const bool is_parameter = term["ssmParameter"].exists() && term.size() == 1;
    const auto to = out.terms.ref().push_back();
    to.set(term);
    to.erase("ssmParameter");
    // A term that selects nothing would be refused; one that finds nothing is not.
    if (is_parameter && !context.is_compat()) to["id"].set(kPlaceholderImage);
  }
  const auto explicit_family = spec["amiFamily"].string_or("");
  const auto version = version_of_alias(alias);
  const auto implied = family_of_alias(alias);
  out.family = explicit_family.empty() ? std::string(implied) : explicit_family;
  if (out.family.empty() || (out.family == "Windows2025" && !context.is_compat())) out.family = "Custom";
  if (version != "latest") out.version = version;
  const bool is_plain_alias =
      explicit_family.empty() && !implied.empty() && alias_of(implied, out.version, context) == alias;
  out.is_lossless = !has_parameter && (alias.empty() ? explicit_family == out.family : is_plain_alias);
  const bool is_empty = out.terms.view().size() == 0;
  if (out.family == "Custom" && is_empty && !alias.empty() && !context.is_compat()) out.terms = placeholder();
  return out;
}

void ubuntu_to_v1(Ref object, Ref spec) {
  std::vector<std::string> specifiers{"amiFamily"};
  spec["amiFamily"].set("AL2");
  if (!spec.view()["blockDeviceMappings"].exists()) {
    specifiers.emplace_back("blockDeviceMappings");
    spec["blockDeviceMappings"].set(ubuntu_devices());
  }
  if (spec.view()["amiSelectorTerms"].size() == 0) {
    specifiers.emplace_back("incompatible");
    spec["amiSelectorTerms"].set(placeholder());
  }
  set_annotation(object, kUbuntu, base::join(specifiers, ","));
}

void images_to_v1(Ref object, Ref spec, std::string_view version, const Context& context) {
  const auto family = spec.view()["amiFamily"].string_or("");
  const bool has_alias = std::ranges::find(kAliasFamilies, family) != kAliasFamilies.end();
  if (family == "Ubuntu") {
    ubuntu_to_v1(object, spec);
  } else if (!has_alias) {
    spec["amiFamily"].set("Custom");
  } else if (spec.view()["amiSelectorTerms"].size() == 0) {
    spec["amiSelectorTerms"].set(one_term("alias", alias_of(family, version, context)));
    spec.erase("amiFamily");
  }
}

// What was stashed, if the v1beta1 object still says what it was mapped to.
bool restore_images(Ref spec, View stashed, const Context& context) {
  if (!stashed["amiSelectorTerms"].exists() && !stashed["amiFamily"].exists()) return false;
  const auto mapped = images_of(stashed, context);
  const auto now = spec.view()["amiSelectorTerms"];
  const bool is_same_terms = now.exists() ? now == mapped.terms.view() : mapped.terms.view().size() == 0;
  if (!is_same_terms || spec.view()["amiFamily"].string() != mapped.family) return false;
  spec.erase("amiFamily");
  for (const auto* key : {"amiFamily", "amiSelectorTerms"}) {
    if (stashed[key].exists()) spec[key].set(stashed[key]);
  }
  return true;
}

// Whether what Ubuntu was turned into is still there: somebody may have edited the v1 object since.
bool is_still_ubuntu(View object) {
  return !annotation(object, kUbuntu).empty() && object["spec"]["amiFamily"].string() == "AL2";
}

void ubuntu_to_v1beta1(Ref object, Ref spec, const Context& context) {
  const auto specifiers = base::split(annotation(object, kUbuntu), ',');
  const auto stands_for = [&](std::string_view word, std::string_view member, const json::Value& made) {
    const bool is_named = std::ranges::find(specifiers, word) != specifiers.end();
    return is_named && (context.is_compat() || spec.view()[member] == made.view());
  };
  spec["amiFamily"].set("Ubuntu");
  if (stands_for("incompatible", "amiSelectorTerms", placeholder())) spec.erase("amiSelectorTerms");
  if (stands_for("blockDeviceMappings", "blockDeviceMappings", ubuntu_devices()))
    spec.erase("blockDeviceMappings");
}

void images_to_v1beta1(Ref object, Ref spec, Ref stash, const Context& context) {
  auto images = images_of(spec, context);
  if (!images.is_lossless) {
    for (const auto* key : {"amiFamily", "amiSelectorTerms"}) {
      if (const auto value = spec.view()[key]; value.exists()) stash[key].set(value);
    }
  }
  spec["amiFamily"].set(images.family);
  if (!images.version.empty()) set_annotation(object, kAliasVersion, images.version);
  spec["amiSelectorTerms"].set(std::move(images.terms));
  if (spec.view()["amiSelectorTerms"].size() == 0) spec.erase("amiSelectorTerms");
}

// ---- volumeInitializationRate, the one member of a device that v1beta1 lacks

// An entry for every device, so that those without a name find theirs again.
void stash_rates(View devices, Ref stash) {
  const auto items = devices.items();
  const auto has_rate = [](View device) { return device["ebs"]["volumeInitializationRate"].exists(); };
  if (std::ranges::none_of(items, has_rate)) return;
  for (const auto device : items) {
    const auto to = stash["blockDeviceMappings"].push_back();
    to.set_object();
    if (device["deviceName"].exists()) to["deviceName"].set(device["deviceName"]);
    if (has_rate(device))
      to["ebs"]["volumeInitializationRate"].set(device["ebs"]["volumeInitializationRate"]);
  }
}

// The device at `hint` if it has the name, else any that has it; "" is nobody's name.
std::optional<std::size_t> find_device(View devices, std::string_view name, std::size_t hint) {
  const auto is_it = [&](std::size_t i) { return devices[i]["deviceName"].string_or("") == name; };
  if (hint < devices.size() && is_it(hint)) return hint;
  for (std::size_t i = 0; i < devices.size() && !name.empty(); ++i) {
    if (is_it(i)) return i;
  }
  return std::nullopt;
}

void restore_rates(Ref spec, View stashed) {
  const auto devices = spec.view()["blockDeviceMappings"];
  for (std::size_t i = 0; i < stashed.size(); ++i) {
    const auto rate = stashed[i]["ebs"]["volumeInitializationRate"];
    const auto at = find_device(devices, stashed[i]["deviceName"].string_or(""), i);
    if (!rate.exists() || !at || !devices[*at]["ebs"].exists()) continue;
    spec["blockDeviceMappings"][*at]["ebs"]["volumeInitializationRate"].set(rate);
  }
}

// The spec of a class is optional in both versions.
bool has_nothing_to_say(View object, const Context& context) {
  return !object["spec"].exists() && !context.is_compat();
}

}  // namespace

base::Status class_to_v1(Ref object, const Context& context) {
  const auto& type = schema::type_of<beta::Ec2NodeClass>();
  RETURN_IF_ERROR(fit(type, object));
  if (has_nothing_to_say(object, context)) return base::ok();
  const auto stash = take_stash(object, schema::type_of<model::Ec2NodeClass>(), context);
  const View stashed = stash["spec"];
  const std::string version(annotation(object, kAliasVersion));
  drop_annotations(object, {kAliasVersion});
  if (!context.is_compat()) drop_annotations(object, {kUbuntu});  // only means something at v1
  const auto spec = object["spec"];
  if (!restore_images(spec, stashed, context)) images_to_v1(object, spec, version, context);
  for (const auto* list : {"amiSelectorTerms", "subnetSelectorTerms", "securityGroupSelectorTerms"}) {
    if (!spec.view()[list].exists()) spec[list].set_array();
  }
  restore_rates(spec, stashed["blockDeviceMappings"]);
  restore_unknown(spec, *member_type(type, "spec"), stashed);
  return base::ok();
}

base::Status class_to_v1beta1(Ref object, const Context& context) {
  const auto& type = schema::type_of<beta::Ec2NodeClass>();
  RETURN_IF_ERROR(fit(schema::type_of<model::Ec2NodeClass>(), object));
  if (has_nothing_to_say(object, context)) return fit(type, object);
  const auto spec = object["spec"];
  json::Value stash;
  if (!context.is_compat()) drop_annotations(object, {kFields, kAliasVersion});  // mean something at v1beta1
  const bool is_ubuntu = context.is_compat() ? !annotation(object, kUbuntu).empty() : is_still_ubuntu(object);
  if (is_ubuntu) {
    ubuntu_to_v1beta1(object, spec, context);
  } else {
    images_to_v1beta1(object, spec, stash.ref(), context);
  }
  stash_rates(spec.view()["blockDeviceMappings"], stash.ref());
  collect_unknown(spec, *member_type(type, "spec"), stash.ref());
  drop_annotations(object, {kUbuntu, kStoredVersionMigrated});
  RETURN_IF_ERROR(fit(type, object));
  leave_stash(object, std::move(stash), context);
  return base::ok();
}

}  // namespace karpenter::conversion
