#include "controller/planner/what_if.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/base/strings.h"
#include "common/json/yaml.h"
#include "common/kube/codec.h"
#include "common/schema/codec.h"

namespace karpenter::planner {
namespace {

constexpr std::string_view kNodePool = "nodepool.";

// The pool whose name the text begins with: names may contain dots, so the longest counts.
std::shared_ptr<model::NodePool>* find_pool(Manifests& cluster, std::string_view text) {
  std::shared_ptr<model::NodePool>* best = nullptr;
  for (auto& pool : cluster.node_pools) {
    const std::string& name = pool->meta.name;
    const bool fits = text.starts_with(name) && text.size() > name.size() && text[name.size()] == '.';
    if (fits && (best == nullptr || (*best)->meta.name.size() < name.size())) best = &pool;
  }
  return best;
}

base::Result<json::Value> parse_scalar(const std::string& text) {
  ASSIGN_OR_RETURN(auto documents, json::parse_yaml(text));
  return documents.empty() ? json::Value() : std::move(documents.front());
}

bool makes_pods(std::string_view kind) {
  return kind == "Deployment" || kind == "ReplicaSet" || kind == "StatefulSet" || kind == "Job";
}

// The pods of one object, as JSON.
std::vector<json::Value> pods_of(json::View object) {
  std::vector<json::Value> out;
  const std::string kind = object["kind"].string_or("");
  if (kind == "Pod") out.push_back(object.clone());
  if (!makes_pods(kind)) return out;
  const json::View spec = object["spec"];
  const std::int64_t count = spec[kind == "Job" ? "parallelism" : "replicas"].integer_or(1);
  for (std::int64_t i = 0; i < count; ++i) {
    json::Value pod = spec["template"].clone();
    pod["metadata"]["name"].set(object["metadata"]["name"].string_or("") + "-" + std::to_string(i));
    if (const json::View space = object["metadata"]["namespace"]; space.exists())
      pod["metadata"]["namespace"].set(space);
    out.push_back(std::move(pod));
  }
  return out;
}

void complete_pending(model::Pod& pod) {
  if (pod.meta.namespace_name.empty()) pod.meta.namespace_name = "default";
  if (pod.meta.uid.empty()) pod.meta.uid = derived_uid("Pod", pod.meta);
  pod.spec.node_name.clear();
  pod.status = {};
  pod.status.phase = "Pending";
  model::Condition condition;
  condition.type = "PodScheduled";
  condition.status = "False";
  condition.reason = "Unschedulable";
  pod.status.conditions.push_back(std::move(condition));
}

void ensure_namespace(Manifests& cluster, const std::string& name) {
  const bool is_there =
      std::ranges::any_of(cluster.namespaces, [&](const auto& space) { return space->meta.name == name; });
  if (is_there) return;
  auto space = std::make_shared<model::Namespace>();
  space->meta.name = name;
  space->meta.labels.emplace("kubernetes.io/metadata.name", name);
  cluster.namespaces.push_back(std::move(space));
}

base::Status add_pod(Manifests& cluster, std::set<model::ObjectKey>& known, json::View object,
                     const std::string& place) {
  auto pod = kube::decode<model::Pod>(object);
  if (!pod)
    return std::move(pod).error().add("object", object["metadata"]["name"].string_or("")).add("at", place);
  complete_pending(*pod);
  const model::ObjectKey key = model::key_of(pod->meta);
  if (!known.insert(key).second)
    return base::make_error(base::Code::kAlreadyExists, "the pod is in the cluster already")
        .add("object", key.text())
        .add("at", place);
  ensure_namespace(cluster, key.namespace_name);
  cluster.pods.push_back(std::make_shared<model::Pod>(std::move(*pod)));
  return base::ok();
}

}  // namespace

base::Status set_field(Manifests& cluster, const std::string& path, const std::string& value) {
  if (!path.starts_with(kNodePool))
    return base::invalid("only nodepool.NAME.FIELD can be set").add("path", path);
  const std::string_view rest = std::string_view(path).substr(kNodePool.size());
  auto* pool = find_pool(cluster, rest);
  if (pool == nullptr) return base::not_found("no such NodePool").add("path", path);
  json::Value object = kube::encode(**pool);
  json::Ref at = object["spec"];
  for (const auto& step : base::split(rest.substr((*pool)->meta.name.size() + 1), '.')) at = at[step];
  ASSIGN_OR_RETURN(auto parsed, parse_scalar(value));
  at.set(std::move(parsed));
  auto changed = schema::decode_strict<model::NodePool>(object);
  if (!changed) return std::move(changed).error().add("set", path + "=" + value);
  *pool = std::make_shared<model::NodePool>(std::move(*changed));
  return base::ok();
}

base::Status add_pods(Manifests& cluster, const Source& source) {
  std::set<model::ObjectKey> known;
  for (const auto& pod : cluster.pods) known.insert(model::key_of(pod->meta));
  return visit(source, [&](json::View object, const std::string& place) -> base::Status {
    for (const auto& pod : pods_of(object)) RETURN_IF_ERROR(add_pod(cluster, known, pod, place));
    return base::ok();
  });
}

}  // namespace karpenter::planner
