#include "controller/aws/reconcile/interruption_controller.h"

#include <chrono>
#include <utility>

#include "common/base/duration.h"
#include "common/model/labels.h"

namespace karpenter::aws {
namespace {

namespace labels = model::labels;
using reconcile::Outcome;
using reconcile::RequeueAfter;

// "At once" for a queue that polls for 20 s by itself; the longer pause is for stand-ins that answer empty
// immediately.
constexpr std::chrono::milliseconds kNextPoll{1};
constexpr std::chrono::seconds kIdlePause{1};

struct KindEvent {
  std::string_view type;
  std::string_view reason;
  std::string_view message;
};
// spec: aws §17.2
KindEvent kind_event(InterruptionKind kind) {
  switch (kind) {
    case InterruptionKind::kSpotInterrupted:
      return {"Warning", "SpotInterrupted", "Spot interruption warning was triggered"};
    case InterruptionKind::kRebalanceRecommendation:
      return {"Normal", "SpotRebalanceRecommendation", "Spot rebalance recommendation was triggered"};
    case InterruptionKind::kInstanceStopped:
      return {"Warning", "InstanceStopping", "Instance is stopping"};
    case InterruptionKind::kInstanceTerminated:
      return {"Warning", "InstanceTerminating", "Instance is terminating"};
    case InterruptionKind::kCapacityReservationInterrupted:
      return {"Warning", "CapacityReservationInstanceInterrupted",
              "Capacity reservation interruption was triggered"};
    case InterruptionKind::kScheduledChange:
      return {"Warning", "InstanceUnhealthy", "An unhealthy warning was triggered for the instance"};
    case InterruptionKind::kNoOp:
      break;
  }
  return {};
}

bool deletes_claim(InterruptionKind kind) {
  return kind != InterruptionKind::kNoOp && kind != InterruptionKind::kRebalanceRecommendation;
}

// spec: lifecycle §14.1.1
std::string termination_mode(const model::NodeClaim& claim) {
  if (!claim.spec.termination_grace_period) return "graceful";
  const auto period = base::parse_duration(*claim.spec.termination_grace_period);
  return period && period->count() > 0 ? "eventual" : "forceful";
}

std::vector<double> latency_buckets() {
  return {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 180, 300, 600};
}

}  // namespace

InterruptionController::InterruptionController(AwsParts& parts, Stores stores)
    : parts_(parts), stores_(stores), claims_(parts.seams.kube), log_(parts.seams.log) {}

InterruptionController::Index InterruptionController::index() const {
  Index out;
  for (auto& claim : stores_.node_claims.list()) {
    if (auto id = instance_id_of(claim->status.provider_id)) out.claims.emplace(std::move(*id), claim);
  }
  for (auto& node : stores_.nodes.list()) {
    if (auto id = instance_id_of(node->spec.provider_id)) out.nodes.emplace(std::move(*id), node);
  }
  return out;
}

base::Result<Outcome> InterruptionController::reconcile(const model::ObjectKey&, const Call& call) {
  if (queue_url_.empty()) {
    ASSIGN_OR_RETURN(queue_url_, parts_.sqs->get_queue_url(parts_.settings.interruption_queue, call));
    log_.debug("watching interruption queue", {{"queue", parts_.settings.interruption_queue}});
  }
  const auto started = parts_.seams.runtime.mono();
  ASSIGN_OR_RETURN(const auto messages, parts_.sqs->receive(queue_url_, call));
  if (messages.empty()) {
    const bool polled = parts_.seams.runtime.mono() - started >= kIdlePause;
    return Outcome(
        RequeueAfter{polled ? std::chrono::nanoseconds(kNextPoll) : std::chrono::nanoseconds(kIdlePause)});
  }
  const Index current = index();
  base::Status result = base::ok();
  for (const auto& message : messages) {
    auto processed = process(message, current, call);
    if (!processed && result) result = std::move(processed);
  }
  if (!result) return std::move(result).error();
  return Outcome(RequeueAfter{kNextPoll});
}

base::Status InterruptionController::process(const QueueMessage& message, const Index& current,
                                             const Call& call) {
  const auto parsed = parse_interruption(message.body);
  if (!parsed) {
    log_.error(parsed.error(), "failed parsing interruption message");
    return parts_.sqs->remove(queue_url_, message.receipt_handle, call);
  }
  auto& metrics = parts_.seams.metrics;
  metrics.count("karpenter_interruption_received_messages_total",
                {{"message_type", std::string(kind_name(parsed->kind))}});
  RETURN_IF_ERROR(handle(*parsed, current, call));
  if (parsed->time) {
    const std::chrono::duration<double> age = parts_.seams.runtime.now() - *parsed->time;
    metrics.observe("karpenter_interruption_message_queue_duration_seconds", {}, age.count(),
                    latency_buckets());
  }
  RETURN_IF_ERROR(parts_.sqs->remove(queue_url_, message.receipt_handle, call));
  metrics.count("karpenter_interruption_deleted_messages_total");
  return base::ok();
}

base::Status InterruptionController::handle(const InterruptionMessage& message, const Index& current,
                                            const Call& call) {
  base::Status result = base::ok();
  for (const auto& id : message.instance_ids) {
    const auto node = current.nodes.find(id);
    const auto [first, last] = current.claims.equal_range(id);
    for (auto it = first; it != last; ++it) {
      auto done =
          act(message.kind, *it->second, node == current.nodes.end() ? nullptr : node->second.get(), call);
      if (!done && result) result = std::move(done);  // all are attempted, the first error is told
    }
  }
  return result;
}

void InterruptionController::publish(const model::NodeClaim& claim, const model::Node* node,
                                     const telemetry::Event& event) {
  telemetry::Event for_claim = event;
  for_claim.object = {"karpenter.sh/v1", "NodeClaim", "", claim.meta.name, claim.meta.uid};
  for_claim.dedupe = {claim.meta.uid};
  parts_.seams.events.publish(std::move(for_claim));
  if (node == nullptr) return;
  telemetry::Event for_node = event;
  for_node.object = {"v1", "Node", "", node->meta.name, node->meta.uid};
  for_node.dedupe = {node->meta.uid};
  parts_.seams.events.publish(std::move(for_node));
}

void InterruptionController::notify(InterruptionKind kind, const model::NodeClaim& claim,
                                    const model::Node* node) {
  const KindEvent text = kind_event(kind);
  telemetry::Event event;
  event.type = text.type;
  event.reason = text.reason;
  event.message = text.message;
  publish(claim, node, event);
  const auto zone = claim.meta.label(labels::kZone);
  const auto type = claim.meta.label(labels::kInstanceType);
  if (kind == InterruptionKind::kSpotInterrupted && !zone.empty() && !type.empty()) {
    parts_.unavailable->mark({labels::kSpot, type, zone});
  }
}

base::Status InterruptionController::act(InterruptionKind kind, const model::NodeClaim& claim,
                                         const model::Node* node, const Call& call) {
  notify(kind, claim, node);
  if (!deletes_claim(kind) || claim.meta.is_deleting()) return base::ok();
  kube::DeleteOptions options;
  options.preconditions.uid = claim.meta.uid;
  auto removed = claims_.remove(model::key_of(claim.meta), options, call);
  if (!removed && removed.error().code == base::Code::kNotFound) return base::ok();
  if (!removed) return std::move(removed).error().add("NodeClaim", claim.meta.name);
  log_.info("initiating delete from interruption message",
            {{"NodeClaim", telemetry::object_ref(claim.meta.name)}, {"message-kind", kind_name(kind)}});
  parts_.seams.metrics.count("karpenter_nodeclaims_disrupted_total",
                             {{"reason", std::string(kind_name(kind))},
                              {"nodepool", std::string(claim.meta.label(labels::kNodePool))},
                              {"capacity_type", std::string(claim.meta.label(labels::kCapacityType))},
                              {"consolidation_policy", ""},
                              {"termination_mode", termination_mode(claim)}});
  telemetry::Event event;
  event.type = "Warning";
  event.reason = "TerminatingOnInterruption";
  event.message = "Interruption triggered termination for the NodeClaim";
  publish(claim, node, event);
  return base::ok();
}

}  // namespace karpenter::aws
