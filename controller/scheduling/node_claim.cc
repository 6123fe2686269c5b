#include <algorithm>
#include <limits>
#include <set>

#include "common/base/strings.h"
#include "common/model/labels.h"
#include "controller/scheduling/schedule.h"
#include "controller/scheduling/type_table.h"

namespace karpenter::scheduling {
namespace {

namespace labels = model::labels;

constexpr std::string_view kMinValuesRelaxed = "karpenter.sh/nodeclaim-min-values-relaxed";

bool is_simulation_key(std::string_view key) {
  return key == labels::kRegistered || key == labels::kInitialized;
}

// A small stable number, so that two claims of one pool get different values for an open requirement. FNV-1a.
std::int64_t number_of(const NewNode& node) {
  std::uint64_t hash = 1469598103934665603ULL;
  for (const auto* pod : node.pods)
    for (const char c : pod->meta.uid) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return static_cast<std::int64_t>(hash % 1'000'000'007ULL);
}

// A value that the requirement allows; "" when it allows only absence. spec: scheduling §5.3 any(), §22.1
// step 2
std::string any_value(const model::Requirement& requirement, std::int64_t seed) {
  if (!requirement.complement()) return requirement.values().empty() ? "" : *requirement.values().begin();
  const std::int64_t low = requirement.greater_or_equal().value_or(0);
  const std::int64_t high = requirement.less_or_equal().value_or(std::numeric_limits<std::int64_t>::max());
  if (low > high) return "";
  const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  const std::uint64_t offset =
      span == UINT64_MAX ? static_cast<std::uint64_t>(seed) : static_cast<std::uint64_t>(seed) % (span + 1);
  auto value = static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
  for (std::size_t tries = 0; tries <= requirement.values().size(); ++tries) {
    if (requirement.has(std::to_string(value))) return std::to_string(value);
    value = value == high ? low : value + 1;
  }
  return std::to_string(value);
}

// Exactly what of the plan narrows the launch: the kept types and what they can be bought as. spec:
// scheduling §22.1 step 1
void narrow_to_types(const NewNode& node, model::Requirements& requirements) {
  std::vector<std::string> names;
  std::set<std::string> capacity_types;
  for (const auto& type : node.instance_types) {
    names.push_back(type->name);
    for (const auto& offering : type->offerings)
      if (!capacity_types.contains(offering.capacity_type) && is_launchable(offering) &&
          requirements.compatible(offering.requirements, model::well_known_labels()))
        capacity_types.insert(offering.capacity_type);
  }
  if (!names.empty()) requirements.add(model::Requirement::in(labels::kInstanceType, std::move(names)));
  if (!capacity_types.empty())
    requirements.add(
        model::Requirement::in(labels::kCapacityType, {capacity_types.begin(), capacity_types.end()}));
}

void copy_annotation(const model::ObjectMeta& from, std::string_view key, model::ObjectMeta& to) {
  if (const auto it = from.annotations.find(key); it != from.annotations.end())
    to.annotations[it->first] = it->second;
}

model::ObjectMeta claim_meta(const NewNode& node, const model::NodePool& pool,
                             const model::Requirements& requirements) {
  const auto& node_template = pool.spec.node_template;
  const auto& ref = node_template.spec.node_class_ref;
  model::ObjectMeta meta;
  meta.generate_name = pool.meta.name + "-";
  meta.labels = node_template.meta.labels;
  meta.labels[std::string(labels::kNodePool)] = pool.meta.name;
  if (!ref.group.empty() && !ref.kind.empty())
    meta.labels[ref.group + "/" + base::to_lower(ref.kind)] = ref.name;
  const std::int64_t seed = number_of(node);
  for (const auto& [key, requirement] : requirements) {
    if (model::well_known_labels().contains(key) || key == labels::kHostname || is_simulation_key(key))
      continue;
    std::string value = any_value(requirement, seed);
    if (!value.empty()) meta.labels[key] = std::move(value);
  }
  meta.annotations = node_template.meta.annotations;
  copy_annotation(pool.meta, labels::kNodePoolHash, meta);
  copy_annotation(pool.meta, labels::kNodePoolHashVersion, meta);
  meta.annotations[std::string(kMinValuesRelaxed)] = node.min_values_relaxed ? "true" : "false";
  meta.owner_references.push_back({.api_version = "karpenter.sh/v1",
                                   .kind = "NodePool",
                                   .name = pool.meta.name,
                                   .uid = pool.meta.uid,
                                   .controller = std::nullopt,
                                   .block_owner_deletion = true});
  return meta;
}

}  // namespace

model::NodeClaim make_node_claim(const NewNode& node, const model::NodePool& pool) {
  const auto& from = pool.spec.node_template.spec;
  model::Requirements requirements = node.requirements;
  narrow_to_types(node, requirements);
  model::NodeClaim claim;
  claim.meta = claim_meta(node, pool, requirements);
  requirements.erase(labels::kRegistered);
  requirements.erase(labels::kInitialized);
  requirements.erase(labels::kHostname);
  claim.spec = {.requirements = requirements.to_api(),
                .node_class_ref = from.node_class_ref,
                .taints = from.taints,
                .startup_taints = from.startup_taints,
                .requests = node.requests,
                .termination_grace_period = from.termination_grace_period,
                .expire_after = from.expire_after};
  return claim;
}

}  // namespace karpenter::scheduling
