#include "tests/devcluster/workloads/workloads.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "common/kube/codec.h"
#include "common/model/core/core.h"
#include "common/model/selectors.h"

namespace karpenter::devcluster {
namespace {

constexpr auto kRound = std::chrono::milliseconds(20);
constexpr auto kExpectedFor = std::chrono::seconds(30);
constexpr auto kResync = std::chrono::seconds(2);  // what failed is tried again at least that often

std::string uid_of(json::View object) { return object["metadata"]["uid"].string_or(""); }

std::int64_t count_ready(const std::vector<KeyedObject>& pods) {
  return std::ranges::count_if(pods, [](const auto& pod) { return is_pod_ready(*pod.object); });
}

// Patches status only where it differs, so that a settled cluster is silent; and only the version that was
// looked at: an eviction that was granted meanwhile must not be forgotten.
base::Status update_status(kube::Client& client, const kube::Kind& kind, const KeyedObject& object,
                           const json::Value& status, const kube::Call& call) {
  json::Value after = (*object.object)["status"].clone();
  json::apply_merge_patch(after.ref(), status);
  if (after.view() == (*object.object)["status"]) return base::ok();
  json::Value patch = json::Value::object();
  patch["metadata"]["resourceVersion"].set((*object.object)["metadata"]["resourceVersion"]);
  patch["status"].set(status.view());
  return merge_patch(client, kind, object.key, patch, "status", call);
}

model::StringMap labels_of(json::View object) {
  model::StringMap out;
  for (const auto& [key, value] : object["metadata"]["labels"].members()) {
    out.emplace(std::string(key), value.string_or(""));
  }
  return out;
}

}  // namespace

Workloads::Workloads(kube::Client& client)
    : client_(client),
      signal_(client.runtime()),
      pods_(client, kPods, signal_),
      nodes_(client, kNodes, signal_),
      deployments_(client, kDeployments, signal_),
      replica_sets_(client, kReplicaSets, signal_),
      daemon_sets_(client, kDaemonSets, signal_),
      budgets_(client, kDisruptionBudgets, signal_) {}

void Workloads::start() {
  for (auto* cache : {&pods_, &nodes_, &deployments_, &replica_sets_, &daemon_sets_, &budgets_}) {
    client_.runtime().spawn("workloads-" + std::string(cache->kind().plural),
                            [cache](std::stop_token stop) { cache->run(std::move(stop)); });
  }
  client_.runtime().spawn("workloads", [this](std::stop_token stop) { run(std::move(stop)); });
}

bool Workloads::synced() const {
  return pods_.synced() && nodes_.synced() && deployments_.synced() && replica_sets_.synced() &&
         daemon_sets_.synced() && budgets_.synced();
}

void Workloads::run(std::stop_token stop) {
  std::uint64_t seen = 0;
  auto& runtime = client_.runtime();
  while (!stop.stop_requested()) {
    seen = signal_.wait(seen, {.deadline = runtime.mono() + kResync, .stop = stop});
    const kube::Call call{.deadline = runtime::Mono::max(), .stop = stop};
    if (synced()) step(call);
    static_cast<void>(runtime::sleep_for(runtime, kRound, call));
  }
}

void Workloads::step(const kube::Call& call) {
  pods_by_owner_.clear();
  const Objects pods = pods_.objects();
  forget_seen(pods);
  for (const auto& [key, pod] : pods) {
    if (is_pod_active(*pod)) pods_by_owner_[controller_uid(*pod)].push_back({key, pod});
  }
  const Objects nodes = nodes_.objects();
  const Objects replica_sets = replica_sets_.objects();
  for (const auto& [key, object] : deployments_.objects()) {
    static_cast<void>(sync_deployment({key, object}, replica_sets, call));
  }
  for (const auto& [key, object] : replica_sets) static_cast<void>(sync_replica_set({key, object}, call));
  for (const auto& [key, object] : daemon_sets_.objects()) {
    static_cast<void>(sync_daemon_set({key, object}, nodes, call));
  }
  for (const auto& [key, object] : budgets_.objects()) {
    static_cast<void>(sync_budget({key, object}, pods, replica_sets, call));
  }
}

// By the same look at the pods that the rest of the step goes by.
void Workloads::forget_seen(const Objects& pods) {
  const auto now = client_.runtime().mono();
  for (auto& [uid, expected] : expected_) {
    std::erase_if(expected, [&](const Expected& pod) { return pods.contains(pod.key) || pod.until <= now; });
  }
  std::erase_if(expected_, [](const auto& entry) { return entry.second.empty(); });
}

std::size_t Workloads::expected_of(json::View owner) const {
  const auto it = expected_.find(uid_of(owner));
  return it == expected_.end() ? 0 : it->second.size();
}

base::Status Workloads::remove_pod(const model::ObjectKey& key, const kube::Call& call) {
  auto answer = client_.send(kube::delete_request(kPods, key, json::Value::object()), call);
  if (answer.has_value() || answer.failed_with(base::Code::kNotFound)) return base::ok();
  return std::move(answer).error();
}

const std::vector<KeyedObject>& Workloads::pods_of(json::View owner) const {
  static const std::vector<KeyedObject> kNone;
  const auto it = pods_by_owner_.find(uid_of(owner));
  return it == pods_by_owner_.end() ? kNone : it->second;
}

base::Status Workloads::create(const kube::Kind& kind, json::View object, const kube::Call& call) {
  auto answer =
      client_.send(kube::create_request(kind, object["metadata"]["namespace"].string_or(""), object), call);
  if (!answer) return std::move(answer).error();
  if (kind.plural == kPods.plural) {
    expected_[controller_uid(*answer)].push_back(
        {.key = devcluster::key_of(*answer), .until = client_.runtime().mono() + kExpectedFor});
  }
  return base::ok();
}

base::Status Workloads::sync_deployment(const KeyedObject& deployment, const Objects& replica_sets,
                                        const kube::Call& call) {
  const json::View object = *deployment.object;
  if (object["metadata"]["deletionTimestamp"].exists()) return base::ok();
  const json::Value wanted = make_replica_set(object);
  const auto wanted_name = wanted["metadata"]["name"].string_or("");
  const auto replicas = object["spec"]["replicas"].integer_or(1);
  std::int64_t total = 0;
  std::int64_t ready = 0;
  std::int64_t updated = 0;
  bool found = false;
  for (const auto& [key, set] : replica_sets) {
    if (controller_uid(*set) != uid_of(object)) continue;
    const bool current = key.name == wanted_name;
    found = found || current;
    const auto& pods = pods_of(*set);
    total += static_cast<std::int64_t>(pods.size());
    ready += count_ready(pods);
    if (current) updated = static_cast<std::int64_t>(pods.size());
    const auto target = current ? replicas : 0;
    if ((*set)["spec"]["replicas"].integer_or(1) == target) continue;
    json::Value patch = json::Value::object();
    patch["spec"]["replicas"].set(target);
    RETURN_IF_ERROR(merge_patch(client_, kReplicaSets, key, patch, "", call));
  }
  if (!found) RETURN_IF_ERROR(create(kReplicaSets, wanted, call));
  json::Value status = json::Value::object();
  status["observedGeneration"].set(object["metadata"]["generation"].integer_or(0));
  status["replicas"].set(total);
  status["updatedReplicas"].set(updated);
  status["readyReplicas"].set(ready);
  status["availableReplicas"].set(ready);
  status["unavailableReplicas"].set(std::max<std::int64_t>(0, replicas - ready));
  return update_status(client_, kDeployments, deployment, status, call);
}

base::Status Workloads::sync_replica_set(const KeyedObject& set, const kube::Call& call) {
  const json::View object = *set.object;
  if (object["metadata"]["deletionTimestamp"].exists()) return base::ok();
  const auto& pods = pods_of(object);
  const auto have = pods.size() + expected_of(object);
  const auto want =
      static_cast<std::size_t>(std::max<std::int64_t>(0, object["spec"]["replicas"].integer_or(1)));
  const json::Value pod = make_pod(object, "ReplicaSet", object["spec"]["template"]);
  for (std::size_t i = have; i < want; ++i) RETURN_IF_ERROR(create(kPods, pod, call));
  if (have > want) {
    for (const auto& victim : pick_victims(pods, have - want)) RETURN_IF_ERROR(remove_pod(victim.key, call));
  }
  json::Value status = json::Value::object();
  status["observedGeneration"].set(object["metadata"]["generation"].integer_or(0));
  status["replicas"].set(static_cast<std::int64_t>(pods.size()));
  status["readyReplicas"].set(count_ready(pods));
  status["availableReplicas"].set(count_ready(pods));
  return update_status(client_, kReplicaSets, set, status, call);
}

base::Status Workloads::sync_daemon_set(const KeyedObject& set, const Objects& nodes,
                                        const kube::Call& call) {
  const json::View object = *set.object;
  if (object["metadata"]["deletionTimestamp"].exists()) return base::ok();
  const auto& pods = pods_of(object);
  const bool caught_up = expected_of(object) == 0;
  std::set<std::string> served;
  for (const auto& pod : pods) {
    const auto node = pinned_node(*pod.object);
    served.insert(node);
    // Never bound, and now it never will be.
    if (!nodes.contains({.namespace_name = "", .name = node})) RETURN_IF_ERROR(remove_pod(pod.key, call));
  }
  std::int64_t desired = 0;
  for (const auto& [key, node] : nodes) {
    if (!daemon_runs_on(object["spec"]["template"], *node)) continue;
    ++desired;
    if (served.contains(key.name) || !caught_up) continue;
    json::Value pod = make_pod(object, "DaemonSet", object["spec"]["template"]);
    pin_daemon(pod.ref(), key.name);
    RETURN_IF_ERROR(create(kPods, pod, call));
  }
  json::Value status = json::Value::object();
  status["observedGeneration"].set(object["metadata"]["generation"].integer_or(0));
  status["desiredNumberScheduled"].set(desired);
  status["currentNumberScheduled"].set(static_cast<std::int64_t>(pods.size()));
  status["numberReady"].set(count_ready(pods));
  return update_status(client_, kDaemonSets, set, status, call);
}

base::Status Workloads::sync_budget(const KeyedObject& budget, const Objects& pods,
                                    const Objects& replica_sets, const kube::Call& call) {
  auto decoded = kube::decode<model::PodDisruptionBudget>(*budget.object);
  if (!decoded) return std::move(decoded).error();
  std::vector<Object> selected;
  for (const auto& [key, pod] : pods) {
    if (key.namespace_name == budget.key.namespace_name && is_pod_active(*pod) && decoded->selector &&
        model::matches(*decoded->selector, labels_of(*pod))) {
      selected.push_back(pod);
    }
  }
  const auto counts = budget_status(*budget.object, selected, count_wanted(selected, replica_sets));
  json::Value status = json::Value::object();
  status["observedGeneration"].set((*budget.object)["metadata"]["generation"].integer_or(0));
  status["expectedPods"].set(counts.expected);
  status["currentHealthy"].set(counts.healthy);
  status["desiredHealthy"].set(counts.desired);
  status["disruptionsAllowed"].set(counts.allowed);
  for (const auto& entry : (*budget.object)["status"]["disruptedPods"].members()) {
    const auto stays = std::ranges::any_of(
        selected, [&](const Object& pod) { return (*pod)["metadata"]["name"].string_or("") == entry.first; });
    if (!stays) status["disruptedPods"][entry.first].set(nullptr);  // its eviction has come about
  }
  return update_status(client_, kDisruptionBudgets, budget, status, call);
}

}  // namespace karpenter::devcluster
