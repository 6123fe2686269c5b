#include <array>

#include "common/conversion/conversion.h"
#include "common/model/labels.h"
#include "common/schema/codec.h"

// One object of a ConversionReview. spec: conversion §2.1

namespace karpenter::conversion {
namespace {

namespace beta = model::v1beta1;

// `metadata` is the API server's: only labels and annotations of the result count, so everything else is
// passed through.
template <class T>
json::Value encode_like(json::View source, const T& object) {
  json::Value out = schema::encode(object);
  json::Value metadata(source["metadata"]);
  metadata["annotations"].set(out["metadata"].view()["annotations"]);
  if (!metadata["annotations"].view().is_object()) metadata.ref().erase("annotations");
  out["metadata"].set(std::move(metadata));
  return out;
}

template <class From, class To>
base::Result<json::Value> convert_as(json::View object, const auto& function) {
  ASSIGN_OR_RETURN(const From decoded, schema::decode<From>(object));
  ASSIGN_OR_RETURN(const To converted, function(decoded));
  return encode_like(object, converted);
}

base::Result<json::Value> pool(json::View object, std::string_view to) {
  if (to == "v1") {
    return convert_as<beta::NodePool, model::NodePool>(
        object, [](const auto& from) -> base::Result<model::NodePool> { return to_v1(from); });
  }
  return convert_as<model::NodePool, beta::NodePool>(
      object, [](const auto& from) -> base::Result<beta::NodePool> { return to_v1beta1(from); });
}

// spec: conversion §2.5
base::Result<std::string> expire_after_of(const beta::NodeClaim& claim, const Lookups& lookups) {
  const auto pool_name = claim.meta.label(model::labels::kNodePool);
  if (pool_name.empty() || !lookups.expire_after) return std::string("Never");
  ASSIGN_OR_RETURN(const auto found, lookups.expire_after(pool_name));
  return found.value_or("Never");
}

base::Result<json::Value> claim(json::View object, std::string_view to, const Lookups& lookups) {
  if (to == "v1") {
    return convert_as<beta::NodeClaim, model::NodeClaim>(
        object, [&](const beta::NodeClaim& from) -> base::Result<model::NodeClaim> {
          ASSIGN_OR_RETURN(const auto expire_after, expire_after_of(from, lookups));
          return to_v1(from, expire_after);
        });
  }
  return convert_as<model::NodeClaim, beta::NodeClaim>(
      object, [](const auto& from) -> base::Result<beta::NodeClaim> { return to_v1beta1(from); });
}

base::Result<json::Value> node_class(json::View object, std::string_view to) {
  if (to == "v1") {
    return convert_as<beta::Ec2NodeClass, model::Ec2NodeClass>(
        object, [](const auto& from) -> base::Result<model::Ec2NodeClass> { return to_v1(from); });
  }
  return convert_as<model::Ec2NodeClass, beta::Ec2NodeClass>(
      object, [](const auto& from) -> base::Result<beta::Ec2NodeClass> { return to_v1beta1(from); });
}

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

}  // namespace

base::Result<json::Value> convert(json::View object, std::string_view desired_api_version,
                                  const Lookups& lookups) {
  const auto source = split_version(object["apiVersion"].string_or(""));
  const auto target = split_version(desired_api_version);
  const auto kind = object["kind"].string_or("");
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
  json::Value out(object);
  if (source.version != target.version) {
    auto converted = aws                  ? node_class(object, target.version)
                     : kind == "NodePool" ? pool(object, target.version)
                                          : claim(object, target.version, lookups);
    if (!converted) return converted;
    out = std::move(converted).value();
  }
  out["apiVersion"].set(desired_api_version);
  out["kind"].set(kind);
  return out;
}

}  // namespace karpenter::conversion
