#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/kube/client.h"
#include "tests/devcluster/aws/aws_cloud.h"
#include "tests/simulation/spec.h"

namespace karpenter::simulation {

// What must hold in a simulated world. Reads the emulators, never the controller. Driven from the main
// thread.
class Checker {
 public:
  // All outlive it.
  Checker(kube::Client& client, const devcluster::AwsCloud& aws, const Spec& spec)
      : client_(client), aws_(aws), spec_(spec) {}

  // At every instant: no NodeClaim has two instances, no two NodeClaims have one, every instance is tagged
  // with its cluster and NodePool, no more nodes are disrupted than the budget allows, no PodDisruptionBudget
  // is violated. kInternal names what is broken.
  [[nodiscard]] base::Status at_instant();

  // Why the cluster is not at rest, or "": no pending pod, no NodeClaim or Node on its way; instances,
  // NodeClaims and Nodes match one to one.
  [[nodiscard]] std::string find_unrest();

  // What must not change at rest: the living instances, and which pod is where.
  [[nodiscard]] std::string machines();
  [[nodiscard]] double dollars_per_hour() const;

 private:
  base::Status check_claims();
  base::Status check_instances();
  base::Status check_budget();
  base::Status check_pdb();

  kube::Client& client_;
  const devcluster::AwsCloud& aws_;
  const Spec& spec_;
  bool pdb_reached_ = false;  // the app has once had more than its budget asks for
};

}  // namespace karpenter::simulation
