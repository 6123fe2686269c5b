#include "controller/provisioning/trigger.h"

#include <algorithm>

#include "common/model/labels.h"
#include "controller/scheduling/pods.h"

namespace karpenter::provisioning {
namespace {

constexpr std::chrono::seconds kAgain{10};

bool is_under_disruption(const model::Node& node) {
  return std::ranges::any_of(node.spec.taints, [](const model::Taint& taint) {
    return taint.key == model::labels::kDisruptedTaint && taint.effect == model::kNoSchedule;
  });
}

}  // namespace

base::Result<reconcile::Outcome> PodTrigger::reconcile(const model::ObjectKey& key,
                                                       const net::Call& /*call*/) {
  const auto pod = pods_.find(key);
  if (!pod || !scheduling::is_provisionable(*pod)) return reconcile::Outcome{reconcile::Done{}};
  ledger_.acknowledge(key);
  batcher_.trigger(pod->meta.uid);
  return reconcile::Outcome{reconcile::RequeueAfter{kAgain}};
}

base::Result<reconcile::Outcome> NodeTrigger::reconcile(const model::ObjectKey& key,
                                                        const net::Call& /*call*/) {
  const auto node = nodes_.find(key);
  if (!node || !is_under_disruption(*node)) return reconcile::Outcome{reconcile::Done{}};
  batcher_.trigger(node->meta.uid);
  return reconcile::Outcome{reconcile::RequeueAfter{kAgain}};
}

}  // namespace karpenter::provisioning
