#include "tests/simulation/checks.h"

#include <algorithm>
#include <set>

#include "common/kube/api.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "common/model/labels.h"

namespace karpenter::simulation {
namespace {

using devcluster::InstanceState;

template <class T>
std::vector<T> list(kube::Client& client) {
  auto found = kube::Api<T>(client).list("", {}, {});
  KARP_CHECK(found.has_value());  // the actors' client sees no faults
  return std::move(found).value().items;
}

bool is_alive(const devcluster::InstanceView& instance) {
  return instance.state == InstanceState::kPending || instance.state == InstanceState::kRunning;
}

bool is_disrupted(const model::Node& node) {
  return std::ranges::any_of(node.spec.taints, [](const model::Taint& taint) {
    return taint.key == model::labels::kDisruptedTaint;
  });
}

bool is_healthy(const model::Pod& pod) {
  return !pod.meta.is_deleting() && pod.status.phase == "Running" &&
         model::is_true(pod.status.conditions, "Ready");
}

}  // namespace

base::Status Checker::at_instant() {
  RETURN_IF_ERROR(check_claims());
  RETURN_IF_ERROR(check_instances());
  RETURN_IF_ERROR(check_budget());
  return check_pdb();
}

base::Status Checker::check_claims() {
  std::map<std::string, std::string> claim_of_instance;
  for (const auto& claim : list<model::NodeClaim>(client_)) {
    const auto& id = claim.status.provider_id;
    if (id.empty()) continue;
    const auto [it, fresh] = claim_of_instance.emplace(id, claim.meta.name);
    if (!fresh) {
      return base::internal("two NodeClaims have one instance")
          .add("NodeClaim", claim.meta.name)
          .add("other", it->second)
          .add("provider-id", id);
    }
  }
  return base::ok();
}

base::Status Checker::check_instances() {
  std::map<std::string, std::string> instance_of_claim;
  for (const auto& instance : aws_.instances()) {
    if (!is_alive(instance)) continue;
    const auto cluster = instance.tags.find("eks:eks-cluster-name");
    const auto pool = instance.tags.find("karpenter.sh/nodepool");
    if (cluster == instance.tags.end() || cluster->second != "demo" || pool == instance.tags.end()) {
      return base::internal("an instance lacks the tags by which it is found again")
          .add("instance", instance.id);
    }
    const auto claim = instance.tags.find("karpenter.sh/nodeclaim");
    if (claim == instance.tags.end()) continue;  // tagged a little after launch
    const auto [it, fresh] = instance_of_claim.emplace(claim->second, instance.id);
    if (!fresh) {
      return base::internal("a NodeClaim has two instances")
          .add("NodeClaim", claim->second)
          .add("instance", instance.id)
          .add("other", it->second);
    }
  }
  return base::ok();
}

base::Status Checker::check_budget() {
  std::string disrupted;
  std::int64_t count = 0;
  for (const auto& node : list<model::Node>(client_)) {
    if (!is_disrupted(node)) continue;
    ++count;
    disrupted += node.meta.name + " ";
  }
  if (count <= spec_.budget) return base::ok();
  return base::internal("more nodes are disrupted than the budget allows").add("nodes", disrupted);
}

base::Status Checker::check_pdb() {
  if (!spec_.pdb) return base::ok();
  const auto pods = list<model::Pod>(client_);
  const auto healthy = std::ranges::count_if(pods, [&](const model::Pod& pod) {
    const auto app = pod.meta.labels.find("app");
    return app != pod.meta.labels.end() && app->second == spec_.pdb->app && is_healthy(pod);
  });
  if (healthy > spec_.pdb->min_available) pdb_reached_ = true;
  if (!pdb_reached_ || healthy >= spec_.pdb->min_available) return base::ok();
  return base::internal("a PodDisruptionBudget is violated")
      .add("app", spec_.pdb->app)
      .add("healthy", std::to_string(healthy));
}

std::string Checker::find_unrest() {
  for (const auto& pod : list<model::Pod>(client_)) {
    if (pod.status.phase != "Running" || pod.meta.is_deleting()) {
      return "pod " + pod.meta.name + " is " + (pod.meta.is_deleting() ? "going" : pod.status.phase);
    }
  }
  std::set<std::string> claims;
  for (const auto& claim : list<model::NodeClaim>(client_)) {
    if (claim.meta.is_deleting()) return "NodeClaim " + claim.meta.name + " is going";
    if (!model::is_true(claim.status.conditions, "Ready"))
      return "NodeClaim " + claim.meta.name + " is not ready";
    claims.insert(claim.status.provider_id);
  }
  std::set<std::string> nodes;
  for (const auto& node : list<model::Node>(client_)) {
    if (node.meta.is_deleting()) return "Node " + node.meta.name + " is going";
    if (is_disrupted(node)) return "Node " + node.meta.name + " is being disrupted";
    nodes.insert(node.spec.provider_id);
  }
  std::set<std::string> instances;
  for (const auto& instance : aws_.instances()) {
    if (instance.state == InstanceState::kShuttingDown) return "instance " + instance.id + " is going";
    if (is_alive(instance)) instances.insert(instance.provider_id());
  }
  if (instances != claims) {
    return std::to_string(instances.size()) + " instances, " + std::to_string(claims.size()) + " NodeClaims";
  }
  if (nodes != claims)
    return std::to_string(nodes.size()) + " nodes, " + std::to_string(claims.size()) + " NodeClaims";
  return "";
}

std::string Checker::machines() {
  std::string out;
  for (const auto& instance : aws_.instances()) {
    if (is_alive(instance)) out += instance.id + " " + instance.type + " " + instance.capacity_type + "\n";
  }
  for (const auto& pod : list<model::Pod>(client_)) out += pod.meta.name + " on " + pod.spec.node_name + "\n";
  return out;
}

double Checker::dollars_per_hour() const {
  double out = 0;
  for (const auto& instance : aws_.instances()) {
    if (is_alive(instance)) out += instance.price;
  }
  return out;
}

}  // namespace karpenter::simulation
