#include "controller/scheduling/daemons.h"

#include <algorithm>
#include <map>

#include "controller/scheduling/node_affinity.h"

namespace karpenter::scheduling {
namespace {

bool tolerates_all(const Daemon& daemon, std::span<const model::Taint> taints) {
  return untolerated(taints, daemon.pod->spec.tolerations, PreferNoSchedule::kTolerated).empty();
}

// The alternatives of the daemon that a node of this template may meet.
std::vector<const model::Requirements*> possible_alternatives(const Daemon& daemon,
                                                              const model::Requirements& base,
                                                              const std::set<std::string_view>& well_known) {
  std::vector<const model::Requirements*> out;
  for (const auto& alternative : daemon.alternatives)
    if (base.compatible(alternative, well_known)) out.push_back(&alternative);
  return out;
}

bool runs_on(const cloud::InstanceType& type, const std::vector<const model::Requirements*>& alternatives) {
  return std::ranges::any_of(alternatives, [&](const model::Requirements* alternative) {
    return type.requirements.find_conflict(*alternative) == nullptr;
  });
}

OverheadGroup make_group(const std::vector<const Daemon*>& daemons, Interner& resources) {
  OverheadGroup group;
  for (const Daemon* daemon : daemons) {
    group.requests += daemon->requests;
    group.ports.insert(group.ports.end(), daemon->ports.begin(), daemon->ports.end());
  }
  group.load = requested(group.requests, resources);
  return group;
}

}  // namespace

std::vector<Daemon> prepare_daemons(std::span<const model::Pod* const> pods, bool ignore_dra) {
  std::vector<Daemon> out;
  for (const model::Pod* pod : pods) {
    if (ignore_dra && pod->spec.has_resource_claims) continue;
    auto alternatives = required_alternatives(pod->spec);
    if (!alternatives) continue;
    out.push_back({.pod = pod,
                   .requests = effective_requests_or_limits(pod->spec),
                   .ports = host_ports(pod->spec),
                   .alternatives = std::move(*alternatives)});
  }
  return out;
}

std::vector<OverheadGroup> overhead_groups(const model::Requirements& base,
                                           std::span<const model::Taint> taints, const TypeTable& table,
                                           std::span<const Daemon> daemons,
                                           const std::set<std::string_view>& well_known,
                                           Interner& resources) {
  struct Candidate {
    const Daemon* daemon;
    std::vector<const model::Requirements*> alternatives;
  };
  std::vector<Candidate> candidates;
  for (const Daemon& daemon : daemons) {
    if (!tolerates_all(daemon, taints)) continue;
    auto alternatives = possible_alternatives(daemon, base, well_known);
    if (!alternatives.empty()) candidates.push_back({&daemon, std::move(alternatives)});
  }
  std::vector<OverheadGroup> groups;
  std::map<std::vector<const Daemon*>, std::size_t> index;  // looked up only
  for (std::size_t i = 0; i < table.size(); ++i) {
    std::vector<const Daemon*> running;
    for (const auto& candidate : candidates)
      if (runs_on(table.type(i), candidate.alternatives)) running.push_back(candidate.daemon);
    const auto [it, is_new] = index.emplace(running, groups.size());
    if (is_new) {
      groups.push_back(make_group(running, resources));
      groups.back().types = Bits(table.size());
    }
    groups[it->second].types.set(i);
  }
  return groups;
}

model::Resources pending_daemon_requests(const model::StringMap& labels, std::string_view hostname,
                                         std::span<const model::Taint> taints,
                                         const model::Resources& running, std::span<const Daemon> daemons) {
  model::Resources total;
  for (const Daemon& daemon : daemons) {
    if (tolerates_all(daemon, taints) && accepts(labels, hostname, daemon.alternatives.front()))
      total += daemon.requests;
  }
  model::Resources out;
  for (const auto& [name, amount] : total) {
    const model::Quantity left = amount - running.get(name);
    out.set(name, left > model::Quantity{} ? left : model::Quantity{});
  }
  return out;
}

}  // namespace karpenter::scheduling
