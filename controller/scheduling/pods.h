#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.h"
#include "common/model/core/core.h"

// What scheduling, cluster state and disruption ask about a single pod. All pure.

namespace karpenter::scheduling {

// What the pod needs of a node, incl. `pods: 1`: containers and sidecars, or the init peak, pod-level
// replacement, overhead. Container statuses (in-place resize) are not looked at. spec: scheduling §7.1
[[nodiscard]] model::Resources effective_requests(const model::PodSpec& spec);
// The same where every container request that is missing is taken from its limit: pods made from a DaemonSet
// template.
[[nodiscard]] model::Resources effective_requests_or_limits(const model::PodSpec& spec);

[[nodiscard]] bool is_terminal(const model::Pod& pod);  // Failed or Succeeded
[[nodiscard]] bool is_active(const model::Pod& pod);    // not terminal and not being deleted
[[nodiscard]] bool is_owned_by_daemon_set(const model::Pod& pod);
[[nodiscard]] bool is_owned_by_stateful_set(const model::Pod& pod);
[[nodiscard]] bool is_owned_by_node(const model::Pod& pod);  // mirror (static) pods
[[nodiscard]] bool has_required_anti_affinity(const model::Pod& pod);

// A pod that no node is found for yet and that new capacity can help. spec: scheduling §2.1
[[nodiscard]] bool is_provisionable(const model::Pod& pod);
// A pod that would need a place if its node went away. spec: scheduling §2.4 (first rule)
[[nodiscard]] bool is_reschedulable(const model::Pod& pod);
// The karpenter.sh/do-not-disrupt annotation is in force: "true", or a duration since the pod started.
[[nodiscard]] bool is_do_not_disrupt(const model::Pod& pod, base::Time now);
// Reschedulable and not held back by its annotation. Budgets are not looked at. spec: scheduling §2.4
[[nodiscard]] bool is_currently_reschedulable(const model::Pod& pod, base::Time now);

// A port of the host that a pod occupies. spec: scheduling §13.1
struct HostPort {
  std::string ip;
  std::int32_t port = 0;
  std::string protocol;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};
[[nodiscard]] std::vector<HostPort> host_ports(const model::PodSpec& spec);
void add_host_ports(const model::PodSpec& spec, std::vector<HostPort>& to);
[[nodiscard]] bool conflict(const HostPort& a, const HostPort& b);
[[nodiscard]] bool conflict(const std::vector<HostPort>& a, const std::vector<HostPort>& b);

}  // namespace karpenter::scheduling
