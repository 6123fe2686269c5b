#include <algorithm>
#include <limits>
#include <optional>

#include "common/model/labels.h"
#include "tests/support/plan_verifier_scene.h"

// Rules between nodes: spread, affinity, anti-affinity. What the plan comes to is judged, not the order in
// which a planner got there, so a count is compared with what it must have been at least when its last pod
// came.

namespace karpenter::support {
namespace {

using model::PodAffinityTerm;
using model::TopologySpreadConstraint;
using Domains = std::set<std::string>;  // what a label of a node may turn out to be

// A node, existing or wanted, and its pods when the plan is carried out.
struct Spot {
  std::string name;
  std::vector<LabelChoices> launches;  // one for an existing node
  std::vector<model::Taint> taints;
  std::vector<const Pod*> running;
  std::vector<const Pod*> placed;
  bool is_new = false;

  // Empty: the node lacks the label.
  [[nodiscard]] Domains domains(const std::string& key) const {
    if (key == model::labels::kHostname) return {name};
    Domains out;
    for (const auto& labels : launches)
      if (const auto found = labels.find(key); found != labels.end())
        out.insert(found->second.begin(), found->second.end());
    return out;
  }
  [[nodiscard]] std::optional<std::string> domain(const std::string& key) const {
    const Domains all = domains(key);
    if (all.size() != 1 || all.begin()->empty()) return std::nullopt;
    return *all.begin();
  }
  [[nodiscard]] bool meets(const Expressions& term) const {
    return std::ranges::all_of(launches, [&](const auto& labels) { return always_holds(term, labels); });
  }
};

bool counts(const Pod& pod) {
  return pod.status.phase != "Failed" && pod.status.phase != "Succeeded" && !pod.meta.is_deleting();
}

std::vector<Spot> spots_of(const Scene& scene) {
  std::set<std::string_view> moving;
  for (const auto* pod : scene.pods) moving.insert(pod->meta.uid);
  std::vector<Spot> out;
  for (std::size_t i = 0; i < scene.nodes.size(); ++i) {
    const SceneNode& node = scene.nodes[i];
    Spot spot{.name = node.name,
              .launches = {choices_of(node)},
              .taints = node.taints,
              .running = {},
              .placed = scene.onto[i]};
    for (const auto* pod : node.running)
      if (counts(*pod) && !moving.contains(pod->meta.uid)) spot.running.push_back(pod);
    out.push_back(std::move(spot));
  }
  for (const auto& claim : scene.create) {
    Spot spot{.name = "new node " + std::to_string(out.size()),
              .launches = {},
              .taints = {},
              .running = {},
              .placed = claim.pods,
              .is_new = true};
    for (auto& launch : launches_of(scene, claim)) spot.launches.push_back(std::move(launch.labels));
    for (const auto& pool : scene.pools)
      if (pool.pool->meta.name == claim.pool) spot.taints = pool.pool->spec.node_template.spec.taints;
    out.push_back(std::move(spot));
  }
  return out;
}

// ---- spread

model::LabelSelector selector_of(const Pod& pod, const TopologySpreadConstraint& constraint) {
  model::LabelSelector out = *constraint.label_selector;
  for (const auto& key : constraint.match_label_keys) {
    const auto label = pod.meta.labels.find(key);
    if (label == pod.meta.labels.end()) continue;
    out.match_expressions.push_back({.key = key, .op = "In", .values = {label->second}});
  }
  return out;
}

// One pod's constraint and what it counts.
struct Spread {
  const Scene& scene;
  const std::vector<Spot>& spots;
  const Pod& pod;
  const TopologySpreadConstraint& constraint;
  model::LabelSelector selector;

  [[nodiscard]] bool matches(const Pod& other) const {
    return other.meta.namespace_name == pod.meta.namespace_name &&
           model::matches(selector, other.meta.labels);
  }
  [[nodiscard]] bool carries(const Pod& other) const {
    return std::ranges::any_of(other.spec.topology_spread_constraints, [&](const auto& c) {
      return c.topology_key == constraint.topology_key && c.max_skew == constraint.max_skew &&
             c.when_unsatisfiable != "ScheduleAnyway" && c.label_selector == constraint.label_selector;
    });
  }
  [[nodiscard]] bool takes_part(const Spot& spot) const {
    if (constraint.node_taints_policy == "Honor" && !tolerates_hard(pod, spot.taints)) return false;
    const auto terms = required_terms(pod);
    return constraint.node_affinity_policy == "Ignore" ||
           std::ranges::any_of(terms, [&](const auto& term) { return spot.meets(term); });
  }
  // How many there were at least when the last pod with this constraint came.
  [[nodiscard]] std::int64_t at_least(const std::string& domain) const {
    std::int64_t n = 0;
    for (const auto& spot : spots) {
      if (spot.domain(constraint.topology_key) != domain || !takes_part(spot)) continue;
      n += std::ranges::count_if(spot.running, [&](const Pod* p) { return matches(*p); });
      n += std::ranges::count_if(spot.placed, [&](const Pod* p) { return matches(*p) && carries(*p); });
    }
    return n;
  }
  [[nodiscard]] std::int64_t in_the_end(const std::string& domain) const {
    std::int64_t n = 0;
    for (const auto& spot : spots) {
      if (spot.domain(constraint.topology_key) != domain || !takes_part(spot)) continue;
      n += std::ranges::count_if(spot.running, [&](const Pod* p) { return matches(*p); });
      n += std::ranges::count_if(spot.placed, [&](const Pod* p) { return matches(*p); });
    }
    return n;
  }
  // Every domain there is or could be, whatever its count.
  [[nodiscard]] Domains universe() const;
};

// The values that nodes of the pool and type may have.
void add_possible(const ScenePool& pool, const cloud::InstanceType& type, const std::string& key,
                  Domains& to) {
  const auto& node_template = pool.pool->spec.node_template;
  Expressions all;
  std::set<std::string> values;
  for (const auto& expression : node_template.spec.requirements)
    if (model::normalize_label(expression.key) == key) all.push_back(expression);
  if (const auto* own = type.requirements.find(key); own != nullptr) {
    for (const auto& expression : own->to_api()) all.push_back(expression);
  }
  for (const auto& expression : all)
    if (expression.op == "In") values.insert(expression.values.begin(), expression.values.end());
  const auto label = node_template.meta.labels.find(key);
  if (label != node_template.meta.labels.end()) values = {label->second};
  for (const auto& value : values)
    if (std::ranges::all_of(all, [&](const auto& e) { return holds(e, &value); })) to.insert(value);
}

Domains Spread::universe() const {
  Domains out;
  for (const auto& pool : scene.pools) {
    const bool is_shut = constraint.node_taints_policy == "Honor" &&
                         !tolerates_hard(pod, pool.pool->spec.node_template.spec.taints);
    if (is_shut) continue;
    for (const auto& type : pool.types) add_possible(pool, *type, constraint.topology_key, out);
  }
  for (const auto& spot : spots) {
    const auto domain = spot.domain(constraint.topology_key);
    if (domain && takes_part(spot)) out.insert(*domain);
  }
  return out;
}

std::int64_t least_count(const Spread& spread, const Expressions& term) {
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  std::int64_t domains = 0;
  for (const auto& domain : spread.universe()) {
    const bool is_open = std::ranges::all_of(term, [&](const auto& e) {
      return model::normalize_label(e.key) != spread.constraint.topology_key || holds(e, &domain);
    });
    if (!is_open) continue;
    ++domains;
    least = std::min(least, spread.in_the_end(domain));
  }
  return spread.constraint.min_domains && domains < *spread.constraint.min_domains ? 0 : least;
}

bool is_within_skew(const Spread& spread, const Spot& at, const std::string& domain) {
  const std::int64_t count = spread.at_least(domain);
  if (spread.constraint.topology_key == model::labels::kHostname) return count <= spread.constraint.max_skew;
  const auto terms = required_terms(spread.pod);
  return std::ranges::any_of(terms, [&](const auto& term) {
    return at.meets(term) && count - least_count(spread, term) <= spread.constraint.max_skew;
  });
}

void check_spread(const Scene& scene, const std::vector<Spot>& spots, const Spot& at, const Pod& pod,
                  Broken& broken) {
  for (const auto& constraint : pod.spec.topology_spread_constraints) {
    if (constraint.when_unsatisfiable == "ScheduleAnyway") continue;
    const std::string what = " " + constraint.topology_key + " of " + name_of(pod) + " on " + at.name;
    const auto domain = at.domain(constraint.topology_key);
    if (!domain) {
      broken.push_back("spread: no one value of" + what);
      continue;
    }
    if (!constraint.label_selector) continue;
    const Spread spread{.scene = scene,
                        .spots = spots,
                        .pod = pod,
                        .constraint = constraint,
                        .selector = selector_of(pod, constraint)};
    // A pod that does not count itself is judged by what ran before: others may have come later.
    if (!spread.matches(pod)) continue;
    if (!is_within_skew(spread, at, *domain)) broken.push_back("spread:" + what);
  }
}

// ---- affinity

bool selects(const Scene& scene, const Pod& owner, const PodAffinityTerm& term, const Pod& other) {
  if (!term.label_selector || !model::matches(*term.label_selector, other.meta.labels)) return false;
  const std::string& space = other.meta.namespace_name;
  if (std::ranges::find(term.namespaces, space) != term.namespaces.end()) return true;
  if (term.namespace_selector) {
    const auto found = scene.namespaces.find(space);
    return found != scene.namespaces.end() && model::matches(*term.namespace_selector, found->second);
  }
  return term.namespaces.empty() && space == owner.meta.namespace_name;
}

bool may_meet(const Spot& a, const Spot& b, const std::string& key) {
  if (&a == &b) return true;
  const Domains of_a = a.domains(key);
  const Domains of_b = b.domains(key);
  return std::ranges::any_of(of_a, [&](const auto& d) { return !d.empty() && of_b.contains(d); });
}

const std::vector<PodAffinityTerm>& apart_terms(const Pod& pod) {
  static const std::vector<PodAffinityTerm> none;
  return pod.spec.affinity && pod.spec.affinity->pod_anti_affinity
             ? pod.spec.affinity->pod_anti_affinity->required
             : none;
}
const std::vector<PodAffinityTerm>& together_terms(const Pod& pod) {
  static const std::vector<PodAffinityTerm> none;
  return pod.spec.affinity && pod.spec.affinity->pod_affinity ? pod.spec.affinity->pod_affinity->required
                                                              : none;
}

bool keeps_away(const Scene& scene, const Pod& owner, const Pod& other, const Spot& a, const Spot& b) {
  return std::ranges::any_of(apart_terms(owner), [&](const PodAffinityTerm& term) {
    return selects(scene, owner, term, other) && may_meet(a, b, term.topology_key);
  });
}

void check_apart(const Scene& scene, const std::vector<Spot>& spots, const Spot& at, const Pod& pod,
                 Broken& broken) {
  for (const auto& other : spots) {
    for (const auto* pods : {&other.running, &other.placed}) {
      for (const Pod* p : *pods) {
        if (p == &pod) continue;
        if (keeps_away(scene, pod, *p, at, other) || keeps_away(scene, *p, pod, other, at))
          broken.push_back("anti-affinity: " + name_of(pod) + " on " + at.name + " and " + name_of(*p));
      }
    }
  }
}

// What stands by a pod with an affinity term.
struct Company {
  bool ran = false;      // a matching pod that ran before, in the same domain
  bool joined = false;   // a matching pod of the plan without this term, which may have come first
  bool founder = false;  // a pod with this term that matches itself, in the same domain
  std::set<std::string> founded_elsewhere;  // domains where only such pods are
  bool ran_elsewhere = false;               // in a domain that this pod may go to
};

bool has_term(const Pod& pod, const PodAffinityTerm& term) {
  return std::ranges::any_of(together_terms(pod), [&](const auto& t) {
    return t.topology_key == term.topology_key && t.label_selector == term.label_selector &&
           t.namespaces == term.namespaces && t.namespace_selector == term.namespace_selector;
  });
}

// The terms by which the pod is at `at` leave it that domain.
bool may_go(const Pod& pod, const Spot& at, const std::string& key, const std::string& value) {
  const auto terms = required_terms(pod);
  return std::ranges::any_of(terms, [&](const auto& term) {
    return at.meets(term) && std::ranges::all_of(term, [&](const auto& e) {
             return model::normalize_label(e.key) != key || holds(e, &value);
           });
  });
}

// When the node of the pod turns out to be in `here`.
Company company_of(const Scene& scene, const std::vector<Spot>& spots, const Spot& at,
                   const std::string& here, const Pod& pod, const PodAffinityTerm& term) {
  Company out;
  for (const auto& spot : spots) {
    const auto domain = spot.domain(term.topology_key);
    const bool is_here = &spot == &at || domain == here;
    const bool is_open = domain && may_go(pod, at, term.topology_key, *domain);
    for (const Pod* p : spot.running) {
      if (!selects(scene, pod, term, *p)) continue;
      (is_here ? out.ran : out.ran_elsewhere) |= is_here || is_open;
    }
    for (const Pod* p : spot.placed) {
      if (!selects(scene, pod, term, *p)) continue;
      const bool is_equal = has_term(*p, term);
      if (is_here && !is_equal) out.joined = true;
      if (is_here && is_equal) out.founder = true;
      if (!is_here && is_equal && is_open) out.founded_elsewhere.insert(*domain);
    }
  }
  return out;
}

// A domain of a group that nothing but the group itself is in.
bool is_supported_elsewhere(const Scene& scene, const std::vector<Spot>& spots, const Pod& pod,
                            const PodAffinityTerm& term, const std::string& domain) {
  return std::ranges::any_of(spots, [&](const Spot& spot) {
    if (spot.domain(term.topology_key) != domain) return false;
    const auto helps = [&](const Pod* p) { return selects(scene, pod, term, *p); };
    return std::ranges::any_of(spot.running, helps) ||
           std::ranges::any_of(spot.placed, [&](const Pod* p) { return helps(p) && !has_term(*p, term); });
  });
}

void check_term(const Scene& scene, const std::vector<Spot>& spots, const Spot& at, const Pod& pod,
                const PodAffinityTerm& term, Broken& broken) {
  const std::string what = "affinity: " + term.topology_key + " of " + name_of(pod) + " on " + at.name;
  const Domains domains = at.domains(term.topology_key);
  if (domains.empty()) broken.push_back(what + ": no such label");
  for (const auto& here : domains) {
    const Company company = company_of(scene, spots, at, here, pod, term);
    if (company.ran || company.joined) continue;
    const bool is_second = std::ranges::any_of(company.founded_elsewhere, [&](const auto& domain) {
      return !is_supported_elsewhere(scene, spots, pod, term, domain);
    });
    if (!company.founder) {
      broken.push_back(what + ": alone");
    } else if (company.ran_elsewhere) {
      broken.push_back(what + ": the others are elsewhere");
    } else if (is_second) {
      broken.push_back(what + ": the group is split");
    }
  }
}

void check_together(const Scene& scene, const std::vector<Spot>& spots, const Spot& at, const Pod& pod,
                    Broken& broken) {
  for (const auto& term : together_terms(pod)) check_term(scene, spots, at, pod, term, broken);
}

}  // namespace

void check_topology(const Scene& scene, Broken& broken) {
  const auto spots = spots_of(scene);
  for (const auto& at : spots) {
    for (const Pod* pod : at.placed) {
      check_spread(scene, spots, at, *pod, broken);
      check_apart(scene, spots, at, *pod, broken);
      check_together(scene, spots, at, *pod, broken);
    }
  }
}

}  // namespace karpenter::support
