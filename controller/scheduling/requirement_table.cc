#include "controller/scheduling/requirement_table.h"

#include <algorithm>

namespace karpenter::scheduling {
namespace {

std::uint64_t pair_key(Id a, Id b) { return (std::uint64_t{a} << 32U) | b; }

// §5.6 intersects(), for one key: two negative operators never conflict.
bool is_negative(model::Requirement::Op op) {
  return op == model::Requirement::Op::kNotIn || op == model::Requirement::Op::kDoesNotExist;
}

bool agree(const model::Requirement& a, const model::Requirement& b) {
  return a.has_intersection(b) || (is_negative(a.op()) && is_negative(b.op()));
}

}  // namespace

Id RequirementTable::intern(const model::Requirements& requirements) {
  const auto [it, is_new] = ids_.emplace(fingerprint(requirements), static_cast<Id>(sets_.size()));
  if (is_new) sets_.push_back({.requirements = requirements, .by_table = {}});
  return it->second;
}

Id RequirementTable::meet(Id node, Id incoming) {
  const auto key = pair_key(node, incoming);
  if (const auto it = meets_.find(key); it != meets_.end()) return it->second;
  Id out = kNoId;
  if (get(node).compatible(get(incoming), model::well_known_labels())) {
    model::Requirements both = get(node);
    both.add(get(incoming));
    out = intern(both);
  }
  meets_.emplace(key, out);
  return out;
}

Id RequirementTable::pin(Id node, std::string_view key, const std::string& value) {
  std::string memo = std::to_string(node);
  memo.append("/").append(key).append("=").append(value);
  if (const auto it = pins_.find(memo); it != pins_.end()) return it->second;
  model::Requirements one;
  one.add(model::Requirement::in(key, {value}));
  const Id out = meet(node, intern(one));
  pins_.emplace(std::move(memo), out);
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
  Bits mask(tables_[table].size());
  for (std::size_t i = 0; i < tables_[table].size(); ++i) mask.set(i);
  for (const auto& [key, requirement] : get(id)) mask &= meeting_one(requirement, table);
  return mask;
}

const RequirementTable::Row& RequirementTable::row(Id id, std::size_t table) {
  Set& set = sets_[id];
  if (set.by_table.size() <= table) set.by_table.resize(table + 1);
  Row& row = set.by_table[table];
  if (row.known) return row;
  const auto& signatures = tables_[table].signatures();
  row.types = Bits(tables_[table].size());
  for (std::size_t s = 0; s < signatures.size(); ++s) {
    if (!set.requirements.compatible(signatures[s].requirements, model::well_known_labels())) continue;
    row.signatures.push_back(static_cast<Id>(s));
    row.types |= signatures[s].types;
  }
  row.types &= meeting(id, table);
  row.known = true;
  return row;
}

const Bits& RequirementTable::types(Id id, std::size_t table) { return row(id, table).types; }

double RequirementTable::price(Id id, std::size_t table, std::size_t type) {
  double price = kNoPrice;
  for (const Id s : row(id, table).signatures)
    price = std::min(price, tables_[table].signatures()[s].prices[type]);
  return price;
}

}  // namespace karpenter::scheduling
