#include "tests/devcluster/kube/strategy.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "common/base/strings.h"
#include "tests/devcluster/kube/crd.h"
#include "tests/devcluster/kube/schema.h"
#include "tests/devcluster/kube/selectors.h"

namespace karpenter::devcluster {
namespace {

bool is_pod_template_owner(const Resource& resource) {
  return resource.group == "apps" && resource.plural != "controllerrevisions";
}

// Requests default to limits. Containers and init containers alike.
void default_requests(json::Ref pod_spec) {
  for (const char* list : {"containers", "initContainers"}) {
    for (std::size_t i = 0; i < pod_spec.view()[list].size(); ++i) {
      const json::Ref container = pod_spec[list][i];
      const json::Value limits = container.view()["resources"]["limits"].clone();
      for (const auto& [name, limit] : limits.view().members()) {
        if (!container.view()["resources"]["requests"][name].exists())
          container["resources"]["requests"][name].set(limit);
      }
    }
  }
}

bool tolerates_key(json::View pod, std::string_view key) {
  return std::ranges::any_of(pod["spec"]["tolerations"].items(), [&](json::View toleration) {
    const std::string effect = toleration["effect"].string_or("");
    const std::string have = toleration["key"].string_or("");
    return (have == key || have.empty()) && (effect == "NoExecute" || effect.empty());
  });
}

void add_default_tolerations(json::Ref pod) {
  for (const char* key : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
    if (tolerates_key(pod, key)) continue;
    const json::Ref toleration = pod["spec"]["tolerations"].push_back();
    toleration["key"].set(key);
    toleration["operator"].set("Exists");
    toleration["effect"].set("NoExecute");
    toleration["tolerationSeconds"].set(300);
  }
}

base::Status set_priority(const Context& context, json::Ref pod) {
  const std::string name = pod.view()["spec"]["priorityClassName"].string_or("");
  const Snapshot classes = context.world.storage.list("scheduling.k8s.io/priorityclasses", "");
  Object found;
  for (const auto& [key, object] : classes.objects) {
    const bool by_default = name.empty() && object->view()["globalDefault"].bool_or(false);
    if (key == name || by_default) found = object;
  }
  if (found == nullptr) {
    if (!name.empty()) {
      return forbidden(context.resource->subject(), object_name(pod),
                       "no PriorityClass with name " + name + " was found");
    }
    pod["spec"]["priority"].set(0);
    pod["spec"]["preemptionPolicy"].set("PreemptLowerPriority");
    return base::ok();
  }
  pod["spec"]["priorityClassName"].set(object_name(*found));
  pod["spec"]["priority"].set(found->view()["value"]);
  pod["spec"]["preemptionPolicy"].set(found->view()["preemptionPolicy"]);
  return base::ok();
}

std::string qos_class(json::View pod) {
  bool any = false;
  bool guaranteed = true;
  for (const char* list : {"containers", "initContainers"}) {
    for (const json::View container : pod["spec"][list].items()) {
      const json::View resources = container["resources"];
      for (const char* name : {"cpu", "memory"}) {
        any = any || resources["requests"][name].exists() || resources["limits"][name].exists();
        guaranteed = guaranteed && resources["limits"][name].exists() &&
                     (!resources["requests"][name].exists() ||
                      resources["requests"][name] == resources["limits"][name]);
      }
    }
  }
  if (!any) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}

void prepare_pod(json::Ref pod) {
  const std::string qos = qos_class(pod);
  pod["status"].set_object();
  pod["status"]["phase"].set("Pending");
  pod["status"]["qosClass"].set(qos);
}

void prepare_secret(json::Ref secret) {
  const json::Value plain = secret.view()["stringData"].clone();
  for (const auto& [key, value] : plain.view().members()) {
    secret["data"][key].set(base::base64_encode(value.string_or("")));
  }
  secret.erase("stringData");
}

void prepare_service(const Context& context, json::Ref service) {
  json::Ref spec = service["spec"];
  for (std::size_t i = 0; i < spec.view()["ports"].size(); ++i) {
    const json::Ref port = spec["ports"][i];
    if (!port.view()["targetPort"].exists()) port["targetPort"].set(port.view()["port"]);
  }
  if (!spec.view()["clusterIP"].exists() && spec.view()["type"].string_or("") != "ExternalName") {
    const std::int64_t number = context.world.storage.revision();
    spec["clusterIP"].set("10.100." + std::to_string(number / 250 % 250) + "." +
                          std::to_string(number % 250 + 1));
  }
  const std::string address = spec.view()["clusterIP"].string_or("");
  if (!address.empty() && !spec.view()["clusterIPs"].exists())
    spec["clusterIPs"].push_back(std::string_view(address));
}

void prepare_namespace(json::Ref object) {
  object["status"].set_object();
  object["status"]["phase"].set("Active");
  object["spec"]["finalizers"].set_array();
  object["spec"]["finalizers"].push_back("kubernetes");
  object["metadata"]["labels"]["kubernetes.io/metadata.name"].set(object.view()["metadata"]["name"]);
}

// spec.strategy.rollingUpdate and its like: defaults that depend on the type.
void prepare_workload(const Context& context, json::Ref object) {
  const std::string& plural = context.resource->plural;
  const char* field = plural == "deployments" ? "strategy" : "updateStrategy";
  const json::View strategy = object.view()["spec"][field];
  if (strategy["type"].string_or("") != "RollingUpdate") return;
  if (plural == "deployments" || plural == "daemonsets") {
    const json::Ref rolling = object["spec"][field]["rollingUpdate"];
    if (!rolling.view()["maxUnavailable"].exists()) {
      plural == "deployments" ? rolling["maxUnavailable"].set("25%") : rolling["maxUnavailable"].set(1);
    }
    if (!rolling.view()["maxSurge"].exists())
      plural == "deployments" ? rolling["maxSurge"].set("25%") : rolling["maxSurge"].set(0);
  }
}

constexpr std::array<std::string_view, 3> kFreeMetadata = {"labels", "annotations", "finalizers"};

// Through /status only the status may change; built-in kinds let labels, annotations and finalizers through
// as well.
void isolate_status(const Context& context, json::Ref object, json::View old) {
  json::Value kept(old);
  kept.ref().erase("status");
  if (object.view()["status"].exists()) kept["status"].set(object.view()["status"]);
  kept["metadata"]["resourceVersion"].set(object.view()["metadata"]["resourceVersion"]);
  for (const std::string_view field : kFreeMetadata) {
    if (context.resource->custom) break;
    kept["metadata"].erase(field);
    const json::View wanted = object.view()["metadata"][field];
    if (wanted.exists()) kept["metadata"][field].set(wanted);
  }
  object.set(std::move(kept));
}

bool differs_outside(json::View object, json::View old, bool without_status) {
  json::Value a(object);
  json::Value b(old);
  for (json::Value* value : {&a, &b}) {
    value->ref().erase("metadata");
    value->ref().erase("apiVersion");
    if (without_status) value->ref().erase("status");
  }
  return !(a == b);
}

}  // namespace

base::Status admit_builtin(const Context& context, json::Ref object) {
  const Resource& resource = *context.resource;
  if (resource.id() == "/pods") {
    const json::Ref spec = object["spec"];
    if (spec.view()["serviceAccountName"].string_or("").empty()) spec["serviceAccountName"].set("default");
    spec["serviceAccount"].set(spec.view()["serviceAccountName"]);
    default_requests(spec);
    add_default_tolerations(object);
    RETURN_IF_ERROR(set_priority(context, object));
  }
  return base::ok();
}

void prepare_create(const Context& context, json::Ref object) {
  const Resource& resource = *context.resource;
  const std::string id = resource.id();
  // A kubelet creates its Node with status; everybody else's status is the server's.
  if (context.version->has_status && id != "/nodes") {
    object.erase("status");
    if (!resource.custom) apply_defaults(object, *context.version->schema);
  }
  if (id == "/pods") prepare_pod(object);
  if (id == "/secrets") prepare_secret(object);
  if (id == "/services") prepare_service(context, object);
  if (id == "/namespaces") prepare_namespace(object);
  if (id == kCrdId) prepare_crd(object);
  if (is_pod_template_owner(resource)) prepare_workload(context, object);
}

void prepare_update(const Context& context, json::Ref object, json::View old) {
  const Resource& resource = *context.resource;
  if (context.info.subresource == "status") {
    isolate_status(context, object, old);
  } else if (context.version->has_status && context.info.subresource.empty()) {
    object.erase("status");
    if (old["status"].exists()) object["status"].set(old["status"]);
  }
  if (resource.id() == "/secrets") prepare_secret(object);
  if (resource.id() == "/services") prepare_service(context, object);
  if (resource.id() == kCrdId) prepare_crd(object);
  if (is_pod_template_owner(resource)) prepare_workload(context, object);
  if (!resource.has_generation) return;
  if (!differs_outside(object, old, context.version->has_status || !resource.custom)) return;
  object["metadata"]["generation"].set(old["metadata"]["generation"].integer_or(0) + 1);
}

}  // namespace karpenter::devcluster
