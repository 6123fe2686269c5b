#include <utility>

#include "common/model/karpenter/node_overlay.h"
#include "common/schema/binding.h"
#include "common/schema/patterns.h"
#include "common/schema/tables/shared.h"

// karpenter.sh/v1alpha1 NodeOverlay. spec: api §5

namespace karpenter::schema {
namespace {

using model::NodeOverlay;
using Spec = model::NodeOverlaySpec;

Type overlay_requirements() {
  Type item =
      requirement_without_min_values({"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "Gte", "Lte"},
                                     requirement_key_rules(KeyDomains::kOverlay));
  Type type = list(std::move(item)).required().max_items(100).atomic();
  type.rules = {
      {.rule = "self.all(x, x.operator != 'NotIn' || x.values.size() > 0)",
       .message = "requirements with operator 'NotIn' must have a value defined"},
      in_needs_values(),
      {.rule = "self.all(x, !(x.operator in ['Gt', 'Lt', 'Gte', 'Lte']) || (x.values.size() == 1 && "
               "int(x.values[0]) >= 0))",
       .message = "requirements operator 'Gt', 'Lt', 'Gte' or 'Lte' must have a single positive integer "
                  "value"}};
  return type;
}

Type overlay_spec() {
  return object(
             {
                 field<&Spec::capacity>(
                     "capacity",
                     quantities().rule("self.all(x, !(x in ['cpu', 'memory', 'ephemeral-storage', 'pods']))",
                                       "invalid resource restricted"),
                     "Extended resources that the matching instance types have in addition."),
                 field<&Spec::price>("price", string().pattern(patterns::kPrice),
                                     "The price per hour, instead of the cloud's."),
                 field<&Spec::price_adjustment>(
                     "priceAdjustment", string().pattern(patterns::kPriceAdjustment),
                     "What to add to the price per hour: an amount or a percentage, with a sign."),
                 field<&Spec::requirements>("requirements", overlay_requirements(),
                                            "Which instance types and offerings the overlay is about."),
                 field<&Spec::weight>("weight", int32().range(1, 10000),
                                      "Which overlay wins where several are about the same: the highest."),
             })
      .required()
      .rule("!has(self.price) || !has(self.priceAdjustment)",
            "cannot set both 'price' and 'priceAdjustment'");
}

}  // namespace

template <>
const Type& type_of<NodeOverlay>() {
  using Status = model::NodeOverlayStatus;
  static const Type type = object({
      metadata<&NodeOverlay::meta>(),
      field<&NodeOverlay::spec>("spec", overlay_spec(), "Changes to what is known of instance types."),
      field<&NodeOverlay::status>(
          "status",
          object({field<&Status::conditions>(
              "conditions", limited_conditions(ConditionRules::kStandard).keyed_by("type"), "Conditions.")}),
          "Observed state of the overlay."),
  });
  return type;
}

}  // namespace karpenter::schema
