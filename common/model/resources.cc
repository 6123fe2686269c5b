#include "common/model/resources.h"

#include <algorithm>

namespace karpenter::model {
namespace {

template <class Entries>
auto lower(Entries& entries, std::string_view name) {
  return std::lower_bound(
      entries.begin(), entries.end(), name,
      [](const Resources::Entry& entry, std::string_view key) { return entry.first < key; });
}

}  // namespace

Resources::Resources(std::initializer_list<Entry> entries) {
  for (const auto& [name, quantity] : entries) set(name, quantity);
}

const Quantity* Resources::find(std::string_view name) const {
  const auto it = lower(entries_, name);
  return it == entries_.end() || it->first != name ? nullptr : &it->second;
}

Quantity Resources::get(std::string_view name) const {
  const Quantity* found = find(name);
  return found == nullptr ? Quantity() : *found;
}

void Resources::set(std::string_view name, Quantity quantity) {
  const auto it = lower(entries_, name);
  if (it != entries_.end() && it->first == name) {
    it->second = quantity;
  } else {
    entries_.emplace(it, std::string(name), quantity);
  }
}

void Resources::erase(std::string_view name) {
  const auto it = lower(entries_, name);
  if (it != entries_.end() && it->first == name) entries_.erase(it);
}

void Resources::add(std::string_view name, Quantity quantity) {
  const auto it = lower(entries_, name);
  if (it != entries_.end() && it->first == name) {
    it->second += quantity;
  } else {
    entries_.emplace(it, std::string(name), quantity);
  }
}

Resources& Resources::operator+=(const Resources& other) {
  for (const auto& [name, quantity] : other) add(name, quantity);
  return *this;
}

Resources& Resources::operator-=(const Resources& other) {
  for (auto& [name, quantity] : entries_) {
    if (const Quantity* less = other.find(name)) quantity -= *less;
  }
  return *this;
}

void Resources::raise_to(const Resources& other) {
  for (const auto& [name, quantity] : other) {
    const Quantity* mine = find(name);
    if (mine == nullptr || *mine < quantity) set(name, quantity);
  }
}

bool fits(const Resources& request, const Resources& total) {
  const auto negative = [](const auto& entry) { return entry.second < Quantity(); };
  if (std::any_of(total.begin(), total.end(), negative)) return false;
  return std::all_of(request.begin(), request.end(),
                     [&](const auto& entry) { return entry.second <= total.get(entry.first); });
}

}  // namespace karpenter::model
