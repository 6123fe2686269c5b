#pragma once

#include <set>
#include <span>
#include <string_view>
#include <vector>

#include "common/model/core/core.h"
#include "controller/scheduling/amounts.h"
#include "controller/scheduling/bits.h"
#include "controller/scheduling/pods.h"
#include "controller/scheduling/type_table.h"

namespace karpenter::scheduling {

// A DaemonSet's pod, prepared once per pass.
struct Daemon {
  const model::Pod* pod = nullptr;
  model::Resources requests;
  std::vector<HostPort> ports;
  std::vector<model::Requirements> alternatives;
};
// Pods with malformed node affinity run nowhere and are left out, and so are those with resource claims while
// these are ignored. spec: scheduling §21
[[nodiscard]] std::vector<Daemon> prepare_daemons(std::span<const model::Pod* const> pods,
                                                  bool ignore_dra = true);

// Instance types on which the same daemons will run, and what these take. spec: scheduling §8.4
struct OverheadGroup {
  Bits types;
  model::Resources requests;
  Amounts load;
  std::vector<HostPort> ports;
};
// The groups of a template, ordered by their first type. Every type of the table is in exactly one.
[[nodiscard]] std::vector<OverheadGroup> overhead_groups(
    const model::Requirements& base, std::span<const model::Taint> taints, const TypeTable& table,
    std::span<const Daemon> daemons, const std::set<std::string_view>& well_known, Interner& resources);

// What daemons will still take on an existing node: of those that fit it, minus what its own DaemonSet pods
// request; each at least 0. spec: scheduling §8.5 steps 2-3
[[nodiscard]] model::Resources pending_daemon_requests(const model::StringMap& labels,
                                                       std::string_view hostname,
                                                       std::span<const model::Taint> taints,
                                                       const model::Resources& running,
                                                       std::span<const Daemon> daemons);

}  // namespace karpenter::scheduling
