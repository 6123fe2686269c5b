#include "common/model/karpenter/v1.h"
#include "common/schema/binding.h"
#include "common/schema/patterns.h"
#include "common/schema/tables/shared.h"

// karpenter.sh/v1. spec: api §2.2, §2.3, §3.2, §3.3

namespace karpenter::schema {
namespace {

Type requirements(KeyDomains domains) {
  Type item = limited_requirement({"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "Gte", "Lte"},
                                  requirement_key_rules(domains));
  Type type = list(std::move(item)).required().max_items(100).atomic();
  type.rules = {
      in_needs_values(),
      {.rule = "self.all(x, !(x.operator in ['Gt', 'Lt', 'Gte', 'Lte']) || (x.values.size() == 1 && "
               "int(x.values[0]) >= 0))",
       .message = "requirements operator 'Gt', 'Lt', 'Gte', or 'Lte' must have a single positive integer "
                  "value"},
      min_values_need_values()};
  return type;
}

Type node_class_ref() {
  using model::NodeClassRef;
  return object({
                    field<&NodeClassRef::group>("group",
                                                string()
                                                    .required()
                                                    .pattern(patterns::kNoSlash)
                                                    .rule("self != ''", "group may not be empty"),
                                                "API group of the NodeClass."),
                    field<&NodeClassRef::kind>(
                        "kind", string().required().rule("self != ''", "kind may not be empty"),
                        "Kind of the NodeClass."),
                    field<&NodeClassRef::name>(
                        "name", string().required().rule("self != ''", "name may not be empty"),
                        "Name of the NodeClass."),
                })
      .required();
}

Type expire_after() { return string().pattern(patterns::kDurationOrNever).defaulted(R"("720h")"); }

Type pool_template() {
  using model::NodePoolTemplate;
  using model::NodePoolTemplateMeta;
  using Spec = model::NodePoolTemplateSpec;
  Type labels = map(string().max_length(63).pattern(patterns::kLabelValue)).max_properties(100).atomic();
  labels.rules = label_map_rules(KeyDomains::kV1NodePool);
  Type ref = node_class_ref()
                 .rule("self.group == oldSelf.group", "nodeClassRef.group is immutable")
                 .rule("self.kind == oldSelf.kind", "nodeClassRef.kind is immutable");
  Type spec = object({
      field<&Spec::expire_after>(
          "expireAfter", expire_after(),
          "How long a node may live before it is replaced; Never switches expiration off."),
      field<&Spec::node_class_ref>("nodeClassRef", std::move(ref),
                                   "The NodeClass that nodes are launched with."),
      field<&Spec::requirements>("requirements", requirements(KeyDomains::kV1NodePool),
                                 "What nodes may look like; ANDed with the requirements of the pods."),
      field<&Spec::startup_taints>(
          "startupTaints", list(limited_taint()).atomic(),
          "Taints that something else removes once a new node is ready; ignored in scheduling."),
      field<&Spec::taints>("taints", list(limited_taint()).atomic(), "Taints of the nodes."),
      field<&Spec::termination_grace_period>(
          "terminationGracePeriod", string().pattern(patterns::kDuration),
          "How long a node may take to drain before it is removed regardless."),
  });
  return object({
      field<&NodePoolTemplate::meta>(
          "metadata",
          object({
              field<&NodePoolTemplateMeta::annotations>("annotations", "Annotations of the nodes."),
              field<&NodePoolTemplateMeta::labels>("labels", std::move(labels), "Labels of the nodes."),
          }),
          "Labels and annotations of the nodes."),
      field<&NodePoolTemplate::spec>("spec", std::move(spec).required(), "Desired state of the nodes."),
  });
}

Type budgets() {
  using model::Budget;
  return list(object({
                  field<&Budget::duration>("duration", string().pattern(patterns::kBudgetDuration),
                                           "How long the budget is active after each hit of the schedule."),
                  field<&Budget::nodes>(
                      "nodes", string().required().pattern(patterns::kBudgetNodes).defaulted(R"("10%")"),
                      "How many nodes, or what share of them, may be disrupted at once."),
                  field<&Budget::reasons>(
                      "reasons",
                      list(string().one_of({"Underutilized", "Empty", "Drifted", "Unhealthy"}))
                          .max_items(50)
                          .set(),
                      "The disruption reasons that the budget is about; all when absent."),
                  field<&Budget::schedule>(
                      "schedule", string().pattern(patterns::kCron),
                      "When the budget becomes active, as cron in UTC; always when absent."),
              }))
      .max_items(50)
      .atomic()
      .defaulted(R"([{"nodes":"10%"}])")
      .rule("self.all(x, has(x.schedule) == has(x.duration))", "'schedule' must be set with 'duration'");
}

Type disruption() {
  using model::Disruption;
  return object(
             {
                 field<&Disruption::budgets>("budgets", budgets(),
                                             "Limits on how many nodes are disrupted at once."),
                 field<&Disruption::consolidate_after>(
                     "consolidateAfter", string().pattern(patterns::kDurationOrNever).defaulted(R"("0s")"),
                     "How long no pod may have come or gone before a node is considered for consolidation."),
                 field<&Disruption::consolidation_policy>(
                     "consolidationPolicy",
                     string()
                         .one_of({"WhenEmpty", "WhenEmptyOrUnderutilized", "Balanced"})
                         .defaulted(R"("WhenEmptyOrUnderutilized")"),
                     "Which nodes consolidation may touch."),
             })
      .defaulted(R"({"consolidateAfter":"0s"})");
}

Type pool_spec() {
  using model::NodePoolSpec;
  return object({
                    field<&NodePoolSpec::disruption>("disruption", disruption(),
                                                     "When and how nodes are replaced."),
                    field<&NodePoolSpec::limits>("limits", quantities(),
                                                 "How much the nodes of this pool may add up to."),
                    field<&NodePoolSpec::replicas>("replicas", int64().at_least(0),
                                                   "A fixed number of nodes; makes the pool static."),
                    field<&NodePoolSpec::node_template>("template", pool_template().required(),
                                                        "What the nodes of this pool are made from."),
                    field<&NodePoolSpec::weight>("weight", int32().range(1, 100),
                                                 "Pools of higher weight are tried first."),
                })
      .required()
      .rule("has(self.replicas) == has(oldSelf.replicas)",
            "Cannot transition NodePool between static (replicas set) and dynamic (replicas unset) "
            "provisioning modes")
      .rule("!has(self.replicas) || !has(self.limits) || self.limits.all(x, x == 'nodes')",
            "only 'limits.nodes' is supported on static NodePools")
      .rule("!has(self.replicas) || !has(self.weight)", "'weight' is not supported on static NodePools");
}

}  // namespace

template <>
const Type& type_of<model::NodePool>() {
  using model::NodePool;
  using model::NodePoolStatus;
  static const Type type = object({
      metadata<&NodePool::meta>(),
      field<&NodePool::spec>("spec", pool_spec(), "Desired state of a pool of nodes."),
      field<&NodePool::status>(
          "status",
          object({
              field<&NodePoolStatus::conditions>(
                  "conditions", limited_conditions(ConditionRules::kStandard).keyed_by("type"),
                  "Conditions of the pool."),
              field<&NodePoolStatus::node_class_observed_generation>(
                  "nodeClassObservedGeneration", int64(),
                  "Generation of the NodeClass when registration health was last judged."),
              field<&NodePoolStatus::nodes>("nodes", int64().defaulted("0"), "How many nodes the pool owns."),
              field<&NodePoolStatus::resources>("resources", quantities(),
                                                "What the nodes of the pool add up to."),
          }),
          "Observed state of the pool."),
  });
  return type;
}

template <>
const Type& type_of<model::NodeClaim>() {
  using model::NodeClaim;
  using Spec = model::NodeClaimSpec;
  using Status = model::NodeClaimStatus;
  static const Type type = object({
      metadata<&NodeClaim::meta>(),
      field<&NodeClaim::spec>(
          "spec",
          object(
              {
                  field<&Spec::expire_after>("expireAfter", expire_after(), "How long the node may live."),
                  field<&Spec::node_class_ref>("nodeClassRef", node_class_ref(),
                                               "The NodeClass to launch with."),
                  field<&Spec::requirements>("requirements", requirements(KeyDomains::kV1NodeClaim),
                                             "What the node may look like."),
                  group("resources",
                        object({field<&Spec::requests>("requests", quantities(),
                                                       "What the pods need at least.")}),
                        "What the node must offer."),
                  field<&Spec::startup_taints>("startupTaints", list(limited_taint()).atomic(),
                                               "Taints that something else removes once the node is ready."),
                  field<&Spec::taints>("taints", list(limited_taint()).atomic(), "Taints of the node."),
                  field<&Spec::termination_grace_period>("terminationGracePeriod",
                                                         string().pattern(patterns::kDuration),
                                                         "How long the node may take to drain."),
              })
              .required()
              .rule("self == oldSelf", "spec is immutable"),
          "Desired state of one node."),
      field<&NodeClaim::status>(
          "status",
          object({
              field<&Status::allocatable>("allocatable", quantities(), "What pods can use of the node."),
              field<&Status::capacity>("capacity", quantities(), "What the node has."),
              field<&Status::conditions>("conditions",
                                         limited_conditions(ConditionRules::kRelaxed).keyed_by("type"),
                                         "Conditions of the claim."),
              field<&Status::image_id>("imageID", "The image that the node runs."),
              field<&Status::last_pod_event_time>("lastPodEventTime",
                                                  "When a pod last came to or left the node."),
              field<&Status::node_name>("nodeName", "Name of the node object."),
              field<&Status::provider_id>("providerID", "Id of the instance at the cloud."),
          }),
          "Observed state of the claim."),
  });
  return type;
}

}  // namespace karpenter::schema
