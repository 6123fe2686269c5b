#include "tests/support/plan_verifier.h"

#include <algorithm>
#include <map>
#include <set>

#include "common/model/labels.h"
#include "controller/scheduling/pods.h"

namespace karpenter::support {
namespace {

using model::Pod;
using model::Requirements;
using scheduling::NewNode;
using scheduling::Plan;
using scheduling::Problem;
using Broken = std::vector<std::string>;

// Where a placed or running pod is: one entry per existing node and per new node.
struct Target {
  std::string name;
  std::vector<const Pod*> pods;  // placed by the plan
  std::vector<const Pod*> running;
  std::map<std::string, std::set<std::string>> values;  // by label key: what it may have
};

std::vector<Requirements> alternatives_of(const model::PodSpec& spec) {
  Requirements selector = Requirements::of_labels(spec.node_selector);
  if (!spec.affinity || !spec.affinity->node_affinity || !spec.affinity->node_affinity->required)
    return {selector};
  std::vector<Requirements> out;
  for (const auto& term : *spec.affinity->node_affinity->required) {
    auto requirements = Requirements::of(term.match_expressions);
    if (!requirements) continue;
    requirements->add(selector);
    out.push_back(std::move(*requirements));
  }
  return out;
}

bool tolerates_all(const Pod& pod, const std::vector<model::Taint>& taints) {
  return std::ranges::all_of(taints, [&](const model::Taint& taint) {
    return taint.effect == model::kPreferNoSchedule ||
           std::ranges::any_of(pod.spec.tolerations,
                               [&](const auto& t) { return model::tolerates(t, taint); });
  });
}

void check_accounting(const Problem& problem, const Plan& plan, Broken& broken) {
  std::map<const Pod*, int> seen;
  for (const auto& node : plan.create) {
    if (node.pods.empty()) broken.push_back("a new node of " + node.node_pool + " has no pod");
    for (const auto* pod : node.pods) ++seen[pod];
  }
  for (const auto& placement : plan.onto_existing) ++seen[placement.pod];
  for (const auto& unplaced : plan.unplaced) {
    ++seen[unplaced.pod];
    if (unplaced.reasons.empty()) broken.push_back("no reason for unplaced pod " + unplaced.pod->meta.name);
  }
  for (const auto* pod : problem.pods)
    if (seen[pod] != 1)
      broken.push_back("pod " + pod->meta.name + " appears " + std::to_string(seen[pod]) + " times");
  if (seen.size() != problem.pods.size()) broken.emplace_back("the plan has pods that the problem has not");
}

void check_ports(const Target& target, Broken& broken) {
  std::vector<const Pod*> all = target.running;
  all.insert(all.end(), target.pods.begin(), target.pods.end());
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = std::max(i + 1, target.running.size()); j < all.size(); ++j)
      for (const auto& a : scheduling::host_ports(all[i]->spec))
        for (const auto& b : scheduling::host_ports(all[j]->spec))
          if (scheduling::conflict(a, b)) broken.push_back("host port conflict on " + target.name);
}

void check_existing(const scheduling::ExistingNode& node, const Target& target, Broken& broken) {
  model::Resources requests = node.daemon_requests_pending;
  model::StringMap labels = node.labels;
  labels.emplace(model::labels::kHostname, node.name);
  const Requirements own = Requirements::of_labels(labels);
  for (const auto* pod : target.pods) {
    requests += scheduling::effective_requests(pod->spec);
    if (!tolerates_all(*pod, node.taints))
      broken.push_back(pod->meta.name + " does not tolerate " + node.name);
    const bool met =
        std::ranges::any_of(alternatives_of(pod->spec), [&](const auto& r) { return own.compatible(r, {}); });
    if (!met) broken.push_back(pod->meta.name + " does not select " + node.name);
  }
  if (!target.pods.empty() && !model::fits(requests, node.available))
    broken.push_back("too much on " + node.name);
}

// What the daemons of a node of this type take.
model::Resources daemon_requests(const Problem& problem, const NewNode& node,
                                 const std::vector<model::Taint>& taints, const cloud::InstanceType& type) {
  model::Resources out;
  for (const auto* pod : problem.daemon_pods) {
    const bool runs = std::ranges::any_of(alternatives_of(pod->spec), [&](const Requirements& r) {
      return node.requirements.compatible(r, model::well_known_labels()) &&
             type.requirements.find_conflict(r) == nullptr;
    });
    if (runs && tolerates_all(*pod, taints)) out += scheduling::effective_requests_or_limits(pod->spec);
  }
  return out;
}

void check_new(const Problem& problem, const NewNode& node, Broken& broken) {
  const auto pool =
      std::ranges::find(problem.pools, node.node_pool, [](const auto& p) { return p.pool->meta.name; });
  if (pool == problem.pools.end()) {
    broken.push_back("unknown pool " + node.node_pool);
    return;
  }
  const auto& taints = pool->pool->spec.node_template.spec.taints;
  model::Resources requests;
  for (const auto* pod : node.pods) {
    requests += scheduling::effective_requests(pod->spec);
    if (!tolerates_all(*pod, taints))
      broken.push_back(pod->meta.name + " does not tolerate " + node.node_pool);
    const bool met = std::ranges::any_of(alternatives_of(pod->spec), [&](const Requirements& r) {
      return node.requirements.compatible(r, model::well_known_labels());
    });
    if (!met) broken.push_back(pod->meta.name + " does not select the new node of " + node.node_pool);
  }
  if (node.instance_types.empty())
    broken.push_back("a new node of " + node.node_pool + " has no instance type");
  for (const auto& type : node.instance_types) {
    const std::string name = type->name + " of " + node.node_pool;
    if (!model::fits(requests + daemon_requests(problem, node, taints, *type), type->allocatable()))
      broken.push_back("too much for " + name);
    if (type->requirements.find_conflict(node.requirements) != nullptr) broken.push_back(name + " conflicts");
    const bool offered = std::ranges::any_of(type->offerings, [&](const cloud::Offering& o) {
      return o.available && node.requirements.compatible(o.requirements, model::well_known_labels());
    });
    if (!offered) broken.push_back(name + " is not offered");
  }
}

void check_limits(const Problem& problem, const Plan& plan, Broken& broken) {
  for (const auto& view : problem.pools) {
    for (const auto& [resource, limit] : view.pool->spec.limits) {
      model::Quantity used = view.usage.get(resource);
      bool grew = false;
      for (const auto& node : plan.create) {
        if (node.node_pool != view.pool->meta.name) continue;
        grew = true;
        model::Quantity most = resource == model::kNodes ? model::Quantity::of(1) : model::Quantity();
        for (const auto& type : node.instance_types) most = std::max(most, type->capacity.get(resource));
        used += most;
      }
      if (grew && used > limit) broken.push_back("limit on " + resource + " of " + view.pool->meta.name);
    }
  }
}

std::vector<Target> targets_of(const Problem& problem, const Plan& plan) {
  std::vector<Target> out;
  for (const auto& node : problem.nodes) {
    Target target{.name = node.name, .pods = {}, .running = node.pods, .values = {}};
    for (const auto& [key, value] : node.labels) target.values[key] = {value};
    target.values[std::string(model::labels::kHostname)] = {node.name};
    out.push_back(std::move(target));
  }
  for (const auto& placement : plan.onto_existing) out.at(placement.node).pods.push_back(placement.pod);
  for (const auto& node : plan.create) {
    Target target{
        .name = "new-" + std::to_string(out.size()), .pods = node.pods, .running = {}, .values = {}};
    for (const auto& [key, requirement] : node.requirements)
      if (!requirement.complement())
        target.values[key].insert(requirement.values().begin(), requirement.values().end());
    target.values[std::string(model::labels::kHostname)] = {target.name};
    out.push_back(std::move(target));
  }
  return out;
}

bool same_domain(const Target& a, const Target& b, const std::string& key) {
  const auto va = a.values.find(key);
  const auto vb = b.values.find(key);
  if (va == a.values.end() || vb == b.values.end()) return false;
  return std::ranges::any_of(va->second, [&](const std::string& v) { return vb->second.contains(v); });
}

bool selects(const Pod& owner, const std::optional<model::LabelSelector>& selector, const Pod& other) {
  return &owner != &other && owner.meta.namespace_name == other.meta.namespace_name && selector &&
         model::matches(*selector, other.meta.labels);
}

// Terms without namespaces only: what the random worlds use.
void check_anti_affinity(const std::vector<Target>& targets, const Pod& pod, const Target& at,
                         Broken& broken) {
  if (!scheduling::has_required_anti_affinity(pod)) return;
  for (const auto& term : pod.spec.affinity->pod_anti_affinity->required) {
    for (const auto& other : targets) {
      if (!same_domain(at, other, term.topology_key)) continue;
      std::vector<const Pod*> all = other.running;
      all.insert(all.end(), other.pods.begin(), other.pods.end());
      for (const auto* p : all)
        if (selects(pod, term.label_selector, *p))
          broken.push_back(pod.meta.name + " is not kept apart from " + p->meta.name + " by " +
                           term.topology_key);
    }
  }
}

// Pods that carry the constraint and count themselves: more than maxSkew on one host can never be right.
void check_host_spread(const Pod& pod, const Target& at, Broken& broken) {
  for (const auto& constraint : pod.spec.topology_spread_constraints) {
    if (constraint.topology_key != model::labels::kHostname ||
        constraint.when_unsatisfiable == "ScheduleAnyway")
      continue;
    const auto carried = std::ranges::count_if(at.pods, [&](const Pod* p) {
      return std::ranges::any_of(p->spec.topology_spread_constraints, [&](const auto& other) {
        return other.topology_key == constraint.topology_key && other.max_skew == constraint.max_skew &&
               other.label_selector == constraint.label_selector;
      });
    });
    if (carried > constraint.max_skew) broken.push_back("host spread of " + pod.meta.name + " on " + at.name);
  }
}

}  // namespace

std::vector<std::string> verify(const Problem& problem, const Plan& plan) {
  Broken broken;
  check_accounting(problem, plan, broken);
  check_limits(problem, plan, broken);
  const auto targets = targets_of(problem, plan);
  for (std::size_t i = 0; i < problem.nodes.size(); ++i) check_existing(problem.nodes[i], targets[i], broken);
  for (const auto& node : plan.create) check_new(problem, node, broken);
  for (const auto& target : targets) {
    check_ports(target, broken);
    for (const auto* pod : target.pods) {
      check_anti_affinity(targets, *pod, target, broken);
      check_host_spread(*pod, target, broken);
    }
  }
  return broken;
}

}  // namespace karpenter::support
