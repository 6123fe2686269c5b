#include <algorithm>
#include <string>
#include <utility>

#include "common/model/labels.h"
#include "controller/disruption/plan/cost.h"
#include "controller/disruption/plan/methods.h"

// What may replace what: the price rules of consolidation. spec: disruption §9.2-§9.4

namespace karpenter::disruption::plan {

namespace {

namespace labels = model::labels;

constexpr std::size_t kSpotFlexibility = 15;  // cheaper types that a spot node must leave to choose from

bool admits(const model::Requirements& requirements, std::string_view capacity_type) {
  const auto* requirement = requirements.find(labels::kCapacityType);
  return requirement == nullptr || requirement->has(capacity_type);
}

void narrow(scheduling::NewNode& node, std::string_view capacity_type) {
  node.requirements.add(model::Requirement::in(labels::kCapacityType, {std::string(capacity_type)}));
}

cloud::InstanceTypes launchable(const cloud::InstanceTypes& types, const model::Requirements& requirements) {
  cloud::InstanceTypes out;
  std::ranges::copy_if(types, std::back_inserter(out), [&](const auto& type) {
    return std::ranges::any_of(type->offerings,
                               [&](const auto& offering) { return is_launchable(offering, requirements); });
  });
  return out;
}

// A refusal, told only when one node is looked at: for a set nobody could tell which node it is about.
Evaluation refuse(std::span<const Candidate> candidates, std::string message) {
  Evaluation out;
  if (candidates.size() == 1) {
    out.notes.push_back({.kind = Note::Kind::kUnconsolidatable,
                         .view = candidates.front().view,
                         .message = std::move(message)});
  }
  return out;
}

double cheapest_price(const scheduling::NewNode& node) {
  if (node.instance_types.empty()) return 0;
  double best = 0;
  bool found = false;
  for (const auto& offering : node.instance_types.front()->offerings) {
    if (!is_launchable(offering, node.requirements)) continue;
    if (!found || offering.price < best) best = offering.price;
    found = true;
  }
  return best;
}

Evaluation accept(std::span<const Candidate> candidates, SimulationResult simulation) {
  Command command{.reason = Reason::kUnderutilized,
                  .consolidation_type = candidates.size() == 1 ? "single" : "multi"};
  command.candidates.assign(candidates.begin(), candidates.end());
  command.replacements = std::move(simulation.create);
  command.nominate = std::move(simulation.nominate);
  command.owner = std::move(simulation.owner);
  for (const auto& candidate : candidates) command.savings += candidate.price;
  for (const auto& node : command.replacements) command.savings -= cheapest_price(node);
  Evaluation out;
  if (!command.replacements.empty()) {
    for (const auto& candidate : candidates) {
      out.notes.push_back(
          {.kind = Note::Kind::kConsolidationCandidate, .view = candidate.view, .message = command.text()});
    }
  }
  out.command = std::move(command);
  return out;
}

// Keeps what is strictly cheaper than the candidates; the refusal otherwise.
std::optional<std::string> keep_cheaper(scheduling::NewNode& node, double source_price) {
  auto cheaper = filter_cheaper(node.instance_types, node.requirements, source_price);
  if (!cheaper) return "minValues requirement is not met by cheaper instance types";
  if (cheaper->empty()) return "Can't replace with a cheaper node";
  node.instance_types = *std::move(cheaper);
  return std::nullopt;
}

Evaluation spot_to_spot(std::span<const Candidate> candidates, SimulationResult simulation,
                        double source_price, const ConsolidationOptions& options) {
  if (!options.spot_to_spot) {
    return refuse(candidates,
                  "SpotToSpotConsolidation is disabled, can't replace a spot node with a spot node");
  }
  auto& node = simulation.create.front();
  narrow(node, labels::kSpot);
  node.instance_types = launchable(node.instance_types, node.requirements);
  if (auto refusal = keep_cheaper(node, source_price)) return refuse(candidates, *std::move(refusal));
  if (candidates.size() > 1) return accept(candidates, std::move(simulation));
  if (node.instance_types.size() < kSpotFlexibility) {
    return refuse(candidates,
                  "SpotToSpotConsolidation requires " + std::to_string(kSpotFlexibility) +
                      " cheaper instance type options than the current candidate to consolidate, got " +
                      std::to_string(node.instance_types.size()));
  }
  // Cut to the cheapest: with more, the launch could walk down the price ladder one node at a time.
  const auto needed = types_for_min_values(node.instance_types, node.requirements).value_or(0);
  node.instance_types.resize(std::min(node.instance_types.size(), std::max(kSpotFlexibility, needed)));
  return accept(candidates, std::move(simulation));
}

// The price filter assumed spot prices where there are any, so on-demand must not be a fallback at launch.
// When no spot type is left, every type passed with its on-demand price.
void pin_capacity_type(scheduling::NewNode& node) {
  if (!admits(node.requirements, labels::kSpot) || !admits(node.requirements, labels::kOnDemand)) return;
  auto spot = node;
  narrow(spot, labels::kSpot);
  spot.instance_types = launchable(spot.instance_types, spot.requirements);
  if (!spot.instance_types.empty()) {
    node = std::move(spot);
  } else {
    narrow(node, labels::kOnDemand);
  }
}

}  // namespace

Evaluation evaluate_consolidation(std::span<const Candidate> candidates, SimulationResult simulation,
                                  const ConsolidationOptions& options) {
  if (simulation.candidate_deleting) return {};
  if (!simulation.all_scheduled()) {
    return refuse(candidates, "Not all pods would schedule, " + simulation.unscheduled_text());
  }
  if (simulation.create.empty()) return accept(candidates, std::move(simulation));
  if (simulation.create.size() > 1) {
    return refuse(candidates,
                  "Can't remove without creating " + std::to_string(simulation.create.size()) + " nodes");
  }
  double source_price = 0;
  for (const auto& candidate : candidates) source_price += candidate.price;
  auto& node = simulation.create.front();
  node.instance_types = order_by_price(std::move(node.instance_types), node.requirements);
  const bool all_spot =
      std::ranges::all_of(candidates, [](const Candidate& c) { return c.capacity_type == labels::kSpot; });
  if (all_spot && admits(node.requirements, labels::kSpot)) {
    return spot_to_spot(candidates, std::move(simulation), source_price, options);
  }
  if (auto refusal = keep_cheaper(node, source_price)) return refuse(candidates, *std::move(refusal));
  pin_capacity_type(node);
  return accept(candidates, std::move(simulation));
}

}  // namespace karpenter::disruption::plan
