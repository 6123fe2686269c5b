#include "controller/scheduling/pod_shape.h"

#include <algorithm>

#include "controller/scheduling/bits.h"
#include "controller/scheduling/volumes.h"

namespace karpenter::scheduling {
namespace {

void add_map(Hash& out, const model::StringMap& map) {
  out.add(map.size());
  for (const auto& [key, value] : map) out.add(key).add(value);
}

void add_selector(Hash& out, const std::optional<model::LabelSelector>& selector) {
  if (!selector) return;
  add_map(out, selector->match_labels);
  for (const auto& expression : selector->match_expressions) out.add(expression.key).add(expression.op);
}

void add_terms(Hash& out, const std::vector<model::PodAffinityTerm>& terms) {
  out.add(terms.size());
  for (const auto& term : terms) {
    out.add(term.topology_key);
    add_selector(out, term.label_selector);
  }
}

void add_affinity(Hash& out, const model::Affinity& affinity) {
  if (affinity.node_affinity) {
    if (affinity.node_affinity->required)
      for (const auto& term : *affinity.node_affinity->required)
        for (const auto& expression : term.match_expressions) {
          out.add(expression.key).add(expression.op);
          for (const auto& value : expression.values) out.add(value);
        }
    for (const auto& term : affinity.node_affinity->preferred)
      out.add(static_cast<std::uint64_t>(term.weight)).add(term.preference.match_expressions.size());
  }
  for (const auto* terms : {&affinity.pod_affinity, &affinity.pod_anti_affinity}) {
    out.add(terms->has_value() ? 1 : 0);
    if (!*terms) continue;
    add_terms(out, (*terms)->required);
    for (const auto& weighted : (*terms)->preferred) {
      out.add(static_cast<std::uint64_t>(weighted.weight)).add(weighted.term.topology_key);
      add_selector(out, weighted.term.label_selector);
    }
  }
}

void add_resources(Hash& out, const model::Resources& resources) {
  out.add(resources.size());
  for (const auto& [name, amount] : resources) out.add(name).add(static_cast<std::uint64_t>(amount.nano()));
}

bool same_term(const model::PodAffinityTerm& a, const model::PodAffinityTerm& b) {
  return a.topology_key == b.topology_key && a.label_selector == b.label_selector &&
         a.namespaces == b.namespaces && a.namespace_selector == b.namespace_selector;
}

bool same_terms(const std::vector<model::PodAffinityTerm>& a, const std::vector<model::PodAffinityTerm>& b) {
  return std::ranges::equal(a, b, same_term);
}

bool same_pod_affinity(const std::optional<model::PodAffinity>& a,
                       const std::optional<model::PodAffinity>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return same_terms(a->required, b->required) &&
         std::ranges::equal(a->preferred, b->preferred, [](const auto& x, const auto& y) {
           return x.weight == y.weight && same_term(x.term, y.term);
         });
}

bool same_node_affinity(const std::optional<model::NodeAffinity>& a,
                        const std::optional<model::NodeAffinity>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->required == b->required &&
         std::ranges::equal(a->preferred, b->preferred, [](const auto& x, const auto& y) {
           return x.weight == y.weight && x.preference == y.preference;
         });
}

bool same_affinity(const std::optional<model::Affinity>& a, const std::optional<model::Affinity>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return same_node_affinity(a->node_affinity, b->node_affinity) &&
         same_pod_affinity(a->pod_affinity, b->pod_affinity) &&
         same_pod_affinity(a->pod_anti_affinity, b->pod_anti_affinity);
}

bool same_spread(const model::TopologySpreadConstraint& a, const model::TopologySpreadConstraint& b) {
  return a.max_skew == b.max_skew && a.topology_key == b.topology_key &&
         a.when_unsatisfiable == b.when_unsatisfiable && a.label_selector == b.label_selector &&
         a.min_domains == b.min_domains && a.node_affinity_policy == b.node_affinity_policy &&
         a.node_taints_policy == b.node_taints_policy && a.match_label_keys == b.match_label_keys;
}

bool same_ports(const std::vector<model::Container>& a, const std::vector<model::Container>& b) {
  return std::ranges::equal(a, b, [](const model::Container& x, const model::Container& y) {
    return std::ranges::equal(x.ports, y.ports, [](const auto& p, const auto& q) {
      return p.host_port == q.host_port && p.host_ip == q.host_ip && p.protocol == q.protocol;
    });
  });
}

bool same_claims(const model::Pod& a, const model::Pod& b) {
  if (a.spec.volumes.empty() && b.spec.volumes.empty()) return true;
  if (!uses_claims(a.spec) && !uses_claims(b.spec)) return true;
  return std::ranges::equal(a.spec.volumes, b.spec.volumes, [&](const auto& x, const auto& y) {
    return claim_name(a, x) == claim_name(b, y);
  });
}

bool same_containers(const std::vector<model::Container>& a, const std::vector<model::Container>& b) {
  return std::ranges::equal(a, b, [](const model::Container& x, const model::Container& y) {
    return x.restart_policy == y.restart_policy && x.resources.requests == y.resources.requests;
  });
}

const std::vector<model::PodAffinityTerm>& anti_terms(const model::Pod& pod) {
  static const std::vector<model::PodAffinityTerm> none;
  if (!pod.spec.affinity || !pod.spec.affinity->pod_anti_affinity) return none;
  return pod.spec.affinity->pod_anti_affinity->required;
}

}  // namespace

std::uint64_t rules_hash(const model::Pod& pod) {
  Hash out;
  const auto& spec = pod.spec;
  out.add(pod.meta.namespace_name);
  add_map(out, spec.node_selector);
  if (spec.affinity) add_affinity(out, *spec.affinity);
  for (const auto& toleration : spec.tolerations) out.add(toleration.key).add(toleration.effect);
  for (const auto& constraint : spec.topology_spread_constraints) {
    out.add(constraint.topology_key).add(static_cast<std::uint64_t>(constraint.max_skew));
    add_selector(out, constraint.label_selector);
  }
  for (const auto& container : spec.containers)
    for (const auto& port : container.ports)
      if (port.host_port != 0) out.add(static_cast<std::uint64_t>(port.host_port));
  for (const auto& volume : spec.volumes) out.add(claim_name(pod, volume));
  return out.value();
}

bool same_rules(const model::Pod& a, const model::Pod& b) {
  const auto& x = a.spec;
  const auto& y = b.spec;
  return a.meta.namespace_name == b.meta.namespace_name && x.node_selector == y.node_selector &&
         same_affinity(x.affinity, y.affinity) && x.tolerations == y.tolerations &&
         std::ranges::equal(x.topology_spread_constraints, y.topology_spread_constraints, same_spread) &&
         same_ports(x.containers, y.containers) && same_claims(a, b) &&
         x.has_resource_claims == y.has_resource_claims;
}

std::uint64_t size_hash(const model::PodSpec& spec) {
  Hash out;
  for (const auto* containers : {&spec.containers, &spec.init_containers}) {
    out.add(containers->size());
    for (const auto& container : *containers) add_resources(out, container.resources.requests);
  }
  if (spec.resources) add_resources(out, spec.resources->requests);
  add_resources(out, spec.overhead);
  return out.value();
}

bool same_size(const model::PodSpec& a, const model::PodSpec& b) {
  const bool same_level = a.resources.has_value() == b.resources.has_value() &&
                          (!a.resources || a.resources->requests == b.resources->requests);
  return same_level && same_containers(a.containers, b.containers) &&
         same_containers(a.init_containers, b.init_containers) && a.overhead == b.overhead;
}

std::uint64_t anti_affinity_hash(const model::Pod& pod) {
  Hash out;
  out.add(pod.meta.namespace_name);
  add_terms(out, anti_terms(pod));
  return out.value();
}

bool same_anti_affinity(const model::Pod& a, const model::Pod& b) {
  return a.meta.namespace_name == b.meta.namespace_name && same_terms(anti_terms(a), anti_terms(b));
}

}  // namespace karpenter::scheduling
