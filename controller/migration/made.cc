#include "controller/migration/made.h"

#include <algorithm>
#include <utility>

#include "common/base/strings.h"
#include "common/base/time.h"

namespace karpenter::migration {
namespace {

constexpr std::string_view kLabels = "labels/";
constexpr std::string_view kAnnotations = "annotations/";

model::OwnerReference owned_by(std::string api_version, std::string kind, const model::ObjectMeta& owner) {
  return {.api_version = std::move(api_version),
          .kind = std::move(kind),
          .name = owner.name,
          .uid = owner.uid,
          .controller = true,
          .block_owner_deletion = true};
}

std::string listed_keys(const model::ObjectMeta& meta) {
  std::vector<std::string> out;
  for (const auto& [key, value] : meta.labels) out.push_back(std::string(kLabels) + key);
  for (const auto& [key, value] : meta.annotations) out.push_back(std::string(kAnnotations) + key);
  return base::join(out, ",");
}

void mark(model::ObjectMeta& meta, std::string_view kind, const model::ObjectMeta& source,
          std::string generation) {
  if (const auto keys = listed_keys(meta); !keys.empty())
    meta.annotations.insert_or_assign(std::string(kConvertedKeys), keys);
  meta.annotations.insert_or_assign(std::string(kConvertedFrom), std::string(kind) + "/" + source.name);
  meta.annotations.insert_or_assign(std::string(kSourceGeneration), std::move(generation));
}

void drop(model::StringMap& map, std::string_view key) {
  if (const auto it = map.find(key); it != map.end()) map.erase(it);
}

void set_condition(std::vector<model::v1alpha5::LegacyCondition>& conditions, std::string status,
                   std::string reason, std::string message, base::Time now) {
  auto it = std::ranges::find(conditions, kConverted, &model::v1alpha5::LegacyCondition::type);
  if (it == conditions.end()) {
    conditions.emplace_back().type = kConverted;
    it = std::prev(conditions.end());
  }
  if (it->status != status) it->last_transition_time = base::format_rfc3339(now);
  it->status = std::move(status);
  it->reason = std::move(reason);
  it->message = std::move(message);
}

}  // namespace

void mark_sources(conversion::AlphaOutput& out, const Provisioner& provisioner,
                  const AwsNodeTemplate* node_template) {
  const std::string generation = std::to_string(provisioner.meta.generation);
  const auto owner = owned_by("karpenter.sh/v1alpha5", "Provisioner", provisioner.meta);
  out.pool.meta.owner_references = {owner};
  if (node_template == nullptr) {
    mark(out.pool.meta, "Provisioner", provisioner.meta, generation);
    mark(out.node_class.meta, "Provisioner", provisioner.meta, generation);
    out.node_class.meta.owner_references = {owner};
    return;
  }
  const std::string template_generation = std::to_string(node_template->meta.generation);
  mark(out.pool.meta, "Provisioner", provisioner.meta, generation + "/" + template_generation);
  mark(out.node_class.meta, "AWSNodeTemplate", node_template->meta, template_generation);
  out.node_class.meta.owner_references = {
      owned_by("karpenter.k8s.aws/v1alpha1", "AWSNodeTemplate", node_template->meta)};
}

model::ObjectMeta merged(const model::ObjectMeta& existing, const model::ObjectMeta& wanted) {
  model::ObjectMeta out = existing;
  for (const auto& key : base::split(existing.annotation(kConvertedKeys), ',')) {
    if (key.starts_with(kLabels)) drop(out.labels, key.substr(kLabels.size()));
    if (key.starts_with(kAnnotations)) drop(out.annotations, key.substr(kAnnotations.size()));
  }
  drop(out.annotations, kConvertedKeys);
  for (const auto& [key, value] : wanted.labels) out.labels.insert_or_assign(key, value);
  for (const auto& [key, value] : wanted.annotations) out.annotations.insert_or_assign(key, value);
  // A source that was made anew has another uid: with the old one the garbage collector would take the
  // object.
  for (const auto& owner : wanted.owner_references) {
    std::erase_if(out.owner_references, [&](const model::OwnerReference& old) {
      return old.kind == owner.kind && old.name == owner.name;
    });
    out.owner_references.push_back(owner);
  }
  return out;
}

Provisioner with_status(const Provisioner& provisioner, const model::NodePool* pool,
                        const conversion::Diagnostics& said, base::Time now) {
  Provisioner out = provisioner;
  if (pool != nullptr) out.status.resources = pool->status.resources;
  const auto fault = std::ranges::find_if(said, &conversion::Diagnostic::is_error);
  if (fault == said.end()) {
    set_condition(out.status.conditions, "True", std::string(kConverted), "", now);
  } else {
    set_condition(out.status.conditions, "False", fault->code, fault->line(), now);
  }
  return out;
}

}  // namespace karpenter::migration
