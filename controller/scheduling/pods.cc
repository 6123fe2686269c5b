#include "controller/scheduling/pods.h"

#include <algorithm>

#include "common/base/duration.h"
#include "common/model/labels.h"

namespace karpenter::scheduling {
namespace {

using model::Container;
using model::Quantity;
using model::Resources;

Resources with_limits(const Container& container) {
  Resources out = container.resources.requests;
  for (const auto& [name, amount] : container.resources.limits)
    if (out.find(name) == nullptr) out.set(name, amount);
  return out;
}

void raise(Resources& total, const Resources& other) {
  for (const auto& [name, amount] : other) {
    const Quantity* mine = total.find(name);
    if (mine == nullptr || *mine < amount) total.set(name, amount);
  }
}

bool is_pod_level(std::string_view name) {
  return name == model::kCpu || name == model::kMemory || name.starts_with("hugepages-");
}

template <class Request>
Resources sum_requests(const model::PodSpec& spec, const Request& request) {
  Resources total;
  for (const auto& container : spec.containers) total += request(container);
  Resources sidecars;
  Resources init_peak;
  for (const auto& container : spec.init_containers) {
    const Resources own = request(container);
    if (container.restart_policy == "Always") {
      sidecars += own;
      raise(init_peak, sidecars);
    } else {
      raise(init_peak, own + sidecars);
    }
  }
  total += sidecars;
  raise(total, init_peak);
  if (spec.resources) {
    for (const auto& [name, amount] : spec.resources->requests)
      if (is_pod_level(name)) total.set(name, amount);
  }
  total += spec.overhead;
  total.set(model::kPods, Quantity::of(1));
  return total;
}

bool has_owner(const model::Pod& pod, std::string_view api_version, std::string_view kind) {
  return std::ranges::any_of(pod.meta.owner_references, [&](const model::OwnerReference& owner) {
    return owner.api_version == api_version && owner.kind == kind;
  });
}

bool is_unspecified(std::string_view ip) { return ip == "0.0.0.0" || ip == "::"; }

}  // namespace

Resources effective_requests(const model::PodSpec& spec) {
  return sum_requests(spec, [](const Container& c) -> const Resources& { return c.resources.requests; });
}

Resources effective_requests_or_limits(const model::PodSpec& spec) { return sum_requests(spec, with_limits); }

bool is_terminal(const model::Pod& pod) {
  return pod.status.phase == "Failed" || pod.status.phase == "Succeeded";
}
bool is_active(const model::Pod& pod) { return !is_terminal(pod) && !pod.meta.is_deleting(); }
bool is_owned_by_daemon_set(const model::Pod& pod) { return has_owner(pod, "apps/v1", "DaemonSet"); }
bool is_owned_by_stateful_set(const model::Pod& pod) { return has_owner(pod, "apps/v1", "StatefulSet"); }
bool is_owned_by_node(const model::Pod& pod) { return has_owner(pod, "v1", "Node"); }

bool has_required_anti_affinity(const model::Pod& pod) {
  return pod.spec.affinity && pod.spec.affinity->pod_anti_affinity &&
         !pod.spec.affinity->pod_anti_affinity->required.empty();
}

bool is_provisionable(const model::Pod& pod) {
  const bool failed = std::ranges::any_of(pod.status.conditions, [](const model::Condition& condition) {
    return condition.type == "PodScheduled" && condition.reason == "Unschedulable";
  });
  return failed && pod.spec.node_name.empty() && pod.status.nominated_node_name.empty() &&
         !is_owned_by_daemon_set(pod) && !is_owned_by_node(pod);
}

bool is_reschedulable(const model::Pod& pod) {
  const bool comes_back = is_active(pod) || (is_owned_by_stateful_set(pod) && pod.meta.is_deleting());
  return comes_back && !is_owned_by_daemon_set(pod) && !is_owned_by_node(pod);
}

bool is_do_not_disrupt(const model::Pod& pod, base::Time now) {
  const std::string_view value = pod.meta.annotation(model::labels::kDoNotDisrupt);
  if (value.empty()) return false;
  if (value == "true") return true;
  const auto duration = base::parse_duration(value);
  if (!duration || *duration <= duration->zero()) return false;
  return !pod.status.start_time || now - *pod.status.start_time < *duration;
}

bool is_currently_reschedulable(const model::Pod& pod, base::Time now) {
  return is_reschedulable(pod) && !(is_active(pod) && is_do_not_disrupt(pod, now));
}

void add_host_ports(const model::PodSpec& spec, std::vector<HostPort>& to) {
  for (const auto& container : spec.containers) {
    for (const auto& port : container.ports) {
      if (port.host_port == 0) continue;
      to.push_back({.ip = port.host_ip.empty() ? "0.0.0.0" : port.host_ip,
                    .port = port.host_port,
                    .protocol = port.protocol.empty() ? "TCP" : port.protocol});
    }
  }
}

std::vector<HostPort> host_ports(const model::PodSpec& spec) {
  std::vector<HostPort> out;
  add_host_ports(spec, out);
  return out;
}

bool conflict(const HostPort& a, const HostPort& b) {
  return a.protocol == b.protocol && a.port == b.port &&
         (a.ip == b.ip || is_unspecified(a.ip) || is_unspecified(b.ip));
}

bool conflict(const std::vector<HostPort>& a, const std::vector<HostPort>& b) {
  return std::ranges::any_of(a, [&](const HostPort& mine) {
    return std::ranges::any_of(b, [&](const HostPort& other) { return conflict(mine, other); });
  });
}

}  // namespace karpenter::scheduling
