#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "common/base/result.h"
#include "controller/cloud/instance_type.h"
#include "controller/planner/manifests.h"

// What could be launched, as a file.

namespace karpenter::planner {

struct Catalogue {
  std::map<std::string, cloud::InstanceTypes, std::less<>> by_pool;  // "" serves the NodePools not named
  // Every label that a type or an offering has a say on: well-known, as a cloud provider arranges for its
  // own.
  std::set<std::string, std::less<>> labels;
  std::string reservation_label;  // of the offerings that belong to reservations; "" when there is none

  // Null when neither the pool nor "" has an entry.
  [[nodiscard]] const cloud::InstanceTypes* find(std::string_view pool) const;
  // Multiplies the prices of one capacity type.
  void scale_prices(std::string_view capacity_type, double factor);
};

// Reads a catalogue in the form that the cloud's own tools print.
using CloudForm = std::function<base::Result<cloud::InstanceTypes>(json::View root)>;

// A list of types, or an object of such lists by NodePool (docs/plan.md); an object with `InstanceTypes` is
// given to `cloud_form`. kInvalid names file, type and path.
[[nodiscard]] base::Result<Catalogue> read_catalogue(const Source& source,
                                                     const CloudForm& cloud_form = nullptr);

}  // namespace karpenter::planner
