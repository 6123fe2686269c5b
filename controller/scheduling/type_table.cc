#include "controller/scheduling/type_table.h"

#include <algorithm>
#include <unordered_map>

#include "common/base/check.h"
#include "common/model/labels.h"

namespace karpenter::scheduling {
namespace {

void append_text(std::string& out, std::string_view text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

void append_requirement(std::string& out, const model::Requirement& requirement) {
  append_text(out, requirement.key());
  out += requirement.complement() ? '!' : '=';
  for (const auto& value : requirement.values()) append_text(out, value);
  if (requirement.greater_or_equal()) out += '>' + std::to_string(*requirement.greater_or_equal());
  if (requirement.less_or_equal()) out += '<' + std::to_string(*requirement.less_or_equal());
  if (requirement.min_values()) out += '#' + std::to_string(*requirement.min_values());
  out += ';';
}

// Hash only: equal sets give equal values, and tables compare on a hit.
std::uint64_t hash_of(const model::Requirements& requirements) {
  Hash out;
  for (const auto& [key, requirement] : requirements) {
    out.add(key).add(requirement.complement() ? 1 : 0);
    for (const auto& value : requirement.values()) out.add(value);
  }
  return out.value();
}

// Huge pages are taken off the memory. spec: scheduling §7.4
model::Resources allocatable_of(const cloud::InstanceType& type) {
  model::Resources out = type.allocatable();
  for (const auto& [name, amount] : type.capacity) {
    if (!name.starts_with("hugepages-")) continue;
    const model::Quantity left = out.get(model::kMemory) - amount;
    out.set(model::kMemory, std::max(left, model::Quantity()));
  }
  return out;
}

}  // namespace

bool is_launchable(const cloud::Offering& offering) {
  return offering.available &&
         (offering.capacity_type != model::labels::kReserved || offering.reservation_capacity > 0);
}

std::string reservation_of(const cloud::Offering& offering, std::string_view label) {
  const model::Requirement* id = offering.requirements.find(label);
  return id == nullptr || id->complement() || id->values().empty() ? "" : *id->values().begin();
}

std::string fingerprint(const model::Requirement& requirement) {
  std::string out;
  append_requirement(out, requirement);
  return out;
}

std::string fingerprint(const model::Requirements& requirements) {
  std::string out;
  for (const auto& [key, requirement] : requirements) append_requirement(out, requirement);
  return out;
}

TypeTable::TypeTable(cloud::InstanceTypes types, std::string_view reservation_label)
    : types_(std::move(types)), usable_(types_.size()) {
  allocatable_.reserve(types_.size());
  for (std::size_t i = 0; i < types_.size(); ++i) {
    allocatable_.push_back(allocatable_of(*types_[i]));
    if (!has_negative(allocatable_.back())) usable_.set(i);
  }
  index_offerings(reservation_label);
}

void TypeTable::know(const Interner& names) {
  while (columns_.size() < names.size()) {
    const std::string& name = names.name(static_cast<Id>(columns_.size()));
    std::vector<std::int64_t> amounts;
    amounts.reserve(types_.size());
    for (const auto& resources : allocatable_) amounts.push_back(floor_milli(resources.get(name)));
    columns_.emplace_back(std::move(amounts));
  }
}

TypeTable::Column::Column(std::vector<std::int64_t> amounts_by_type) : by_type(std::move(amounts_by_type)) {
  std::vector<std::size_t> order(by_type.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t i) { return by_type[i]; });
  Bits so_far(by_type.size());
  for (std::size_t k = 0; k < order.size(); ++k) {
    so_far.set(order[k]);
    if (k + 1 < order.size() && by_type[order[k + 1]] == by_type[order[k]]) continue;
    amounts.push_back(by_type[order[k]]);
    at_least.push_back(so_far);
  }
  std::ranges::reverse(amounts);
  std::ranges::reverse(at_least);
}

std::int64_t TypeTable::Column::most(const Bits& set) const {
  for (std::size_t i = amounts.size(); i > 0; --i)
    if (at_least[i - 1].intersects(set)) return amounts[i - 1];
  return 0;
}

const TypeTable::Column& TypeTable::capacity(const std::string& resource) {
  if (const auto it = capacities_.find(resource); it != capacities_.end()) return it->second;
  std::vector<std::int64_t> amounts;
  amounts.reserve(types_.size());
  for (const auto& type : types_) amounts.push_back(type->capacity.get(resource).milli_value());
  return capacities_.emplace(resource, std::move(amounts)).first->second;
}

void TypeTable::keep_at_most(const std::string& resource, std::int64_t amount, Bits& set) {
  const Column& column = capacity(resource);
  const auto first_above = std::ranges::upper_bound(column.amounts, amount);
  if (first_above != column.amounts.end())
    set -= column.at_least[static_cast<std::size_t>(first_above - column.amounts.begin())];
}

std::int64_t TypeTable::most_capacity(const std::string& resource, const Bits& set) {
  return capacity(resource).most(set);
}

void TypeTable::index_offerings(std::string_view reservation_label) {
  std::unordered_multimap<std::uint64_t, std::size_t> ids;
  for (std::size_t i = 0; i < types_.size(); ++i) {
    for (const auto& offering : types_[i]->offerings) {
      if (!offering.available) continue;
      const std::uint64_t hash = hash_of(offering.requirements);
      auto [it, end] = ids.equal_range(hash);
      it = std::find_if(it, end, [&](const auto& entry) {
        return signatures_[entry.second].requirements == offering.requirements;
      });
      if (it == end) {
        it = ids.emplace(hash, signatures_.size());
        signatures_.push_back({.requirements = offering.requirements,
                               .types = Bits(types_.size()),
                               .prices = std::vector<double>(types_.size(), kNoPrice),
                               .reserved = offering.capacity_type == model::labels::kReserved,
                               .reservation_id = reservation_of(offering, reservation_label)});
        has_reservations_ = has_reservations_ || signatures_.back().reserved;
      }
      add_offering(signatures_[it->second], i, offering);
    }
  }
}

void TypeTable::add_offering(Signature& signature, std::size_t type, const cloud::Offering& offering) {
  signature.types.set(type);
  if (is_launchable(offering)) {
    signature.prices[type] = std::min(signature.prices[type], offering.price);
  } else if (signature.reserved) {
    signature.full.set(type);
  }
}

void TypeTable::keep_fitting(const Amounts& load, Bits& set) const {
  set &= usable_;
  for (std::size_t r = 0; r < load.size(); ++r) {
    if (load[r] <= 0) continue;
    KARP_DCHECK(r < columns_.size());
    const Column& column = columns_[r];
    const auto first = std::ranges::lower_bound(column.amounts, load[r]);
    if (first == column.amounts.end()) {
      set.clear();
      return;
    }
    set &= column.at_least[static_cast<std::size_t>(first - column.amounts.begin())];
  }
}

}  // namespace karpenter::scheduling
