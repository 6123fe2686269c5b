#include "controller/aws/reconcile/refresh_controllers.h"

#include <chrono>
#include <utility>

namespace karpenter::aws {

using reconcile::Outcome;
using reconcile::RequeueAfter;

base::Result<Outcome> PricingController::reconcile(const model::ObjectKey&, const Call& call) {
  // Neither failure undoes or prevents the other.
  auto on_demand = pricing_.update_on_demand(call);
  auto spot = pricing_.update_spot(call);
  if (!on_demand) return std::move(on_demand).error().add("prices", "on-demand");
  if (!spot) return std::move(spot).error().add("prices", "spot");
  return Outcome(RequeueAfter{std::chrono::hours(12)});
}

base::Result<Outcome> InstanceTypeController::reconcile(const model::ObjectKey&, const Call& call) {
  RETURN_IF_ERROR(types_.update(call));
  return Outcome(RequeueAfter{std::chrono::hours(12)});
}

base::Result<Outcome> VersionController::reconcile(const model::ObjectKey&, const Call& call) {
  RETURN_IF_ERROR(cluster_.update_version(call));
  return Outcome(RequeueAfter{std::chrono::minutes(5)});
}

}  // namespace karpenter::aws
