#include "tests/devcluster/kube/kinds.h"

#include <algorithm>
#include <cctype>
#include <tuple>
#include <utility>

#include "common/base/strings.h"

namespace karpenter::devcluster {
namespace {

// (is a version name, level GA=2 beta=1 alpha=0, major, minor).
std::tuple<bool, int, std::int64_t, std::int64_t> version_rank(std::string_view name) {
  if (name.size() < 2 || name[0] != 'v') return {false, 0, 0, 0};
  std::size_t end = 1;
  while (end < name.size() && std::isdigit(static_cast<unsigned char>(name[end])) != 0) ++end;
  const auto major = base::parse_int64(name.substr(1, end - 1));
  if (!major.has_value()) return {false, 0, 0, 0};
  const std::string_view rest = name.substr(end);
  if (rest.empty()) return {true, 2, *major, 0};
  for (const auto& [word, level] : {std::pair{"alpha", 0}, std::pair{"beta", 1}}) {
    if (!rest.starts_with(word)) continue;
    const auto minor = base::parse_int64(rest.substr(std::string_view(word).size()));
    if (minor.has_value()) return {true, level, *major, *minor};
  }
  return {false, 0, 0, 0};
}

}  // namespace

bool version_preferred(std::string_view a, std::string_view b) {
  const auto rank_a = version_rank(a);
  const auto rank_b = version_rank(b);
  if (rank_a != rank_b) return rank_a > rank_b;
  return a < b;
}

const ResourceVersion* Resource::version(std::string_view name) const {
  const auto found = std::ranges::find(versions, name, &ResourceVersion::name);
  return found == versions.end() ? nullptr : &*found;
}

std::string Resource::api_version(std::string_view version_name) const {
  return group.empty() ? std::string(version_name) : group + "/" + std::string(version_name);
}

bool Resource::has_verb(std::string_view verb) const { return std::ranges::find(verbs, verb) != verbs.end(); }

Registry::Registry() {
  for (const Resource& resource : builtin_resources()) put(resource);
}

ResourcePtr Registry::find(std::string_view group, std::string_view plural) const {
  const runtime::Lock lock(mutex_);
  const auto found = resources_.find({std::string(group), std::string(plural)});
  return found == resources_.end() ? nullptr : found->second;
}

ResourcePtr Registry::find_kind(std::string_view group, std::string_view kind) const {
  const runtime::Lock lock(mutex_);
  for (const auto& [key, resource] : resources_) {
    if (key.first == group && resource->kind == kind) return resource;
  }
  return nullptr;
}

std::vector<ResourcePtr> Registry::all() const {
  const runtime::Lock lock(mutex_);
  std::vector<ResourcePtr> all;
  all.reserve(resources_.size());
  for (const auto& [key, resource] : resources_) all.push_back(resource);
  return all;
}

void Registry::put(Resource resource) {
  const runtime::Lock lock(mutex_);
  std::pair key{resource.group, resource.plural};
  resources_.insert_or_assign(std::move(key), std::make_shared<const Resource>(std::move(resource)));
}

void Registry::remove(std::string_view group, std::string_view plural) {
  const runtime::Lock lock(mutex_);
  resources_.erase({std::string(group), std::string(plural)});
}

}  // namespace karpenter::devcluster
