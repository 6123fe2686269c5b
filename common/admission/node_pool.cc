#include "common/admission/rules.h"
#include "common/model/labels.h"

// NodePool and NodeClaim v1: what the CRD does not say. spec: api §2.4, §13.5

namespace karpenter::admission {

void check(const model::NodePool& pool, const Gates&, Violations& out) {
  const Path root;
  const Path spec = step(root, "spec");
  const Path node_template = step(spec, "template");
  const Path meta = step(node_template, "metadata");
  const Path template_spec = step(node_template, "spec");
  const Path requirements = step(template_spec, "requirements");
  const auto& of_nodes = pool.spec.node_template.spec;
  check_labels(pool.spec.node_template.meta.labels, step(meta, "labels"), Era::kV1, model::labels::kNodePool,
               out);
  check_taints(of_nodes.taints, of_nodes.startup_taints, template_spec, out);
  check_requirements(of_nodes.requirements, requirements, Era::kV1, out);
  for (std::size_t i = 0; i < of_nodes.requirements.size(); ++i) {  // NP-R10
    if (of_nodes.requirements[i].key != model::labels::kNodePool) continue;
    const Path here = item(requirements, i);
    add(out, step(here, "key").text(), ViolationKind::kInvalid, quoted(model::labels::kNodePool),
        "invalid key: \"karpenter.sh/nodepool\" in requirements, restricted");
  }
  check_duration(of_nodes.expire_after, step(template_spec, "expireAfter"), out);
  check_duration(of_nodes.termination_grace_period, step(template_spec, "terminationGracePeriod"), out);
  if (!pool.spec.disruption) return;
  const Path disruption = step(spec, "disruption");
  check_duration(pool.spec.disruption->consolidate_after, step(disruption, "consolidateAfter"), out);
  if (pool.spec.disruption->budgets)
    check_budgets(*pool.spec.disruption->budgets, step(disruption, "budgets"), out);
}

void warn(const model::NodePool& pool, const Gates& gates, Warnings& out) {
  const Path root;
  const Path spec = step(root, "spec");
  const Path node_template = step(spec, "template");
  const Path template_spec = step(node_template, "spec");
  if (pool.meta.name.size() > 63) {
    out.emplace_back("metadata.name: longer than 63 characters, so no NodeClaim can be created");
  }
  const Path disruption = step(spec, "disruption");
  const Path budgets = step(disruption, "budgets");
  const bool has_budgets = pool.spec.disruption && pool.spec.disruption->budgets;
  for (std::size_t i = 0; has_budgets && i < pool.spec.disruption->budgets->size(); ++i) {
    const auto& budget = (*pool.spec.disruption->budgets)[i];
    const Path here = item(budgets, i);
    if (budget.reasons && budget.reasons->empty()) {
      out.push_back(step(here, "reasons").text() + ": an empty list makes the budget apply to no reason");
    }
    if (budget.schedule && never_fires(*budget.schedule)) {
      out.push_back(step(here, "schedule").text() + ": never fires, which makes the budget always active");
    }
  }
  if (pool.spec.replicas && !gates.static_capacity) {
    out.emplace_back("spec.replicas: ignored while the feature gate StaticCapacity is off");
  }
  const auto& ref = pool.spec.node_template.spec.node_class_ref;
  if (ref.group != model::kAwsGroup || ref.kind != "EC2NodeClass") {
    out.push_back(step(template_spec, "nodeClassRef").text() +
                  ": not an EC2NodeClass of karpenter.k8s.aws, so this NodePool is ignored");
  }
  warn_requirements(pool.spec.node_template.spec.requirements, step(template_spec, "requirements"), out);
}

// Karpenter's own NodeClaims carry keys that users may not. spec: api §3.3, §13.5
void check(const model::NodeClaim&, const Gates&, Violations&) {}

void warn(const model::NodeClaim& claim, const Gates&, Warnings& out) {
  const Path root;
  const Path spec = step(root, "spec");
  const Path requirements = step(spec, "requirements");
  for (std::size_t i = 0; i < claim.spec.requirements.size(); ++i) {
    const auto& requirement = claim.spec.requirements[i];
    const Path here = item(requirements, i);
    const Path values = step(here, "values");
    for (std::size_t j = 0; requirement.op == "In" && j < requirement.values.size(); ++j) {
      if (requirement.values[j].size() > 63)
        out.push_back(item(values, j).text() + ": longer than 63 characters, so no label can have it");
    }
  }
}

}  // namespace karpenter::admission
