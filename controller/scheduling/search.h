#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "controller/scheduling/claim_order.h"
#include "controller/scheduling/reservations.h"
#include "controller/scheduling/world.h"

namespace karpenter::scheduling {

// A claim opened in this pass. spec: scheduling §11
struct Claim {
  Id owner = kNoId;  // template
  Id requirements = kNoId;
  Bits options;  // instance types that hold everything placed so far
  Amounts load;
  Amounts most;  // by resource: the most that an option can hold, daemons' share taken off; empty: not known
  std::vector<HostPort> ports;
  std::vector<Id> pods;  // positions in World::pods
  std::vector<Id> held;  // reservations, ascending
  bool min_values_relaxed = false;
};

// First fit decreasing over existing nodes, open claims and templates. Acceptance has no side effects; what a
// target refuses for good is remembered per class and stage, so that each (class, target) pair is looked at
// once. spec: scheduling §9-§12
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
  // The pod's turn came and nothing took it.
  [[nodiscard]] bool was_tried(Id pod_class) const { return states_[pod_class].failed; }
  [[nodiscard]] const Reservations& reservations() const { return reservations_; }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  // Of the claims, each at its cheapest; $/h.
  [[nodiscard]] double price() const;

  // Why a pod of this class has no place now.
  [[nodiscard]] Reasons explain(Id pod_class);

 private:
  enum class Verdict : std::uint8_t { kYes, kNotNow, kNever };
  struct Fit {  // an accepted claim as it will be
    Id requirements = kNoId;
    Bits options;
    std::vector<Id> reserve;
    bool min_values_relaxed = false;
  };
  struct StageState {
    Bits refused_rows;
    Bits refused_claims;
    std::size_t first_word = 0;  // of rows: all before are refused or never allowed
  };
  struct ClassState {
    std::vector<StageState> stages;
    bool failed = false;
    bool deferred = false;          // waits for a reservation
    std::uint64_t failed_at = 0;    // version of its topology
    std::uint64_t failed_with = 0;  // changes of claims
  };
  struct Attempt {
    Id pod = kNoId;
    Id stage_id = kNoId;
    const PodRules* rules = nullptr;
    const PodSize* size = nullptr;
    const Stage* stage = nullptr;
    StageState* state = nullptr;
    [[nodiscard]] bool tolerates(Id taints) const {
      return (stage->tolerates_preferred_taints ? rules->tolerates_soft : rules->tolerates)[taints] != 0;
    }
  };

  bool place(Id pod);
  [[nodiscard]] bool is_hopeless(Id pod_class) const;
  [[nodiscard]] std::uint64_t topology_version(const PodRules& rules) const;
  bool out_of_budget();

  bool place_on_node(const Attempt& attempt);
  [[nodiscard]] std::uint64_t topology_rows(std::uint64_t candidates, std::size_t word) const;
  [[nodiscard]] bool row_takes(std::size_t row, const Attempt& attempt) const;
  void commit_node(std::size_t row, const Attempt& attempt);

  bool place_on_claim(const Attempt& attempt);
  bool place_on_new_claim(const Attempt& attempt);
  Verdict try_claim(const Claim& claim, std::size_t target, const Attempt& attempt);
  bool choose_domains(const Claim& claim, std::size_t target, const Attempt& attempt, Id requirements);
  bool choose_jointly(const Claim& claim, std::size_t target, const Attempt& attempt, std::size_t k,
                      Id requirements);
  Id choose_each(const Claim& claim, std::size_t target, Id requirements);
  Id narrowed(Id requirements, Id key, const Bits& domains);
  double price_in(const Claim& claim, Id key, Id domain);
  std::size_t best_domain(const Claim& claim, const TopologyAsk::Choice& choice, const Bits& among,
                          const Bits* preferred);
  bool keep_types(const Claim& claim, const Attempt& attempt, Id requirements);
  void keep_fitting(const Claim& claim, const Attempt& attempt, const Amounts& load, Bits& kept);
  bool meets_min_values(const Claim& claim, Id& requirements, const Bits& kept, bool& relaxed);
  void set_most(Claim& claim) const;
  [[nodiscard]] Claim fresh_claim(Id owner) const;
  [[nodiscard]] Bits within_limits(Id owner) const;
  void charge_limits(Id owner, const Bits& options);
  void commit_claim(std::size_t c, const Attempt& attempt);
  void narrow(std::size_t c, Id requirements);
  void record_pods(std::size_t c, std::int32_t delta);

  // explain.cc
  struct Wanted;
  Reason explain_template(Id owner, const Wanted& wanted);
  Reason explain_types(Id owner, const Wanted& wanted, Id requirements, const Bits& options);
  [[nodiscard]] model::Resources limit_shortage(Id owner, const Bits& types) const;
  [[nodiscard]] std::string size_shortage(Id owner, const Wanted& wanted, const Bits& types) const;
  void explain_rest(Id owner, const Wanted& wanted, Id requirements, const Bits& types, Reason& out);
  bool topology_allows_new(Id requirements);
  std::string requirement_in_the_way(Id owner, const Wanted& wanted);
  std::vector<NodeReason> explain_nodes(const Wanted& wanted);
  [[nodiscard]] NodeReason explain_row(ReasonCode code, std::size_t row, const Wanted& wanted) const;

  World& world_;
  RequirementTable& requirements_;
  Topology& topology_;
  const Limits& limits_;
  const bool joint_;
  const bool recounts_;  // pods of a claim count where it can be, also when that changes
  Reservations reservations_;
  std::uint64_t steps_ = 0;
  std::uint64_t claim_changes_ = 0;  // claims opened, or labels defined on one
  std::uint64_t placed_ = 0;
  bool complete_ = true;
  std::vector<Claim> claims_;
  ClaimOrder order_;
  std::vector<OnNode> on_nodes_;
  std::vector<Id> unplaced_;
  std::vector<ClassState> states_;             // by class
  std::vector<model::Resources> limits_left_;  // by template
  std::vector<Claim> fresh_;                   // by template: what a new claim starts as

  // Rows of the node table: what is left, by resource then row.
  std::vector<std::vector<std::int64_t>> left_;
  std::map<std::size_t, std::vector<HostPort>> more_ports_;  // of pods of this pass
  std::map<std::size_t, std::vector<AttachedVolume>> more_volumes_;

  // Reused between attempts.
  TopologyAsk ask_;
  Fit fit_;
  Amounts load_, total_;
  Bits kept_, group_kept_, picked_;
  std::vector<std::uint64_t> open_;
  bool defer_ = false;                           // a template waits for a reservation
  std::vector<std::pair<Bits, Id>> narrowings_;  // memo of narrowed()
};

}  // namespace karpenter::scheduling
