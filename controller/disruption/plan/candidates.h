#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "controller/disruption/plan/node_view.h"
#include "controller/disruption/plan/pdb.h"

// Which nodes may be disrupted at all, and why not. A chain of named predicates; the first that objects gives
// the reason. spec: disruption §3

namespace karpenter::disruption::plan {

// graceful: emptiness, consolidation. eventual: drift; pods that object are overruled by a
// terminationGracePeriod.
enum class Class : std::uint8_t { kGraceful, kEventual };

// Everything the checks may look at. References outlive the call.
struct EligibilityInputs {
  const Pools& pools;
  const PdbLimits& pdbs;
  Class disruption_class = Class::kGraceful;
  Time now{};
};

// Why a node is no candidate. An empty message means: not worth an event.
struct Blocked {
  std::string_view check;  // the name of the predicate, stable: for logs, metrics and tests
  std::string message;     // as the event words it
};
struct Check {
  std::string_view name;
  std::optional<std::string> (*objection)(const NodeView& node, const EligibilityInputs& inputs);
};
// The checks in order. spec: disruption §3.2
[[nodiscard]] std::span<const Check> eligibility_checks();
[[nodiscard]] std::optional<Blocked> find_blocking(const NodeView& node, const EligibilityInputs& inputs);

// An eligible node with what decisions need to know about it. spec: disruption §3.7
struct Candidate {
  NodeView view;
  std::shared_ptr<const model::NodePool> pool;
  std::shared_ptr<const cloud::InstanceType> instance_type;  // null when the pool no longer offers it
  std::string node_pool;
  std::string zone;
  std::string capacity_type;
  std::vector<std::shared_ptr<const model::Pod>> reschedulable;
  double price = 0;            // $/h
  double disruption_cost = 1;  // spec: disruption §4.2
  [[nodiscard]] const std::string& name() const { return view.name(); }
  [[nodiscard]] bool empty() const { return disruption_cost <= 1.0; }  // spec: disruption §4.3
};
using Candidates = std::vector<Candidate>;
[[nodiscard]] Candidate make_candidate(const NodeView& node, const EligibilityInputs& inputs);

struct Screening {
  Candidates candidates;
  struct Rejection {
    NodeView view;
    Blocked blocked;
  };
  std::vector<Rejection> rejected;  // only those with a message
};
[[nodiscard]] Screening screen(std::span<const NodeView> nodes, const EligibilityInputs& inputs);

// Highest price per disruption first; ties by name. spec: disruption §4.5
void sort_by_savings(Candidates& candidates);

}  // namespace karpenter::disruption::plan
