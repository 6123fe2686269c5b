#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "controller/scheduling/world.h"

namespace karpenter::scheduling {

// A claim opened in this pass. spec: scheduling §11
struct Claim {
  Id owner = kNoId;  // template
  Id requirements = kNoId;
  Bits options;  // instance types that hold everything placed so far
  Amounts load;
  std::vector<HostPort> ports;
  std::vector<Id> pods;                  // positions in World::pods
  std::vector<std::vector<Id>> domains;  // by topology key: what it may still become
};

// First fit decreasing over existing nodes, open claims and templates. Acceptance has no side effects; what a
// target refuses for good is remembered per variant, so that each (variant, target) pair is looked at once.
// spec: scheduling §9-§12
class Search {
 public:
  Search(World& world, const Limits& limits);
  void run();

  struct OnNode {
    Id pod;
    std::size_t node;  // row
  };
  [[nodiscard]] const std::vector<Claim>& claims() const { return claims_; }
  [[nodiscard]] const std::vector<OnNode>& on_nodes() const { return on_nodes_; }
  [[nodiscard]] const std::vector<Id>& unplaced() const { return unplaced_; }  // positions in World::pods
  [[nodiscard]] bool complete() const { return complete_; }

  // Why a pod of this class cannot get a new node now, one reason per template.
  [[nodiscard]] std::vector<Reason> explain(Id pod_class);

 private:
  using Verdict = Topology::Verdict;
  struct Fit {  // an accepted claim as it will be
    Id requirements = kNoId;
    Bits options;
  };
  struct Attempt {
    Id pod = kNoId;
    Id variant_id = kNoId;
    const PodClass* pod_class = nullptr;
    const Variant* variant = nullptr;
    std::vector<Topology::Choice> choices;
  };

  bool place(Id pod);
  bool place_on_node(const Attempt& attempt);
  bool place_on_claim(const Attempt& attempt);
  bool place_on_new_claim(const Attempt& attempt);
  Verdict try_node(std::size_t n, const Attempt& attempt) const;
  Verdict try_claim(const Claim& claim, std::size_t target, const Attempt& attempt, Fit& fit);
  bool pin_keys(const Claim& claim, const Attempt& attempt, const Amounts& load, std::size_t k,
                Id requirements, Fit& fit);
  bool keep_types(const Claim& claim, const Attempt& attempt, const Amounts& load, Id requirements, Fit& fit);
  bool meets_min_values(const Template& owner, Id requirements, const Bits& options) const;
  [[nodiscard]] bool may_hold(const Claim& claim, const Attempt& attempt) const;
  std::vector<Id> candidates(const Attempt& attempt) const;
  Bits within_limits(const Template& owner) const;
  Claim fresh_claim(Id owner, Bits options) const;
  void commit_node(std::size_t n, const Attempt& attempt);
  void commit_claim(Claim& claim, std::size_t target, const Attempt& attempt, Fit fit);
  void narrow(Claim& claim, std::size_t target, Id requirements);
  [[nodiscard]] Topology::Place place_of_claim(const Claim& claim, std::size_t target) const;
  void charge_limits(Template& owner, const Bits& options) const;
  std::vector<std::vector<Id>> domains_of(Id requirements) const;
  bool out_of_budget();
  Reason explain_template(Id owner, const PodClass& pod_class, const Variant& variant);
  Reason explain_types(Id owner, const PodClass& pod_class, Id requirements, const Bits& options,
                       Reason reason);

  World& world_;
  const Limits& limits_;
  std::uint64_t steps_ = 0;
  std::uint64_t version_ = 0;  // of everything placed
  bool complete_ = true;
  std::vector<Claim> claims_;
  std::vector<OnNode> on_nodes_;
  std::vector<Id> unplaced_;
  std::vector<Bits> refused_nodes_;   // by variant
  std::vector<Bits> refused_claims_;  // by variant
  std::vector<std::uint64_t>
      failed_at_;  // by class: version at which nothing took it; UINT64_MAX: not known to fail
};

}  // namespace karpenter::scheduling
