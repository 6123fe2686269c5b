#pragma once

#include <chrono>
#include <cstdint>

#include "common/base/time.h"
#include "common/model/core/core.h"
#include "controller/scheduling/pods.h"

// What disruption and drain may do with a pod, besides what scheduling asks about it. Pure predicates. spec:
// disruption §3.3, §3.4

namespace karpenter::disruption::plan {

using base::Time;
using model::Pod;

using scheduling::is_active;
using scheduling::is_owned_by_daemon_set;
using scheduling::is_owned_by_node;  // mirror (static) pods
using scheduling::is_reschedulable;
using scheduling::is_terminal;

[[nodiscard]] bool is_terminating(const Pod& pod);  // has a deletion timestamp
[[nodiscard]] bool tolerates_disrupted(const Pod& pod);
[[nodiscard]] bool is_critical(const Pod& pod);  // system-cluster-critical or system-node-critical

// What annotation karpenter.sh/do-not-disrupt asks for at `now`.
struct DoNotDisrupt {
  enum class Kind : std::uint8_t { kAbsent, kInvalid, kForever, kUntil, kUntilUnknown, kElapsed };
  Kind kind = Kind::kAbsent;
  Time until = {};  // for kUntil
  [[nodiscard]] bool active() const {
    return kind == Kind::kForever || kind == Kind::kUntil || kind == Kind::kUntilUnknown;
  }
};
[[nodiscard]] DoNotDisrupt do_not_disrupt(const Pod& pod, Time now);

[[nodiscard]] bool is_disruptable(const Pod& pod, Time now);
[[nodiscard]] bool is_evictable(const Pod& pod, Time now);
[[nodiscard]] bool is_stuck_terminating(const Pod& pod, Time now);
[[nodiscard]] bool is_drainable(const Pod& pod, Time now);
[[nodiscard]] bool is_waiting_eviction(const Pod& pod, Time now);

}  // namespace karpenter::disruption::plan
