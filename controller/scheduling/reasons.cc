#include "controller/scheduling/reasons.h"

#include <algorithm>

#include "common/base/strings.h"
#include "controller/scheduling/schedule.h"

namespace karpenter::scheduling {

const Reasons::All& Reasons::all() const {
  static const All none;
  return all_ ? *all_ : none;
}

bool Reasons::is_deferred() const {
  return std::ranges::any_of(pools(),
                             [](const Reason& r) { return r.code == ReasonCode::kReservedCapacity; });
}

const char* name_of(ReasonCode code) {
  switch (code) {
    case ReasonCode::kNoNodePools:
      return "no-pools";
    case ReasonCode::kRequirementsConflict:
      return "requirements";
    case ReasonCode::kTaintNotTolerated:
      return "taint";
    case ReasonCode::kLimitExceeded:
      return "limit";
    case ReasonCode::kNoInstanceTypeFits:
      return "resources";
    case ReasonCode::kNoOffering:
      return "offering";
    case ReasonCode::kTopology:
      return "topology";
    case ReasonCode::kUnsupported:
      return "unsupported";
    case ReasonCode::kStepsExhausted:
      return "steps";
    case ReasonCode::kMinValues:
      return "min-values";
    case ReasonCode::kHostPort:
      return "host-port";
    case ReasonCode::kVolume:
      return "volume";
    case ReasonCode::kReservedCapacity:
      return "reserved";
    case ReasonCode::kNotReady:
      return "not-ready";
  }
  return "?";
}

std::string render(const Unplaced& unplaced) {
  std::vector<std::string> parts;
  for (const auto& reason : unplaced.reasons) {
    parts.push_back(reason.node_pool.empty()
                        ? reason.detail
                        : "incompatible with nodepool \"" + reason.node_pool + "\", " + reason.detail);
  }
  return base::join(parts, "; ");
}

std::vector<std::string> render_in_full(const Unplaced& unplaced) {
  std::vector<std::string> out;
  const auto with_nearest = [](std::string line, const std::string& nearest) {
    return nearest.empty() ? line : line + "; would help: " + nearest;
  };
  for (const auto& reason : unplaced.reasons) {
    const std::string who = reason.node_pool.empty() ? "" : "nodepool " + reason.node_pool + ": ";
    out.push_back(with_nearest(who + reason.detail, reason.nearest));
  }
  for (const auto& reason : unplaced.reasons.nodes()) {
    const std::string who = std::to_string(reason.nodes) + " node" + (reason.nodes == 1 ? "" : "s") +
                            " (such as " + reason.example + "): ";
    out.push_back(with_nearest(who + reason.detail, reason.nearest));
  }
  return out;
}

}  // namespace karpenter::scheduling
