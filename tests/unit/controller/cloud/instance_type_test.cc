#include "controller/cloud/instance_type.h"

#include <gtest/gtest.h>

#include <string>

#include "common/model/labels.h"

namespace karpenter::cloud {
namespace {

using model::Requirement;

Offering offering(std::string capacity_type, std::string zone, double price, bool available = true) {
  Offering out;
  out.requirements.add(Requirement::in(model::labels::kCapacityType, {capacity_type}));
  out.requirements.add(Requirement::in(model::labels::kZone, {zone}));
  out.capacity_type = std::move(capacity_type);
  out.zone = std::move(zone);
  out.price = price;
  out.available = available;
  return out;
}

// spec: aws §3.9
TEST(FindCheapest, available_compatible_then_price_then_zone) {
  InstanceType type;
  type.offerings = {offering("spot", "c", 1, false), offering("spot", "b", 2), offering("spot", "a", 2),
                    offering("on-demand", "a", 5)};
  model::Requirements any;
  ASSERT_NE(find_cheapest(type, any), nullptr);
  EXPECT_EQ(find_cheapest(type, any)->zone, "a");
  model::Requirements on_demand;
  on_demand.add(Requirement::in(model::labels::kCapacityType, {"on-demand"}));
  EXPECT_EQ(find_cheapest(type, on_demand)->price, 5);
  on_demand.add(Requirement::in("team", {"a"}));  // a label of the NodePool's template
  EXPECT_NE(find_cheapest(type, on_demand), nullptr);
  model::Requirements other_zone;
  other_zone.add(Requirement::in(model::labels::kZone, {"c"}));
  EXPECT_EQ(find_cheapest(type, other_zone), nullptr);  // there, but not to be had
}

}  // namespace
}  // namespace karpenter::cloud
