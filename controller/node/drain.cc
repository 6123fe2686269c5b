#include "controller/node/drain.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/model/labels.h"
#include "controller/disruption/plan/pods.h"

namespace karpenter::node {

namespace {

namespace labels = model::labels;
namespace plan = disruption::plan;

// Evicted first: not critical, not DaemonSet; then not critical DaemonSet; then critical; then critical
// DaemonSet.
std::size_t tier_of(const model::Pod& pod) {
  return (plan::is_critical(pod) ? 2U : 0U) + (plan::is_owned_by_daemon_set(pod) ? 1U : 0U);
}

}  // namespace

bool must_force(const model::Pod& pod, Deadline deadline, Time now) {
  if (!deadline) return false;
  if (pod.meta.deletion_timestamp) return *pod.meta.deletion_timestamp > *deadline;
  const auto grace = pod.spec.termination_grace_period_seconds;
  return grace && now > *deadline - std::chrono::seconds(*grace);
}

DrainPlan plan_drain(std::span<const PodPtr> pods, Deadline deadline, Time now) {
  DrainPlan out;
  std::array<std::vector<PodPtr>, 4> tiers;
  for (const auto& pod : pods) {
    if (!plan::is_waiting_eviction(*pod, now)) continue;
    ++out.waiting;
    if (must_force(*pod, deadline, now)) {
      out.evict.push_back(pod);
    } else {
      tiers[tier_of(*pod)].push_back(pod);
    }
  }
  const auto first = std::ranges::find_if(tiers, [](const auto& tier) { return !tier.empty(); });
  if (first != tiers.end()) out.evict.insert(out.evict.end(), first->begin(), first->end());
  return out;
}

EvictionStep plan_eviction(const model::Pod& pod, Deadline deadline, Time now) {
  using Kind = EvictionStep::Kind;
  if (must_force(pod, deadline, now)) {
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(*deadline - now).count();
    return {.kind = Kind::kForce, .grace_seconds = std::max<std::int64_t>(left, 1)};
  }
  if (!plan::is_active(pod)) return {.kind = Kind::kDrop};
  return {.kind = plan::is_evictable(pod, now) ? Kind::kEvict : Kind::kWait};
}

std::vector<std::string> blocking_attachments(
    std::span<const AttachmentPtr> attachments,
    const std::set<std::string, std::less<>>& volumes_of_staying_pods) {
  std::vector<std::string> out;
  for (const auto& attachment : attachments) {
    const auto& volume = attachment->persistent_volume_name;
    if (!volume.empty() && !volumes_of_staying_pods.contains(volume)) out.push_back(attachment->meta.name);
  }
  return out;
}

std::vector<model::ObjectKey> volume_claims_of(const model::Pod& pod) {
  std::vector<model::ObjectKey> out;
  for (const auto& volume : pod.spec.volumes) {
    if (volume.persistent_volume_claim) {
      out.push_back({.namespace_name = pod.meta.namespace_name, .name = *volume.persistent_volume_claim});
    } else if (volume.is_ephemeral) {
      out.push_back({.namespace_name = pod.meta.namespace_name, .name = pod.meta.name + "-" + volume.name});
    }
  }
  return out;
}

base::Result<Deadline> deadline_of(const model::NodeClaim* claim) {
  if (claim == nullptr) return Deadline{};
  const auto text = claim->meta.annotation(labels::kTerminationTimestamp);
  if (text.empty()) return Deadline{};
  auto time = base::parse_rfc3339(text);
  if (!time) {
    return std::move(time)
        .error()
        .add("NodeClaim", claim->meta.name)
        .add("annotation", std::string(labels::kTerminationTimestamp));
  }
  return Deadline{*time};
}

bool mark_disrupted(model::Node& node) {
  constexpr std::string_view kExcluded = "karpenter";
  const model::Taint taint{.key = std::string(labels::kDisruptedTaint),
                           .value = "",
                           .effect = std::string(model::kNoSchedule),
                           .time_added = std::nullopt};
  bool changed = false;
  auto& taints = node.spec.taints;
  if (std::ranges::none_of(taints, [&](const model::Taint& t) { return t.same_key_and_effect(taint); })) {
    std::erase_if(taints, [&](const model::Taint& t) { return t.key == taint.key; });
    taints.push_back(taint);
    changed = true;
  }
  if (node.meta.label(labels::kExcludeBalancers) != kExcluded) {
    node.meta.labels.insert_or_assign(std::string(labels::kExcludeBalancers), kExcluded);
    changed = true;
  }
  return changed;
}

}  // namespace karpenter::node
