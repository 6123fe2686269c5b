#pragma once

#include "controller/disruption/plan/node_view.h"
#include "controller/disruption/services.h"

// The visible marks on a candidate: the taint on its Node and the condition on its NodeClaim. spec:
// disruption §2.4, §16.2

namespace karpenter::disruption {

// Taints the Node and sets DisruptionReason. Objects that are gone meanwhile are fine.
base::Status mark(const Services& services, const plan::NodeView& view, plan::Reason reason,
                  const Call& call);
// Takes both away again; the taint only from a Node that is not being deleted. Writes only what changes
// anything.
base::Status unmark(const Services& services, const plan::NodeView& view, const Call& call);
// The objects carry something that unmark() would take away.
[[nodiscard]] bool has_marks(const plan::NodeView& view);

}  // namespace karpenter::disruption
