#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "common/base/strings.h"
#include "common/conversion/manifest.h"
#include "common/json/yaml.h"
#include "webhook/offline/arguments.h"
#include "webhook/offline/comments.h"
#include "webhook/offline/offline.h"

namespace karpenter::webhook::offline {
namespace {

struct ConvertOptions {
  std::vector<std::string> files;
  std::string target = "v1";
  std::string output = "yaml";
  std::vector<std::string> default_tags;
  std::string eni_density = "true";
  std::string drift;
  bool no_preserve_defaults = false;
  bool strict = false;
  bool help = false;
  conversion::ManifestSettings settings = {};
};

// spec: conversion §4.1
std::vector<Flag> convert_flags(ConvertOptions& o) {
  auto& alpha = o.settings.alpha;
  return {
      {.name = "--filename", .short_name = "-f", .help = "File, folder or - to convert.", .list = &o.files},
      {.name = "--output",
       .short_name = "-o",
       .help = "How to print.",
       .text = &o.output,
       .words = {"yaml", "json"}},
      {.name = "--to", .help = "The version to write.", .text = &o.target, .words = {"v1", "v1beta1"}},
      {.name = "--upstream-compat",
       .help = "Convert as Karpenter's own tools did, without our corrections.",
       .is_set = &alpha.upstream_compat},
      {.name = "--no-preserve-defaults",
       .help = "Take v1's defaults where those of v1beta1 differ.",
       .is_set = &o.no_preserve_defaults},
      {.name = "--strict", .help = "Exit code 3 when there is a warning.", .is_set = &o.strict},
      {.name = "--cluster-name", .help = "For selectors that alpha left out.", .text = &alpha.cluster_name},
      {.name = "--default-instance-profile",
       .help = "aws.defaultInstanceProfile of the alpha settings.",
       .text = &alpha.default_instance_profile},
      {.name = "--node-role", .help = "Role for classes without a profile.", .text = &alpha.node_role},
      {.name = "--default-tags", .help = "k=v,...: aws.tags of the alpha settings.", .list = &o.default_tags},
      {.name = "--eni-limited-pod-density",
       .help = "aws.enableENILimitedPodDensity of the alpha settings (true).",
       .text = &o.eni_density,
       .words = {"true", "false"}},
      {.name = "--drift-enabled",
       .help = "featureGates.driftEnabled of the alpha settings.",
       .text = &o.drift,
       .words = {"true", "false"}},
      {.name = "--ipv6", .help = "The cluster's addresses are IPv6.", .is_set = &alpha.ipv6},
      {.name = "--kubernetes-version", .help = "1.31, for warnings.", .text = &alpha.cluster_version},
      {.name = "--ignore-defaults",
       .help = "Do not write the requirements that alpha defaulted.",
       .is_set = &alpha.ignore_defaults},
      {.name = "--preserve-drift",
       .help = "A budget that keeps drift off where it was off.",
       .is_set = &alpha.preserve_drift},
      {.name = "--use-role", .help = "Write role instead of instanceProfile.", .is_set = &alpha.use_role},
      {.name = "--ubuntu-ssm", .help = "SSM parameters for Ubuntu images.", .is_set = &alpha.ubuntu_ssm},
      {.name = "--force-launch-template",
       .help = "Write a class of placeholders for a custom launch template.",
       .is_set = &alpha.force_launch_template},
      {.name = "--help", .short_name = "-h", .help = "This text.", .is_set = &o.help},
  };
}

constexpr std::string_view kConvertIntro =
    "karpenter-webhook convert -f FILE|DIR|-...: Karpenter's objects of any version as manifests of one "
    "version.\n"
    "Other objects pass through, the order stays; warnings go to stderr.\n"
    "Exit code: 0 all converted, 2 something could not be carried over (stderr names it), wrong arguments or "
    "input "
    "that\ncannot be read, 3 warnings with --strict.\n\n";

base::Status finish(ConvertOptions& o) {
  o.settings.target = o.target == "v1" ? conversion::Target::kV1 : conversion::Target::kV1beta1;
  o.settings.preserve_defaults = !o.no_preserve_defaults;
  o.settings.alpha.eni_limited_pod_density = o.eni_density == "true";
  if (!o.drift.empty()) o.settings.alpha.drift_enabled = o.drift == "true";
  for (const auto& list : o.default_tags) {
    for (const auto& tag : base::split(list, ',')) {
      const auto equals = tag.find('=');
      if (equals == std::string::npos || equals == 0)
        return base::invalid("--default-tags wants key=value").add("value", tag);
      o.settings.alpha.default_tags.insert_or_assign(tag.substr(0, equals), tag.substr(equals + 1));
    }
  }
  if (o.files.empty()) return base::invalid("nothing to convert: name files with -f");
  return base::ok();
}

// What is converted, and the text of each document that holds one object: what comes out as it went in is
// printed as it was written.
class Input {
 public:
  // kInvalid when the document is no YAML; the others go on.
  base::Status add(const Document& document) {
    ASSIGN_OR_RETURN(auto values, parse_document(document));
    const bool is_one_object = values.size() == 1 && flatten(values[0]).front().prefix.empty();
    if (is_one_object && can_stand_alone(document.text)) {
      texts_[values[0].dump()].push_back(document.text);
    } else {
      lost_comments_ = lost_comments_ || has_comments(document.text);
    }
    for (auto& value : values) objects_.push_back(std::move(value));
    return base::ok();
  }

  std::vector<json::Value> take() { return std::move(objects_); }
  // The text that `object` was read from, if it came through unchanged.
  std::optional<std::string> text_of(const json::Value& object) {
    const auto it = texts_.find(object.dump());
    if (it == texts_.end() || it->second.empty()) return std::nullopt;
    auto text = std::move(it->second.front());
    it->second.pop_front();
    return text;
  }
  // Whether there are comments in a text that was not asked for.
  [[nodiscard]] bool lost_comments() const {
    for (const auto& [dump, texts] : texts_) {
      if (std::ranges::any_of(texts, has_comments)) return true;
    }
    return lost_comments_;
  }

 private:
  std::vector<json::Value> objects_;
  std::map<std::string, std::deque<std::string>> texts_;
  bool lost_comments_ = false;
};

void print_yaml(const std::vector<json::Value>& objects, Input& input, const Streams& streams) {
  bool first = true;
  for (const auto& object : objects) {
    if (!std::exchange(first, false)) streams.out("---\n");
    const auto text = input.text_of(object);
    streams.out(text ? stand_alone(*text) : json::to_yaml(object));
  }
}

void print_json(const std::vector<json::Value>& objects, const Streams& streams) {
  if (objects.size() == 1) return streams.out(objects[0].view().dump_pretty() + "\n");
  streams.out("{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[");
  bool first = true;
  for (const auto& object : objects)
    streams.out((std::exchange(first, false) ? "\n" : ",\n") + object.dump());
  streams.out("\n]}\n");
}

int exit_code(const ConvertOptions& options, const conversion::Diagnostics& diagnostics, bool all_read) {
  bool lost = !all_read;
  bool warned = false;
  for (const auto& diagnostic : diagnostics) {
    lost = lost || diagnostic.is_error() || diagnostic.code == "W-LOST";
    warned = warned || diagnostic.is_warning();
  }
  if (lost) return 2;
  return options.strict && warned ? 3 : 0;
}

}  // namespace

int convert(std::span<const std::string> args, const Streams& streams) {
  ConvertOptions options;
  const auto flags = convert_flags(options);
  auto status = read_arguments(args, flags, options.files);
  if (options.help) {
    streams.out(std::string(kConvertIntro) + flags_help(flags));
    return 0;
  }
  if (status) status = finish(options);
  if (!status) {
    streams.err("karpenter-webhook convert: " + status.error().text() + "\n");
    return 2;
  }
  Input input;
  bool well_formed = true;
  const bool all_read =
      for_each_document(options.files, streams, [&](const std::string& file, const Document& document) {
        if (const auto added = input.add(document); !added) {
          streams.err("ERROR E-MALFORMED " + file + ":" + std::to_string(document.number) + ": " +
                      added.error().text() + "\n");
          well_formed = false;
        }
      });
  const auto converted = conversion::convert_manifests(input.take(), options.settings);
  if (options.output == "json") {
    print_json(converted.objects, streams);
  } else {
    print_yaml(converted.objects, input, streams);
  }
  for (const auto& diagnostic : converted.diagnostics) streams.err(diagnostic.line() + "\n");
  if (input.lost_comments()) streams.err("INFO I-COMMENTS: comments of converted documents are not kept\n");
  return exit_code(options, converted.diagnostics, all_read && well_formed);
}

}  // namespace karpenter::webhook::offline
