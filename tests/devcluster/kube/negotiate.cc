#include "tests/devcluster/kube/negotiate.h"

#include <utility>

#include "common/base/strings.h"
#include "tests/devcluster/kube/status.h"
#include "tests/devcluster/kube/table.h"

namespace karpenter::devcluster {
namespace {

json::Value table_of(const Context& context, const Outcome& outcome) {
  TableInput input{.version = *context.version,
                   .objects = {},
                   .list_metadata = outcome.object->view()["metadata"],
                   .include_object = context.info.get("includeObject"),
                   .now = context.world.runtime.now()};
  if (outcome.items.has_value()) {
    for (const Object& item : *outcome.items) input.objects.push_back(*item);
  } else {
    input.objects.push_back(*outcome.object);
  }
  return make_table(input);
}

json::Value metadata_of(json::View object, std::string_view kind) {
  json::Value out = json::Value::object();
  out["apiVersion"].set("meta.k8s.io/v1");
  out["kind"].set(kind);
  out["metadata"].set(object["metadata"]);
  return out;
}

json::Value metadata_shape(const Outcome& outcome) {
  if (!outcome.items.has_value()) return metadata_of(*outcome.object, "PartialObjectMetadata");
  json::Value out = metadata_of(*outcome.object, "PartialObjectMetadataList");
  out["items"].set_array();
  for (const Object& item : *outcome.items)
    out["items"].push_back(metadata_of(*item, "PartialObjectMetadata"));
  return out;
}

// The list's own members and the texts of its items.
std::string list_text(const Context& context, const Outcome& outcome) {
  std::string text = outcome.object->text();
  text.pop_back();
  text += ",\"items\":[";
  bool first = true;
  for (const Object& item : *outcome.items) {
    if (!std::exchange(first, false)) text += ',';
    text += context.resource->custom ? item->text() : item->item_text();
  }
  return text + "]}";
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
  return not_acceptable(
      "only the following media types are accepted: application/json, "
      "application/json;as=Table;v=v1;g=meta.k8s.io");
}

std::string body_text(const Context& context, const Outcome& outcome, Shape shape) {
  const bool status = outcome.object->view()["kind"].string_or("") == "Status";
  if (shape == Shape::kPlain || status)
    return outcome.items.has_value() ? list_text(context, outcome) : outcome.object->text();
  return (shape == Shape::kTable ? table_of(context, outcome) : metadata_shape(outcome)).dump();
}

}  // namespace karpenter::devcluster
