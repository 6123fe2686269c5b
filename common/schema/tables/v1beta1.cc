#include <deque>
#include <string>
#include <utility>

#include "common/model/legacy/v1beta1.h"
#include "common/schema/binding.h"
#include "common/schema/patterns.h"
#include "common/schema/tables/shared.h"

// karpenter.sh/v1beta1. spec: api §4.5, §10.1, §10.2

namespace karpenter::schema {
namespace {

namespace v1beta1 = model::v1beta1;

std::string_view keep(std::string text) {
  static std::deque<std::string> texts;
  return texts.emplace_back(std::move(text));
}

Type reserved(const std::string& name) {
  return map(string().pattern(patterns::kQuantity))
      .rule("self.all(x, x in ['cpu', 'memory', 'ephemeral-storage', 'pid'])",
            keep("valid keys for " + name + " are ['cpu','memory','ephemeral-storage','pid']"))
      .rule("self.all(x, !self[x].startsWith('-'))",
            keep(name + " value cannot be a negative resource quantity"));
}

Type eviction(Type value, const std::string& name) {
  return map(std::move(value))
      .rule(
          "self.all(x, x in ['memory.available', 'nodefs.available', 'nodefs.inodesFree', "
          "'imagefs.available', "
          "'imagefs.inodesFree', 'pid.available'])",
          keep("valid keys for " + name +
               " are ['memory.available','nodefs.available','nodefs.inodesFree','imagefs.available',"
               "'imagefs.inodesFree','pid.available']"));
}

Type requirements(KeyDomains domains) {
  Type item = limited_requirement({"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"},
                                  requirement_key_rules(domains));
  Type type = list(std::move(item)).required().max_items(100);
  type.rules = {
      in_needs_values(),
      {.rule =
           "self.all(x, !(x.operator in ['Gt', 'Lt']) || (x.values.size() == 1 && int(x.values[0]) >= 0))",
       .message = "requirements operator 'Gt' or 'Lt' must have a single positive integer value"},
      min_values_need_values()};
  return type;
}

Type node_class_ref() {
  using v1beta1::NodeClassRef;
  return object({
                    field<&NodeClassRef::api_version>("apiVersion", "API version of the NodeClass."),
                    field<&NodeClassRef::kind>("kind", "Kind of the NodeClass."),
                    field<&NodeClassRef::name>("name", string().required(), "Name of the NodeClass."),
                })
      .required();
}

Type pool_template() {
  using model::NodePoolTemplateMeta;
  using Spec = v1beta1::NodePoolTemplateSpec;
  Type labels = map(string().max_length(63).pattern(patterns::kLabelValue)).max_properties(100);
  labels.rules = label_map_rules(KeyDomains::kBetaNodePool);
  Type spec = object({
      field<&Spec::kubelet>("kubelet", "Configuration of the kubelet."),
      field<&Spec::node_class_ref>("nodeClassRef", node_class_ref(),
                                   "The NodeClass that nodes are launched with."),
      field<&Spec::requirements>("requirements", requirements(KeyDomains::kBetaNodePool),
                                 "What nodes may look like."),
      group("resources", object({field<&Spec::requests>("requests", "Must be empty.")}).max_properties(0),
            "Must be empty."),
      field<&Spec::startup_taints>("startupTaints", list(limited_taint()),
                                   "Taints removed once a node is ready."),
      field<&Spec::taints>("taints", list(limited_taint()), "Taints of the nodes."),
  });
  return object({
      field<&v1beta1::NodePoolTemplate::meta>(
          "metadata",
          object({
              field<&NodePoolTemplateMeta::annotations>("annotations", "Annotations of the nodes."),
              field<&NodePoolTemplateMeta::labels>("labels", std::move(labels), "Labels of the nodes."),
          }),
          "Labels and annotations of the nodes."),
      field<&v1beta1::NodePoolTemplate::spec>("spec", std::move(spec).required(),
                                              "Desired state of the nodes."),
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
                  field<&Budget::schedule>("schedule", string().pattern(patterns::kCron),
                                           "When the budget becomes active, as cron in UTC."),
              }))
      .max_items(50)
      .defaulted(R"([{"nodes":"10%"}])")
      .rule("self.all(x, has(x.schedule) == has(x.duration))", "'schedule' must be set with 'duration'");
}

Type disruption() {
  using v1beta1::Disruption;
  return object(
             {
                 field<&Disruption::budgets>("budgets", budgets(),
                                             "Limits on how many nodes are disrupted at once."),
                 field<&Disruption::consolidate_after>("consolidateAfter",
                                                       string().pattern(patterns::kBetaDurationOrNever),
                                                       "How long a node must be empty."),
                 field<&Disruption::consolidation_policy>(
                     "consolidationPolicy",
                     string().one_of({"WhenEmpty", "WhenUnderutilized"}).defaulted(R"("WhenUnderutilized")"),
                     "Which nodes consolidation may touch."),
                 field<&Disruption::expire_after>(
                     "expireAfter", string().pattern(patterns::kBetaDurationOrNever).defaulted(R"("720h")"),
                     "How long a node may live."),
             })
      .defaulted(R"({"consolidationPolicy":"WhenUnderutilized","expireAfter":"720h"})")
      .rule(
          "!has(self.consolidateAfter) || self.consolidationPolicy != 'WhenUnderutilized' || "
          "self.consolidateAfter == 'Never'",
          "consolidateAfter cannot be combined with consolidationPolicy=WhenUnderutilized")
      .rule("self.consolidationPolicy != 'WhenEmpty' || has(self.consolidateAfter)",
            "consolidateAfter must be specified with consolidationPolicy=WhenEmpty");
}

}  // namespace

template <>
const Type& type_of<v1beta1::Kubelet>() {
  using v1beta1::Kubelet;
  static const Type type =
      object({
                 field<&Kubelet::cluster_dns>("clusterDNS", "Addresses of the cluster DNS."),
                 field<&Kubelet::cpu_cfs_quota>("cpuCFSQuota", "Whether CPU limits are enforced."),
                 field<&Kubelet::eviction_hard>(
                     "evictionHard", eviction(string().pattern(patterns::kEviction), "evictionHard"),
                     "Hard eviction thresholds."),
                 field<&Kubelet::eviction_max_pod_grace_period>(
                     "evictionMaxPodGracePeriod", "Longest grace period, in seconds, at soft eviction."),
                 field<&Kubelet::eviction_soft>(
                     "evictionSoft", eviction(string().pattern(patterns::kEviction), "evictionSoft"),
                     "Soft eviction thresholds."),
                 field<&Kubelet::eviction_soft_grace_period>("evictionSoftGracePeriod",
                                                             eviction(string(), "evictionSoftGracePeriod"),
                                                             "Grace periods of the soft thresholds."),
                 field<&Kubelet::image_gc_high_threshold_percent>(
                     "imageGCHighThresholdPercent", int32().range(0, 100),
                     "Disk usage that starts image garbage collection."),
                 field<&Kubelet::image_gc_low_threshold_percent>(
                     "imageGCLowThresholdPercent", int32().range(0, 100),
                     "Disk usage that ends image garbage collection."),
                 field<&Kubelet::kube_reserved>("kubeReserved", reserved("kubeReserved"),
                                                "Kept for Kubernetes itself."),
                 field<&Kubelet::max_pods>("maxPods", int32().at_least(0), "Most pods on a node."),
                 field<&Kubelet::pods_per_core>("podsPerCore", int32().at_least(0), "Most pods per core."),
                 field<&Kubelet::system_reserved>("systemReserved", reserved("systemReserved"),
                                                  "Kept for the system."),
             })
          .rule(
              "!has(self.imageGCHighThresholdPercent) || !has(self.imageGCLowThresholdPercent) || "
              "self.imageGCHighThresholdPercent > self.imageGCLowThresholdPercent",
              "imageGCHighThresholdPercent must be greater than imageGCLowThresholdPercent")
          .rule("!has(self.evictionSoft) || self.evictionSoft.all(x, x in self.evictionSoftGracePeriod)",
                "evictionSoft OwnerKey does not have a matching evictionSoftGracePeriod")
          .rule(
              "!has(self.evictionSoftGracePeriod) || self.evictionSoftGracePeriod.all(x, x in "
              "self.evictionSoft)",
              "evictionSoftGracePeriod OwnerKey does not have a matching evictionSoft");
  return type;
}

template <>
const Type& type_of<v1beta1::NodePool>() {
  using v1beta1::NodePool;
  using v1beta1::NodePoolSpec;
  using v1beta1::NodePoolStatus;
  static const Type type = object({
      metadata<&NodePool::meta>(),
      field<&NodePool::spec>(
          "spec",
          object({
                     field<&NodePoolSpec::disruption>("disruption", disruption(),
                                                      "When and how nodes are replaced."),
                     field<&NodePoolSpec::limits>("limits", "How much the nodes of this pool may add up to."),
                     field<&NodePoolSpec::node_template>("template", pool_template().required(),
                                                         "What the nodes of this pool are made from."),
                     field<&NodePoolSpec::weight>("weight", int32().range(1, 100),
                                                  "Pools of higher weight are tried first."),
                 })
              .required(),
          "Desired state of a pool of nodes."),
      field<&NodePool::status>(
          "status",
          object({
              field<&NodePoolStatus::conditions>("conditions", limited_conditions(ConditionRules::kStandard),
                                                 "Conditions."),
              field<&NodePoolStatus::resources>("resources", "What the nodes add up to."),
          }),
          "Observed state of the pool."),
  });
  return type;
}

template <>
const Type& type_of<v1beta1::NodeClaim>() {
  using Spec = v1beta1::NodeClaimSpec;
  using Status = model::NodeClaimStatus;
  static const Type type = object({
      metadata<&v1beta1::NodeClaim::meta>(),
      field<&v1beta1::NodeClaim::spec>(
          "spec",
          object({
                     field<&Spec::kubelet>("kubelet", "Configuration of the kubelet."),
                     field<&Spec::node_class_ref>("nodeClassRef", node_class_ref(),
                                                  "The NodeClass to launch with."),
                     field<&Spec::requirements>("requirements", requirements(KeyDomains::kBetaNodeClaim),
                                                "What the node may look like."),
                     group("resources",
                           object({field<&Spec::requests>("requests", "What the pods need at least.")}),
                           "What the node must offer."),
                     field<&Spec::startup_taints>("startupTaints", list(limited_taint()),
                                                  "Taints removed once it is ready."),
                     field<&Spec::taints>("taints", list(limited_taint()), "Taints of the node."),
                 })
              .required(),
          "Desired state of one node."),
      field<&v1beta1::NodeClaim::status>(
          "status",
          object({
              field<&Status::allocatable>("allocatable", "What pods can use of the node."),
              field<&Status::capacity>("capacity", "What the node has."),
              field<&Status::conditions>("conditions", limited_conditions(ConditionRules::kRelaxed),
                                         "Conditions."),
              field<&Status::image_id>("imageID", "The image that the node runs."),
              field<&Status::node_name>("nodeName", "Name of the node object."),
              field<&Status::provider_id>("providerID", "Id of the instance at the cloud."),
          }),
          "Observed state of the claim."),
  });
  return type;
}

}  // namespace karpenter::schema
