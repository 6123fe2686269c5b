#include <string>
#include <utility>

#include "common/conversion/beta.h"
#include "common/conversion/conversion.h"

// One object of a ConversionReview. spec: conversion §2.1

namespace karpenter::conversion {
namespace {

struct GroupVersion {
  std::string group;
  std::string version;
};
GroupVersion split_version(std::string_view api_version) {
  const auto slash = api_version.find('/');
  if (slash == std::string_view::npos) return {.group = "", .version = std::string(api_version)};
  return {.group = std::string(api_version.substr(0, slash)),
          .version = std::string(api_version.substr(slash + 1))};
}

bool is_served(std::string_view version) { return version == "v1" || version == "v1beta1"; }

base::Status convert_kind(json::Ref object, std::string_view kind, std::string_view to,
                          const Context& context) {
  const bool is_up = to == "v1";
  if (kind == "NodePool") return is_up ? pool_to_v1(object, context) : pool_to_v1beta1(object, context);
  if (kind == "NodeClaim") return is_up ? claim_to_v1(object, context) : claim_to_v1beta1(object, context);
  return is_up ? class_to_v1(object, context) : class_to_v1beta1(object, context);
}

}  // namespace

base::Status convert_in_place(json::Ref object, std::string_view desired_api_version, const Lookups& lookups,
                              const Options& options) {
  const auto source = split_version(object.view()["apiVersion"].string_or(""));
  const auto target = split_version(desired_api_version);
  const auto kind = object.view()["kind"].string_or("");
  if (source.version.empty() || source.group.empty() || kind.empty()) {
    return base::invalid("object without group, version or kind");
  }
  const std::string type = "[kind=" + kind + " group=" + source.group;
  const bool core = source.group == model::kKarpenterGroup && (kind == "NodePool" || kind == "NodeClaim");
  const bool aws = source.group == model::kAwsGroup && kind == "EC2NodeClass";
  if (!core && !aws) return base::invalid("no conversion support for type " + type + "]");
  for (const auto& version : {source.version, target.version}) {
    if (!is_served(version) || target.group != source.group) {
      return base::invalid("conversion not supported for type " + type + " version=" + version + "]");
    }
  }
  if (source.version == target.version) return base::ok();
  if (object.view()["metadata"].is_null()) object.erase("metadata");
  if (!object.view()["metadata"].exists()) object["metadata"].set_object();
  RETURN_IF_ERROR(convert_kind(object, kind, target.version, {.lookups = lookups, .options = options}));
  if (options.upstream_compat) make_canonical(object);
  object["apiVersion"].set(desired_api_version);
  return base::ok();
}

base::Result<json::Value> convert(json::View object, std::string_view desired_api_version,
                                  const Lookups& lookups, const Options& options) {
  json::Value out(object);
  RETURN_IF_ERROR(convert_in_place(out.ref(), desired_api_version, lookups, options));
  return out;
}

}  // namespace karpenter::conversion
