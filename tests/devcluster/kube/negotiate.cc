#include "tests/devcluster/kube/negotiate.h"

#include <utility>

#include "common/base/strings.h"
#include "tests/devcluster/kube/status.h"
#include "tests/devcluster/kube/table.h"

namespace karpenter::devcluster {
namespace {

bool is_list(const Context& context, json::View object) {
  return object["kind"].string_or("") == context.resource->list_kind && object["items"].is_array();
}

json::Value table_of(const Context& context, json::View object) {
  TableInput input{.version = *context.version,
                   .objects = is_list(context, object) ? object["items"].items() : std::vector<json::View>{object},
                   .list_metadata = object["metadata"],
                   .include_object = context.info.get("includeObject"),
                   .now = context.world.runtime.now()};
  return make_table(input);
}

json::Value metadata_of(json::View object, std::string_view kind) {
  json::Value out = json::Value::object();
  out["apiVersion"].set("meta.k8s.io/v1");
  out["kind"].set(kind);
  out["metadata"].set(object["metadata"]);
  return out;
}

json::Value metadata_shape(const Context& context, json::View object) {
  if (!is_list(context, object)) return metadata_of(object, "PartialObjectMetadata");
  json::Value out = metadata_of(object, "PartialObjectMetadataList");
  out["items"].set_array();
  for (const json::View item : object["items"].items()) {
    out["items"].push_back(metadata_of(item, "PartialObjectMetadata"));
  }
  return out;
}

}  // namespace

base::Result<Shape> negotiate(const net::HttpRequest& request) {
  const std::string accept = request.headers.get("Accept");
  if (accept.empty()) return Shape::kPlain;
  for (const std::string& part : base::split(accept, ',')) {
    const std::vector<std::string> words = base::split(part, ';');
    const std::string type(base::trim(words.front()));
    if (type != "application/json" && type != "application/*" && type != "*/*") continue;
    std::string as;
    std::string version = "v1";
    for (const std::string& word : words) {
      const std::string_view item = base::trim(word);
      if (item.starts_with("as=")) as = item.substr(3);
      if (item.starts_with("v=")) version = item.substr(2);
    }
    if (as.empty()) return Shape::kPlain;
    if (version != "v1") continue;
    if (as == "Table") return Shape::kTable;
    if (as == "PartialObjectMetadata" || as == "PartialObjectMetadataList") return Shape::kMetadata;
  }
  return not_acceptable("only the following media types are accepted: application/json, "
                        "application/json;as=Table;v=v1;g=meta.k8s.io");
}

json::Value shaped(const Context& context, const Object& object, Shape shape) {
  const bool status = object->view()["kind"].string_or("") == "Status";
  if (shape == Shape::kPlain || status) return json::Value(object->view());
  return shape == Shape::kTable ? table_of(context, *object) : metadata_shape(context, *object);
}

}  // namespace karpenter::devcluster
