#include "controller/disruption/plan/cost.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "common/model/labels.h"

namespace karpenter::disruption::plan {

namespace {

constexpr double kDeletionCostUnit = 134217728.0;  // 2^27
constexpr double kPriorityUnit = 33554432.0;       // 2^25
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The deletion cost that an annotation asks for, 0 when absent or not an int32.
double annotated_cost(const Pod& pod) {
  auto it = pod.meta.annotations.find(model::labels::kDisruptionCost);
  if (it == pod.meta.annotations.end()) it = pod.meta.annotations.find(model::labels::kPodDeletionCost);
  if (it == pod.meta.annotations.end()) return 0;
  const auto value = base::parse_int64(it->second);
  if (!value || *value < std::numeric_limits<std::int32_t>::min() ||
      *value > std::numeric_limits<std::int32_t>::max()) {
    return 0;
  }
  return static_cast<double>(*value) / kDeletionCostUnit;
}

double cheapest_launchable(const cloud::InstanceType& type, const model::Requirements& requirements) {
  double best = kInfinity;
  for (const auto& offering : type.offerings) {
    if (is_launchable(offering, requirements)) best = std::min(best, offering.price);
  }
  return best;
}

}  // namespace

double pod_eviction_cost(const Pod& pod) {
  double cost = 1.0 + annotated_cost(pod);
  if (pod.spec.priority) cost += static_cast<double>(*pod.spec.priority) / kPriorityUnit;
  return std::clamp(cost, -10.0, 10.0);
}

double node_disruption_cost(std::span<const std::shared_ptr<const Pod>> reschedulable) {
  double cost = 1.0;
  for (const auto& pod : reschedulable) cost += std::max(0.0, pod_eviction_cost(*pod));
  return cost;
}

double candidate_price(const cloud::InstanceType* type, std::string_view zone,
                       std::string_view capacity_type) {
  if (type == nullptr) return 0;
  for (const auto& offering : type->offerings) {
    if (offering.zone != zone || offering.capacity_type != capacity_type) continue;
    return std::isnan(offering.price) ? 0 : offering.price;
  }
  return 0;
}

bool is_launchable(const cloud::Offering& offering, const model::Requirements& requirements) {
  return offering.available && requirements.compatible(offering.requirements, model::well_known_labels());
}

double worst_launch_price(const cloud::InstanceType& type, const model::Requirements& requirements) {
  constexpr std::array kLaunchOrder{model::labels::kReserved, model::labels::kSpot, model::labels::kOnDemand};
  for (const auto capacity_type : kLaunchOrder) {
    double worst = -kInfinity;
    for (const auto& offering : type.offerings) {
      if (offering.capacity_type == capacity_type && is_launchable(offering, requirements)) {
        worst = std::max(worst, offering.price);
      }
    }
    if (worst > -kInfinity) return worst;
  }
  return kInfinity;
}

cloud::InstanceTypes order_by_price(cloud::InstanceTypes types, const model::Requirements& requirements) {
  std::vector<std::pair<double, std::shared_ptr<const cloud::InstanceType>>> priced;
  priced.reserve(types.size());
  for (auto& type : types) {
    const double price = cheapest_launchable(*type, requirements);
    priced.emplace_back(price, std::move(type));
  }
  std::ranges::sort(priced, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second->name < b.second->name;
  });
  cloud::InstanceTypes out;
  out.reserve(priced.size());
  for (auto& entry : priced) out.push_back(std::move(entry.second));
  return out;
}

std::optional<std::size_t> types_for_min_values(const cloud::InstanceTypes& types,
                                                const model::Requirements& requirements) {
  std::map<std::string_view, std::set<std::string, std::less<>>> seen;
  const auto satisfied = [&] {
    return std::ranges::all_of(requirements, [&](const auto& entry) {
      const auto& min = entry.second.min_values();
      return !min || std::cmp_greater_equal(seen[entry.first].size(), *min);
    });
  };
  if (satisfied()) return 0;
  for (std::size_t i = 0; i < types.size(); ++i) {
    for (const auto& [key, requirement] : requirements) {
      const auto* offered = types[i]->requirements.find(key);
      if (!requirement.min_values() || offered == nullptr || offered->complement()) continue;
      for (const auto& value : offered->values()) {
        if (requirement.has(value)) seen[key].insert(value);
      }
    }
    if (satisfied()) return i + 1;
  }
  return std::nullopt;
}

std::optional<cloud::InstanceTypes> filter_cheaper(const cloud::InstanceTypes& types,
                                                   const model::Requirements& requirements,
                                                   double max_price) {
  cloud::InstanceTypes cheaper;
  std::ranges::copy_if(types, std::back_inserter(cheaper),
                       [&](const auto& type) { return worst_launch_price(*type, requirements) < max_price; });
  if (!cheaper.empty() && !types_for_min_values(cheaper, requirements)) return std::nullopt;
  return cheaper;
}

}  // namespace karpenter::disruption::plan
