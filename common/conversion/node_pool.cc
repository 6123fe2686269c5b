#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "common/base/duration.h"
#include "common/base/strings.h"
#include "common/conversion/annotations.h"
#include "common/conversion/beta.h"
#include "common/conversion/shape.h"
#include "common/model/labels.h"
#include "common/schema/codec.h"

// NodePool and NodeClaim, v1beta1 <-> v1. spec: conversion §2.3-§2.5, §2.8

namespace karpenter::conversion {
namespace {

namespace beta = model::v1beta1;
using json::Ref;
using json::View;

void set_if_absent(Ref holder, std::string_view key, std::string_view text) {
  if (!holder.view()[key].exists()) holder[key].set(text);
}
void ensure_list(Ref holder, std::string_view key) {
  if (!holder.view()[key].exists()) holder[key].set_array();
}

// ---- kubelet: at v1 in an annotation

void kubelet_to_annotation(Ref object, Ref node, const Context& context) {
  if (!node.view()["kubelet"].exists()) return drop_annotations(object, {kKubelet});
  auto kubelet = schema::decode<beta::Kubelet>(node.view()["kubelet"]).value_or(beta::Kubelet{});
  if (context.is_compat()) {
    for (auto& [signal, period] : kubelet.eviction_soft_grace_period) {
      if (const auto duration = base::parse_duration(period)) period = base::format_duration(*duration);
    }
  }
  set_annotation(object, kKubelet, beta::kubelet_json(kubelet));
  node.erase("kubelet");
}

// One that does not decode is ignored (deviation D5).
base::Status kubelet_from_annotation(Ref object, Ref node, const Context& context) {
  const auto text = annotation(object, kKubelet);
  if (text.empty()) return base::ok();
  auto document = json::parse(text);
  if (document && document->view().is_object() && fit(schema::type_of<beta::Kubelet>(), document->ref())) {
    node["kubelet"].set(std::move(document).value());
    return base::ok();
  }
  if (context.is_compat())
    return base::invalid("undecodable annotation").add("annotation", std::string(kKubelet));
  context.remark("ignored a malformed annotation " + std::string(kKubelet));
  return base::ok();
}

// ---- nodeClassRef

struct V1Ref {
  std::string group;
  std::string kind;
  friend bool operator==(const V1Ref&, const V1Ref&) = default;
};

V1Ref v1_ref(std::string_view kind, std::string_view api_version, const Context& context) {
  const auto slash = api_version.find('/');
  std::string group(api_version.substr(0, slash));
  // Deviation D7: a version without group says nothing about the group.
  if (group.empty() || (slash == std::string_view::npos && !context.is_compat())) group = model::kAwsGroup;
  return {.group = std::move(group), .kind = kind.empty() ? "EC2NodeClass" : std::string(kind)};
}

void ref_to_v1(Ref object, Ref node, View stashed, const Context& context) {
  const auto from = node.view()["nodeClassRef"];
  const beta::NodeClassRef ref{.kind = from["kind"].string_or(""),
                               .name = from["name"].string_or(""),
                               .api_version = from["apiVersion"].string_or("")};
  set_annotation(object, kNodeClassReference, from.exists() ? beta::node_class_ref_json(ref) : "null");
  const auto v1 = v1_ref(ref.kind, ref.api_version, context);
  const auto to = node["nodeClassRef"];
  to.set_object();
  to["group"].set(v1.group);
  to["kind"].set(v1.kind);
  to["name"].set(ref.name);
  const bool is_same = stashed["kind"].string() == v1.kind && stashed["name"].string() == ref.name;
  if (is_same && stashed["group"].exists()) to["group"].set(stashed["group"]);
}

// The reference as a v1beta1 client wrote it, if it still means the v1 one (deviation D2).
base::Status ref_to_v1beta1(Ref object, Ref node, Ref stash, const Context& context) {
  const json::Value from = node.view()["nodeClassRef"].clone();
  const auto text = annotation(object, kNodeClassReference);
  const auto original = json::parse(text.empty() ? "null" : text);
  if (!original && context.is_compat())
    return base::invalid("undecodable annotation").add("annotation", std::string(kNodeClassReference));
  const View kept = original ? original->view() : View();
  const V1Ref now{.group = from["group"].string_or(""), .kind = from["kind"].string_or("")};
  const bool is_current =
      kept.is_object() && kept["name"].string_or("") == from["name"].string_or("") &&
      v1_ref(kept["kind"].string_or(""), kept["apiVersion"].string_or(""), context) == now;
  const auto to = node["nodeClassRef"];
  to.set_object();
  if (context.is_compat() ? kept.is_object() : is_current) {
    for (const auto* key : {"kind", "name", "apiVersion"}) {
      if (const auto value = kept[key]; value.is_string()) to[key].set(value);
    }
    set_if_absent(to, "name", "");
    return base::ok();
  }
  if (!now.kind.empty()) to["kind"].set(now.kind);
  to["name"].set(from["name"].string_or(""));
  if (!now.group.empty() && now.group != model::kAwsGroup) stash["nodeClassRef"].set(from.view());
  return base::ok();
}

// ---- requirements: v1beta1 has no bounds that include their value

struct Bound {
  std::string op;
  std::optional<std::string> value;
};

// What v1beta1 says instead, nullopt when it has the operator.
std::optional<Bound> beta_bound(View requirement) {
  const auto op = requirement["operator"].string_or("");
  const auto values = requirement["values"];
  if ((op != "Gte" && op != "Lte") || values.size() != 1) return std::nullopt;
  const auto bound = base::parse_int64(values[std::size_t{0}].string_or(""));
  if (!bound) return std::nullopt;
  const bool is_always = op == "Gte" ? *bound <= 0 : *bound == std::numeric_limits<std::int64_t>::max();
  if (is_always) return Bound{.op = "Exists", .value = {}};
  return op == "Gte" ? Bound{.op = "Gt", .value = std::to_string(*bound - 1)}
                     : Bound{.op = "Lt", .value = std::to_string(*bound + 1)};
}

void requirements_to_v1beta1(Ref node, Ref stash, const Context& context) {
  const auto list = node.view()["requirements"];
  if (context.is_compat()) return;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto bound = beta_bound(list[i]);
    if (!bound) continue;
    stash["requirements"].push_back(list[i]);
    const auto to = node["requirements"][i];
    to["operator"].set(bound->op);
    to.erase("values");
    if (bound->value) to["values"].push_back(std::string_view(*bound->value));
  }
}

// True when `now` is what `stashed` was mapped to.
bool is_mapped(View now, View stashed) {
  const auto bound = beta_bound(stashed);
  if (!bound || now["key"] != stashed["key"] || now["operator"].string() != bound->op) return false;
  if (!bound->value) return now["values"].size() == 0;
  return now["values"].size() == 1 && now["values"][std::size_t{0}].string() == *bound->value;
}

void requirements_to_v1(Ref node, View stashed) {
  ensure_list(node, "requirements");
  const auto list = node.view()["requirements"];
  for (const auto original : stashed.items()) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (!is_mapped(list[i], original)) continue;
      const auto to = node["requirements"][i];
      to["operator"].set(original["operator"]);
      to["values"].set(original["values"]);
      break;
    }
  }
}

// ---- disruption of a NodePool

// Without reasons. The only budget needs no mark to be told from others.
void stash_budgets(View budgets, Ref stash) {
  bool has_reasons = false;
  for (const auto budget : budgets.items()) has_reasons = has_reasons || budget["reasons"].exists();
  if (!has_reasons) return;
  const auto list = stash["budgets"];
  list.set_array();
  for (const auto budget : budgets.items()) {
    const auto entry = list.push_back();
    entry.set_object();
    if (!budget["reasons"].exists()) continue;
    if (budgets.size() > 1) entry.set(budget);
    entry["reasons"].set(budget["reasons"]);
  }
}

void restore_budgets(Ref disruption, View stashed) {
  const auto budgets = disruption.view()["budgets"];
  if (stashed.size() != budgets.size()) return;
  for (std::size_t i = 0; i < stashed.size(); ++i) {
    bool is_same = stashed[i]["reasons"].exists();
    for (const auto* key : {"nodes", "schedule", "duration"}) {
      is_same = is_same && (stashed.size() == 1 || stashed[i][key] == budgets[i][key]);
    }
    if (is_same) disruption["budgets"][i]["reasons"].set(stashed[i]["reasons"]);
  }
}

void disruption_to_v1(Ref spec, View stashed, const Context& context) {
  const auto to = spec["disruption"];
  const auto from = to.view();
  const bool is_underutilized = from["consolidationPolicy"].string_or("") == "WhenUnderutilized";
  const bool has_after = from["consolidateAfter"].exists();
  const auto after = from["consolidateAfter"].string_or("Never");
  spec["template"]["spec"]["expireAfter"].set(from["expireAfter"].string_or("Never"));
  to.erase("expireAfter");
  // Never switched consolidation off there, and must go on doing so (deviation D1).
  const bool is_off = has_after && after == "Never" && !context.is_compat();
  to["consolidateAfter"].set(is_underutilized && !is_off ? "0s" : after);
  if (!is_underutilized) return restore_budgets(to, stashed["budgets"]);
  to["consolidationPolicy"].set("WhenEmptyOrUnderutilized");
  if (!has_after && stashed["consolidateAfter"].exists())
    to["consolidateAfter"].set(stashed["consolidateAfter"]);
  if ((!has_after || is_off) && stashed["consolidationPolicy"].string() == "Balanced")
    to["consolidationPolicy"].set("Balanced");
  restore_budgets(to, stashed["budgets"]);
}

void disruption_to_v1beta1(Ref spec, Ref stash, const Context& context) {
  const auto to = spec["disruption"];
  const auto policy = to.view()["consolidationPolicy"].string_or("");
  const auto after = to.view()["consolidateAfter"].string_or("Never");
  const auto node = spec["template"]["spec"];
  to["consolidateAfter"].set(after);
  to["expireAfter"].set(node.view()["expireAfter"].string_or("Never"));
  node.erase("expireAfter");
  const bool is_balanced = policy == "Balanced" && !context.is_compat();
  if (policy == "WhenEmptyOrUnderutilized" || is_balanced) {
    to["consolidationPolicy"].set("WhenUnderutilized");
    if (is_balanced) stash["disruption"]["consolidationPolicy"].set(policy);
    if (after != "Never" && after != "0s") stash["disruption"]["consolidateAfter"].set(after);
    if (after != "Never" || context.is_compat()) to.erase("consolidateAfter");
  }
  json::Value budgets;
  stash_budgets(to.view()["budgets"], budgets.ref());
  if (budgets.view().size() > 0) stash["disruption"]["budgets"].set(budgets.view()["budgets"]);
}

// ---- the two kinds; `node` is what describes a node: spec.template.spec, or the spec of a claim

void drop_compatibility(Ref object, const Context& context) {
  drop_annotations(object, {kKubelet, kNodeClassReference, kStoredVersionMigrated});
  if (!context.is_compat()) drop_annotations(object, {kFields});  // only means something at v1beta1
}

base::Status node_to_v1beta1(Ref object, Ref node, Ref stash, const Context& context) {
  RETURN_IF_ERROR(kubelet_from_annotation(object, node, context));
  requirements_to_v1beta1(node, stash, context);
  RETURN_IF_ERROR(ref_to_v1beta1(object, node, stash, context));
  drop_compatibility(object, context);
  return base::ok();
}

void node_to_v1(Ref object, Ref node, View stashed, const Context& context) {
  kubelet_to_annotation(object, node, context);
  ref_to_v1(object, node, stashed["nodeClassRef"], context);
  requirements_to_v1(node, stashed["requirements"]);
}

// spec: conversion §2.5
base::Result<std::string> expire_after_of(View claim, View stashed, const Lookups& lookups) {
  if (const auto kept = stashed["expireAfter"].string()) return std::string(*kept);
  const auto pool = claim["metadata"]["labels"][model::labels::kNodePool].string_or("");
  if (pool.empty() || !lookups.expire_after) return std::string("Never");
  ASSIGN_OR_RETURN(const auto found, lookups.expire_after(pool));
  return found.value_or("Never");
}

}  // namespace

base::Status pool_to_v1(Ref object, const Context& context) {
  const auto& type = schema::type_of<beta::NodePool>();
  RETURN_IF_ERROR(fit(type, object));
  const auto stash = take_stash(object, schema::type_of<model::NodePool>(), context);
  const View stashed = stash["spec"];
  const auto spec = object["spec"];
  const auto node = spec["template"]["spec"];
  disruption_to_v1(spec, stashed["disruption"], context);
  node_to_v1(object, node, stashed["template"]["spec"], context);
  node.erase("resources");
  restore_unknown(spec, *member_type(type, "spec"), stashed);
  return base::ok();
}

base::Status pool_to_v1beta1(Ref object, const Context& context) {
  const auto& type = schema::type_of<beta::NodePool>();
  RETURN_IF_ERROR(fit(schema::type_of<model::NodePool>(), object));
  const auto spec = object["spec"];
  json::Value stash;
  json::Value stashed_node;
  disruption_to_v1beta1(spec, stash.ref(), context);
  RETURN_IF_ERROR(node_to_v1beta1(object, spec["template"]["spec"], stashed_node.ref(), context));
  if (stashed_node.view().size() > 0) stash["template"]["spec"].set(std::move(stashed_node));
  collect_unknown(spec, *member_type(type, "spec"), stash.ref());
  RETURN_IF_ERROR(fit(type, object));
  leave_stash(object, std::move(stash), context);
  return base::ok();
}

base::Status claim_to_v1(Ref object, const Context& context) {
  const auto& type = schema::type_of<beta::NodeClaim>();
  RETURN_IF_ERROR(fit(type, object));
  const auto stash = take_stash(object, schema::type_of<model::NodeClaim>(), context);
  const View stashed = stash["spec"];
  ASSIGN_OR_RETURN(const auto expire_after, expire_after_of(object, stashed, context.lookups));
  const auto spec = object["spec"];
  spec["expireAfter"].set(expire_after);
  node_to_v1(object, spec, stashed, context);
  restore_unknown(spec, *member_type(type, "spec"), stashed);
  return base::ok();
}

base::Status claim_to_v1beta1(Ref object, const Context& context) {
  const auto& type = schema::type_of<beta::NodeClaim>();
  RETURN_IF_ERROR(fit(schema::type_of<model::NodeClaim>(), object));
  json::Value stash;
  RETURN_IF_ERROR(node_to_v1beta1(object, object["spec"], stash.ref(), context));
  collect_unknown(object["spec"], *member_type(type, "spec"), stash.ref());
  RETURN_IF_ERROR(fit(type, object));
  leave_stash(object, std::move(stash), context);
  return base::ok();
}

}  // namespace karpenter::conversion
