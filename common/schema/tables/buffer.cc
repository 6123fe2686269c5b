#include <utility>

#include "common/model/karpenter/capacity_buffer.h"
#include "common/schema/binding.h"
#include "common/schema/tables/shared.h"

// autoscaling.x-k8s.io/v1beta1 CapacityBuffer. spec: api §6

namespace karpenter::schema {
namespace {

using model::CapacityBuffer;
using Spec = model::CapacityBufferSpec;
using Status = model::CapacityBufferStatus;

template <auto Member>
Field pod_template_ref(std::string_view description) {
  return group("podTemplateRef",
               object({field<Member>("name", string().required().min_length(1),
                                     "Name of a PodTemplate of the same namespace.")}),
               description);
}

Type scalable_ref() {
  using model::ScalableRef;
  return object({
      field<&ScalableRef::api_group>("apiGroup", "API group of the workload; apps, or empty for it."),
      field<&ScalableRef::kind>("kind", string().required().min_length(1),
                                "Kind of the workload: Deployment, StatefulSet or ReplicaSet."),
      field<&ScalableRef::name>("name", string().required().min_length(1), "Name of the workload."),
  });
}

Type buffer_spec() {
  return object(
             {
                 field<&Spec::limits>("limits",
                                      "How much the buffer may ask for; bounds the number of replicas."),
                 field<&Spec::percentage>("percentage", int32().at_least(0),
                                          "How many pods, as a share of the replicas of the workload."),
                 pod_template_ref<&Spec::pod_template_name>("The pods to keep room for."),
                 field<&Spec::provisioning_strategy>(
                     "provisioningStrategy", string().defaulted(R"("buffer.x-k8s.io/active-capacity")"),
                     "How the room is kept."),
                 field<&Spec::replicas>("replicas", int32().at_least(0), "How many pods to keep room for."),
                 field<&Spec::scalable_ref>("scalableRef", scalable_ref(),
                                            "The workload whose pods to keep room for."),
             })
      .required()
      .rule("!has(self.podTemplateRef) || has(self.replicas) || has(self.limits)",
            "If podTemplateRef is set, replicas or limits must also be set")
      .rule("!(has(self.podTemplateRef) && has(self.scalableRef))",
            "You must define either PodTemplateRef or ScalableRef, but not both");
}

}  // namespace

template <>
const Type& type_of<CapacityBuffer>() {
  static const Type type = object({
      metadata<&CapacityBuffer::meta>(),
      field<&CapacityBuffer::spec>("spec", buffer_spec(), "Room that is kept free for pods to come."),
      field<&CapacityBuffer::status>(
          "status",
          object({
              field<&Status::conditions>("conditions",
                                         limited_conditions(ConditionRules::kStandard).keyed_by("type"),
                                         "Conditions."),
              field<&Status::pod_template_generation>("podTemplateGeneration", int64(),
                                                      "Generation of the PodTemplate in use."),
              pod_template_ref<&Status::pod_template_name>("The PodTemplate in use."),
              field<&Status::provisioning_strategy>("provisioningStrategy", "The strategy in use."),
              field<&Status::replicas>("replicas", int32(), "How many pods room is kept for."),
          }),
          "Observed state of the buffer."),
  });
  return type;
}

}  // namespace karpenter::schema
