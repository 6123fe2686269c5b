#include "controller/node/eviction_queue.h"

#include <utility>

#include "common/model/conditions.h"

namespace karpenter::node {

namespace {

using base::Code;

constexpr reconcile::Outcome kDropped = reconcile::Done{};
constexpr reconcile::Outcome kAgain = reconcile::Retry{};

// The HTTP status of an eviction's answer; "" when none came.
std::string_view code_label(const base::Status& status) {
  if (status) return "200";
  switch (status.error().code) {
    case Code::kNotFound:
      return "404";
    case Code::kConflict:
      return "409";
    case Code::kThrottled:
      return "429";
    case Code::kForbidden:
      return "403";
    case Code::kInvalid:
      return "422";
    case Code::kInternal:
      return "500";
    default:
      return "";
  }
}

// The API server answers 500 when several budgets select the pod.
bool is_blocked_by_budget(const base::Error& error) {
  return error.code == Code::kThrottled ||
         error.text().find("more than one PodDisruptionBudget") != std::string::npos;
}

}  // namespace

EvictionQueue::EvictionQueue(Services services) : services_(std::move(services)) { add_indexes(services_); }

reconcile::ControllerSpec EvictionQueue::spec() {
  return {.name = "eviction-queue",
          .group = "",
          .kind = "Pod",
          .workers = 50,
          .limit = {.base = std::chrono::milliseconds(100),
                    .cap = std::chrono::seconds(10),
                    .bucket_qps = 100,
                    .bucket_burst = 1000}};
}

std::size_t EvictionQueue::size() const {
  runtime::Lock lock(mutex_);
  return entries_.size();
}

void EvictionQueue::add(std::span<const PodPtr> pods, Deadline deadline) {
  KARP_CHECK(queue_ != nullptr);
  for (const auto& pod : pods) {
    const auto key = model::key_of(pod->meta);
    bool wake = false;
    {
      runtime::Lock lock(mutex_);
      auto [it, added] = entries_.try_emplace(key, Entry{.uid = pod->meta.uid, .deadline = deadline});
      auto& entry = it->second;
      wake = added;
      if (!added && entry.uid != pod->meta.uid) {
        entry = {.uid = pod->meta.uid, .deadline = deadline};
        wake = true;
      } else if (!added && deadline && (!entry.deadline || *deadline < *entry.deadline)) {
        entry.deadline = deadline;
        wake = true;
      }
    }
    // A queued pod waits for its backoff; only news about it may cut that short. From the moment it must be
    // forced on, every drain pass is such news.
    if (wake || must_force(*pod, deadline, services_.runtime.now())) queue_->add(key);
  }
}

std::optional<EvictionQueue::Entry> EvictionQueue::find(const model::ObjectKey& key) const {
  runtime::Lock lock(mutex_);
  const auto it = entries_.find(key);
  if (it == entries_.end()) return std::nullopt;
  return it->second;
}

reconcile::Outcome EvictionQueue::drop(const model::ObjectKey& key, const std::string& uid) {
  runtime::Lock lock(mutex_);
  const auto it = entries_.find(key);
  if (it != entries_.end() && it->second.uid == uid) entries_.erase(it);
  return kDropped;
}

base::Result<reconcile::Outcome> EvictionQueue::reconcile(const model::ObjectKey& key, const Call& call) {
  const auto entry = find(key);
  if (!entry) return kDropped;
  const auto pod = services_.pods.find(key);
  if (!pod || pod->meta.uid != entry->uid) return drop(key, entry->uid);
  const auto step = plan_eviction(*pod, entry->deadline, services_.runtime.now());
  switch (step.kind) {
    case EvictionStep::Kind::kDrop:
      return drop(key, entry->uid);
    case EvictionStep::Kind::kWait:
      return kAgain;
    case EvictionStep::Kind::kForce:
      return force(*pod, *entry->deadline, step.grace_seconds, call);
    case EvictionStep::Kind::kEvict:
      return evict(*pod, call);
  }
  return kDropped;
}

base::Result<reconcile::Outcome> EvictionQueue::evict(const model::Pod& pod, const Call& call) {
  const auto key = model::key_of(pod.meta);
  auto status = kube::evict(services_.client, key, pod.meta.uid, call);
  if (const auto code = code_label(status); !code.empty()) {
    services_.metrics.count("karpenter_pods_eviction_requests_total", {{"code", std::string(code)}});
  }
  if (status) {
    const auto reason = reason_for(pod);
    services_.events.publish({.object = event_object(pod),
                              .type = "Normal",
                              .reason = "Evicted",
                              .message = "Evicted pod: " + reason,
                              .dedupe = {pod.meta.name}});
    services_.metrics.count("karpenter_pods_drained_total", {{"reason", reason}});
    return drop(key, pod.meta.uid);
  }
  const auto& error = status.error();
  if (error.code == Code::kNotFound || error.code == Code::kConflict) return drop(key, pod.meta.uid);
  if (is_blocked_by_budget(error)) return blocked(pod);
  return std::move(status).error().add("Pod", key.text());
}

reconcile::Outcome EvictionQueue::blocked(const model::Pod& pod) {
  const auto key = model::key_of(pod.meta);
  const auto node = services_.nodes.find(pod.spec.node_name);
  if (!node) return drop(key, pod.meta.uid);
  services_.events.publish(
      {.object = event_object(*node),
       .type = "Warning",
       .reason = "FailedDraining",
       .message = "Failed to drain node, evicting pod violates a PDB (Pod=" + key.text() + ")",
       .dedupe = {node->meta.name}});
  return kAgain;
}

base::Result<reconcile::Outcome> EvictionQueue::force(const model::Pod& pod, Time deadline,
                                                      std::int64_t grace_seconds, const Call& call) {
  const kube::Api<model::Pod> api(services_.client);
  const auto key = model::key_of(pod.meta);
  auto removed =
      api.remove(key, {.preconditions = {.uid = pod.meta.uid}, .grace_period_seconds = grace_seconds}, call);
  if (removed.failed_with(Code::kNotFound)) return drop(key, pod.meta.uid);
  if (!removed) return std::move(removed).error().add("Pod", key.text());
  const auto own = pod.spec.termination_grace_period_seconds.value_or(0);
  const auto time = base::format_rfc3339(deadline);
  services_.log.debug("deleting pod", {{"Pod", telemetry::object_ref(key.name, key.namespace_name)},
                                       {"pod.terminationGracePeriodSeconds", own},
                                       {"delete.gracePeriodSeconds", grace_seconds},
                                       {"nodeclaim.terminationTime", time}});
  services_.events.publish(
      {.object = event_object(pod),
       .type = "Normal",
       .reason = "Disrupted",
       .message = "Deleting the pod to accommodate the terminationTime " + time +
                  " of the node. The pod was granted " + std::to_string(grace_seconds) +
                  " seconds of grace-period of its " + std::to_string(own) +
                  " terminationGracePeriodSeconds. This bypasses the PDB of the pod and the "
                  "do-not-disrupt annotation.",
       .dedupe = {pod.meta.name}});
  services_.metrics.count("karpenter_pods_drained_total", {{"reason", reason_for(pod)}});
  return drop(key, pod.meta.uid);
}

std::string EvictionQueue::reason_for(const model::Pod& pod) const {
  const auto node = services_.nodes.find(pod.spec.node_name);
  const auto claim = node ? claim_of(services_, *node) : nullptr;
  if (!claim) return "";
  const auto* reason = model::find_condition(claim->status.conditions, model::condition::kDisruptionReason);
  return reason != nullptr && reason->status == model::kTrue ? reason->reason : "Forceful Termination";
}

}  // namespace karpenter::node
