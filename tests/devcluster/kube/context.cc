#include "tests/devcluster/kube/context.h"

#include <utility>

namespace karpenter::devcluster {

std::string object_name(json::View object) { return object["metadata"]["name"].string_or(""); }

std::string object_key(json::View object) {
  return storage_key(object["metadata"]["namespace"].string_or(""), object_name(object));
}

std::string version_of(json::View object) {
  const std::string api_version = object["apiVersion"].string_or("");
  const std::size_t slash = api_version.find('/');
  return slash == std::string::npos ? api_version : api_version.substr(slash + 1);
}

Context internal_context(const Context& from, ResourcePtr resource, std::string_view user) {
  Context out{.world = from.world,
              .call = from.call,
              .user = {.name = std::string(user), .groups = {"system:masters"}},
              .info = {},
              .resource = std::move(resource)};
  out.version = out.resource->version(out.resource->storage_version);
  out.info.is_resource = true;
  out.info.group = out.resource->group;
  out.info.version = out.resource->storage_version;
  out.info.plural = out.resource->plural;
  return out;
}

}  // namespace karpenter::devcluster
