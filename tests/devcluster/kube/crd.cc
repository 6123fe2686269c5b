#include "tests/devcluster/kube/crd.h"

#include <algorithm>
#include <utility>

#include "common/base/strings.h"
#include "tests/devcluster/kube/schema.h"

namespace karpenter::devcluster {
namespace {

void check_version(json::View version, const std::string& at, std::vector<Cause>& causes) {
  const json::View schema = version["schema"]["openAPIV3Schema"];
  if (!schema.is_object()) {
    causes.push_back(required_value(at + ".schema.openAPIV3Schema", "schemas are required"));
    return;
  }
  for (Cause& cause : check_structural(schema, at + ".schema.openAPIV3Schema"))
    causes.push_back(std::move(cause));
  for (const json::View column : version["additionalPrinterColumns"].items()) {
    if (!column["jsonPath"].string_or("").starts_with(".")) {
      causes.push_back(invalid_value(at + ".additionalPrinterColumns.jsonPath", column["jsonPath"],
                                     "must be a simple json path starting with ."));
    }
  }
}

void check_versions(json::View crd, std::vector<Cause>& causes) {
  const json::View versions = crd["spec"]["versions"];
  int storage = 0;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    const std::string at = "spec.versions[" + std::to_string(i) + "]";
    const std::string name = versions[i]["name"].string_or("");
    if (std::ranges::find(names, name) != names.end())
      causes.push_back(duplicate_value(at + ".name", versions[i]["name"]));
    names.push_back(name);
    if (versions[i]["storage"].bool_or(false)) ++storage;
    check_version(versions[i], at, causes);
  }
  if (storage != 1) {
    causes.push_back(
        invalid_value("spec.versions", versions, "must have exactly one version marked as storage version"));
  }
  for (const json::View stored : crd["status"]["storedVersions"].items()) {
    if (std::ranges::find(names, stored.string_or("")) != names.end()) continue;
    causes.push_back(invalid_value("status.storedVersions[0]", stored, "must appear in spec.versions"));
  }
}

void check_conversion(json::View conversion, std::vector<Cause>& causes) {
  if (conversion["strategy"].string_or("None") != "Webhook") return;
  const json::View webhook = conversion["webhook"];
  if (!webhook.exists()) {
    causes.push_back(required_value("spec.conversion.webhook", "required when strategy is set to Webhook"));
    return;
  }
  const json::View client = webhook["clientConfig"];
  if (client["url"].exists() == client["service"].exists()) {
    causes.push_back(
        required_value("spec.conversion.webhook.clientConfig", "exactly one of url or service is required"));
  }
  if (webhook["conversionReviewVersions"].size() == 0) {
    causes.push_back(required_value("spec.conversion.webhook.conversionReviewVersions", ""));
  }
}

void put_condition(json::Ref crd, std::string_view type, std::string_view reason, std::string_view message,
                   std::string_view now) {
  json::Ref conditions = crd["status"]["conditions"];
  for (const json::View entry : conditions.view().items()) {
    if (entry["type"].string_or("") == type) return;
  }
  const json::Ref out = conditions.push_back();
  out["type"].set(type);
  out["status"].set("True");
  out["reason"].set(reason);
  out["message"].set(message);
  out["lastTransitionTime"].set(now);
}

json::Value served_schema(json::View version) {
  json::Value schema(version["schema"]["openAPIV3Schema"]);
  json::Ref properties = schema["properties"];
  properties["apiVersion"]["type"].set("string");
  properties["kind"]["type"].set("string");
  properties["metadata"].set(make_builtin_schema("ObjectMeta"));
  return schema;
}

std::vector<std::string> strings_of(json::View list) {
  std::vector<std::string> out;
  for (const json::View entry : list.items()) out.push_back(entry.string_or(""));
  return out;
}

std::vector<Column> columns_of(json::View version) {
  std::vector<Column> columns = {
      {.name = "Name", .type = "string", .path = ".metadata.name", .format = "name"}};
  for (const json::View entry : version["additionalPrinterColumns"].items()) {
    columns.push_back({.name = entry["name"].string_or(""),
                       .type = entry["type"].string_or("string"),
                       .path = entry["jsonPath"].string_or(""),
                       .priority = static_cast<int>(entry["priority"].integer_or(0)),
                       .format = entry["format"].string_or(""),
                       .description = entry["description"].string_or("")});
  }
  if (columns.size() == 1)
    columns.push_back({.name = "Age", .type = "date", .path = ".metadata.creationTimestamp"});
  return columns;
}

ResourceVersion version_of_crd(json::View version, const std::string& described) {
  ResourceVersion out{.name = version["name"].string_or("")};
  out.served = version["served"].bool_or(false);
  out.has_status = version["subresources"]["status"].exists();
  if (const json::View scale = version["subresources"]["scale"]; scale.is_object()) {
    out.scale = ScalePaths{.spec_replicas = scale["specReplicasPath"].string_or(""),
                           .status_replicas = scale["statusReplicasPath"].string_or(""),
                           .label_selector = scale["labelSelectorPath"].string_or("")};
  }
  out.schema = std::make_shared<const json::Value>(served_schema(version));
  out.columns = columns_of(version);
  for (const json::View field : version["selectableFields"].items()) {
    out.selectable_fields.push_back(field["jsonPath"].string_or(""));
  }
  if (version["deprecated"].bool_or(false)) {
    out.deprecation_warning = version["deprecationWarning"].string_or(described + " is deprecated");
  }
  return out;
}

}  // namespace

void prepare_crd(json::Ref crd) {
  const json::Ref names = crd["spec"]["names"];
  const std::string kind = names.view()["kind"].string_or("");
  if (names.view()["singular"].string_or("").empty()) names["singular"].set(base::to_lower(kind));
  if (names.view()["listKind"].string_or("").empty()) names["listKind"].set(kind + "List");
  // The endpoint of a client config has a default port in the schema; only the strategy is derived.
  if (!crd.view()["spec"]["conversion"]["strategy"].is_string())
    crd["spec"]["conversion"]["strategy"].set("None");
}

std::vector<Cause> validate_crd(json::View crd, json::View old) {
  std::vector<Cause> causes;
  const json::View spec = crd["spec"];
  const std::string want = spec["names"]["plural"].string_or("") + "." + spec["group"].string_or("");
  if (crd["metadata"]["name"].string_or("") != want) {
    causes.push_back(invalid_value("metadata.name", crd["metadata"]["name"],
                                   "must be spec.names.plural+\".\"+spec.group"));
  }
  if (!old.exists() && base::split(spec["group"].string_or(""), '.').size() < 2) {
    causes.push_back(invalid_value("spec.group", spec["group"], "should be a domain with at least one dot"));
  }
  if (spec["preserveUnknownFields"].bool_or(false)) {
    causes.push_back(invalid_value("spec.preserveUnknownFields", spec["preserveUnknownFields"],
                                   "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
                                   "spec.versions[*].schema instead"));
  }
  check_versions(crd, causes);
  check_conversion(spec["conversion"], causes);
  return causes;
}

void establish_crd(json::Ref crd, std::string_view now) {
  put_condition(crd, "NamesAccepted", "NoConflicts", "no conflicts found", now);
  put_condition(crd, "Established", "InitialNamesAccepted", "the initial names have been accepted", now);
  crd["status"]["acceptedNames"].set(crd.view()["spec"]["names"]);
  std::vector<std::string> stored = strings_of(crd.view()["status"]["storedVersions"]);
  for (const json::View version : crd.view()["spec"]["versions"].items()) {
    const std::string name = version["name"].string_or("");
    if (!version["storage"].bool_or(false) || std::ranges::find(stored, name) != stored.end()) continue;
    crd["status"]["storedVersions"].push_back(std::string_view(name));
  }
}

Resource resource_of_crd(json::View crd) {
  const json::View spec = crd["spec"];
  const json::View names = spec["names"];
  Resource out;
  out.group = spec["group"].string_or("");
  out.plural = names["plural"].string_or("");
  out.singular = names["singular"].string_or("");
  out.kind = names["kind"].string_or("");
  out.list_kind = names["listKind"].string_or("");
  out.short_names = strings_of(names["shortNames"]);
  out.categories = strings_of(names["categories"]);
  out.namespaced = spec["scope"].string_or("") == "Namespaced";
  out.custom = true;
  out.has_generation = true;
  out.unconditional_update = false;
  out.verbs = {"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"};
  out.conversion = spec["conversion"].clone();
  for (const json::View version : spec["versions"].items()) {
    const std::string name = version["name"].string_or("");
    if (version["storage"].bool_or(false)) out.storage_version = name;
    out.versions.push_back(version_of_crd(version, out.api_version(name) + " " + out.kind));
  }
  std::ranges::sort(out.versions, version_preferred, &ResourceVersion::name);
  return out;
}

}  // namespace karpenter::devcluster
