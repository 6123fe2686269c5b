#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "tests/devcluster/kube/discovery.h"

// OpenAPI v3 from the same schemas that validate. What kubectl looks for: the kind of each operation, the
// fieldValidation and dryRun parameters of writes, and the properties of the kinds.

namespace karpenter::devcluster {
namespace {

// "com.github.Kind" style: the reversed group, version and kind.
std::string schema_name(const Resource& resource, std::string_view version) {
  std::vector<std::string> parts =
      base::split(resource.group.empty() ? "core.api.k8s.io" : resource.group, '.');
  std::ranges::reverse(parts);
  return base::join(parts, ".") + "." + std::string(version) + "." + resource.kind;
}

void put_kind_extension(json::Ref out, const Resource& resource, std::string_view version) {
  out["group"].set(resource.group);
  out["version"].set(version);
  out["kind"].set(resource.kind);
}

void put_parameters(json::Ref operation, bool writes) {
  std::vector<std::string> names = {"pretty"};
  if (writes) names = {"pretty", "dryRun", "fieldManager", "fieldValidation"};
  for (const std::string& name : names) {
    const json::Ref parameter = operation["parameters"].push_back();
    parameter["name"].set(name);
    parameter["in"].set("query");
    parameter["schema"]["type"].set("string");
    parameter["schema"]["uniqueItems"].set(true);
  }
}

struct OperationSpec {
  std::string method;
  std::string action;  // as x-kubernetes-action names it
};

void put_operation(json::Ref path, const Resource& resource, const ResourceVersion& version,
                   const OperationSpec& spec) {
  const json::Ref operation = path[spec.method];
  operation["operationId"].set(spec.action + base::replace_all(schema_name(resource, version.name), ".", ""));
  operation["x-kubernetes-action"].set(spec.action);
  put_kind_extension(operation["x-kubernetes-group-version-kind"], resource, version.name);
  put_parameters(operation, spec.method == "post" || spec.method == "put" || spec.method == "patch");
  const json::Ref ok = operation["responses"]["200"];
  ok["description"].set("OK");
  ok["content"]["application/json"]["schema"]["$ref"].set("#/components/schemas/" +
                                                          schema_name(resource, version.name));
}

void put_paths(json::Ref paths, const Resource& resource, const ResourceVersion& version) {
  const std::string root =
      resource.group.empty() ? "/api/" + version.name : "/apis/" + resource.group + "/" + version.name;
  const std::string collection =
      root + (resource.namespaced ? "/namespaces/{namespace}/" : "/") + resource.plural;
  if (resource.has_verb("list")) put_operation(paths[collection], resource, version, {"get", "list"});
  put_operation(paths[collection], resource, version, {"post", "post"});
  if (!resource.has_verb("get")) return;
  const json::Ref one = paths[collection + "/{name}"];
  for (const char* method : {"get", "put", "patch", "delete"})
    put_operation(one, resource, version, {method, method});
  if (!version.has_status) return;
  const json::Ref status = paths[collection + "/{name}/status"];
  for (const char* method : {"get", "put", "patch"})
    put_operation(status, resource, version, {method, method});
}

}  // namespace

json::Value openapi_index(const World& world) {
  json::Value out = json::Value::object();
  out["paths"].set_object();
  const std::string hash = std::to_string(world.storage.revision());
  for (const ResourcePtr& resource : world.registry.all()) {
    for (const ResourceVersion& version : resource->versions) {
      if (!version.served) continue;
      const std::string path =
          resource->group.empty() ? "api/" + version.name : "apis/" + resource->group + "/" + version.name;
      out["paths"][path]["serverRelativeURL"].set("/openapi/v3/" + path + "?hash=" + hash);
    }
  }
  return out;
}

std::optional<json::Value> openapi_document(const World& world, std::string_view group,
                                            std::string_view version) {
  json::Value out = json::Value::object();
  out["openapi"].set("3.0.0");
  out["info"]["title"].set("Kubernetes");
  out["info"]["version"].set("v1.32.0");
  out["paths"].set_object();
  bool any = false;
  for (const ResourcePtr& resource : world.registry.all()) {
    const ResourceVersion* served = resource->version(version);
    if (resource->group != group || served == nullptr || !served->served) continue;
    any = true;
    put_paths(out["paths"], *resource, *served);
    const json::Ref schema = out["components"]["schemas"][schema_name(*resource, version)];
    schema.set(served->schema->view());
    put_kind_extension(schema["x-kubernetes-group-version-kind"].push_back(), *resource, version);
  }
  return any ? std::optional<json::Value>(std::move(out)) : std::nullopt;
}

}  // namespace karpenter::devcluster
