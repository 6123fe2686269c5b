#include "controller/aws/reconcile/offering_metrics_controller.h"

#include <chrono>
#include <utility>

#include "common/model/labels.h"

namespace karpenter::aws {

void add_offerings(const cloud::InstanceTypes& types, std::map<OfferingKey, OfferingSeries>& series) {
  for (const auto& type : types) {
    for (const auto& offering : type->offerings) {
      auto& one = series[{type->name, offering.capacity_type, offering.zone}];
      one.available = one.available || offering.available;
      one.price = offering.price;
      series.try_emplace({type->name, std::string(model::labels::kReserved), offering.zone});
    }
  }
}

base::Result<reconcile::Outcome> OfferingMetricsController::reconcile(const model::ObjectKey&,
                                                                      const Call& call) {
  std::map<OfferingKey, OfferingSeries> series;
  base::Status result = base::ok();
  for (const auto& pool : parts_.seams.node_pools.list()) {
    auto types = parts_.cloud->instance_types(*pool, call);
    if (types) {
      add_offerings(*types, series);
    } else if (result) {
      result = std::move(types).error().add("NodePool", pool->meta.name);
    }
  }
  for (const auto& [key, one] : series) {
    const auto& [type, capacity_type, zone] = key;
    const telemetry::Labels labels = {
        {"instance_type", type}, {"capacity_type", capacity_type}, {"zone", zone}};
    parts_.seams.metrics.gauge("karpenter_cloudprovider_instance_type_offering_available", labels,
                               one.available ? 1 : 0);
    parts_.seams.metrics.gauge("karpenter_cloudprovider_instance_type_offering_price_estimate", labels,
                               one.price);
  }
  if (!result) return std::move(result).error();
  return reconcile::Outcome(reconcile::RequeueAfter{std::chrono::minutes(1)});
}

}  // namespace karpenter::aws
