#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/kube/client.h"
#include "tests/devcluster/aws/aws_cloud.h"
#include "tests/simulation/spec.h"
#include "tests/simulation/weather.h"

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
  // is violated. kInternal names what is broken. Looks only at what changed since it last did.
  [[nodiscard]] base::Status at_instant(const Revision& now);

  // From now on so many pods of `app` are to run.
  void want(const std::string& app, std::int64_t replicas) { wanted_[app] = replicas; }
  // The instance was told to go: its node counts for no budget.
  void excuse(const std::string& provider_id) { excused_.insert(provider_id); }

  // Which pod does not run that should, or runs that should not, or "".
  [[nodiscard]] std::string find_waiting_pod();
  // Why machines are not at rest, or "": no NodeClaim or Node is on its way; instances, NodeClaims and Nodes
  // match one to one.
  [[nodiscard]] std::string find_loose_end();
  [[nodiscard]] std::string find_unrest();  // either
  // What an installation leaves behind that uses no machines (any more), or "": launch templates, messages.
  [[nodiscard]] std::string find_litter();
  // The same for one that was taken away: pools, classes, instance profiles.
  [[nodiscard]] std::string find_remains();

  // What must not change at rest: the living instances, and which pod is where.
  [[nodiscard]] std::string machines();
  // Ids of living instances of `pool` (empty: of all).
  [[nodiscard]] std::set<std::string> instances_of(const std::string& pool) const;
  [[nodiscard]] double dollars_per_hour() const;

 private:
  base::Status check_claims();
  base::Status check_instances();
  base::Status check_budget();
  base::Status check_pdbs();

  kube::Client& client_;
  const devcluster::AwsCloud& aws_;
  const Spec& spec_;
  Revision seen_;
  std::map<std::string, std::int64_t> wanted_;
  std::set<std::string> excused_;      // provider ids
  std::set<std::string> pdb_reached_;  // apps that once had more than their budget asks for
};

}  // namespace karpenter::simulation
