#include "controller/disruption/plan/pods.h"

#include <algorithm>

#include "common/base/duration.h"
#include "common/model/labels.h"
#include "common/model/taints.h"

namespace karpenter::disruption::plan {

namespace {

constexpr std::chrono::minutes kStuckAfter{1};

}  // namespace

bool is_terminating(const Pod& pod) { return pod.meta.is_deleting(); }

bool tolerates_disrupted(const Pod& pod) {
  const model::Taint taint{.key = std::string(model::labels::kDisruptedTaint),
                           .value = "",
                           .effect = std::string(model::kNoSchedule),
                           .time_added = std::nullopt};
  return std::ranges::any_of(pod.spec.tolerations,
                             [&](const model::Toleration& t) { return model::tolerates(t, taint); });
}

bool is_critical(const Pod& pod) {
  return pod.spec.priority_class_name == "system-cluster-critical" ||
         pod.spec.priority_class_name == "system-node-critical";
}

DoNotDisrupt do_not_disrupt(const Pod& pod, Time now) {
  using Kind = DoNotDisrupt::Kind;
  const auto it = pod.meta.annotations.find(model::labels::kDoNotDisrupt);
  if (it == pod.meta.annotations.end()) return {};
  if (it->second == "true") return {.kind = Kind::kForever};
  const auto duration = base::parse_duration(it->second);
  if (!duration || *duration <= base::Nanos::zero()) return {.kind = Kind::kInvalid};
  if (!pod.status.start_time) return {.kind = Kind::kUntilUnknown};
  // Compared as differences: start + duration could overflow for a very long duration.
  if (now - *pod.status.start_time >= *duration) return {.kind = Kind::kElapsed};
  const auto room = Time::max() - *pod.status.start_time;
  return {.kind = Kind::kUntil, .until = *duration > room ? Time::max() : *pod.status.start_time + *duration};
}

bool is_disruptable(const Pod& pod, Time now) {
  return !is_active(pod) || !do_not_disrupt(pod, now).active();
}

bool is_evictable(const Pod& pod, Time now) {
  return is_active(pod) && !tolerates_disrupted(pod) && !is_owned_by_node(pod) &&
         !do_not_disrupt(pod, now).active();
}

bool is_stuck_terminating(const Pod& pod, Time now) {
  return is_terminating(pod) && now - *pod.meta.deletion_timestamp > kStuckAfter;
}

bool is_drainable(const Pod& pod, Time now) {
  return !tolerates_disrupted(pod) && !is_stuck_terminating(pod, now) && !is_owned_by_node(pod);
}

bool is_waiting_eviction(const Pod& pod, Time now) { return !is_terminal(pod) && is_drainable(pod, now); }

}  // namespace karpenter::disruption::plan
