#include "tests/devcluster/kube/seed.h"

#include <utility>

#include "common/base/check.h"
#include "tests/devcluster/kube/decode.h"
#include "tests/devcluster/kube/write.h"

namespace karpenter::devcluster {
namespace {

void put(World& world, std::string_view group, std::string_view plural, std::string_view space,
         json::Value object) {
  Context context{.world = world,
                  .call = {},
                  .user = {.name = "system:apiserver", .groups = {"system:masters"}},
                  .info = {},
                  .resource = world.registry.find(group, plural)};
  KARP_CHECK(context.resource != nullptr);
  context.version = &context.resource->versions.front();
  context.info.namespace_name = space;
  object["apiVersion"].set(context.resource->api_version(context.version->name));
  object["kind"].set(context.resource->kind);
  static_cast<void>(settle(context, object.ref()));
  KARP_CHECK(store_new(context, std::move(object)).has_value());
}

json::Value named(std::string_view name) {
  json::Value object = json::Value::object();
  object["metadata"]["name"].set(name);
  return object;
}

void put_priority(World& world, std::string_view name, std::int64_t value) {
  json::Value object = named(name);
  object["value"].set(value);
  put(world, "scheduling.k8s.io", "priorityclasses", "", std::move(object));
}

}  // namespace

void seed(World& world) {
  for (const char* name : {"default", "kube-system", "kube-public", "kube-node-lease"}) {
    put(world, "", "namespaces", "", named(name));
    put(world, "", "serviceaccounts", name, named("default"));
  }
  put_priority(world, "system-cluster-critical", 2'000'000'000);
  put_priority(world, "system-node-critical", 2'000'001'000);
  json::Value admin = named("cluster-admin");
  for (const bool resources : {true, false}) {
    const json::Ref rule = admin["rules"].push_back();
    rule["verbs"].push_back("*");
    if (resources) {
      rule["apiGroups"].push_back("*");
      rule["resources"].push_back("*");
    } else {
      rule["nonResourceURLs"].push_back("*");
    }
  }
  put(world, "rbac.authorization.k8s.io", "clusterroles", "", std::move(admin));
}

}  // namespace karpenter::devcluster
