#include "controller/scheduling/requirement_table.h"

#include <algorithm>
#include <tuple>

namespace karpenter::scheduling {
namespace {

std::uint64_t pair_key(Id a, Id b) { return (std::uint64_t{a} << 32U) | b; }

}  // namespace

bool accepts_absence(const model::Requirement& requirement) {
  const auto op = requirement.op();
  return op == model::Requirement::Op::kNotIn || op == model::Requirement::Op::kDoesNotExist;
}

bool agree(const model::Requirement& a, const model::Requirement& b) {
  return a.has_intersection(b) || (accepts_absence(a) && accepts_absence(b));
}

RequirementTable::RequirementTable(const std::deque<TypeTable>& tables,
                                   const std::set<std::string, std::less<>>& more_well_known)
    : tables_(tables), own_well_known_(more_well_known), well_known_(model::well_known_labels()) {
  well_known_.insert(own_well_known_.begin(), own_well_known_.end());
}

Id RequirementTable::intern(const model::Requirements& requirements) {
  const auto [it, is_new] = ids_.emplace(fingerprint(requirements), static_cast<Id>(sets_.size()));
  if (!is_new) return it->second;
  Set& set = sets_.emplace_back();
  set.requirements = requirements;
  for (const auto& [key, requirement] : requirements) {
    if (requirement.min_values()) set.min_values.push_back({key, *requirement.min_values()});
    if (!well_known_.contains(key)) ++set.custom_keys;
  }
  return it->second;
}

Id RequirementTable::intern(model::Requirement requirement) {
  model::Requirements one;
  one.add(std::move(requirement));
  return intern(one);
}

Id RequirementTable::meet(Id node, Id incoming) {
  if (node == incoming) return node;
  const auto key = pair_key(node, incoming);
  if (const auto it = meets_.find(key); it != meets_.end()) return it->second;
  Id out = kNoId;
  if (get(node).compatible(get(incoming), well_known_)) {
    model::Requirements both = get(node);
    both.add(get(incoming));
    out = intern(both);
  }
  meets_.emplace(key, out);
  return out;
}

bool RequirementTable::defines(Id node, Id filter) {
  const auto key = pair_key(node, filter);
  if (const auto it = defines_.find(key); it != defines_.end()) return it->second;
  const bool out = get(node).compatible(get(filter), {});
  defines_.emplace(key, out);
  return out;
}

const Bits& RequirementTable::meeting_one(const model::Requirement& requirement, std::size_t table) {
  std::string memo = std::to_string(table) + '/' + fingerprint(requirement);
  if (const auto it = masks_.find(memo); it != masks_.end()) return it->second;
  const TypeTable& types = tables_[table];
  Bits mask(types.size());
  for (std::size_t i = 0; i < types.size(); ++i) {
    const model::Requirement* own = types.type(i).requirements.find(requirement.key());
    if (own == nullptr || agree(*own, requirement)) mask.set(i);
  }
  return masks_.emplace(std::move(memo), std::move(mask)).first->second;
}

Bits RequirementTable::meeting(Id id, std::size_t table) {
  Bits mask = Bits::all(tables_[table].size());
  for (const auto& [key, requirement] : get(id)) mask &= meeting_one(requirement, table);
  return mask;
}

RequirementTable::Row& RequirementTable::row(Id id, std::size_t table) {
  Set& set = sets_[id];
  if (set.by_table.size() <= table) set.by_table.resize(table + 1);
  Row& row = set.by_table[table];
  if (row.known) return row;
  const auto& signatures = tables_[table].signatures();
  row.types = Bits(tables_[table].size());
  for (std::size_t s = 0; s < signatures.size(); ++s) {
    if (!set.requirements.compatible(signatures[s].requirements, well_known_)) continue;
    row.signatures.push_back(static_cast<Id>(s));
    row.types |= signatures[s].types;
  }
  row.types &= meeting(id, table);
  row.known = true;
  return row;
}

const Bits& RequirementTable::types(Id id, std::size_t table) { return row(id, table).types; }

const std::vector<Id>& RequirementTable::signatures(Id id, std::size_t table) {
  return row(id, table).signatures;
}

const std::vector<RequirementTable::Priced>& RequirementTable::by_price(Id id, std::size_t table) {
  Row& r = row(id, table);
  if (!r.by_price.empty()) return r.by_price;
  const TypeTable& types = tables_[table];
  r.types.each([&](std::size_t i) {
    double price = kNoPrice;
    for (const Id s : r.signatures) price = std::min(price, types.signatures()[s].prices[i]);
    r.by_price.push_back({price, static_cast<std::uint32_t>(i)});
  });
  std::ranges::sort(r.by_price, [&](const Priced& a, const Priced& b) {
    return std::tie(a.price, types.type(a.type).name) < std::tie(b.price, types.type(b.type).name);
  });
  return r.by_price;
}

std::int64_t RequirementTable::distinct_values(Id id, std::string_view key, std::size_t table,
                                               const Bits& types) {
  const model::Requirement* requirement = get(id).find(key);
  std::set<std::string_view> values;
  types.each([&](std::size_t i) {
    const model::Requirement* own = tables_[table].type(i).requirements.find(key);
    if (own == nullptr) return;
    for (const auto& value : own->values())
      if (requirement == nullptr || requirement->has(value)) values.insert(value);
  });
  return static_cast<std::int64_t>(values.size());
}

Id RequirementTable::with_min_values(Id id, const std::vector<MinValues>& changed) {
  model::Requirements out = get(id);
  for (const auto& [key, count] : changed) {
    const model::Requirement* old = out.find(key);
    if (old != nullptr) out.replace(old->with_min_values(count));
  }
  return intern(out);
}

}  // namespace karpenter::scheduling
