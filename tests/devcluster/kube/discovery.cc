#include "tests/devcluster/kube/discovery.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "tests/devcluster/kube/kinds.h"

namespace karpenter::devcluster {
namespace {

constexpr std::string_view kOpenApi2Protobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

json::Value version_info() {
  json::Value out = json::Value::object();
  out["major"].set("1");
  out["minor"].set("32");
  out["gitVersion"].set("v1.32.0-devcluster");
  out["gitCommit"].set("0000000000000000000000000000000000000000");
  out["gitTreeState"].set("clean");
  out["buildDate"].set("2024-12-11T00:00:00Z");
  out["goVersion"].set("none");
  out["compiler"].set("gcc");
  out["platform"].set("linux/amd64");
  return out;
}

json::Value core_versions() {
  json::Value out = json::Value::object();
  out["kind"].set("APIVersions");
  out["versions"].push_back("v1");
  const json::Ref address = out["serverAddressByClientCIDRs"].push_back();
  address["clientCIDR"].set("0.0.0.0/0");
  address["serverAddress"].set("127.0.0.1:443");
  return out;
}

// The served versions of each group, preferred first; "" is the core group.
std::map<std::string, std::vector<std::string>> groups_of(const World& world) {
  std::map<std::string, std::vector<std::string>> groups;
  for (const ResourcePtr& resource : world.registry.all()) {
    for (const ResourceVersion& version : resource->versions) {
      std::vector<std::string>& versions = groups[resource->group];
      if (version.served && std::ranges::find(versions, version.name) == versions.end())
        versions.push_back(version.name);
    }
  }
  std::erase_if(groups, [](const auto& entry) { return entry.second.empty(); });
  for (auto& [group, versions] : groups) std::ranges::sort(versions, version_preferred);
  return groups;
}

void put_group(json::Ref out, const std::string& group, const std::vector<std::string>& versions) {
  out["name"].set(group);
  out["versions"].set_array();
  for (const std::string& version : versions) {
    const json::Ref entry = out["versions"].push_back();
    entry["groupVersion"].set(group + "/" + version);
    entry["version"].set(version);
  }
  out["preferredVersion"].set(out.view()["versions"][std::size_t{0}]);
}

json::Value group_list(const World& world) {
  json::Value out = json::Value::object();
  out["kind"].set("APIGroupList");
  out["apiVersion"].set("v1");
  out["groups"].set_array();
  for (const auto& [group, versions] : groups_of(world)) {
    if (!group.empty()) put_group(out["groups"].push_back(), group, versions);
  }
  return out;
}

std::optional<json::Value> one_group(const World& world, const std::string& group) {
  const auto groups = groups_of(world);
  const auto found = groups.find(group);
  if (group.empty() || found == groups.end()) return std::nullopt;
  json::Value out = json::Value::object();
  out["kind"].set("APIGroup");
  out["apiVersion"].set("v1");
  put_group(out.ref(), group, found->second);
  return out;
}

void put_strings(json::Ref out, const std::vector<std::string>& values) {
  out.set_array();
  for (const std::string& value : values) out.push_back(std::string_view(value));
}

void put_resource(json::Ref list, const Resource& resource) {
  const json::Ref out = list.push_back();
  out["name"].set(resource.plural);
  out["singularName"].set(resource.singular);
  out["namespaced"].set(resource.namespaced);
  out["kind"].set(resource.kind);
  put_strings(out["verbs"], resource.verbs);
  if (!resource.short_names.empty()) put_strings(out["shortNames"], resource.short_names);
  if (!resource.categories.empty()) put_strings(out["categories"], resource.categories);
}

struct SubresourceEntry {
  std::string name;
  std::string group;
  std::string version;
  std::string kind;
  std::vector<std::string> verbs;
};

void put_subresource(json::Ref list, const Resource& resource, const SubresourceEntry& entry) {
  const json::Ref out = list.push_back();
  out["name"].set(resource.plural + "/" + entry.name);
  out["singularName"].set("");
  out["namespaced"].set(resource.namespaced);
  if (!entry.version.empty()) {
    out["group"].set(entry.group);
    out["version"].set(entry.version);
  }
  out["kind"].set(entry.kind);
  put_strings(out["verbs"], entry.verbs);
}

void put_subresources(json::Ref list, const Resource& resource, const ResourceVersion& version) {
  const std::vector<std::string> edit = {"get", "patch", "update"};
  if (version.has_status) put_subresource(list, resource, {"status", "", "", resource.kind, edit});
  if (version.scale.has_value())
    put_subresource(list, resource, {"scale", "autoscaling", "v1", "Scale", edit});
  for (const std::string& name : resource.extra_subresources) {
    if (name == "binding") put_subresource(list, resource, {"binding", "", "", "Binding", {"create"}});
    if (name == "eviction")
      put_subresource(list, resource, {"eviction", "policy", "v1", "Eviction", {"create"}});
  }
}

std::optional<json::Value> resource_list(const World& world, const std::string& group,
                                         const std::string& version) {
  json::Value out = json::Value::object();
  out["kind"].set("APIResourceList");
  out["apiVersion"].set("v1");
  out["groupVersion"].set(group.empty() ? version : group + "/" + version);
  out["resources"].set_array();
  bool any = false;
  for (const ResourcePtr& resource : world.registry.all()) {
    const ResourceVersion* served = resource->version(version);
    if (resource->group != group || served == nullptr || !served->served) continue;
    any = true;
    put_resource(out["resources"], *resource);
    put_subresources(out["resources"], *resource, *served);
  }
  return any ? std::optional<json::Value>(std::move(out)) : std::nullopt;
}

// An openapi.v2.Document with no definitions, in protobuf: swagger = 1, info { title = 1, version = 2 } = 2.
// Clients before 1.27 validate against it, and skip kinds it does not define.
net::HttpResponse openapi_v2(const net::HttpRequest& request) {
  if (request.headers.get("Accept").find("protobuf") == std::string::npos) {
    return net::json_response(
        200,
        R"({"swagger":"2.0","info":{"title":"Kubernetes","version":"v1.32.0"},"paths":{},"definitions":{}})");
  }
  const auto field = [](char tag, const std::string& value) {
    return std::string(1, tag) + static_cast<char>(value.size()) + value;
  };
  const std::string info = field('\x0a', "Kubernetes") + field('\x12', "v1.32.0");
  net::HttpResponse response = net::text_response(200, field('\x0a', "2.0") + field('\x12', info));
  response.headers.set("Content-Type", kOpenApi2Protobuf.data());
  return response;
}

std::optional<net::HttpResponse> json_or_none(const std::optional<json::Value>& value) {
  if (!value.has_value()) return std::nullopt;
  return net::json_response(200, value->dump());
}

std::optional<net::HttpResponse> serve_openapi_v3(const World& world, const std::vector<std::string>& steps) {
  if (steps.size() == 2) return net::json_response(200, openapi_index(world).dump());
  if (steps.size() == 4 && steps[2] == "api") return json_or_none(openapi_document(world, "", steps[3]));
  if (steps.size() == 5 && steps[2] == "apis")
    return json_or_none(openapi_document(world, steps[3], steps[4]));
  return std::nullopt;
}

}  // namespace

std::optional<net::HttpResponse> serve_discovery(const World& world, const RequestInfo& info,
                                                 const net::HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  std::vector<std::string> steps;
  for (const std::string& step : base::split(info.path, '/')) {
    if (!step.empty()) steps.push_back(step);
  }
  if (steps.empty())
    return net::json_response(
        200, R"({"paths":["/api","/apis","/healthz","/openapi/v2","/openapi/v3","/version"]})");
  if (info.path == "/version") return net::json_response(200, version_info().dump());
  if (info.path == "/openapi/v2") return openapi_v2(request);
  if (steps.size() >= 2 && steps[0] == "openapi" && steps[1] == "v3") return serve_openapi_v3(world, steps);
  if (steps[0] == "api") {
    if (steps.size() == 1) return net::json_response(200, core_versions().dump());
    return json_or_none(resource_list(world, "", steps[1]));
  }
  if (steps[0] != "apis") return std::nullopt;
  if (steps.size() == 1) return net::json_response(200, group_list(world).dump());
  if (steps.size() == 2) return json_or_none(one_group(world, steps[1]));
  return json_or_none(resource_list(world, steps[1], steps[2]));
}

}  // namespace karpenter::devcluster
