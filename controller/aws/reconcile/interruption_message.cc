#include "controller/aws/reconcile/interruption_message.h"

#include "common/base/strings.h"
#include "common/json/json.h"

namespace karpenter::aws {
namespace {

constexpr std::string_view kSpotWarning = "EC2 Spot Instance Interruption Warning";
constexpr std::string_view kRebalance = "EC2 Instance Rebalance Recommendation";
constexpr std::string_view kStateChange = "EC2 Instance State-change Notification";
constexpr std::string_view kReservationWarning = "EC2 Capacity Reservation Instance Interruption Warning";
constexpr std::string_view kHealth = "AWS Health Event";

InterruptionKind state_change_kind(std::string_view state) {
  const std::string lower = base::to_lower(state);
  if (lower != "stopping" && lower != "stopped" && lower != "shutting-down" && lower != "terminated") {
    return InterruptionKind::kNoOp;
  }
  // Acceptance ignores case, the distinction does not. spec: aws §18 37
  return state == "stopping" || state == "stopped" ? InterruptionKind::kInstanceStopped
                                                   : InterruptionKind::kInstanceTerminated;
}

InterruptionKind kind_of(json::View root) {
  if (root["version"].string_or("") != "0") return InterruptionKind::kNoOp;
  const std::string source = root["source"].string_or("");
  const std::string type = root["detail-type"].string_or("");
  const json::View detail = root["detail"];
  if (source == "aws.health" && type == kHealth) {
    const bool scheduled = detail["service"].string_or("") == "EC2" &&
                           detail["eventTypeCategory"].string_or("") == "scheduledChange";
    return scheduled ? InterruptionKind::kScheduledChange : InterruptionKind::kNoOp;
  }
  if (source != "aws.ec2") return InterruptionKind::kNoOp;
  if (type == kSpotWarning) return InterruptionKind::kSpotInterrupted;
  if (type == kRebalance) return InterruptionKind::kRebalanceRecommendation;
  if (type == kReservationWarning) return InterruptionKind::kCapacityReservationInterrupted;
  if (type == kStateChange) return state_change_kind(detail["state"].string_or(""));
  return InterruptionKind::kNoOp;
}

}  // namespace

std::string_view kind_name(InterruptionKind kind) {
  switch (kind) {
    case InterruptionKind::kNoOp:
      return "no_op";
    case InterruptionKind::kSpotInterrupted:
      return "spot_interrupted";
    case InterruptionKind::kRebalanceRecommendation:
      return "rebalance_recommendation";
    case InterruptionKind::kInstanceStopped:
      return "instance_stopped";
    case InterruptionKind::kInstanceTerminated:
      return "instance_terminated";
    case InterruptionKind::kCapacityReservationInterrupted:
      return "capacity_reservation_interrupted";
    case InterruptionKind::kScheduledChange:
      return "scheduled_change";
  }
  return "";
}

base::Result<InterruptionMessage> parse_interruption(std::string_view body) {
  InterruptionMessage out;
  if (base::trim(body).empty()) return out;
  ASSIGN_OR_RETURN(const json::Value parsed, json::parse(body));
  const json::View root = parsed.view();
  if (!root.is_object()) return base::invalid("the message is not a JSON object");
  out.kind = kind_of(root);
  if (auto time = base::parse_rfc3339(root["time"].string_or(""))) out.time = *time;
  if (out.kind == InterruptionKind::kScheduledChange) {
    for (const json::View entity : root["detail"]["affectedEntities"].items()) {
      if (auto id = entity["entityValue"].string()) out.instance_ids.emplace_back(*id);
    }
  } else if (out.kind != InterruptionKind::kNoOp) {
    if (auto id = root["detail"]["instance-id"].string()) out.instance_ids.emplace_back(*id);
  }
  return out;
}

}  // namespace karpenter::aws
