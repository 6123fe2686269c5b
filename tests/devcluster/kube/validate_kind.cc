#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "common/base/strings.h"
#include "tests/devcluster/kube/crd.h"
#include "tests/devcluster/kube/object_meta.h"
#include "tests/devcluster/kube/selectors.h"
#include "tests/devcluster/kube/strategy.h"

// Checks of the built-in kinds that no schema can express: immutable fields, references inside an object.

namespace karpenter::devcluster {
namespace {

struct ImmutableRow {
  std::string_view id;
  std::string_view pointers;  // blank separated
};
constexpr std::array kImmutable = {
    ImmutableRow{"apps/deployments", "/spec/selector"},
    ImmutableRow{"apps/replicasets", "/spec/selector"},
    ImmutableRow{"apps/daemonsets", "/spec/selector"},
    ImmutableRow{"apps/statefulsets", "/spec/selector /spec/serviceName /spec/volumeClaimTemplates"},
    ImmutableRow{"batch/jobs", "/spec/selector /spec/template /spec/completionMode"},
    ImmutableRow{"storage.k8s.io/storageclasses",
                 "/parameters /provisioner /reclaimPolicy /volumeBindingMode"},
    ImmutableRow{"storage.k8s.io/volumeattachments", "/spec"},
    ImmutableRow{"/secrets", "/type"},
    ImmutableRow{"/services", "/spec/clusterIP"},
    ImmutableRow{"scheduling.k8s.io/priorityclasses", "/value /preemptionPolicy"},
    ImmutableRow{"rbac.authorization.k8s.io/clusterrolebindings", "/roleRef"},
    ImmutableRow{"rbac.authorization.k8s.io/rolebindings", "/roleRef"},
    ImmutableRow{"/persistentvolumeclaims",
                 "/spec/accessModes /spec/storageClassName /spec/volumeMode /spec/selector"},
    ImmutableRow{"apiextensions.k8s.io/customresourcedefinitions",
                 "/spec/group /spec/scope /spec/names/plural /spec/names/kind"},
};

std::string dotted(std::string_view pointer) {
  return base::replace_all(std::string(pointer.substr(1)), "/", ".");
}

void check_immutable(const Resource& resource, json::View object, json::View old,
                     std::vector<Cause>& causes) {
  const auto* row = std::ranges::find(kImmutable, std::string_view(resource.id()), &ImmutableRow::id);
  if (resource.custom || row == kImmutable.end()) return;
  for (const std::string& pointer : base::split(row->pointers, ' ')) {
    const json::View before = old.at_pointer(pointer);
    const json::View after = object.at_pointer(pointer);
    // A claim without a class may get one later.
    if (!before.exists() && pointer == "/spec/storageClassName") continue;
    if (!(before == after)) causes.push_back(invalid_value(dotted(pointer), after, "field is immutable"));
  }
}

void check_names_unique(json::View list, const std::string& path, std::vector<std::string>& seen,
                        std::vector<Cause>& causes) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json::View name = list[i]["name"];
    const std::string text = name.string_or("");
    const std::string at = path + "[" + std::to_string(i) + "].name";
    if (text.empty()) {
      causes.push_back(required_value(at, ""));
    } else if (!is_dns_label(text)) {
      causes.push_back(invalid_value(
          at, name,
          "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
          "and must start and end with an alphanumeric character"));
    } else if (std::ranges::find(seen, text) != seen.end()) {
      causes.push_back(duplicate_value(at, name));
    }
    seen.push_back(text);
  }
}

void check_taint_effect(json::View item, const std::string& at, bool may_be_empty,
                        std::vector<Cause>& causes) {
  const std::string effect = item["effect"].string_or("");
  if (effect == "NoSchedule" || effect == "PreferNoSchedule" || effect == "NoExecute") return;
  if (effect.empty() && may_be_empty) return;
  causes.push_back(
      unsupported_value(at + ".effect", item["effect"], {"NoSchedule", "PreferNoSchedule", "NoExecute"}));
}

void check_tolerations(json::View spec, const std::string& path, std::vector<Cause>& causes) {
  for (std::size_t i = 0; i < spec["tolerations"].size(); ++i) {
    const json::View toleration = spec["tolerations"][i];
    const std::string at = path + ".tolerations[" + std::to_string(i) + "]";
    const std::string op = toleration["operator"].string_or("");
    if (toleration["key"].string_or("").empty() && op != "Exists") {
      causes.push_back(invalid_value(
          at + ".operator", toleration["operator"],
          "operator must be Exists when `key` is empty, which means \"match all values and all keys\""));
    }
    if (op == "Exists" && !toleration["value"].string_or("").empty()) {
      causes.push_back(
          invalid_value(at + ".operator", toleration, "value must be empty when `operator` is 'Exists'"));
    }
    check_taint_effect(toleration, at, true, causes);
  }
}

void check_container_resources(json::View containers, const std::string& path, std::vector<Cause>& causes) {
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const std::string at = path + "[" + std::to_string(i) + "]";
    if (containers[i]["image"].string_or("").empty()) causes.push_back(required_value(at + ".image", ""));
  }
}

void check_pod_spec(json::View spec, const std::string& path, std::vector<Cause>& causes) {
  std::vector<std::string> names;
  if (spec["containers"].is_array() && spec["containers"].size() == 0)
    causes.push_back(required_value(path + ".containers", ""));
  check_names_unique(spec["initContainers"], path + ".initContainers", names, causes);
  check_names_unique(spec["containers"], path + ".containers", names, causes);
  check_container_resources(spec["containers"], path + ".containers", causes);
  check_container_resources(spec["initContainers"], path + ".initContainers", causes);
  std::vector<std::string> volumes;
  check_names_unique(spec["volumes"], path + ".volumes", volumes, causes);
  for (const json::View container : spec["containers"].items()) {
    for (const json::View mount : container["volumeMounts"].items()) {
      const std::string name = mount["name"].string_or("");
      if (std::ranges::find(volumes, name) != volumes.end()) continue;
      causes.push_back({"FieldValueNotFound", path + ".containers[0].volumeMounts[0].name",
                        "Not found: \"" + name + "\""});
    }
  }
  check_tolerations(spec, path, causes);
}

// A pod's spec may change only in images, deadlines and added tolerations.
void check_pod_update(json::View object, json::View old, std::vector<Cause>& causes) {
  json::Value a(object["spec"]);
  json::Value b(old["spec"]);
  for (json::Value* spec : {&a, &b}) {
    for (const char* list : {"containers", "initContainers"}) {
      for (std::size_t i = 0; i < spec->view()[list].size(); ++i) (*spec)[list][i].erase("image");
    }
    for (const char* field :
         {"activeDeadlineSeconds", "tolerations", "schedulingGates", "terminationGracePeriodSeconds"}) {
      spec->ref().erase(field);
    }
  }
  const std::vector<json::View> after = object["spec"]["tolerations"].items();
  const bool kept = std::ranges::all_of(old["spec"]["tolerations"].items(), [&](json::View toleration) {
    return std::ranges::find(after, toleration) != after.end();
  });
  if (a == b && kept) return;
  causes.push_back(forbidden_value(
      "spec",
      "pod updates may not change fields other than "
      "`spec.containers[*].image`,`spec.initContainers[*].image`,"
      "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
      "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"));
}

void check_node(json::View object, json::View old, std::vector<Cause>& causes) {
  std::vector<std::string> seen;
  for (std::size_t i = 0; i < object["spec"]["taints"].size(); ++i) {
    const json::View taint = object["spec"]["taints"][i];
    const std::string at = "metadata.taints[" + std::to_string(i) + "]";
    check_taint_effect(taint, at, false, causes);
    const std::string key = taint["key"].string_or("");
    if (!is_qualified_name(key))
      causes.push_back(invalid_value(at + ".key", taint["key"], "must be a qualified name"));
    const std::string identity = key + ":" + taint["effect"].string_or("");
    if (std::ranges::find(seen, identity) != seen.end()) causes.push_back(duplicate_value(at, taint));
    seen.push_back(identity);
  }
  if (!old.exists()) return;
  const std::string before = old["spec"]["providerID"].string_or("");
  if (!before.empty() && before != object["spec"]["providerID"].string_or("")) {
    causes.push_back(forbidden_value("spec.providerID",
                                     "node updates may not change providerID except from \"\" to valid"));
  }
}

void check_template(json::View object, std::vector<Cause>& causes) {
  const json::View spec = object["spec"];
  const json::View labels = spec["template"]["metadata"]["labels"];
  const auto terms = label_terms_of(spec["selector"]);
  if (!terms.has_value()) {
    causes.push_back(invalid_value("spec.selector", spec["selector"], terms.error().message));
  } else if (terms->empty()) {
    causes.push_back(
        invalid_value("spec.selector", spec["selector"], "empty selector is invalid for deployment"));
  } else if (!labels_match(*terms, labels)) {
    causes.push_back(invalid_value("spec.template.metadata.labels", labels,
                                   "`selector` does not match template `labels`"));
  }
  if (spec["replicas"].integer_or(0) < 0) {
    causes.push_back(invalid_value("spec.replicas", spec["replicas"], "must be greater than or equal to 0"));
  }
  check_pod_spec(spec["template"]["spec"], "spec.template.spec", causes);
}

void check_frozen(json::View object, json::View old, std::vector<Cause>& causes) {
  if (!old["immutable"].bool_or(false)) return;
  for (const char* field : {"data", "binaryData", "immutable"}) {
    if (!(object[field] == old[field]))
      causes.push_back(forbidden_value(field, "field is immutable when `immutable` is set"));
  }
}

void check_webhooks(json::View object, std::vector<Cause>& causes) {
  for (std::size_t i = 0; i < object["webhooks"].size(); ++i) {
    const json::View hook = object["webhooks"][i];
    const std::string at = "webhooks[" + std::to_string(i) + "]";
    const bool url = hook["clientConfig"]["url"].exists();
    if (url == hook["clientConfig"]["service"].exists()) {
      causes.push_back(required_value(at + ".clientConfig", "exactly one of url or service is required"));
    }
    if (url && !hook["clientConfig"]["url"].string_or("").starts_with("https://")) {
      causes.push_back(invalid_value(at + ".clientConfig.url", hook["clientConfig"]["url"],
                                     "'https' is the only allowed URL scheme"));
    }
    if (base::split(hook["name"].string_or(""), '.').size() < 3) {
      causes.push_back(invalid_value(at + ".name", hook["name"],
                                     "should be a domain with at least three segments separated by dots"));
    }
    const auto timeout = hook["timeoutSeconds"].integer_or(10);
    if (timeout < 1 || timeout > 30) {
      causes.push_back(invalid_value(at + ".timeoutSeconds", hook["timeoutSeconds"],
                                     "the timeout value must be between 1 and 30 seconds"));
    }
    if (hook["admissionReviewVersions"].size() == 0) {
      causes.push_back(required_value(at + ".admissionReviewVersions", "must specify one of v1, v1beta1"));
    }
  }
}

void check_budget(json::View object, std::vector<Cause>& causes) {
  const json::View spec = object["spec"];
  if (spec["minAvailable"].exists() && spec["maxUnavailable"].exists()) {
    causes.push_back(invalid_value("spec", spec, "minAvailable and maxUnavailable cannot be both set"));
  }
}

}  // namespace

std::vector<Cause> validate_kind(const Context& context, json::View object, json::View old) {
  const Resource& resource = *context.resource;
  std::vector<Cause> causes;
  if (resource.custom) return causes;
  const std::string id = resource.id();
  if (old.exists()) check_immutable(resource, object, old, causes);
  if (id == "/pods" && !old.exists()) check_pod_spec(object["spec"], "spec", causes);
  if (id == "/pods" && old.exists() && context.info.subresource.empty())
    check_pod_update(object, old, causes);
  if (id == "/nodes") check_node(object, old, causes);
  if (id == "/secrets" || id == "/configmaps") check_frozen(object, old, causes);
  if (id == "policy/poddisruptionbudgets") check_budget(object, causes);
  if (id == kCrdId) {
    for (Cause& cause : validate_crd(object, old)) causes.push_back(std::move(cause));
  }
  if (resource.group == "apps" && resource.plural != "controllerrevisions") check_template(object, causes);
  if (resource.group == "admissionregistration.k8s.io") check_webhooks(object, causes);
  return causes;
}

}  // namespace karpenter::devcluster
