#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/conditions.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"

// The decisions of the NodeClaim lifecycle, without I/O: each reads what is, changes the claim in memory and
// says what is to be done outside. spec: lifecycle §4

namespace karpenter::nodeclaim {

using base::Time;
using Nodes = std::span<const std::shared_ptr<const model::Node>>;

inline constexpr std::chrono::minutes kLaunchLimit{5};
inline constexpr std::chrono::minutes kRegistrationLimit{15};

// Merges what the cloud launched into the claim: labels (the claim's win), annotations (the cloud's win) and
// status; sets Launched. spec: lifecycle §4.3 step 3
void accept_launch(model::NodeClaim& claim, const model::NodeClaim& launched, Time now);
// Launched=Unknown with the error's reason, its text cut to 1024 bytes; the same for the same failure of
// another request. spec: lifecycle §4.3 step 4
void refuse_launch(model::NodeClaim& claim, base::Error error, Time now);
// At most `limit` bytes; of a cut text the last three are "...".
[[nodiscard]] std::string cut_text(std::string text, std::size_t limit);

// What registration wants done to the Node.
struct Registration {
  std::shared_ptr<const model::Node> before;  // null: nothing to do
  model::Node after;
  bool unregistered_taint_missing = false;
};
// Finds the one Node and prepares its synchronisation; sets Registered only when there is none or more than
// one. spec: lifecycle §4.4
[[nodiscard]] Registration plan_registration(model::NodeClaim& claim, Nodes nodes, Time now);
// After the Node was written.
void accept_registration(model::NodeClaim& claim, const model::Node& node, Time now);

// The Node to label as initialized, or null: then the claim says why not. spec: lifecycle §4.5
[[nodiscard]] std::shared_ptr<const model::Node> plan_initialization(model::NodeClaim& claim, Nodes nodes,
                                                                     Time now);
void accept_initialization(model::NodeClaim& claim, Time now);

// Deadlines of launch and registration. spec: lifecycle §4.6
struct Liveness {
  std::vector<std::string_view> expired;  // metric reasons: launch_timeout, registration_timeout
  std::optional<std::chrono::nanoseconds> check_after;
};
[[nodiscard]] Liveness plan_liveness(const model::NodeClaim& claim, Time now);

// The moment the claim expires by spec.expireAfter; nothing for Never or text that does not parse. spec:
// lifecycle §5.7
[[nodiscard]] std::optional<Time> expires_at(const model::NodeClaim& claim);
// The value of annotation karpenter.sh/nodeclaim-termination-timestamp that is still to be written, "" for
// none. spec: lifecycle §4.8 step 2
[[nodiscard]] std::string missing_termination_timestamp(const model::NodeClaim& claim);

}  // namespace karpenter::nodeclaim
