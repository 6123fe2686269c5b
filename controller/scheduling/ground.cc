#include <algorithm>
#include <set>
#include <tuple>

#include "common/base/strings.h"
#include "common/model/labels.h"
#include "controller/scheduling/world.h"

// What a pass finds there: templates, nodes, domains. spec: scheduling §8, §15.2

namespace karpenter::scheduling {
namespace {

namespace labels = model::labels;

// Every claim has a hostname of its own that no pod can name. spec: scheduling §11.1
constexpr std::string_view kPlaceholderHostname = "hostname-placeholder";

const std::string& reservation_label_of(const Options& options) {
  static const std::string kProvider = "karpenter.k8s.aws/capacity-reservation-id";
  return options.reservation_label.empty() ? kProvider : options.reservation_label;
}

model::Resources limits_left(const NodePoolView& view) {
  model::Resources out = view.pool->spec.limits;
  out -= view.usage;
  return out;
}

// spec: scheduling §8.3 steps 1-2
base::Result<model::Requirements> own_requirements(const model::NodePool& pool) {
  const auto& node_template = pool.spec.node_template;
  ASSIGN_OR_RETURN(auto out, model::Requirements::of(node_template.spec.requirements));
  out.add(model::Requirements::of_labels(node_template.meta.labels));
  return out;
}

model::Requirements template_requirements(const model::NodePool& pool, const model::Requirements& own) {
  model::Requirements out = own;
  out.add(model::Requirement::in(labels::kNodePool, {pool.meta.name}));
  const auto& ref = pool.spec.node_template.spec.node_class_ref;
  if (!ref.group.empty() && !ref.kind.empty())
    out.add(model::Requirement::in(ref.group + "/" + base::to_lower(ref.kind), {ref.name}));
  out.add(model::Requirement::in(labels::kRegistered, {"true"}));
  out.add(model::Requirement::in(labels::kInitialized, {"true"}));
  return out;
}

Template make_template(Ground& ground, const NodePoolView& view) {
  auto& requirements = ground.catalogue.requirements;
  Template out;
  out.view = &view;
  out.taints = ground.taints.intern(view.pool->spec.node_template.spec.taints);
  out.table = ground.catalogue.table_of(view.instance_types);
  out.limits_left = limits_left(view);
  auto own = own_requirements(*view.pool);
  if (!own) {
    out.broken = own.error().text();
    out.base = requirements.intern(model::Requirements());
    return out;
  }
  out.own = std::move(*own);
  model::Requirements base = template_requirements(*view.pool, out.own);
  TypeTable& table = ground.catalogue.tables[out.table];
  out.overhead = overhead_groups(base, view.pool->spec.node_template.spec.taints, table, ground.daemons,
                                 requirements.well_known(), ground.catalogue.resources);
  base.add(model::Requirement::in(labels::kHostname, {std::string(kPlaceholderHostname)}));
  out.base = requirements.intern(base);
  out.options = requirements.types(out.base, out.table);
  out.has_min_values = !requirements.min_values(out.base).empty();
  if (!out.options.any()) out.broken = "no available instance type meets the requirements of the nodepool";
  return out;
}

std::vector<const NodePoolView*> in_order(const Problem& problem) {
  std::vector<const NodePoolView*> out;
  for (const auto& view : problem.pools)
    if (!view.pool->spec.replicas) out.push_back(&view);
  std::ranges::stable_sort(out, [](const NodePoolView* a, const NodePoolView* b) {
    const auto weight_a = a->pool->spec.weight.value_or(0);
    const auto weight_b = b->pool->spec.weight.value_or(0);
    return std::tie(weight_b, b->pool->meta.name) < std::tie(weight_a, a->pool->meta.name);
  });
  return out;
}

// The values of a key that nodes of a template can have. spec: scheduling §15.2
std::set<std::string_view> made_values(const Template& owner, const TypeTable& table,
                                       const std::string& key) {
  std::set<std::string_view> out;
  const model::Requirement* base = owner.own.find(key);
  const auto add = [&](const model::Requirement& requirement) {
    for (const auto& value : requirement.values()) out.insert(value);
  };
  for (const auto& type : table.types()) {
    const model::Requirement* own = type->requirements.find(key);
    if (own == nullptr) {
      if (base != nullptr) add(*base);
      continue;
    }
    for (const auto& value : own->values())
      if (base == nullptr || base->has(value)) out.insert(value);
    if (base != nullptr && own->complement()) add(base->complement() ? *base : *own);
  }
  if (base != nullptr && !base->complement()) add(*base);
  return out;
}

}  // namespace

Catalogue::Catalogue(const Options& options)
    : more_well_known(options.more_well_known),
      reservation_label(reservation_label_of(options)),
      requirements(tables, more_well_known) {}

bool Catalogue::serves(const Options& options) const {
  return more_well_known == options.more_well_known && reservation_label == reservation_label_of(options);
}

std::size_t Catalogue::table_of(const cloud::InstanceTypes& types) {
  const auto it = std::ranges::find(tables, types, &TypeTable::types);
  if (it != tables.end()) return static_cast<std::size_t>(it - tables.begin());
  tables.emplace_back(types, reservation_label);
  return tables.size() - 1;
}

Ground::Ground(const Problem& p, Catalogue& c)
    : problem(p),
      catalogue(c),
      volumes(p.volumes),
      daemons(prepare_daemons(p.daemon_pods, p.options.ignore_dra_requests)),
      nodes(p, taints, volumes),
      running(p, nodes) {
  for (const auto& daemon : daemons) static_cast<void>(requested(daemon.requests, catalogue.resources));
  for (const auto* view : in_order(p)) templates.push_back(make_template(*this, *view));
  for (const auto& node : p.other_nodes) static_cast<void>(taints.intern(node.taints));
  for (const auto& t : templates)
    has_prefer_no_schedule =
        has_prefer_no_schedule || std::ranges::any_of(taints.get(t.taints), [](const model::Taint& taint) {
          return taint.effect == model::kPreferNoSchedule;
        });
}

const KeyDomains& Ground::domains(const std::string& key) {
  const auto [it, is_new] = domains_.try_emplace(key);
  KeyDomains& out = it->second;
  if (!is_new) return out;
  out.key = key;
  out.well_known = catalogue.requirements.well_known().contains(key);
  std::map<std::string_view, std::set<Id>> makers;
  for (const auto& t : templates)
    for (const auto value : made_values(t, catalogue.tables[t.table], key)) makers[value].insert(t.taints);
  const NodeTable::Column& labels = nodes.column(key);
  for (Id v = 0; v < labels.values.size(); ++v) makers.try_emplace(labels.values.name(v));
  for (const auto& node : problem.other_nodes)
    if (const auto label = node.labels.find(key); label != node.labels.end())
      makers.try_emplace(label->second);
  for (const auto& [name, taint_sets] : makers) {
    out.names.emplace_back(name);
    out.makers.emplace_back(taint_sets.begin(), taint_sets.end());
    out.pinned.push_back(catalogue.requirements.intern(model::Requirement::in(key, {std::string(name)})));
  }
  out.rows.assign(out.names.size(), Bits(nodes.size()));
  std::vector<Id> by_value;
  for (Id v = 0; v < labels.values.size(); ++v) by_value.push_back(out.find(labels.values.name(v)));
  for (std::size_t row = 0; row < nodes.size(); ++row) {
    const Id value = labels.by_row[row];
    const Id domain = value == kNoId ? kNoId : by_value[value];
    out.of_place.push_back(domain);
    if (domain != kNoId) out.rows[domain].set(row);
  }
  for (const auto& node : problem.other_nodes) {
    const auto label = node.labels.find(key);
    out.of_place.push_back(label == node.labels.end() ? kNoId : out.find(label->second));
  }
  return out;
}

}  // namespace karpenter::scheduling
