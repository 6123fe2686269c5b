#include "controller/cloud/instance_type.h"

#include <tuple>

namespace karpenter::cloud {

const Offering* find_cheapest(const InstanceType& type, const model::Requirements& requirements) {
  const Offering* best = nullptr;
  for (const auto& offering : type.offerings) {
    if (!offering.available) continue;
    // The offering is the incoming side: labels that only the node template knows must not matter here.
    if (!requirements.compatible(offering.requirements, model::well_known_labels())) continue;
    if (best == nullptr || std::tie(offering.price, offering.zone) < std::tie(best->price, best->zone)) {
      best = &offering;
    }
  }
  return best;
}

}  // namespace karpenter::cloud
