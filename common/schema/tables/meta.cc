#include <utility>

#include "common/model/selectors.h"
#include "common/model/taints.h"
#include "common/schema/binding.h"
#include "common/schema/patterns.h"
#include "common/schema/tables/shared.h"

namespace karpenter::schema {

template <>
const Type& type_of<model::OwnerReference>() {
  using model::OwnerReference;
  static const Type type = object({
      field<&OwnerReference::api_version>("apiVersion", string().required()),
      field<&OwnerReference::kind>("kind", string().required()),
      field<&OwnerReference::name>("name", string().required()),
      field<&OwnerReference::uid>("uid", string().required()),
      field<&OwnerReference::controller>("controller"),
      field<&OwnerReference::block_owner_deletion>("blockOwnerDeletion"),
  });
  return type;
}

template <>
const Type& type_of<model::ObjectMeta>() {
  using model::ObjectMeta;
  static const Type type = object({
      field<&ObjectMeta::name>("name"),
      field<&ObjectMeta::generate_name>("generateName"),
      field<&ObjectMeta::namespace_name>("namespace"),
      field<&ObjectMeta::uid>("uid"),
      field<&ObjectMeta::resource_version>("resourceVersion"),
      field<&ObjectMeta::generation>("generation"),
      field<&ObjectMeta::creation_timestamp>("creationTimestamp"),
      field<&ObjectMeta::deletion_timestamp>("deletionTimestamp"),
      field<&ObjectMeta::deletion_grace_period_seconds>("deletionGracePeriodSeconds"),
      field<&ObjectMeta::labels>("labels"),
      field<&ObjectMeta::annotations>("annotations"),
      field<&ObjectMeta::owner_references>("ownerReferences"),
      field<&ObjectMeta::finalizers>("finalizers"),
      not_kept("managedFields"),
      not_kept("selfLink"),
  });
  return type;
}

// Node and Pod conditions: strings without limits.
template <>
const Type& type_of<model::Condition>() {
  using model::Condition;
  static const Type type = object({
      field<&Condition::type>("type", string().required(), "Type of the condition."),
      field<&Condition::status>("status", string().required(), "True, False or Unknown."),
      field<&Condition::reason>("reason", "Machine-readable reason of the last transition."),
      field<&Condition::message>("message", "Human-readable details of the last transition."),
      field<&Condition::last_transition_time>("lastTransitionTime", "When the status changed last."),
      field<&Condition::observed_generation>("observedGeneration",
                                             "The generation that this condition was set for."),
  });
  return type;
}

template <>
const Type& type_of<model::Taint>() {
  using model::Taint;
  static const Type type = object({
      field<&Taint::key>("key", string().required(), "The taint key."),
      field<&Taint::value>("value", "The taint value."),
      field<&Taint::effect>("effect", string().required(),
                            "What happens to pods that do not tolerate the taint."),
      field<&Taint::time_added>("timeAdded", "When the taint was added."),
  });
  return type;
}

template <>
const Type& type_of<model::NodeSelectorRequirement>() {
  using model::NodeSelectorRequirement;
  static const Type type = object({
      field<&NodeSelectorRequirement::key>("key", string().required(), "The label key."),
      field<&NodeSelectorRequirement::op>("operator", string().required(),
                                          "How the values relate to the key."),
      field<&NodeSelectorRequirement::values>("values", "The values the operator applies to."),
  });
  return type;
}

// ---- with the limits of the CRDs

Type limited_taint() {
  using model::Taint;
  return object({
      field<&Taint::key>("key", string().required().min_length(1).pattern(patterns::kLabelKey),
                         "The taint key."),
      field<&Taint::value>("value", string().pattern(patterns::kLabelKey), "The taint value."),
      field<&Taint::effect>("effect",
                            string().required().one_of({"NoSchedule", "PreferNoSchedule", "NoExecute"}),
                            "What happens to pods that do not tolerate the taint."),
      field<&Taint::time_added>("timeAdded", "When the taint was added."),
  });
}

Type requirement_without_min_values(std::vector<std::string_view> operators, std::vector<Rule> key_rules) {
  using model::NodeSelectorRequirement;
  Type key = string().required().max_length(316).pattern(patterns::kLabelKey);
  key.rules = std::move(key_rules);
  return object({
      field<&NodeSelectorRequirement::key>("key", std::move(key),
                                           "The label key that the requirement is about."),
      field<&NodeSelectorRequirement::op>("operator", string().required().one_of(std::move(operators)),
                                          "How the values relate to the key."),
      // The limits stand on the array, where they have no effect: the API has always had them there.
      field<&NodeSelectorRequirement::values>(
          "values", list(string()).max_length(63).pattern(patterns::kLabelValue).atomic(),
          "The values that the operator applies to."),
  });
}

Type limited_requirement(std::vector<std::string_view> operators, std::vector<Rule> key_rules) {
  Type type = requirement_without_min_values(std::move(operators), std::move(key_rules));
  type.fields.push_back(field<&model::NodeSelectorRequirement::min_values>(
      "minValues", integer_without_format().range(1, 50),
      "How many distinct values of the key the chosen instance types must at least offer."));
  return type;
}

Type limited_conditions(ConditionRules rules) {
  using model::Condition;
  const bool strict = rules == ConditionRules::kStandard;
  Type reason = strict
                    ? string().required().min_length(1).max_length(1024).pattern(patterns::kConditionReason)
                    : string().max_length(1024).pattern(patterns::kConditionReasonOrEmpty);
  Type message = string().max_length(32768);
  message.is_required = strict;
  return list(object({
      field<&Condition::last_transition_time>("lastTransitionTime", date_time().required(),
                                              "When the status of the condition changed last."),
      field<&Condition::message>("message", std::move(message),
                                 "Human-readable details of the last transition."),
      field<&Condition::observed_generation>("observedGeneration", int64().at_least(0),
                                             "The metadata.generation that the condition was set for."),
      field<&Condition::reason>("reason", std::move(reason),
                                "Machine-readable reason of the last transition."),
      field<&Condition::status>("status", string().required().one_of({"True", "False", "Unknown"}),
                                "Status of the condition."),
      field<&Condition::type>("type", string().required().max_length(316).pattern(patterns::kConditionType),
                              "Type of the condition."),
  }));
}

}  // namespace karpenter::schema
