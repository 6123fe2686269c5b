#include <algorithm>
#include <set>

#include "common/admission/rules.h"
#include "common/base/duration.h"
#include "common/base/strings.h"
#include "common/model/labels.h"

// NodePool and NodeClaim at v1. spec: api §2.3, §2.4, §3.3, §13.5

namespace karpenter::admission {
namespace {

namespace labels = model::labels;

void check_class_ref(const model::NodeClassRef& ref, std::string_view path, Violations& out) {
  const std::string here(path);
  if (ref.group.empty()) add(out, here + ".group", ViolationKind::kInvalid, "\"\"", "group may not be empty");
  if (ref.kind.empty()) add(out, here + ".kind", ViolationKind::kInvalid, "\"\"", "kind may not be empty");
  if (ref.name.empty()) add(out, here + ".name", ViolationKind::kInvalid, "\"\"", "name may not be empty");
}

void check_static(const model::NodePoolSpec& spec, Violations& out) {
  if (!spec.replicas) return;
  for (const auto& [name, amount] : spec.limits) {
    if (name == model::kNodes) continue;
    add(out, member("spec.limits", name), ViolationKind::kForbidden, "",
        "only 'limits.nodes' is supported on static NodePools");
  }
  if (spec.weight) {
    add(out, "spec.weight", ViolationKind::kForbidden, "", "'weight' is not supported on static NodePools");
  }
}

void check_duration(const std::optional<std::string>& text, const std::string& path, Violations& out) {
  if (!text || *text == "Never") return;
  if (const auto parsed = base::parse_duration(*text); !parsed) {
    add(out, path, ViolationKind::kInvalid, quoted(*text), parsed.error().message);
  }
}

void check_budget(const model::Budget& budget, const std::string& path, Violations& out) {
  if (budget.schedule.has_value() != budget.duration.has_value()) {
    add(out, path, ViolationKind::kInvalid, "", "'schedule' must be set with 'duration'");
  }
  if (budget.schedule) {
    if (const auto fault = schedule_fault(*budget.schedule)) {
      add(out, path + ".schedule", ViolationKind::kInvalid, quoted(*budget.schedule),
          "invalid schedule " + *fault);
    }
  }
  check_duration(budget.duration, path + ".duration", out);
  if (const auto count = base::parse_int64(budget.nodes); count && *count > 2147483647) {
    add(out, path + ".nodes", ViolationKind::kInvalid, quoted(budget.nodes), "must be at most 2147483647");
  }
}

void check_disruption(const model::Disruption& disruption, Violations& out) {
  check_duration(disruption.consolidate_after, "spec.disruption.consolidateAfter", out);
  if (!disruption.budgets) return;
  for (std::size_t i = 0; i < disruption.budgets->size(); ++i) {
    check_budget((*disruption.budgets)[i], at("spec.disruption.budgets", i), out);
  }
}

void warn_requirements(const std::vector<model::NodeSelectorRequirement>& requirements, std::string_view path,
                       std::vector<std::string>& out) {
  for (std::size_t i = 0; i < requirements.size(); ++i) {
    const auto& requirement = requirements[i];
    const std::string here = at(path, i);
    const std::set<std::string> distinct(requirement.values.begin(), requirement.values.end());
    if (distinct.size() != requirement.values.size()) out.push_back(here + ".values: values are named twice");
    const bool is_presence = requirement.op == "Exists" || requirement.op == "DoesNotExist";
    if (is_presence && !requirement.values.empty())
      out.push_back(here + ".values: ignored with " + requirement.op);
    if (requirement.op == "NotIn" && requirement.values.empty())
      out.push_back(here + ".values: NotIn of nothing");
    if (requirement.op == "In" && requirement.min_values &&
        static_cast<std::int64_t>(distinct.size()) < *requirement.min_values) {
      out.push_back(here + ".minValues: more than the number of distinct values");
    }
  }
}

}  // namespace

Violations validate(const model::NodePool& pool) {
  Violations out;
  const auto& spec = pool.spec.node_template.spec;
  check_static(pool.spec, out);
  if (pool.spec.disruption) check_disruption(*pool.spec.disruption, out);
  check_labels(pool.spec.node_template.meta.labels, "spec.template.metadata.labels", Era::kV1,
               labels::kNodePool, out);
  if (pool.spec.node_template.meta.labels.size() > 100) {
    add(out, "spec.template.metadata.labels", ViolationKind::kTooMany, "", "must have at most 100 items");
  }
  check_taints(spec.taints, spec.startup_taints, "spec.template.spec", out);
  check_requirements(spec.requirements, "spec.template.spec.requirements", Era::kV1, out);
  check_class_ref(spec.node_class_ref, "spec.template.spec.nodeClassRef", out);
  check_duration(spec.expire_after, "spec.template.spec.expireAfter", out);
  check_duration(spec.termination_grace_period, "spec.template.spec.terminationGracePeriod", out);
  return finished(std::move(out));
}

std::vector<std::string> warnings(const model::NodePool& pool) {
  std::vector<std::string> out;
  const auto& spec = pool.spec.node_template.spec;
  warn_requirements(spec.requirements, "spec.template.spec.requirements", out);
  if (spec.node_class_ref.group != model::kAwsGroup || spec.node_class_ref.kind != "EC2NodeClass") {
    out.emplace_back("spec.template.spec.nodeClassRef: not an EC2NodeClass; this NodePool will be ignored");
  }
  if (pool.meta.name.size() > 63) {
    out.emplace_back("metadata.name: longer than 63 characters; no NodeClaim can be created");
  }
  return out;
}

Violations validate(const model::NodeClaim& claim) {
  Violations out;
  check_requirement_values(claim.spec.requirements, "spec.requirements", out);
  for (std::size_t i = 0; i < claim.spec.requirements.size(); ++i) {
    const auto& key = claim.spec.requirements[i].key;
    if (const auto fault = domain_fault(key)) {
      add(out, at("spec.requirements", i) + ".key", ViolationKind::kInvalid, quoted(key), *fault);
    }
  }
  check_class_ref(claim.spec.node_class_ref, "spec.nodeClassRef", out);
  return finished(std::move(out));
}

}  // namespace karpenter::admission
