#include "tests/simulation/checks.h"

#include <map>
#include <set>

#include "common/kube/api.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "common/model/labels.h"

namespace karpenter::simulation::checks {
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

}  // namespace

base::Status always(kube::Client& client, const devcluster::AwsCloud& aws) {
  std::map<std::string, std::string> claim_of_instance;
  for (const auto& claim : list<model::NodeClaim>(client)) {
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
  std::map<std::string, std::string> instance_of_claim;
  for (const auto& instance : aws.instances()) {
    if (!is_alive(instance)) continue;
    const auto cluster = instance.tags.find("eks:eks-cluster-name");
    const auto pool = instance.tags.find("karpenter.sh/nodepool");
    if (cluster == instance.tags.end() || cluster->second != "demo" || pool == instance.tags.end()) {
      return base::internal("an instance lacks the tags by which it is found again").add("instance", instance.id);
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

std::string find_unrest(kube::Client& client, const devcluster::AwsCloud& aws) {
  for (const auto& pod : list<model::Pod>(client)) {
    if (pod.status.phase != "Running" || pod.meta.is_deleting()) {
      return "pod " + pod.meta.name + " is " + (pod.meta.is_deleting() ? "going" : pod.status.phase);
    }
  }
  std::set<std::string> claims;
  for (const auto& claim : list<model::NodeClaim>(client)) {
    if (claim.meta.is_deleting()) return "NodeClaim " + claim.meta.name + " is going";
    if (!model::is_true(claim.status.conditions, "Ready")) return "NodeClaim " + claim.meta.name + " is not ready";
    claims.insert(claim.status.provider_id);
  }
  std::set<std::string> nodes;
  for (const auto& node : list<model::Node>(client)) {
    if (node.meta.is_deleting()) return "Node " + node.meta.name + " is going";
    for (const auto& taint : node.spec.taints) {
      if (taint.key == model::labels::kDisruptedTaint) return "Node " + node.meta.name + " is being disrupted";
    }
    nodes.insert(node.spec.provider_id);
  }
  std::set<std::string> instances;
  for (const auto& instance : aws.instances()) {
    if (instance.state == InstanceState::kShuttingDown) return "instance " + instance.id + " is going";
    if (is_alive(instance)) instances.insert(instance.provider_id());
  }
  if (instances != claims) {
    return std::to_string(instances.size()) + " instances, " + std::to_string(claims.size()) + " NodeClaims";
  }
  if (nodes != claims) return std::to_string(nodes.size()) + " nodes, " + std::to_string(claims.size()) + " NodeClaims";
  return "";
}

}  // namespace karpenter::simulation::checks
