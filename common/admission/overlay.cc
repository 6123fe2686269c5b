#include <algorithm>
#include <array>

#include "common/admission/rules.h"
#include "common/schema/validate.h"

// NodeOverlay v1alpha1 and CapacityBuffer v1beta1: what their CRDs do not say. spec: api §5, §6, §7.8, §13.5

namespace karpenter::admission {
namespace {

constexpr std::array<std::string_view, 9> kOwnResources{"cpu",
                                                        "memory",
                                                        "ephemeral-storage",
                                                        "pods",
                                                        "vpc.amazonaws.com/pod-eni",
                                                        "aws.amazon.com/neuron",
                                                        "aws.amazon.com/neuroncore",
                                                        "habana.ai/gaudi",
                                                        "vpc.amazonaws.com/efa"};

}  // namespace

void check(const model::NodeOverlay& overlay, const Gates&, Violations& out) {
  const Path root;
  const Path spec = step(root, "spec");
  const Path requirements = step(spec, "requirements");
  check_requirements(overlay.spec.requirements, requirements, Era::kV1, out);
  for (std::size_t i = 0; i < overlay.spec.requirements.size(); ++i) {  // NO-R2
    const auto& requirement = overlay.spec.requirements[i];
    const Path here = item(requirements, i);
    if (requirement.op != "NotIn" || !requirement.values.empty()) continue;
    add(out, step(here, "values").text(), ViolationKind::kRequired, "",
        "key " + shown(requirement.key) + " with operator NotIn must have a value defined");
  }
  const Path capacity = step(spec, "capacity");
  for (const auto& [name, amount] : overlay.spec.capacity) {  // NO-R3
    if (!is_one_of(name, kOwnResources)) continue;
    add(out, entry(capacity, name).text(), ViolationKind::kInvalid, quoted(name),
        "invalid capacity: " + name + " in resource, restricted");
  }
}

void warn(const model::NodeOverlay&, const Gates& gates, Warnings& out) {
  if (!gates.node_overlay)
    out.emplace_back("NodeOverlays are ignored while the feature gate NodeOverlay is off");
}

void check(const model::CapacityBuffer&, const Gates&, Violations&) {}

void warn(const model::CapacityBuffer& buffer, const Gates&, Warnings& out) {
  constexpr std::array<std::string_view, 3> kKinds{"Deployment", "StatefulSet", "ReplicaSet"};
  const auto& spec = buffer.spec;
  if (!spec.pod_template_name && !spec.scalable_ref) {
    out.emplace_back("spec: neither podTemplateRef nor scalableRef is set, so the buffer has no pods");
  }
  if (spec.percentage && !spec.scalable_ref) out.emplace_back("spec.percentage: ignored without scalableRef");
  if (!spec.scalable_ref) return;
  if (!is_one_of(spec.scalable_ref->kind, kKinds)) {
    out.push_back("spec.scalableRef.kind: \"" + shown(spec.scalable_ref->kind) +
                  "\" is not supported, must be Deployment, StatefulSet or ReplicaSet" +
                  schema::suggestion(spec.scalable_ref->kind, kKinds));
  }
  if (!spec.scalable_ref->api_group.empty() && spec.scalable_ref->api_group != "apps") {
    out.push_back("spec.scalableRef.apiGroup: \"" + shown(spec.scalable_ref->api_group) +
                  "\" is not supported, must be apps or empty");
  }
}

}  // namespace karpenter::admission
