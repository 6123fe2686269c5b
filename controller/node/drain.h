#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"

// The decisions of draining a node, without I/O. spec: disruption §20, lifecycle §4.9

namespace karpenter::node {

using base::Time;
using PodPtr = std::shared_ptr<const model::Pod>;
using Deadline = std::optional<Time>;  // the moment by which every pod must be gone

// A pod that eviction can no longer remove in time. Never without a deadline. spec: disruption §20.2
[[nodiscard]] bool must_force(const model::Pod& pod, Deadline deadline, Time now);

struct DrainPlan {
  std::vector<PodPtr> evict;  // to queue now: forced ones of all tiers, and the first tier that has any
  std::size_t waiting = 0;    // all pods that the drain still waits for
};
// `pods` are those bound to the node. spec: disruption §20.1
[[nodiscard]] DrainPlan plan_drain(std::span<const PodPtr> pods, Deadline deadline, Time now);

// What to do with one queued pod. spec: disruption §20.3
struct EvictionStep {
  enum class Kind : std::uint8_t { kDrop, kWait, kEvict, kForce };
  Kind kind = Kind::kDrop;
  std::int64_t grace_seconds = 0;  // for kForce, at least 1
};
[[nodiscard]] EvictionStep plan_eviction(const model::Pod& pod, Deadline deadline, Time now);

// Names of the attachments that the node must lose before its instance may go: not inline ones, not those of
// pods that stay to the end. spec: disruption §19.3
using AttachmentPtr = std::shared_ptr<const model::VolumeAttachment>;
[[nodiscard]] std::vector<std::string> blocking_attachments(
    std::span<const AttachmentPtr> attachments,
    const std::set<std::string, std::less<>>& volumes_of_staying_pods);
// Claim names ("ns", "name") of the volumes of a pod: its PVCs and generic ephemeral volumes.
[[nodiscard]] std::vector<model::ObjectKey> volume_claims_of(const model::Pod& pod);

// The deadline that the claim carries; none without annotation, kInvalid when it does not parse.
[[nodiscard]] base::Result<Deadline> deadline_of(const model::NodeClaim* claim);

// Adds the disrupted taint (replacing others of its key) and the load balancer exclusion; false when both
// were there.
bool mark_disrupted(model::Node& node);

}  // namespace karpenter::node
