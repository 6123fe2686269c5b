#include "common/schema/crd.h"

#include <string>
#include <utility>

#include "common/schema/openapi.h"

namespace karpenter::schema {
namespace {

using json::Ref;

void write_root_schema(const Type& type, Ref out) {
  out.set(openapi(type));
  const Ref properties = out["properties"];
  properties["apiVersion"]["type"].set("string");
  properties["apiVersion"]["description"].set("The version of the schema that this object is written in.");
  properties["kind"]["type"].set("string");
  properties["kind"]["description"].set("The kind of this object.");
}

void write_columns(const std::vector<PrinterColumn>& columns, Ref version) {
  for (const auto& column : columns) {
    const Ref out = version["additionalPrinterColumns"].push_back();
    out["name"].set(column.name);
    out["jsonPath"].set(column.json_path);
    out["type"].set(column.type);
    if (column.priority != 0) out["priority"].set(column.priority);
  }
}

void write_version(const CrdVersion& version, Ref out) {
  out["name"].set(version.name);
  out["served"].set(true);
  out["storage"].set(version.is_storage);
  write_root_schema(*version.type, out["schema"]["openAPIV3Schema"]);
  out["subresources"]["status"].set_object();
  if (version.has_scale) {
    const Ref scale = out["subresources"]["scale"];
    scale["specReplicasPath"].set(".spec.replicas");
    scale["statusReplicasPath"].set(".status.nodes");
  }
  write_columns(version.columns, out);
}

void write_names(const Crd& crd, Ref names) {
  names["categories"].push_back(crd.category);
  names["kind"].set(crd.kind);
  names["listKind"].set(std::string(crd.kind) + "List");
  names["plural"].set(crd.plural);
  names["singular"].set(crd.singular);
  for (const auto name : crd.short_names) names["shortNames"].push_back(name);
}

void write_conversion(std::string_view path, Ref conversion) {
  conversion["strategy"].set("Webhook");
  const Ref webhook = conversion["webhook"];
  webhook["conversionReviewVersions"].push_back("v1beta1");
  webhook["conversionReviewVersions"].push_back("v1");
  const Ref service = webhook["clientConfig"]["service"];
  service["name"].set("karpenter-webhook");
  service["namespace"].set("karpenter");
  service["path"].set(path);
  service["port"].set(8443);
}

}  // namespace

json::Value crd_manifest(const Crd& crd) {
  json::Value out;
  out["apiVersion"].set("apiextensions.k8s.io/v1");
  out["kind"].set("CustomResourceDefinition");
  out["metadata"]["name"].set(std::string(crd.plural) + "." + std::string(crd.group));
  const Ref spec = out["spec"];
  spec["group"].set(crd.group);
  spec["scope"].set(crd.scope == Scope::kCluster ? "Cluster" : "Namespaced");
  write_names(crd, spec["names"]);
  for (const auto& version : crd.versions) write_version(version, spec["versions"].push_back());
  if (!crd.conversion_path.empty()) write_conversion(crd.conversion_path, spec["conversion"]);
  return out;
}

}  // namespace karpenter::schema
