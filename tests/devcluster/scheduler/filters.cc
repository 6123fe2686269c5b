#include "tests/devcluster/scheduler/filters.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "common/base/strings.h"

namespace karpenter::devcluster {
namespace {

constexpr std::string_view kAllAddresses = "0.0.0.0";

// The first taint that keeps the pod off the node, or null. PreferNoSchedule keeps nobody off.
const model::Taint* find_repelling(const std::vector<model::Taint>& taints,
                                   const std::vector<model::Toleration>& tolerations) {
  const auto it = std::ranges::find_if(taints, [&](const auto& taint) {
    return taint.effect != model::kPreferNoSchedule &&
           std::ranges::none_of(tolerations, [&](const auto& one) { return model::tolerates(one, taint); });
  });
  return it == taints.end() ? nullptr : &*it;
}

// A cordon is a taint in disguise: daemons tolerate it.
bool is_cordoned_for(const model::Pod& pod, const model::Node& node) {
  if (!node.spec.unschedulable) return false;
  const model::Taint cordon{.key = "node.kubernetes.io/unschedulable",
                            .value = "",
                            .effect = std::string(model::kNoSchedule),
                            .time_added = {}};
  return find_repelling({cordon}, pod.spec.tolerations) != nullptr;
}

bool number_matches(const std::string& op, const std::string& have, const std::string& want) {
  const auto a = base::parse_int64(have);
  const auto b = base::parse_int64(want);
  if (!a || !b) return false;
  return op == "Gt" ? *a > *b : *a < *b;
}

bool expression_matches(const model::NodeSelectorRequirement& want, const model::StringMap& labels) {
  const auto it = labels.find(want.key);
  const bool present = it != labels.end();
  if (want.op == "Exists") return present;
  if (want.op == "DoesNotExist") return !present;
  if (want.op == "NotIn") return !present || std::ranges::find(want.values, it->second) == want.values.end();
  if (!present) return false;
  if (want.op == "In") return std::ranges::find(want.values, it->second) != want.values.end();
  if (want.op != "Gt" && want.op != "Lt") return false;
  return want.values.size() == 1 && number_matches(want.op, it->second, want.values.front());
}

bool node_affinity_matches(const model::Pod& pod, const model::Node& node) {
  for (const auto& [key, value] : pod.spec.node_selector) {
    if (node.meta.label(key) != value || !node.meta.labels.contains(key)) return false;
  }
  if (!pod.spec.affinity || !pod.spec.affinity->node_affinity) return true;
  const auto& required = pod.spec.affinity->node_affinity->required;
  if (!required) return true;
  return std::ranges::any_of(*required, [&](const auto& term) { return term_matches(term, node); });
}

std::string find_resource_shortage(const model::Pod& pod, const NodeInfo& target) {
  for (const auto& [name, amount] : pod_requests(pod)) {
    if (amount.is_zero()) continue;
    if (target.used.get(name) + amount > target.node->status.allocatable.get(name)) {
      return name == model::kPods ? "Too many pods" : "Insufficient " + name;
    }
  }
  return "";
}

struct HostPort {
  std::string protocol;
  std::int32_t port;
  std::string ip;  // 0.0.0.0: all addresses
};

std::vector<HostPort> host_ports(const model::Pod& pod) {
  std::vector<HostPort> out;
  for (const auto& container : pod.spec.containers) {
    for (const auto& port : container.ports) {
      if (port.host_port == 0) continue;
      out.push_back({.protocol = port.protocol.empty() ? "TCP" : port.protocol,
                     .port = port.host_port,
                     .ip = port.host_ip.empty() ? std::string(kAllAddresses) : port.host_ip});
    }
  }
  return out;
}

bool ports_collide(const HostPort& a, const HostPort& b) {
  if (a.protocol != b.protocol || a.port != b.port) return false;
  return a.ip == b.ip || a.ip == kAllAddresses || b.ip == kAllAddresses;
}

bool has_port_conflict(const model::Pod& pod, const NodeInfo& target) {
  const auto wanted = host_ports(pod);
  if (wanted.empty()) return false;
  return std::ranges::any_of(target.pods, [&](const auto& other) {
    const auto taken = host_ports(*other);
    return std::ranges::any_of(wanted, [&](const auto& port) {
      return std::ranges::any_of(taken, [&](const auto& held) { return ports_collide(port, held); });
    });
  });
}

// ---- pod affinity

bool namespace_matches(const model::PodAffinityTerm& term, const model::Pod& owner, const model::Pod& other,
                       const ClusterView& cluster) {
  const auto& name = other.meta.namespace_name;
  if (term.namespaces.empty() && !term.namespace_selector) return name == owner.meta.namespace_name;
  if (std::ranges::find(term.namespaces, name) != term.namespaces.end()) return true;
  if (!term.namespace_selector) return false;
  const auto it = cluster.namespaces.find(name);
  return it != cluster.namespaces.end() && model::matches(*term.namespace_selector, it->second);
}

bool term_selects(const model::PodAffinityTerm& term, const model::Pod& owner, const model::Pod& other,
                  const ClusterView& cluster) {
  return term.label_selector && model::matches(*term.label_selector, other.meta.labels) &&
         namespace_matches(term, owner, other, cluster);
}

std::optional<std::string> domain_of(const model::Node& node, const std::string& key) {
  const auto it = node.meta.labels.find(key);
  if (it == node.meta.labels.end()) return std::nullopt;
  return it->second;
}

bool domain_has_match(const model::PodAffinityTerm& term, const model::Pod& owner, const std::string& domain,
                      const ClusterView& cluster) {
  for (const auto& [name, info] : cluster.nodes) {
    if (domain_of(*info.node, term.topology_key) != domain) continue;
    for (const auto& other : info.pods) {
      if (term_selects(term, owner, *other, cluster)) return true;
    }
  }
  return false;
}

bool any_match_anywhere(const model::PodAffinityTerm& term, const model::Pod& owner,
                        const ClusterView& cluster) {
  for (const auto& [name, info] : cluster.nodes) {
    for (const auto& other : info.pods) {
      if (term_selects(term, owner, *other, cluster)) return true;
    }
  }
  return false;
}

bool pod_affinity_holds(const model::Pod& pod, const NodeInfo& target, const ClusterView& cluster) {
  if (!pod.spec.affinity || !pod.spec.affinity->pod_affinity) return true;
  for (const auto& term : pod.spec.affinity->pod_affinity->required) {
    const auto domain = domain_of(*target.node, term.topology_key);
    if (!domain) return false;
    if (domain_has_match(term, pod, *domain, cluster)) continue;
    // The first pod of a group that selects itself may start anywhere.
    if (any_match_anywhere(term, pod, cluster) || !term_selects(term, pod, pod, cluster)) return false;
  }
  return true;
}

bool own_anti_affinity_holds(const model::Pod& pod, const NodeInfo& target, const ClusterView& cluster) {
  if (!pod.spec.affinity || !pod.spec.affinity->pod_anti_affinity) return true;
  return std::ranges::none_of(pod.spec.affinity->pod_anti_affinity->required, [&](const auto& term) {
    const auto domain = domain_of(*target.node, term.topology_key);
    return domain && domain_has_match(term, pod, *domain, cluster);
  });
}

// The anti-affinity of pods that run already also keeps this one away.
bool others_anti_affinity_holds(const model::Pod& pod, const NodeInfo& target, const ClusterView& cluster) {
  for (const auto& [name, info] : cluster.nodes) {
    for (const auto& other : info.pods) {
      if (!other->spec.affinity || !other->spec.affinity->pod_anti_affinity) continue;
      for (const auto& term : other->spec.affinity->pod_anti_affinity->required) {
        const auto domain = domain_of(*target.node, term.topology_key);
        if (domain && domain == domain_of(*info.node, term.topology_key) &&
            term_selects(term, *other, pod, cluster)) {
          return false;
        }
      }
    }
  }
  return true;
}

// ---- topology spread

std::int64_t count_matching(const model::TopologySpreadConstraint& constraint, const model::Pod& pod,
                            const NodeInfo& info) {
  if (!constraint.label_selector) return 0;
  return std::ranges::count_if(info.pods, [&](const auto& other) {
    return other->meta.namespace_name == pod.meta.namespace_name && !other->meta.is_deleting() &&
           model::matches(*constraint.label_selector, other->meta.labels);
  });
}

bool counts_for_spread(const model::TopologySpreadConstraint& constraint, const model::Pod& pod,
                       const model::Node& node) {
  if (constraint.node_affinity_policy != "Ignore" && !node_affinity_matches(pod, node)) return false;
  return constraint.node_taints_policy != "Honor" ||
         find_repelling(node.spec.taints, pod.spec.tolerations) == nullptr;
}

bool spread_holds(const model::TopologySpreadConstraint& constraint, const model::Pod& pod,
                  const NodeInfo& target, const ClusterView& cluster) {
  const auto here = domain_of(*target.node, constraint.topology_key);
  if (!here) return false;
  std::map<std::string, std::int64_t> counts;
  for (const auto& [name, info] : cluster.nodes) {
    const auto domain = domain_of(*info.node, constraint.topology_key);
    if (!domain || !counts_for_spread(constraint, pod, *info.node)) continue;
    counts[*domain] += count_matching(constraint, pod, info);
  }
  std::int64_t lowest = std::numeric_limits<std::int64_t>::max();
  for (const auto& [domain, count] : counts) lowest = std::min(lowest, count);
  if (counts.empty() || static_cast<std::int64_t>(counts.size()) < constraint.min_domains.value_or(1))
    lowest = 0;
  const bool self = constraint.label_selector && model::matches(*constraint.label_selector, pod.meta.labels);
  return counts[*here] + (self ? 1 : 0) - lowest <= constraint.max_skew;
}

bool hard_spread_holds(const model::Pod& pod, const NodeInfo& target, const ClusterView& cluster) {
  return std::ranges::all_of(pod.spec.topology_spread_constraints, [&](const auto& constraint) {
    return constraint.when_unsatisfiable != "DoNotSchedule" || spread_holds(constraint, pod, target, cluster);
  });
}

model::Resources sum_requests(const std::vector<model::Container>& containers) {
  model::Resources out;
  for (const auto& container : containers) out += container.resources.requests;
  return out;
}

}  // namespace

model::Resources pod_requests(const model::Pod& pod) {
  model::Resources total = sum_requests(pod.spec.containers);
  model::Resources sidecars;
  model::Resources init_peak;
  for (const auto& container : pod.spec.init_containers) {
    if (container.restart_policy == "Always") {
      sidecars += container.resources.requests;
      init_peak.raise_to(sidecars);
    } else {
      init_peak.raise_to(sidecars + container.resources.requests);
    }
  }
  total += sidecars;
  total.raise_to(init_peak);
  if (pod.spec.resources) {
    for (const auto& [name, amount] : pod.spec.resources->requests) total.set(name, amount);
  }
  total += pod.spec.overhead;
  total.set(model::kPods, model::Quantity::of(1));
  return total;
}

bool term_matches(const model::NodeSelectorTerm& term, const model::Node& node) {
  if (term.match_expressions.empty() && term.match_fields.empty()) return false;
  const model::StringMap fields{{"metadata.name", node.meta.name}};
  return std::ranges::all_of(term.match_expressions,
                             [&](const auto& want) { return expression_matches(want, node.meta.labels); }) &&
         std::ranges::all_of(term.match_fields,
                             [&](const auto& want) { return expression_matches(want, fields); });
}

std::string find_obstacle(const model::Pod& pod, const NodeInfo& target, const ClusterView& cluster) {
  const model::Node& node = *target.node;
  if (is_cordoned_for(pod, node)) return "node(s) were unschedulable";
  if (const auto* taint = find_repelling(node.spec.taints, pod.spec.tolerations)) {
    return "node(s) had untolerated taint {" + taint->key + ": " + taint->value + "}";
  }
  if (!node_affinity_matches(pod, node)) return "node(s) didn't match Pod's node affinity/selector";
  if (has_port_conflict(pod, target)) return "node(s) didn't have free ports for the requested pod ports";
  if (auto shortage = find_resource_shortage(pod, target); !shortage.empty()) return shortage;
  if (!hard_spread_holds(pod, target, cluster)) return "node(s) didn't match pod topology spread constraints";
  if (!pod_affinity_holds(pod, target, cluster)) return "node(s) didn't match pod affinity rules";
  if (!own_anti_affinity_holds(pod, target, cluster)) return "node(s) didn't match pod anti-affinity rules";
  if (!others_anti_affinity_holds(pod, target, cluster)) {
    return "node(s) didn't satisfy existing pods anti-affinity rules";
  }
  return "";
}

double score(const model::Pod& pod, const NodeInfo& target, const ClusterView& cluster) {
  double points = 0;
  const auto requests = pod_requests(pod);
  for (const auto name : {model::kCpu, model::kMemory}) {
    const double total = target.node->status.allocatable.get(name).as_double();
    const double used = (target.used.get(name) + requests.get(name)).as_double();
    if (total > 0) points += 50 * std::max(0.0, 1 - used / total);
  }
  if (pod.spec.affinity && pod.spec.affinity->node_affinity) {
    for (const auto& preferred : pod.spec.affinity->node_affinity->preferred) {
      if (term_matches(preferred.preference, *target.node)) points += preferred.weight;
    }
  }
  for (const auto& constraint : pod.spec.topology_spread_constraints) {
    if (constraint.when_unsatisfiable != "DoNotSchedule" && !spread_holds(constraint, pod, target, cluster)) {
      points -= 100;
    }
  }
  for (const auto& taint : target.node->spec.taints) {
    if (taint.effect == model::kPreferNoSchedule) points -= 10;
  }
  return points;
}

}  // namespace karpenter::devcluster
