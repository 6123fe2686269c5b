#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/karpenter/v1.h"
#include "common/model/requirements.h"
#include "common/model/resources.h"

namespace karpenter::cloud {

// One way to buy an instance type. spec: aws §3.9
struct Offering {
  model::Requirements requirements;  // capacity type, zone, zone id, reservation
  std::string zone;
  std::string capacity_type;  // spot, on-demand, reserved
  double price = 0;           // $/h, finite, >= 0
  bool available = false;
  std::int64_t reservation_capacity = 0;  // instances left in the reservation of a reserved offering
};

// What a cloud can launch. Immutable once built; shared between passes. spec: scheduling §7.4, §12; aws §3
struct InstanceType {
  std::string name;
  model::Requirements requirements;  // every label the type can have
  std::vector<Offering> offerings;   // ordered by capacity type, zone
  model::Resources capacity;
  model::Resources overhead;  // kube reserved + system reserved + eviction threshold
  [[nodiscard]] model::Resources allocatable() const { return capacity - overhead; }
};

// Ordered by name.
using InstanceTypes = std::vector<std::shared_ptr<const InstanceType>>;

// Cheapest available offering compatible with `requirements`, or null. Ties by zone.
[[nodiscard]] const Offering* find_cheapest(const InstanceType& type,
                                            const model::Requirements& requirements);

}  // namespace karpenter::cloud
