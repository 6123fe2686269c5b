#include "common/model/requirements.h"

#include <utility>

#include "common/model/labels.h"

namespace karpenter::model {
namespace {

bool accepts_absence(const Requirement& requirement) {
  const auto op = requirement.op();
  return op == Requirement::Op::kNotIn || op == Requirement::Op::kDoesNotExist;
}

bool agree(const Requirement& a, const Requirement& b) {
  return a.has_intersection(b) || (accepts_absence(a) && accepts_absence(b));
}

}  // namespace

base::Result<Requirements> Requirements::of(std::span<const NodeSelectorRequirement> api) {
  Requirements out;
  for (const auto& item : api) {
    const auto op = Requirement::parse_op(item.op);
    if (!op)
      return base::invalid("unsupported requirement operator").add("key", item.key).add("operator", item.op);
    ASSIGN_OR_RETURN(auto requirement, Requirement::make(item.key, *op, item.values, item.min_values));
    out.add(std::move(requirement));
  }
  return out;
}

Requirements Requirements::of_labels(const StringMap& labels) {
  Requirements out;
  for (const auto& [key, value] : labels) out.add(Requirement::in(key, {value}));
  return out;
}

void Requirements::add(Requirement requirement) {
  const auto it = by_key_.find(requirement.key());
  if (it == by_key_.end()) {
    std::string key = requirement.key();
    by_key_.emplace(std::move(key), std::move(requirement));
  } else {
    it->second = it->second.intersect(requirement);
  }
}

void Requirements::add(const Requirements& other) {
  for (const auto& [key, requirement] : other) add(requirement);
}

void Requirements::replace(Requirement requirement) {
  std::string key = requirement.key();
  by_key_.insert_or_assign(std::move(key), std::move(requirement));
}

void Requirements::erase(std::string_view key) {
  if (const auto it = by_key_.find(key); it != by_key_.end()) by_key_.erase(it);
}

const Requirement* Requirements::find(std::string_view key) const {
  const auto it = by_key_.find(key);
  return it == by_key_.end() ? nullptr : &it->second;
}

const Requirement* Requirements::find_conflict(const Requirements& other) const {
  auto mine = by_key_.begin();
  auto theirs = other.by_key_.begin();
  while (mine != by_key_.end() && theirs != other.by_key_.end()) {
    if (mine->first < theirs->first) {
      ++mine;
    } else if (theirs->first < mine->first) {
      ++theirs;
    } else {
      if (!agree(mine->second, theirs->second)) return &mine->second;
      ++mine;
      ++theirs;
    }
  }
  return nullptr;
}

bool Requirements::compatible(const Requirements& incoming,
                              const std::set<std::string_view>& allow_undefined) const {
  for (const auto& [key, requirement] : incoming) {
    if (!has(key) && !allow_undefined.contains(key) && !accepts_absence(requirement)) return false;
  }
  return find_conflict(incoming) == nullptr;
}

StringMap Requirements::labels() const {
  StringMap out;
  for (const auto& [key, requirement] : by_key_) {
    if (!requirement.complement() && requirement.values().size() == 1)
      out.emplace(key, *requirement.values().begin());
  }
  return out;
}

std::vector<NodeSelectorRequirement> Requirements::to_api() const {
  std::vector<NodeSelectorRequirement> out;
  for (const auto& [key, requirement] : by_key_) {
    for (auto& item : requirement.to_api()) out.push_back(std::move(item));
  }
  return out;
}

const std::set<std::string_view>& well_known_labels() {
  static const auto keys = [] {
    std::set<std::string_view> all(labels::kProvider.begin(), labels::kProvider.end());
    all.insert(labels::kWellKnownCore.begin(), labels::kWellKnownCore.end());
    return all;
  }();
  return keys;
}

}  // namespace karpenter::model
