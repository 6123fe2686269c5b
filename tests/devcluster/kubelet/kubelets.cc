#include "tests/devcluster/kubelet/kubelets.h"

#include <algorithm>
#include <utility>

#include "common/model/labels.h"

namespace karpenter::devcluster {
namespace {

using model::labels::kArch;
using model::labels::kHostname;
using model::labels::kInstanceType;
using model::labels::kOs;
using model::labels::kRegion;
using model::labels::kZone;

constexpr auto kRetry = std::chrono::milliseconds(500);
constexpr auto kRound = std::chrono::milliseconds(20);  // steps are at least that far apart
constexpr std::string_view kNotReadyTaint = "node.kubernetes.io/not-ready";

void write_resources(json::Ref out, const model::Resources& resources) {
  out.set_object();
  for (const auto& [name, amount] : resources) out[name].set(amount.text());
}

void write_taints(json::Ref out, const std::vector<model::Taint>& taints) {
  out.set_array();
  for (const auto& taint : taints) {
    const auto entry = out.push_back();
    entry["key"].set(taint.key);
    entry["effect"].set(taint.effect);
    if (!taint.value.empty()) entry["value"].set(taint.value);
  }
}

void write_labels(json::Ref labels, const InstanceView& instance, const Bootstrap& bootstrap) {
  for (const auto& [key, value] : bootstrap.labels) labels[key].set(value);
  labels[kHostname].set(instance.private_dns_name);
  labels[kInstanceType].set(instance.type);
  labels[kZone].set(instance.zone);
  labels[kRegion].set(instance.region);
  labels[model::labels::kZoneId].set(instance.zone_id);
  labels[kArch].set(instance.architecture == "arm64" ? "arm64" : "amd64");
  labels[kOs].set("linux");
}

std::string_view ready_status(json::View node) {
  for (const auto condition : node["status"]["conditions"].items()) {
    if (condition["type"].string_or("") == "Ready") return condition["status"].string().value_or("");
  }
  return "";
}

bool is_not_ready_taint(json::View taint) { return taint["key"].string_or("") == kNotReadyTaint; }

bool is_deleting(json::View object) { return object["metadata"]["deletionTimestamp"].exists(); }

}  // namespace

Kubelets::Kubelets(kube::Client& client, AwsCloud& cloud, std::string cluster_name, KubeletTimes times)
    : client_(client),
      cloud_(cloud),
      cluster_name_(std::move(cluster_name)),
      times_(times),
      signal_(client.runtime()),
      pods_(client, kPods, signal_),
      nodes_(client, kNodes, signal_) {}

void Kubelets::start() {
  auto& runtime = client_.runtime();
  runtime.spawn("kubelet-pods", [this](std::stop_token stop) { pods_.run(std::move(stop)); });
  runtime.spawn("kubelet-nodes", [this](std::stop_token stop) { nodes_.run(std::move(stop)); });
  runtime.spawn("kubelet-cloud", [this](std::stop_token stop) { follow_cloud(std::move(stop)); });
  runtime.spawn("kubelets", [this](std::stop_token stop) { run(std::move(stop)); });
}

void Kubelets::follow_cloud(std::stop_token stop) {
  std::uint64_t seen = 0;
  while (!stop.stop_requested()) {
    seen = cloud_.wait_change(seen, {.deadline = runtime::Mono::max(), .stop = stop});
    signal_.bump();
  }
}

void Kubelets::run(std::stop_token stop) {
  std::uint64_t seen = 0;
  Mono next = Mono::max();
  while (!stop.stop_requested()) {
    seen = signal_.wait(seen, {.deadline = next, .stop = stop});
    const kube::Call call{.deadline = Mono::max(), .stop = stop};
    if (pods_.synced() && nodes_.synced()) next = step(call);
    static_cast<void>(runtime::sleep_for(client_.runtime(), kRound, call));
  }
}

Kubelets::Verdict Kubelets::due(const std::string& what, base::Nanos delay) {
  const Mono now = client_.runtime().mono();
  const auto [it, fresh] = timers_.emplace(what, now + delay);
  touched_.insert(what);
  if (it->second > now) {
    next_ = std::min(next_, it->second);
    return Verdict::kWait;
  }
  // The act may fail or its effect not be visible yet: look again a little later.
  it->second = now + kRetry;
  next_ = std::min(next_, it->second);
  return Verdict::kDue;
}

runtime::Mono Kubelets::step(const kube::Call& call) {
  next_ = Mono::max();
  touched_.clear();
  by_provider_id_.clear();
  for (auto& instance : cloud_.instances())
    by_provider_id_.emplace(instance.provider_id(), std::move(instance));
  for (const auto& [id, instance] : by_provider_id_) visit_instance(instance, call);
  for (const auto& [key, node] : nodes_.objects()) visit_node(key.name, *node, call);
  for (const auto& [key, pod] : pods_.objects()) visit_pod(key, *pod, call);
  std::erase_if(timers_, [this](const auto& timer) { return !touched_.contains(timer.first); });
  return next_;
}

void Kubelets::visit_instance(const InstanceView& instance, const kube::Call& call) {
  if (instance.state != InstanceState::kRunning) return;
  if (nodes_.find({.namespace_name = "", .name = instance.private_dns_name})) return;
  if (due("boot/" + instance.id, times_.boot) == Verdict::kWait) return;
  static_cast<void>(register_node(instance, call));  // a failure is tried again: the timer runs on
}

base::Status Kubelets::register_node(const InstanceView& instance, const kube::Call& call) {
  ASSIGN_OR_RETURN(Bootstrap bootstrap, read_user_data(instance.user_data));
  if (bootstrap.cluster_name != cluster_name_) return base::invalid("user data joins another cluster");
  bootstrap.taints.push_back(
      {.key = std::string(kNotReadyTaint), .value = "", .effect = "NoSchedule", .time_added = {}});
  const auto size = node_size(instance, bootstrap.max_pods.value_or(instance.max_pods));
  json::Value node = json::Value::object();
  node["apiVersion"].set("v1");
  node["kind"].set("Node");
  node["metadata"]["name"].set(instance.private_dns_name);
  write_labels(node["metadata"]["labels"], instance, bootstrap);
  node["spec"]["providerID"].set(instance.provider_id());
  write_taints(node["spec"]["taints"], bootstrap.taints);
  write_resources(node["status"]["capacity"], size.capacity);
  write_resources(node["status"]["allocatable"], size.allocatable);
  node["status"]["nodeInfo"]["kubeletVersion"].set("v1.34.0");
  node["status"]["nodeInfo"]["architecture"].set(instance.architecture == "arm64" ? "arm64" : "amd64");
  node["status"]["nodeInfo"]["operatingSystem"].set("linux");
  node["status"]["nodeInfo"]["bootID"].set(instance.id);
  const auto address = node["status"]["addresses"].push_back();
  address["type"].set("InternalIP");
  address["address"].set(instance.private_ip);
  auto answer = client_.send(kube::create_request(kNodes, "", node), call);
  return answer.has_value() ? base::ok() : base::Status(std::move(answer).error());
}

// A Node without a providerID was made by hand: its machine is always up.
bool Kubelets::has_machine(json::View node) const {
  const auto provider_id = node["spec"]["providerID"].string_or("");
  if (provider_id.empty()) return true;
  const auto it = by_provider_id_.find(provider_id);
  return it != by_provider_id_.end() && it->second.state == InstanceState::kRunning;
}

void Kubelets::visit_node(const std::string& name, json::View node, const kube::Call& call) {
  const auto provider_id = node["spec"]["providerID"].string_or("");
  const auto it = by_provider_id_.find(provider_id);
  if (has_machine(node)) {
    become_ready(name, node, call);
    return;
  }
  if (!provider_id.starts_with("aws://")) return;  // another cloud's
  if (ready_status(node) == "True" && due("lost/" + name, base::Nanos{0}) == Verdict::kDue) {
    static_cast<void>(set_ready(name, "Unknown", call));
  }
  const bool gone = it == by_provider_id_.end() || it->second.state == InstanceState::kTerminated;
  if (gone && !is_deleting(node) && due("gone/" + name, times_.node_gone) == Verdict::kDue) {
    static_cast<void>(force_delete(client_, kNodes, {.namespace_name = "", .name = name},
                                   node["metadata"]["uid"].string_or(""), call));
  }
}

// Failures are tried again by the timers.
void Kubelets::become_ready(const std::string& name, json::View node, const kube::Call& call) {
  if (ready_status(node) != "True") {
    if (due("ready/" + name, times_.ready) == Verdict::kDue) static_cast<void>(set_ready(name, "True", call));
    return;
  }
  const auto taints = node["spec"]["taints"].items();
  if (std::ranges::none_of(taints, is_not_ready_taint)) return;
  if (due("untaint/" + name, base::Nanos{0}) == Verdict::kWait) return;
  json::Value patch = json::Value::object();
  patch["metadata"]["resourceVersion"].set(node["metadata"]["resourceVersion"]);
  patch["spec"]["taints"].set_array();
  for (const auto taint : taints) {
    if (!is_not_ready_taint(taint)) patch["spec"]["taints"].push_back(taint);
  }
  static_cast<void>(merge_patch(client_, kNodes, {.namespace_name = "", .name = name}, patch, "", call));
}

base::Status Kubelets::set_ready(const std::string& name, std::string_view status, const kube::Call& call) {
  json::Value patch = json::Value::object();
  const auto condition = patch["status"]["conditions"].push_back();
  condition["type"].set("Ready");
  condition["status"].set(status);
  condition["reason"].set(status == "True" ? "KubeletReady" : "NodeStatusUnknown");
  condition["lastTransitionTime"].set(base::format_rfc3339(client_.runtime().now()));
  return merge_patch(client_, kNodes, {.namespace_name = "", .name = name}, patch, "status", call);
}

void Kubelets::visit_pod(const model::ObjectKey& key, json::View pod, const kube::Call& call) {
  const auto node_name = pod["spec"]["nodeName"].string_or("");
  if (node_name.empty()) return;
  const auto node = nodes_.find({.namespace_name = "", .name = node_name});
  const auto uid = pod["metadata"]["uid"].string_or("");
  if (!node) {  // pod garbage collection: the node is gone for good
    if (due("orphan/" + uid, kRetry) == Verdict::kDue) {
      static_cast<void>(force_delete(client_, kPods, key, uid, call));
    }
    return;
  }
  if (!has_machine(*node)) return;  // nobody answers there
  if (is_deleting(pod)) {
    const auto grace = std::chrono::seconds(pod["metadata"]["deletionGracePeriodSeconds"].integer_or(30));
    if (due("stop/" + uid, std::min<base::Nanos>(times_.pod_stop, grace)) == Verdict::kDue) {
      static_cast<void>(force_delete(client_, kPods, key, uid, call));
    }
    return;
  }
  if (pod["status"]["phase"].string_or("Pending") != "Pending") return;
  if (due("start/" + uid, times_.pod_start) == Verdict::kDue) static_cast<void>(run_pod(key, pod, call));
}

base::Status Kubelets::run_pod(const model::ObjectKey& key, json::View pod, const kube::Call& call) {
  const auto now = base::format_rfc3339(client_.runtime().now());
  json::Value patch = json::Value::object();
  const auto status = patch["status"];
  status["phase"].set("Running");
  status["startTime"].set(now);
  status["podIP"].set("10.0.0.1");
  for (const auto* type : {"PodScheduled", "Initialized", "ContainersReady", "Ready"}) {
    const auto condition = status["conditions"].push_back();
    condition["type"].set(type);
    condition["status"].set("True");
    condition["lastTransitionTime"].set(now);
  }
  for (const auto container : pod["spec"]["containers"].items()) {
    const auto entry = status["containerStatuses"].push_back();
    entry["name"].set(container["name"]);
    entry["ready"].set(true);
    entry["restartCount"].set(0);
    entry["image"].set(container["image"]);
    entry["imageID"].set("");
    entry["state"]["running"]["startedAt"].set(now);
  }
  return merge_patch(client_, kPods, key, patch, "status", call);
}

}  // namespace karpenter::devcluster
