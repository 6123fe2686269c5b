#include "controller/scheduling/node_table.h"

#include <algorithm>
#include <tuple>
#include <unordered_set>

#include "common/model/labels.h"
#include "controller/scheduling/pod_shape.h"

namespace karpenter::scheduling {
namespace {

std::vector<AttachedVolume> volumes_of(const ExistingNode& node, const VolumeIndex& index) {
  std::vector<AttachedVolume> out;
  if (node.volume_limits.empty()) return out;
  for (const auto* pod : node.pods) {
    if (!uses_claims(pod->spec)) continue;
    auto volumes = index.resolve(*pod);
    out.insert(out.end(), volumes.attached.begin(), volumes.attached.end());
  }
  std::ranges::sort(out);
  const auto repeated = std::ranges::unique(out);
  out.erase(repeated.begin(), repeated.end());
  return out;
}

// A resource is used beyond what there is. spec: scheduling §27.6
bool is_overdrawn(const ExistingNode& node) {
  return std::ranges::any_of(node.available, [&](const auto& entry) {
    return entry.second < node.daemon_requests_pending.get(entry.first);
  });
}

bool drives(const AttachedVolume& volume, const VolumeLimit& limit) { return volume.driver == limit.driver; }

std::uint64_t label_hash(std::string_view key, std::string_view value) {
  return Hash().add(key).add(value).value();
}

// Finds or adds the entry of `pod` in a list of kinds.
template <class Same>
RunningPods::Kind& kind_of(std::vector<RunningPods::Kind>& kinds,
                           std::unordered_multimap<std::uint64_t, std::size_t>& ids, std::uint64_t hash,
                           const model::Pod& pod, const Same& same) {
  for (auto [it, end] = ids.equal_range(hash); it != end; ++it)
    if (same(*kinds[it->second].example, pod)) return kinds[it->second];
  ids.emplace(hash, kinds.size());
  return kinds.emplace_back(RunningPods::Kind{&pod, {}});
}

}  // namespace

Id TaintSets::intern(const std::vector<model::Taint>& taints) {
  const auto same = [&](const std::vector<model::Taint>& other) {
    return std::ranges::equal(taints, other, [](const model::Taint& a, const model::Taint& b) {
      return a.key == b.key && a.value == b.value && a.effect == b.effect;
    });
  };
  const auto it = std::ranges::find_if(sets_, same);
  if (it != sets_.end()) return static_cast<Id>(it - sets_.begin());
  sets_.push_back(taints);
  return static_cast<Id>(sets_.size() - 1);
}

bool within_limits(const std::vector<VolumeLimit>& limits, const std::vector<AttachedVolume>& there,
                   const std::vector<AttachedVolume>& more) {
  return std::ranges::all_of(limits, [&](const VolumeLimit& limit) {
    const auto here = std::ranges::count_if(there, [&](const auto& v) { return drives(v, limit); });
    const auto added = std::ranges::count_if(
        more, [&](const auto& v) { return drives(v, limit) && !std::ranges::binary_search(there, v); });
    return here + added <= limit.count;
  });
}

NodeTable::NodeTable(const Problem& problem, TaintSets& taints, const VolumeIndex& volumes) {
  std::vector<std::size_t> order(problem.nodes.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, {}, [&](std::size_t i) {
    return std::make_tuple(!problem.nodes[i].initialized, std::string_view(problem.nodes[i].name));
  });
  rows_.reserve(order.size());
  for (const std::size_t i : order) {
    const ExistingNode& node = problem.nodes[i];
    const auto hostname = node.labels.find(model::labels::kHostname);
    NodeRow row{.node = &node,
                .index = i,
                .hostname = hostname == node.labels.end() ? node.name : hostname->second,
                .taints = taints.intern(node.taints),
                .raw_taints = kNoId,
                .volumes = volumes_of(node, volumes)};
    row.raw_taints = node.raw_taints.empty() ? row.taints : taints.intern(node.raw_taints);
    if (!is_overdrawn(node) && within_limits(node.volume_limits, row.volumes, {})) open_.set(rows_.size());
    if (node.is_settling) settling_.set(rows_.size());
    if (by_taints_.size() <= row.taints) by_taints_.resize(row.taints + 1);
    by_taints_[row.taints].set(rows_.size());
    rows_.push_back(std::move(row));
  }
}

const std::vector<std::int64_t>& NodeTable::left(Id resource, const std::string& name) {
  if (left_columns_.size() <= resource) left_columns_.resize(resource + 1);
  auto& column = left_columns_[resource];
  if (column.size() == rows_.size()) return column;
  column.reserve(rows_.size());
  for (const auto& row : rows_) {
    const model::Quantity* amount = row.node->available.find(name);
    column.push_back(amount == nullptr ? 0
                                       : floor_milli(*amount - row.node->daemon_requests_pending.get(name)));
  }
  return column;
}

const std::vector<HostPort>& NodeTable::ports(std::size_t row) {
  const auto [it, is_new] = ports_.try_emplace(row);
  if (is_new)
    for (const auto* pod : rows_[row].node->pods) add_host_ports(pod->spec, it->second);
  return it->second;
}

const NodeTable::Column& NodeTable::column(const std::string& key) {
  const auto [it, is_new] = columns_.try_emplace(key);
  if (!is_new) return it->second;
  Column& column = it->second;
  column.by_row.reserve(rows_.size());
  for (const auto& row : rows_) {
    const auto label = row.node->labels.find(key);
    if (label != row.node->labels.end()) {
      column.by_row.push_back(column.values.intern(label->second));
    } else {
      column.by_row.push_back(key == model::labels::kHostname ? column.values.intern(row.hostname) : kNoId);
    }
  }
  return column;
}

const Bits& NodeTable::accepting(Id requirements, const RequirementTable& table) {
  const auto [it, is_new] = accepting_.try_emplace(requirements);
  if (!is_new) return it->second;
  Bits out = Bits::all(rows_.size());
  for (const auto& [key, requirement] : table.get(requirements)) {
    const Column& labels = column(key);
    const bool absent = accepts_absence(requirement);
    std::vector<char> admits;
    for (Id v = 0; v < labels.values.size(); ++v)
      admits.push_back(requirement.has(labels.values.name(v)) ? 1 : 0);
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      const Id value = labels.by_row[row];
      if (value == kNoId ? !absent : admits[value] == 0) out.reset(row);
    }
  }
  return it->second = std::move(out);
}

RunningPods::RunningPods(const Problem& problem, const NodeTable& nodes) {
  std::unordered_set<std::string_view> seen;
  const bool may_repeat = !problem.bound_pods.empty();
  std::unordered_multimap<std::uint64_t, std::size_t> anti_ids;
  const auto add = [&](const model::Pod* pod, Place place) {
    if (may_repeat && !seen.insert(pod->meta.uid).second) return;
    if (!pod->meta.is_deleting()) pods_.push_back({pod, place});
    if (!has_required_anti_affinity(*pod)) return;
    kind_of(keeping_away_, anti_ids, anti_affinity_hash(*pod), *pod, same_anti_affinity)
        .entries.push_back({pod, place});
  };
  std::unordered_map<std::string_view, Place> places;
  for (Place row = 0; row < nodes.size(); ++row) {
    for (const auto* pod : nodes.row(row).node->pods) add(pod, row);
    if (may_repeat) places.emplace(nodes.row(row).node->name, row);
  }
  for (std::size_t i = 0; i < problem.other_nodes.size(); ++i) {
    const Place place = static_cast<Place>(nodes.size() + i);
    for (const auto* pod : problem.other_nodes[i].pods)
      if (!is_terminal(*pod)) add(pod, place);
    if (may_repeat) places.emplace(problem.other_nodes[i].name, place);
  }
  for (const auto* pod : problem.bound_pods)
    if (const auto it = places.find(pod->spec.node_name); it != places.end() && !is_terminal(*pod))
      add(pod, it->second);
}

void RunningPods::group() {
  grouped_ = true;
  std::unordered_multimap<std::uint64_t, std::size_t> ids;
  const auto same = [](const model::Pod& a, const model::Pod& b) {
    return a.meta.namespace_name == b.meta.namespace_name && a.meta.labels == b.meta.labels;
  };
  for (const auto& entry : pods_) {
    Hash hash;
    hash.add(entry.pod->meta.namespace_name);
    for (const auto& [key, value] : entry.pod->meta.labels) hash.add(key).add(value);
    kind_of(kinds_, ids, hash.value(), *entry.pod, same).entries.push_back(entry);
  }
  for (Id k = 0; k < kinds_.size(); ++k)
    for (const auto& [key, value] : kinds_[k].example->meta.labels)
      by_label_[label_hash(key, value)].push_back(k);
}

const std::vector<RunningPods::Kind>& RunningPods::kinds() {
  if (!grouped_) group();
  return kinds_;
}

const std::vector<Id>& RunningPods::kinds_with(const std::string& key, const std::string& value) {
  static const std::vector<Id> none;
  if (!grouped_) group();
  const auto it = by_label_.find(label_hash(key, value));
  return it == by_label_.end() ? none : it->second;
}

}  // namespace karpenter::scheduling
