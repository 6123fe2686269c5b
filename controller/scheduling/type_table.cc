#include "controller/scheduling/type_table.h"

#include <algorithm>
#include <unordered_map>

#include "common/base/check.h"

namespace karpenter::scheduling {
namespace {

void append(std::string& out, std::string_view text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

void append_requirement(std::string& out, const model::Requirement& requirement) {
  append(out, requirement.key());
  out += requirement.complement() ? '!' : '=';
  for (const auto& value : requirement.values()) append(out, value);
  if (requirement.greater_or_equal()) out += '>' + std::to_string(*requirement.greater_or_equal());
  if (requirement.less_or_equal()) out += '<' + std::to_string(*requirement.less_or_equal());
  if (requirement.min_values()) out += '#' + std::to_string(*requirement.min_values());
  out += ';';
}

}  // namespace

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

TypeTable::TypeTable(cloud::InstanceTypes types, const Interner& names)
    : types_(std::move(types)), columns_(names.size()), usable_(types_.size()) {
  std::vector<Amounts> allocatable;
  allocatable.reserve(types_.size());
  for (std::size_t i = 0; i < types_.size(); ++i) {
    const model::Resources resources = types_[i]->allocatable();
    if (!has_negative(resources)) usable_.set(i);
    allocatable.push_back(offered(resources, names));
  }
  for (Id resource = 0; resource < columns_.size(); ++resource) index_resource(resource, allocatable);
  index_offerings();
}

void TypeTable::index_resource(Id resource, const std::vector<Amounts>& allocatable) {
  Column& column = columns_[resource];
  std::vector<std::size_t> order(types_.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t i) { return allocatable[i][resource]; });
  Bits so_far(types_.size());
  for (std::size_t k = 0; k < order.size(); ++k) {
    const std::int64_t amount = allocatable[order[k]][resource];
    so_far.set(order[k]);
    if (k + 1 < order.size() && allocatable[order[k + 1]][resource] == amount) continue;
    column.amounts.push_back(amount);
    column.at_least.push_back(so_far);
  }
  std::ranges::reverse(column.amounts);
  std::ranges::reverse(column.at_least);
}

void TypeTable::index_offerings() {
  std::unordered_map<std::string, std::size_t> ids;
  for (std::size_t i = 0; i < types_.size(); ++i) {
    for (const auto& offering : types_[i]->offerings) {
      if (!offering.available) continue;
      const auto [it, is_new] = ids.emplace(fingerprint(offering.requirements), signatures_.size());
      if (is_new) {
        signatures_.push_back({.requirements = offering.requirements,
                               .types = Bits(types_.size()),
                               .prices = std::vector<double>(types_.size(), kNoPrice)});
      }
      Signature& signature = signatures_[it->second];
      signature.types.set(i);
      signature.prices[i] = std::min(signature.prices[i], offering.price);
    }
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
      set = Bits(types_.size());
      return;
    }
    set &= column.at_least[static_cast<std::size_t>(first - column.amounts.begin())];
  }
}

}  // namespace karpenter::scheduling
