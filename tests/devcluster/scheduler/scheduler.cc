#include "tests/devcluster/scheduler/scheduler.h"

#include <algorithm>
#include <chrono>
#include <tuple>

#include "common/base/time.h"
#include "common/kube/codec.h"

namespace karpenter::devcluster {
namespace {

constexpr auto kRound = std::chrono::milliseconds(50);  // rounds are at least that far apart

bool is_terminal(const model::Pod& pod) {
  return pod.status.phase == "Succeeded" || pod.status.phase == "Failed";
}

void add_to(NodeInfo& info, const std::shared_ptr<const model::Pod>& pod) {
  info.pods.push_back(pod);
  info.used += pod_requests(*pod);
}

// "0/3 nodes are available: 2 Insufficient cpu, 1 node(s) were unschedulable."
std::string explain(const std::map<std::string, int>& obstacles, std::size_t nodes) {
  if (nodes == 0) return "no nodes available to schedule pods";
  std::string out = "0/" + std::to_string(nodes) + " nodes are available: ";
  bool first = true;
  for (const auto& [text, count] : obstacles) {
    if (!first) out += ", ";
    first = false;
    out += std::to_string(count) + " " + text;
  }
  return out + ".";
}

}  // namespace

Scheduler::Scheduler(kube::Client& client)
    : client_(client),
      signal_(client.runtime()),
      pod_cache_(client, kPods, signal_,
                 [this](const auto& key, const auto& object) { on_pod(key, object); }),
      node_cache_(client, kNodes, signal_,
                  [this](const auto& key, const auto& object) { on_node(key, object); }),
      namespace_cache_(client, kNamespaces, signal_,
                       [this](const auto& key, const auto& object) { on_namespace(key, object); }) {}

void Scheduler::start() {
  auto& runtime = client_.runtime();
  runtime.spawn("scheduler-pods", [this](std::stop_token stop) { pod_cache_.run(std::move(stop)); });
  runtime.spawn("scheduler-nodes", [this](std::stop_token stop) { node_cache_.run(std::move(stop)); });
  runtime.spawn("scheduler-namespaces",
                [this](std::stop_token stop) { namespace_cache_.run(std::move(stop)); });
  runtime.spawn("scheduler", [this](std::stop_token stop) { run(std::move(stop)); });
}

void Scheduler::run(std::stop_token stop) {
  std::uint64_t seen = 0;
  while (!stop.stop_requested()) {
    const kube::Call call{.deadline = runtime::Mono::max(), .stop = stop};
    seen = signal_.wait(seen, call);
    if (!pod_cache_.synced() || !node_cache_.synced() || !namespace_cache_.synced()) continue;
    schedule_pending(call);
    static_cast<void>(runtime::sleep_for(client_.runtime(), kRound, call));
  }
}

void Scheduler::on_pod(const model::ObjectKey& key, const Object& object) {
  PodPtr pod;
  if (object) {
    auto decoded = kube::decode<model::Pod>(*object);
    if (!decoded) return;
    pod = std::make_shared<const model::Pod>(std::move(decoded).value());
  }
  runtime::Lock lock(mutex_);
  if (const auto old = pods_.find(key); old != pods_.end() && (!pod || !pod->spec.node_name.empty())) {
    assumed_.erase(old->second->meta.uid);
  }
  if (pod) {
    pods_.insert_or_assign(key, std::move(pod));
  } else {
    pods_.erase(key);
  }
}

void Scheduler::on_node(const model::ObjectKey& key, const Object& object) {
  auto decoded = object ? kube::decode<model::Node>(*object) : base::not_found("deleted");
  runtime::Lock lock(mutex_);
  if (decoded) {
    nodes_.insert_or_assign(key.name, std::make_shared<const model::Node>(std::move(decoded).value()));
  } else {
    nodes_.erase(key.name);
  }
}

void Scheduler::on_namespace(const model::ObjectKey& key, const Object& object) {
  auto decoded = object ? kube::decode<model::Namespace>(*object) : base::not_found("deleted");
  runtime::Lock lock(mutex_);
  if (decoded) {
    namespaces_.insert_or_assign(key.name, decoded->meta.labels);
  } else {
    namespaces_.erase(key.name);
  }
}

ClusterView Scheduler::view() {
  runtime::Lock lock(mutex_);
  ClusterView out;
  out.namespaces = namespaces_;
  for (const auto& [name, node] : nodes_)
    out.nodes.emplace(name, NodeInfo{.node = node, .pods = {}, .used = {}});
  for (const auto& [key, pod] : pods_) {
    if (is_terminal(*pod)) continue;
    std::string node = pod->spec.node_name;
    if (const auto it = assumed_.find(pod->meta.uid); node.empty() && it != assumed_.end()) node = it->second;
    if (const auto it = out.nodes.find(node); it != out.nodes.end()) add_to(it->second, pod);
  }
  return out;
}

std::vector<Scheduler::PodPtr> Scheduler::pending() {
  runtime::Lock lock(mutex_);
  std::vector<PodPtr> out;
  for (const auto& [key, pod] : pods_) {
    const bool mine = pod->spec.scheduler_name.empty() || pod->spec.scheduler_name == "default-scheduler";
    if (mine && pod->spec.node_name.empty() && pod->spec.scheduling_gates.empty() && !is_terminal(*pod) &&
        !pod->meta.is_deleting() && !assumed_.contains(pod->meta.uid)) {
      out.push_back(pod);
    }
  }
  std::ranges::stable_sort(out, [](const PodPtr& a, const PodPtr& b) {
    return std::make_tuple(-a->spec.priority.value_or(0), a->meta.creation_timestamp, a->meta.name) <
           std::make_tuple(-b->spec.priority.value_or(0), b->meta.creation_timestamp, b->meta.name);
  });
  return out;
}

void Scheduler::schedule_pending(const kube::Call& call) {
  const auto waiting = pending();
  if (waiting.empty()) return;
  ClusterView cluster = view();
  for (const auto& pod : waiting) {
    // A pod that went meanwhile or an API server that is away: the next round looks again.
    if (!place(pod, cluster, call)) signal_.bump();
    if (call.stop.stop_requested()) return;
  }
}

base::Status Scheduler::place(const PodPtr& pod, ClusterView& cluster, const kube::Call& call) {
  std::map<std::string, int> obstacles;
  NodeInfo* best = nullptr;
  double best_score = 0;
  for (auto& [name, info] : cluster.nodes) {  // by name: the tie of equal scores
    if (const auto obstacle = find_obstacle(*pod, info, cluster); !obstacle.empty()) {
      ++obstacles[obstacle];
      continue;
    }
    const double points = score(*pod, info, cluster);
    if (best == nullptr || points > best_score) {
      best = &info;
      best_score = points;
    }
  }
  if (best == nullptr) return report_unschedulable(*pod, explain(obstacles, cluster.nodes.size()), call);
  RETURN_IF_ERROR(bind(pod, best->node->meta.name, call));
  add_to(*best, pod);
  return base::ok();
}

base::Status Scheduler::bind(const PodPtr& pod, const std::string& node, const kube::Call& call) {
  json::Value binding = json::Value::object();
  binding["apiVersion"].set("v1");
  binding["kind"].set("Binding");
  binding["metadata"]["name"].set(pod->meta.name);
  binding["metadata"]["namespace"].set(pod->meta.namespace_name);
  binding["metadata"]["uid"].set(pod->meta.uid);
  binding["target"]["apiVersion"].set("v1");
  binding["target"]["kind"].set("Node");
  binding["target"]["name"].set(node);
  net::HttpRequest request = kube::create_request(kPods, pod->meta.namespace_name, binding);
  request.target = kube::object_path(kPods, pod->meta.namespace_name, pod->meta.name, "binding");
  {
    runtime::Lock lock(mutex_);
    assumed_.insert_or_assign(pod->meta.uid, node);
  }
  auto answer = client_.send(std::move(request), call);
  if (answer.has_value()) return base::ok();
  runtime::Lock lock(mutex_);
  assumed_.erase(pod->meta.uid);
  return std::move(answer).error();
}

base::Status Scheduler::report_unschedulable(const model::Pod& pod, const std::string& message,
                                             const kube::Call& call) {
  const auto* old = model::find_condition(pod.status.conditions, "PodScheduled");
  if (old != nullptr && old->status == "False" && old->message == message) return base::ok();
  json::Value patch = json::Value::object();
  const auto condition = patch["status"]["conditions"].push_back();
  condition["type"].set("PodScheduled");
  condition["status"].set("False");
  condition["reason"].set("Unschedulable");
  condition["message"].set(message);
  condition["lastTransitionTime"].set(base::format_rfc3339(client_.runtime().now()));
  return merge_patch(client_, kPods, model::key_of(pod.meta), patch, "status", call);
}

}  // namespace karpenter::devcluster
