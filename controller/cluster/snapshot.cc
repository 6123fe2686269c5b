#include "controller/cluster/snapshot.h"

#include <algorithm>

#include "common/model/labels.h"
#include "controller/scheduling/pods.h"

namespace karpenter::cluster {
namespace {

namespace labels = model::labels;

bool is_startup_taint(const model::NodeClaim& claim, const model::Taint& taint) {
  return std::ranges::any_of(claim.spec.startup_taints,
                             [&](const model::Taint& startup) { return startup.same_key_and_effect(taint); });
}

bool is_rebooting_taint(const model::Taint& taint) {
  return taint.key == labels::kRebootingTaint && taint.effect == model::kNoSchedule;
}

std::vector<model::Taint> view_taints(const StateNode& state) {
  const bool from_claim = !state.node || !state.registered();
  const auto& all = from_claim ? state.claim->spec.taints : state.node->spec.taints;
  if (!state.managed() || (state.initialized() && !state.rebooting())) return all;
  std::vector<model::Taint> out;
  for (const auto& taint : all) {
    if (!model::is_known_ephemeral(taint) && !is_startup_taint(*state.claim, taint) &&
        !is_rebooting_taint(taint))
      out.push_back(taint);
  }
  return out;
}

// What the Node says; while it is not initialized, zero and missing amounts are filled from the claim.
model::Resources view_amounts(const StateNode& state, const model::Resources* node,
                              const model::Resources* claim) {
  if (node == nullptr) return *claim;
  if (!state.managed() || state.initialized()) return *node;
  model::Resources out = *node;
  for (const auto& [name, amount] : *claim)
    if (out.get(name).is_zero()) out.set(name, amount);
  return out;
}

bool claim_is_going(const model::NodeClaim& claim) {
  return claim.meta.is_deleting() || model::is_true(claim.status.conditions, "InstanceTerminating");
}

}  // namespace

const model::ObjectMeta& StateNode::meta() const {
  return !node || (managed() && !registered()) ? claim->meta : node->meta;
}

bool StateNode::registered() const {
  return !managed() || (node != nullptr && node->meta.label(labels::kRegistered) == "true");
}

bool StateNode::initialized() const {
  return !managed() || (node != nullptr && node->meta.label(labels::kInitialized) == "true");
}

bool StateNode::rebooting() const {
  return managed() && model::is_true(claim->status.conditions, "Rebooting");
}

std::string_view StateNode::node_pool() const { return label(labels::kNodePool); }

std::string_view StateNode::hostname() const {
  const std::string_view value = label(labels::kHostname);
  return value.empty() ? std::string_view(name) : value;
}

bool StateNode::deleted() const { return managed() ? claim_is_going(*claim) : node->meta.is_deleting(); }

void derive(StateNode& state) {
  const auto* node = state.node.get();
  const auto* claim = state.claim.get();
  state.name = !node || (claim != nullptr && !state.registered()) ? claim->meta.name : node->meta.name;
  state.taints = view_taints(state);
  state.capacity =
      view_amounts(state, node ? &node->status.capacity : nullptr, claim ? &claim->status.capacity : nullptr);
  state.capacity.set(model::kNodes, model::Quantity::of(1));
  state.allocatable = view_amounts(state, node ? &node->status.allocatable : nullptr,
                                   claim ? &claim->status.allocatable : nullptr);
  state.pod_requests = {};
  state.daemon_requests = {};
  for (const auto& pod : state.pods) {
    const model::Resources requests = scheduling::effective_requests(pod->spec);
    state.pod_requests += requests;
    if (scheduling::is_owned_by_daemon_set(*pod)) state.daemon_requests += requests;
  }
  state.available = state.allocatable - state.pod_requests;
}

StateNodePtr Snapshot::find_by_provider_id(std::string_view provider_id) const {
  const auto it = index_by_provider_id.find(provider_id);
  return it == index_by_provider_id.end() ? nullptr : nodes[it->second];
}

StateNodePtr Snapshot::find_by_name(std::string_view name) const {
  const auto it = std::ranges::lower_bound(nodes, name, {},
                                           [](const StateNodePtr& n) { return std::string_view(n->name); });
  return it != nodes.end() && (*it)->name == name ? *it : nullptr;
}

}  // namespace karpenter::cluster
