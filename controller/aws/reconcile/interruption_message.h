#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/base/time.h"

// EventBridge messages from the interruption queue. Pure. spec: aws §12.2

namespace karpenter::aws {

enum class InterruptionKind : std::uint8_t {
  kNoOp,
  kSpotInterrupted,
  kRebalanceRecommendation,
  kInstanceStopped,
  kInstanceTerminated,
  kCapacityReservationInterrupted,
  kScheduledChange,
};
[[nodiscard]] std::string_view kind_name(InterruptionKind kind);  // "spot_interrupted": metric label

struct InterruptionMessage {
  InterruptionKind kind = InterruptionKind::kNoOp;
  std::vector<std::string> instance_ids;
  std::optional<base::Time> time;  // when the event happened; empty when missing or unreadable
};

// An empty body or an unknown event is kNoOp. kInvalid for a body that is not a JSON object.
[[nodiscard]] base::Result<InterruptionMessage> parse_interruption(std::string_view body);

}  // namespace karpenter::aws
