#include <initializer_list>

#include "common/base/duration.h"
#include "common/conversion/annotations.h"
#include "common/conversion/beta.h"
#include "common/conversion/shape.h"
#include "common/model/quantity.h"

namespace karpenter::conversion {
namespace {

// The API server refuses an object for good when its annotations exceed 256 KiB.
constexpr std::size_t kMaxAnnotations = std::size_t{200} << 10U;

std::size_t annotations_size(json::View object) {
  std::size_t out = 0;
  for (const auto& [key, value] : object["metadata"]["annotations"].members())
    out += key.size() + value.string().value_or("").size();
  return out;
}

void respell_quantity(json::View holder, std::string_view key, json::Ref to) {
  const auto from = holder[key];
  const auto quantity = model::Quantity::parse(from.is_number() ? from.dump() : from.string_or(""));
  if (quantity) to[key].set(quantity->text());
}

void respell_quantities(json::Ref object, std::initializer_list<std::string_view> path) {
  json::View at = object;
  for (const auto step : path) at = at[step];
  if (!at.is_object()) return;
  json::Ref to = object;
  for (const auto step : path) to = to[step];
  for (const auto& [key, value] : at.members()) respell_quantity(at, key, to);
}

void drop_empty(json::Ref holder, std::string_view list) {
  if (const auto found = holder.view()[list]; found.is_array() && found.size() == 0) holder.erase(list);
}

void respell_budgets(json::Ref budgets) {
  for (std::size_t i = 0; i < budgets.view().size(); ++i) {
    const auto duration = base::parse_duration(budgets.view()[i]["duration"].string_or(""));
    if (duration) budgets[i]["duration"].set(base::format_duration(*duration));
  }
}

}  // namespace

std::string_view annotation(json::View object, std::string_view key) {
  return object["metadata"]["annotations"][key].string().value_or("");
}

void set_annotation(json::Ref object, std::string_view key, std::string_view value) {
  object["metadata"]["annotations"][key].set(value);
}

void drop_annotations(json::Ref object, std::initializer_list<std::string_view> keys) {
  const auto metadata = object["metadata"];
  if (!metadata.view()["annotations"].exists()) return;
  for (const auto key : keys) metadata["annotations"].erase(key);
  if (metadata.view()["annotations"].size() == 0) metadata.erase("annotations");
}

json::Value take_stash(json::Ref object, const schema::Type& v1_type, const Context& context) {
  const std::string text(annotation(object, kFields));
  if (text.empty() || context.is_compat()) return {};
  drop_annotations(object, {kFields});
  auto stash = json::parse(text);
  // Anybody can write the annotation: only what fits the table of v1 gets into the object.
  if (stash && stash->view().is_object() && fit(v1_type, stash->ref())) return std::move(stash).value();
  context.remark("ignored a malformed annotation " + std::string(kFields));
  return {};
}

void leave_stash(json::Ref object, json::Value spec, const Context& context) {
  if (spec.view().size() == 0 || context.is_compat()) return;
  json::Value stash = json::Value::object();
  stash["spec"].set(std::move(spec));
  const auto text = stash.dump();
  if (annotations_size(object) + kFields.size() + text.size() > kMaxAnnotations) {
    context.remark("no room in the annotations for what v1beta1 cannot hold");
    return;
  }
  set_annotation(object, kFields, text);
}

void make_canonical(json::Ref object) {
  respell_quantities(object, {"spec", "limits"});
  respell_quantities(object, {"spec", "resources", "requests"});
  for (const auto* list : {"resources", "capacity", "allocatable"})
    respell_quantities(object, {"status", list});
  const auto spec = object["spec"];
  if (spec.view()["disruption"].is_object()) {
    drop_empty(spec["disruption"], "budgets");
    if (spec.view()["disruption"]["budgets"].is_array()) respell_budgets(spec["disruption"]["budgets"]);
  }
  const bool is_pool = spec.view()["template"].is_object();
  const auto node = is_pool ? spec["template"]["spec"] : spec;
  for (const auto* list : {"taints", "startupTaints", "blockDeviceMappings"}) drop_empty(node, list);
  const auto devices = node.view()["blockDeviceMappings"];
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (const auto ebs = devices[i]["ebs"]; ebs["volumeSize"].exists())
      respell_quantity(ebs, "volumeSize", node["blockDeviceMappings"][i]["ebs"]);
  }
}

}  // namespace karpenter::conversion
