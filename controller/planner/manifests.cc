#include "controller/planner/manifests.h"

#include <array>
#include <string_view>
#include <utility>

#include "common/base/strings.h"
#include "common/json/yaml.h"
#include "common/kube/codec.h"
#include "common/kube/kind.h"
#include "common/net/crypto.h"

namespace karpenter::planner {
namespace {

constexpr std::string_view kNameLabel = "kubernetes.io/metadata.name";

// A part of a text between lines that begin with `---`.
struct Part {
  std::string_view text;
  std::size_t first_line = 0;  // counted from 0
};

std::vector<Part> parts_of(std::string_view text) {
  std::vector<Part> out;
  std::size_t begin = 0;
  std::size_t begin_line = 0;
  std::size_t line = 0;
  for (std::size_t at = 0; at < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (text.substr(at, end - at).starts_with("---")) {
      out.push_back({.text = text.substr(begin, at - begin), .first_line = begin_line});
      begin = at;
      begin_line = line;
    }
    at = end + 1;
  }
  out.push_back({.text = text.substr(std::min(begin, text.size())), .first_line = begin_line});
  return out;
}

bool is_empty(std::string_view part) {
  while (!part.empty()) {
    const std::size_t end = std::min(part.find('\n'), part.size());
    const std::string_view line = base::trim(part.substr(0, end));
    if (!line.empty() && !line.starts_with('#') && line != "---") return false;
    part.remove_prefix(std::min(end + 1, part.size()));
  }
  return true;
}

// Errors of a part count its lines from its own beginning.
base::Error moved_down(base::Error error, std::size_t lines) {
  std::erase_if(error.with, [](const auto& entry) { return entry.first == "document"; });
  for (auto& [key, value] : error.with) {
    const auto line = key == "line" ? base::parse_int64(value) : std::nullopt;
    if (line) value = std::to_string(*line + static_cast<std::int64_t>(lines));
  }
  return error;
}

base::Result<std::vector<json::Value>> parse_part(const Part& part) {
  std::string_view body = base::trim(part.text);
  if (body.starts_with("---")) body = base::trim(body.substr(3));
  if (body.starts_with('{')) {
    auto value = json::parse(body);
    std::vector<json::Value> out;
    if (value) {
      out.push_back(std::move(*value));
      return out;
    }
    // Flow style YAML begins the same; text that is neither is most likely meant as JSON.
    auto yaml = json::parse_yaml(part.text);
    return yaml ? std::move(yaml) : base::Result<std::vector<json::Value>>(std::move(value).error());
  }
  auto out = json::parse_yaml(part.text);
  if (!out) return moved_down(std::move(out).error(), part.first_line);
  return out;
}

base::Error misplaced(base::Error error, const std::string& place) {
  return std::move(error).add("at", place);
}

base::Status visit_document(json::View document, const std::string& place, const Visitor& visitor) {
  if (!document.is_object()) return misplaced(base::invalid("a document must be an object"), place);
  const json::View items = document["items"];
  if (!items.exists() || !document["kind"].string_or("List").ends_with("List"))
    return visitor(document, place);
  std::size_t number = 0;
  for (const json::View item : items.items())
    RETURN_IF_ERROR(visit_document(item, place + ", item " + std::to_string(++number), visitor));
  return base::ok();
}

std::string name_of(json::View object) {
  const std::string space = object["metadata"]["namespace"].string_or("");
  return object["kind"].string_or("") + " " + (space.empty() ? "" : space + "/") +
         object["metadata"]["name"].string_or("");
}

template <class T>
base::Status add(Manifests::List<T>& to, json::View object, const std::string& place) {
  auto decoded = kube::decode<T>(object);
  if (!decoded) return misplaced(std::move(decoded).error().add("object", name_of(object)), place);
  if (decoded->meta.name.empty())
    return misplaced(base::invalid("an object has no name").add("kind", object["kind"].string_or("")), place);
  to.push_back(std::make_shared<T>(std::move(*decoded)));
  return base::ok();
}

using Adder = base::Status (*)(Manifests& to, json::View object, const std::string& place);
struct KindRow {
  std::string_view group;  // "" for core
  std::string_view kind;
  Adder add;
};

template <auto List>
base::Status add_to(Manifests& to, json::View object, const std::string& place) {
  return add(to.*List, object, place);
}

constexpr std::array kKinds = {
    KindRow{"karpenter.sh", "NodePool", add_to<&Manifests::node_pools>},
    KindRow{"karpenter.sh", "NodeClaim", add_to<&Manifests::node_claims>},
    KindRow{"", "Node", add_to<&Manifests::nodes>},
    KindRow{"", "Pod", add_to<&Manifests::pods>},
    KindRow{"apps", "DaemonSet", add_to<&Manifests::daemon_sets>},
    KindRow{"", "PersistentVolumeClaim", add_to<&Manifests::volume_claims>},
    KindRow{"", "PersistentVolume", add_to<&Manifests::volumes>},
    KindRow{"storage.k8s.io", "StorageClass", add_to<&Manifests::storage_classes>},
    KindRow{"storage.k8s.io", "CSINode", add_to<&Manifests::csi_nodes>},
    KindRow{"", "Namespace", add_to<&Manifests::namespaces>},
    KindRow{"policy", "PodDisruptionBudget", add_to<&Manifests::budgets>},
};

base::Status add_object(Manifests& to, json::View object, const std::string& place) {
  const auto kind = object["kind"].string();
  if (!kind) return misplaced(base::invalid("a document has no kind"), place);
  const std::string version = object["apiVersion"].string_or("");
  const std::size_t slash = version.find('/');
  const std::string group = slash == std::string::npos ? "" : version.substr(0, slash);
  if (group == "karpenter.sh" && version != "karpenter.sh/v1")
    return misplaced(base::invalid("only karpenter.sh/v1 is read").add("object", name_of(object)), place);
  for (const auto& row : kKinds)
    if (row.kind == *kind && row.group == group) return row.add(to, object, place);
  to.ignored_kinds.emplace(*kind);
  return base::ok();
}

// ---- what is missing

template <class T>
base::Status complete_list(Manifests::List<T>& list, std::set<std::string>& namespaces) {
  const kube::Kind& kind = kube::kind_of<T>();
  std::set<model::ObjectKey> seen;
  for (auto& object : list) {
    if (kind.namespaced && object->meta.namespace_name.empty()) object->meta.namespace_name = "default";
    if (!object->meta.namespace_name.empty()) namespaces.insert(object->meta.namespace_name);
    if (object->meta.uid.empty()) object->meta.uid = derived_uid(std::string(kind.kind), object->meta);
    const model::ObjectKey key = model::key_of(object->meta);
    if (!seen.insert(key).second)
      return base::invalid("an object is given twice")
          .add("object", std::string(kind.kind) + " " + key.text());
  }
  return base::ok();
}

void complete_pool(model::NodePool& pool) {
  if (!pool.status.conditions.empty()) return;
  for (const auto* type : {"ValidationSucceeded", "NodeClassReady", "Ready"}) {
    model::Condition condition;
    condition.type = type;
    condition.status = "True";
    pool.status.conditions.push_back(std::move(condition));
  }
}

void complete_namespaces(Manifests& all, std::set<std::string> wanted) {
  for (auto& space : all.namespaces) {
    wanted.erase(space->meta.name);
    space->meta.labels.try_emplace(std::string(kNameLabel), space->meta.name);
  }
  for (const auto& name : wanted) {
    auto space = std::make_shared<model::Namespace>();
    space->meta.name = name;
    space->meta.labels.emplace(kNameLabel, name);
    space->meta.uid = derived_uid("Namespace", space->meta);
    all.namespaces.push_back(std::move(space));
  }
}

base::Status complete(Manifests& all) {
  std::set<std::string> spaces;
  const auto each = [&](auto&... lists) -> base::Status {
    base::Status status = base::ok();
    ((status = status ? complete_list(lists, spaces) : std::move(status)), ...);
    return status;
  };
  RETURN_IF_ERROR(each(all.node_pools, all.node_claims, all.nodes, all.pods, all.daemon_sets,
                       all.volume_claims, all.volumes, all.storage_classes, all.csi_nodes, all.namespaces,
                       all.budgets));
  for (auto& pool : all.node_pools) complete_pool(*pool);
  complete_namespaces(all, std::move(spaces));
  return base::ok();
}

}  // namespace

base::Status visit(const Source& source, const Visitor& visitor) {
  std::size_t number = 0;
  for (const Part& part : parts_of(source.text)) {
    if (is_empty(part.text)) continue;
    const std::string place = source.name + ": document " + std::to_string(++number);
    auto values = parse_part(part);
    if (!values) return misplaced(std::move(values).error(), place);
    for (const auto& value : *values) RETURN_IF_ERROR(visit_document(value, place, visitor));
  }
  return base::ok();
}

base::Result<Manifests> read_manifests(std::span<const Source> sources) {
  Manifests out;
  for (const auto& source : sources)
    RETURN_IF_ERROR(visit(
        source, [&](json::View object, const std::string& place) { return add_object(out, object, place); }));
  RETURN_IF_ERROR(complete(out));
  return out;
}

std::string derived_uid(const std::string& kind, const model::ObjectMeta& meta) {
  const std::string hex =
      base::hex_encode(net::sha256(kind + "/" + meta.namespace_name + "/" + meta.name).substr(0, 16));
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" +
         hex.substr(20);
}

}  // namespace karpenter::planner
