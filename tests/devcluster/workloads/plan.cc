#include "tests/devcluster/workloads/plan.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include "common/base/strings.h"
#include "common/kube/codec.h"
#include "tests/devcluster/scheduler/filters.h"

namespace karpenter::devcluster {
namespace {

void copy_meta(json::Ref to, json::View template_meta) {
  if (template_meta["labels"].is_object()) to["labels"].set(template_meta["labels"]);
  if (template_meta["annotations"].is_object()) to["annotations"].set(template_meta["annotations"]);
}

void set_controller(json::Ref meta, json::View owner, std::string_view kind) {
  const auto reference = meta["ownerReferences"].push_back();
  reference["apiVersion"].set("apps/v1");
  reference["kind"].set(kind);
  reference["name"].set(owner["metadata"]["name"]);
  reference["uid"].set(owner["metadata"]["uid"]);
  reference["controller"].set(true);
  reference["blockOwnerDeletion"].set(true);
}

// 3 or "50%" of `total`; percentages round up.
std::int64_t scaled(json::View amount, std::int64_t total) {
  if (const auto number = amount.integer()) return *number;
  const auto text = amount.string_or("");
  if (!text.ends_with('%')) return 0;
  const auto percent = base::parse_int64(std::string_view(text).substr(0, text.size() - 1)).value_or(0);
  return (total * percent + 99) / 100;
}

void tolerate(json::Ref spec, std::string_view key, std::string_view effect) {
  const auto toleration = spec["tolerations"].push_back();
  toleration["key"].set(key);
  toleration["operator"].set("Exists");
  toleration["effect"].set(effect);
}

}  // namespace

std::string template_hash(json::View pod_template) {
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a: any stable hash does
  for (const char c : pod_template.dump()) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string out;
  for (int i = 0; i < 9; ++i, hash /= kAlphabet.size()) out += kAlphabet[hash % kAlphabet.size()];
  return out;
}

json::Value make_pod(json::View owner, std::string_view kind, json::View pod_template) {
  json::Value pod = json::Value::object();
  pod["apiVersion"].set("v1");
  pod["kind"].set("Pod");
  const auto meta = pod["metadata"];
  copy_meta(meta, pod_template["metadata"]);
  meta["generateName"].set(owner["metadata"]["name"].string_or("pod") + "-");
  meta["namespace"].set(owner["metadata"]["namespace"]);
  set_controller(meta, owner, kind);
  pod["spec"].set(pod_template["spec"]);
  return pod;
}

json::Value make_replica_set(json::View deployment) {
  const auto pod_template = deployment["spec"]["template"];
  const auto hash = template_hash(pod_template);
  json::Value out = json::Value::object();
  out["apiVersion"].set("apps/v1");
  out["kind"].set("ReplicaSet");
  const auto meta = out["metadata"];
  copy_meta(meta, pod_template["metadata"]);
  meta["name"].set(deployment["metadata"]["name"].string_or("") + "-" + hash);
  meta["namespace"].set(deployment["metadata"]["namespace"]);
  meta["labels"]["pod-template-hash"].set(hash);
  set_controller(meta, deployment, "Deployment");
  const auto spec = out["spec"];
  spec["replicas"].set(deployment["spec"]["replicas"].integer_or(1));
  spec["selector"].set(deployment["spec"]["selector"]);
  spec["selector"]["matchLabels"]["pod-template-hash"].set(hash);
  spec["template"].set(pod_template);
  spec["template"]["metadata"]["labels"]["pod-template-hash"].set(hash);
  return out;
}

bool is_pod_ready(json::View pod) {
  for (const auto condition : pod["status"]["conditions"].items()) {
    if (condition["type"].string_or("") == "Ready") return condition["status"].string_or("") == "True";
  }
  return false;
}

bool is_pod_active(json::View pod) {
  const auto phase = pod["status"]["phase"].string_or("");
  return phase != "Succeeded" && phase != "Failed" && !pod["metadata"]["deletionTimestamp"].exists();
}

std::string controller_uid(json::View object) {
  for (const auto reference : object["metadata"]["ownerReferences"].items()) {
    if (reference["controller"].bool_or(false)) return reference["uid"].string_or("");
  }
  return "";
}

std::vector<KeyedObject> pick_victims(std::vector<KeyedObject> pods, std::size_t surplus) {
  const auto rank = [](const KeyedObject& pod) {
    const json::View view = *pod.object;
    return std::make_tuple(!view["spec"]["nodeName"].string_or("").empty(), is_pod_ready(view));
  };
  std::ranges::sort(pods, [&](const KeyedObject& a, const KeyedObject& b) {
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    const auto born_a = (*a.object)["metadata"]["creationTimestamp"].string_or("");
    const auto born_b = (*b.object)["metadata"]["creationTimestamp"].string_or("");
    return std::tie(born_b, a.key.name) < std::tie(born_a, b.key.name);
  });
  pods.resize(std::min(surplus, pods.size()));
  return pods;
}

bool daemon_runs_on(json::View pod_template, json::View node) {
  json::Value pod = json::Value::object();
  pod["metadata"].set(pod_template["metadata"]);
  pod["spec"].set(pod_template["spec"]);
  pin_daemon(pod.ref(), node["metadata"]["name"].string_or(""));
  auto decoded_pod = kube::decode<model::Pod>(pod);
  auto decoded_node = kube::decode<model::Node>(node);
  if (!decoded_pod || !decoded_node) return false;
  // Room does not matter: a daemon pod is made for every node it may run on.
  decoded_pod->spec.containers.clear();
  decoded_pod->spec.init_containers.clear();
  decoded_pod->spec.resources.reset();
  decoded_pod->spec.overhead = {};
  // Nor do other pods.
  decoded_pod->spec.topology_spread_constraints.clear();
  decoded_pod->spec.affinity->pod_affinity.reset();
  decoded_pod->spec.affinity->pod_anti_affinity.reset();
  decoded_node->status.allocatable = model::Resources{{std::string(model::kPods), model::Quantity::of(1)}};
  const NodeInfo info{.node = std::make_shared<const model::Node>(*decoded_node), .pods = {}, .used = {}};
  return find_obstacle(*decoded_pod, info, ClusterView{}).empty();
}

void pin_daemon(json::Ref pod, std::string_view node_name) {
  const auto spec = pod["spec"];
  const auto node_affinity =
      spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
  const auto terms = node_affinity["nodeSelectorTerms"];
  if (terms.view().size() == 0) terms.push_back().set_object();
  for (std::size_t i = 0; i < terms.view().size(); ++i) {
    const auto field = terms[i]["matchFields"].push_back();
    field["key"].set("metadata.name");
    field["operator"].set("In");
    field["values"].push_back(node_name);
  }
  tolerate(spec, "node.kubernetes.io/not-ready", "NoExecute");
  tolerate(spec, "node.kubernetes.io/unreachable", "NoExecute");
  for (const auto* key : {"disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"}) {
    tolerate(spec, std::string("node.kubernetes.io/") + key, "NoSchedule");
  }
}

std::string pinned_node(json::View pod) {
  const auto terms = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
                        ["nodeSelectorTerms"];
  for (const auto field : terms[std::size_t{0}]["matchFields"].items()) {
    if (field["key"].string_or("") == "metadata.name") return field["values"][std::size_t{0}].string_or("");
  }
  return "";
}

std::int64_t count_wanted(const std::vector<Object>& pods,
                          const std::map<model::ObjectKey, Object>& replica_sets) {
  std::map<std::string, std::int64_t> replicas;
  for (const auto& [key, set] : replica_sets) {
    replicas.emplace((*set)["metadata"]["uid"].string_or(""), (*set)["spec"]["replicas"].integer_or(1));
  }
  std::int64_t out = 0;
  std::set<std::string> counted;
  for (const auto& pod : pods) {
    const auto owner = controller_uid(*pod);
    const auto it = replicas.find(owner);
    if (it == replicas.end()) {
      ++out;
    } else if (counted.insert(owner).second) {
      out += it->second;
    }
  }
  return out;
}

BudgetStatus budget_status(json::View budget, const std::vector<Object>& pods, std::int64_t wanted) {
  BudgetStatus out;
  const auto spec = budget["spec"];
  const auto disrupted = budget["status"]["disruptedPods"];
  out.healthy = std::ranges::count_if(pods, [&](const Object& pod) {
    return is_pod_ready(*pod) && !disrupted[(*pod)["metadata"]["name"].string_or("")].exists();
  });
  const auto least = spec["minAvailable"];
  out.expected = least.integer() ? static_cast<std::int64_t>(pods.size()) : wanted;
  if (least.exists()) {
    out.desired = scaled(least, out.expected);
  } else {
    out.desired = std::max<std::int64_t>(0, out.expected - scaled(spec["maxUnavailable"], out.expected));
  }
  out.allowed = std::max<std::int64_t>(0, out.healthy - out.desired);
  return out;
}

}  // namespace karpenter::devcluster
