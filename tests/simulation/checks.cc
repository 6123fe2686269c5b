#include "tests/simulation/checks.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/kube/api.h"
#include "common/model/conditions.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "common/model/labels.h"
#include "tests/simulation/objects.h"

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

constexpr const char* kPool = "default";  // whose budget the spec gives

// A pool that goes takes all its nodes with it.
bool budget_stands(kube::Client& client) {
  const auto pools = list<model::NodePool>(client);
  return std::ranges::any_of(
      pools, [](const auto& pool) { return pool.meta.name == kPool && !pool.meta.is_deleting(); });
}

bool is_healthy(const model::Pod& pod) {
  return !pod.meta.is_deleting() && pod.status.phase == "Running" &&
         model::is_true(pod.status.conditions, "Ready");
}

}  // namespace

base::Status Checker::at_instant(const Revision& now) {
  const auto before = std::exchange(seen_, now);
  if (now.pods != before.pods) RETURN_IF_ERROR(check_pdbs());
  if (now.aws != before.aws) RETURN_IF_ERROR(check_instances());
  if (now.others == before.others) return base::ok();
  RETURN_IF_ERROR(check_claims());
  return check_budget();
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

// A node whose machine is ending counts no more. spec: disruption §15.1
base::Status Checker::check_budget() {
  std::map<std::string, std::string> disrupted;  // names by provider id
  for (const auto& node : list<model::Node>(client_)) {
    const auto& id = node.spec.provider_id;
    if (!is_disrupted(node) || node.meta.label(model::labels::kNodePool) != kPool) continue;
    if (!excused_.contains(id)) disrupted[id] = node.meta.name;
  }
  if (std::ssize(disrupted) <= spec_.budget || !budget_stands(client_)) return base::ok();
  for (const auto& claim : list<model::NodeClaim>(client_)) {
    const bool ending = model::is_true(claim.status.conditions, model::condition::kInstanceTerminating);
    if (ending) disrupted.erase(claim.status.provider_id);
  }
  if (std::ssize(disrupted) <= spec_.budget) return base::ok();
  auto error = base::internal("more nodes are disrupted than the budget allows");
  for (const auto& [id, name] : disrupted) error.add("Node", name);
  return error;
}

base::Status Checker::check_pdbs() {
  if (spec_.pdbs.empty()) return base::ok();
  std::map<std::string, std::int64_t> healthy;
  for (const auto& pod : list<model::Pod>(client_)) {
    if (is_healthy(pod)) ++healthy[std::string(pod.meta.label("app"))];
  }
  for (const auto& pdb : spec_.pdbs) {
    if (healthy[pdb.app] > pdb.min_available) pdb_reached_.insert(pdb.app);
    if (!pdb_reached_.contains(pdb.app) || healthy[pdb.app] >= pdb.min_available) continue;
    return base::internal("a PodDisruptionBudget is violated")
        .add("app", pdb.app)
        .add("healthy", std::to_string(healthy[pdb.app]));
  }
  return base::ok();
}

std::string Checker::find_waiting_pod() {
  std::map<std::string, std::int64_t> running;
  for (const auto& pod : list<model::Pod>(client_)) {
    if (pod.status.phase != "Running" || pod.meta.is_deleting()) {
      return "pod " + pod.meta.name + " is " + (pod.meta.is_deleting() ? "going" : pod.status.phase);
    }
    ++running[std::string(pod.meta.label("app"))];
  }
  for (const auto& [app, replicas] : wanted_) {
    if (running[app] == replicas) continue;
    return std::to_string(running[app]) + " of " + std::to_string(replicas) + " pods of " + app + " run";
  }
  return "";
}

std::string Checker::find_unrest() {
  auto out = find_waiting_pod();
  return out.empty() ? find_loose_end() : out;
}

std::string Checker::find_loose_end() {
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

std::string Checker::find_litter() {
  const auto templates = aws_.launch_template_names();
  if (!templates.empty()) return std::to_string(templates.size()) + " launch templates";
  const auto messages = aws_.queued_messages();
  return messages == 0 ? "" : std::to_string(messages) + " messages in the queue";
}

std::string Checker::find_remains() {
  for (const auto& pool : list<model::NodePool>(client_)) return "NodePool " + pool.meta.name;
  for (const auto& node_class : list<model::Ec2NodeClass>(client_))
    return "EC2NodeClass " + node_class.meta.name;
  for (const auto& profile : aws_.instance_profile_names()) {
    if (profile != kSeededProfile) return "instance profile " + profile;
  }
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

std::set<std::string> Checker::instances_of(const std::string& pool) const {
  std::set<std::string> out;
  for (const auto& instance : aws_.instances()) {
    if (!is_alive(instance)) continue;
    const auto tag = instance.tags.find("karpenter.sh/nodepool");
    if (pool.empty() || (tag != instance.tags.end() && tag->second == pool)) out.insert(instance.id);
  }
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
