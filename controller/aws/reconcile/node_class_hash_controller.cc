#include "controller/aws/reconcile/node_class_hash_controller.h"

#include "common/admission/admission.h"
#include "common/model/conditions.h"
#include "common/model/labels.h"

namespace karpenter::aws {

namespace labels = model::labels;
using reconcile::Done;
using reconcile::Outcome;

NodeClassHashController::NodeClassHashController(AwsParts& parts,
                                                 const kube::Store<model::NodeClaim>& node_claims)
    : parts_(parts), node_claims_(node_claims), classes_(parts.seams.kube), claims_(parts.seams.kube) {}

base::Status NodeClassHashController::restamp_claims(const model::Ec2NodeClass& node_class,
                                                     const std::string& hash, const Call& call) {
  for (const auto& claim : node_claims_.list()) {
    if (claim->spec.node_class_ref.name != node_class.meta.name) continue;
    if (claim->meta.annotation(labels::kNodeClassHashVersion) == labels::kNodeClassHashVersionNow) continue;
    model::NodeClaim after = *claim;
    after.meta.annotations[std::string(labels::kNodeClassHashVersion)] = labels::kNodeClassHashVersionNow;
    // A drifted claim keeps its old hash, so that it stays drifted.
    if (model::find_condition(claim->status.conditions, model::condition::kDrifted) == nullptr) {
      after.meta.annotations[std::string(labels::kNodeClassHash)] = hash;
    }
    auto written = claims_.patch(*claim, after, kube::Locking::kUnlocked, call);
    if (!written && written.error().code != base::Code::kNotFound) {
      return std::move(written).error().add("NodeClaim", claim->meta.name);
    }
  }
  return base::ok();
}

base::Result<Outcome> NodeClassHashController::reconcile(const model::ObjectKey& key, const Call& call) {
  const auto node_class = parts_.seams.node_classes.find(key);
  if (!node_class) return Outcome(Done{});
  const std::string hash = admission::node_class_hash(*node_class);
  if (node_class->meta.annotation(labels::kNodeClassHashVersion) != labels::kNodeClassHashVersionNow) {
    RETURN_IF_ERROR(restamp_claims(*node_class, hash, call));
  }
  model::Ec2NodeClass after = *node_class;
  after.meta.annotations[std::string(labels::kNodeClassHash)] = hash;
  after.meta.annotations[std::string(labels::kNodeClassHashVersion)] = labels::kNodeClassHashVersionNow;
  auto written = classes_.patch(*node_class, after, kube::Locking::kUnlocked, call);
  if (!written) return reconcile::outcome_of(std::move(written).error());
  return Outcome(Done{});
}

}  // namespace karpenter::aws
