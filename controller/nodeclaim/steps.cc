#include "controller/nodeclaim/steps.h"

#include <algorithm>
#include <utility>

#include "common/base/duration.h"
#include "common/model/labels.h"
#include "common/model/taints.h"

namespace karpenter::nodeclaim {

namespace {

namespace labels = model::labels;
namespace condition = model::condition;

constexpr std::size_t kMessageLimit = 1024;

bool has_taint(const std::vector<model::Taint>& taints, const model::Taint& wanted) {
  return std::ranges::any_of(taints, [&](const model::Taint& t) { return t.same_key_and_effect(wanted); });
}

model::Taint unregistered_taint() {
  return {.key = std::string(labels::kUnregisteredTaint),
          .value = "",
          .effect = std::string(model::kNoExecute),
          .time_added = std::nullopt};
}

void merge_taints(model::Node& node, const std::vector<model::Taint>& wanted) {
  for (const auto& taint : wanted) {
    if (!has_taint(node.spec.taints, taint)) node.spec.taints.push_back(taint);
  }
}

void add_owner(model::Node& node, const model::NodeClaim& claim) {
  constexpr std::string_view kApiVersion = "karpenter.sh/v1";
  const bool present =
      std::ranges::any_of(node.meta.owner_references, [&](const model::OwnerReference& owner) {
        return owner.api_version == kApiVersion && owner.kind == "NodeClaim" && owner.uid == claim.meta.uid;
      });
  if (present) return;
  node.meta.owner_references.push_back({.api_version = std::string(kApiVersion),
                                        .kind = "NodeClaim",
                                        .name = claim.meta.name,
                                        .uid = claim.meta.uid,
                                        .controller = std::nullopt,
                                        .block_owner_deletion = true});
}

// spec: lifecycle §4.4 step 4
void sync_node(model::Node& node, const model::NodeClaim& claim) {
  if (!node.meta.has_finalizer(labels::kTerminationFinalizer)) {
    node.meta.finalizers.emplace_back(labels::kTerminationFinalizer);
  }
  add_owner(node, claim);
  if (node.meta.label(labels::kDoNotSyncTaints) != "true") {
    merge_taints(node, claim.spec.taints);
    merge_taints(node, claim.spec.startup_taints);
  }
  for (const auto& [key, value] : claim.meta.annotations) node.meta.annotations.insert_or_assign(key, value);
  for (const auto& [key, value] : claim.meta.labels) node.meta.labels.insert_or_assign(key, value);
}

struct Obstacle {
  std::string_view reason;
  std::string message;
};

std::optional<std::string> missing_resource(const model::NodeClaim& claim, const model::Node& node) {
  for (const auto& [name, quantity] : claim.spec.requests) {
    if (!quantity.is_zero() && node.status.allocatable.get(name).is_zero()) return name;
  }
  return std::nullopt;
}

// Why the node is not initialized yet, in the order of lifecycle §4.5 checks 2-5.
std::optional<Obstacle> find_obstacle(const model::NodeClaim& claim, const model::Node& node) {
  if (!model::is_true(node.status.conditions, "Ready"))
    return Obstacle{"NodeNotReady", "Node status is NotReady"};
  for (const auto& taint : claim.spec.startup_taints) {
    if (has_taint(node.spec.taints, taint)) {
      return Obstacle{"StartupTaintsExist", "StartupTaint \"" + taint.text() + "\" still exists"};
    }
  }
  for (const auto& taint : node.spec.taints) {
    if (model::is_known_ephemeral(taint)) {
      return Obstacle{"KnownEphemeralTaintsExist",
                      "KnownEphemeralTaint \"" + taint.text() + "\" still exists"};
    }
  }
  if (const auto name = missing_resource(claim, node)) {
    return Obstacle{"ResourceNotRegistered", "Resource \"" + *name + "\" was requested but not registered"};
  }
  return std::nullopt;
}

Time transition_of(const model::NodeClaim& claim, std::string_view type) {
  const auto* found = model::find_condition(claim.status.conditions, type);
  const auto created = claim.meta.creation_timestamp.value_or(Time{});
  return found == nullptr ? created : found->last_transition_time.value_or(created);
}

}  // namespace

std::string cut_text(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  text.resize(limit - 3);
  return text + "...";
}

void accept_launch(model::NodeClaim& claim, const model::NodeClaim& launched, Time now) {
  // insert() keeps what the claim has; insert_or_assign() lets the cloud win.
  claim.meta.labels.insert(launched.meta.labels.begin(), launched.meta.labels.end());
  for (const auto& [key, value] : launched.meta.annotations)
    claim.meta.annotations.insert_or_assign(key, value);
  claim.status.provider_id = launched.status.provider_id;
  claim.status.image_id = launched.status.image_id;
  claim.status.capacity = launched.status.capacity;
  claim.status.allocatable = launched.status.allocatable;
  model::conditions_of(claim, now).set_true(condition::kLaunched);
}

// Without the id of the one request that failed: the same failure must be the same message, or each try would
// change the NodeClaim and so wake the next one at once, past every back-off.
void refuse_launch(model::NodeClaim& claim, base::Error error, Time now) {
  std::erase_if(error.with, [](const auto& field) { return field.first.ends_with("request-id"); });
  const std::string_view reason = error.reason.empty() ? std::string_view("LaunchFailed") : error.reason;
  model::conditions_of(claim, now)
      .set_unknown(condition::kLaunched, reason, cut_text(error.text(), kMessageLimit));
}

Registration plan_registration(model::NodeClaim& claim, Nodes nodes, Time now) {
  auto conditions = model::conditions_of(claim, now);
  if (!conditions.is_unknown(condition::kRegistered)) {
    conditions.refresh(condition::kRegistered);
    return {};
  }
  if (nodes.empty()) {
    conditions.set_unknown(condition::kRegistered, "NodeNotFound", "Node not registered with cluster");
    return {};
  }
  if (nodes.size() > 1) {
    conditions.set_false(condition::kRegistered, "MultipleNodesFound",
                         "Invariant violated, matched multiple nodes");
    return {};
  }
  Registration out{.before = nodes.front(), .after = *nodes.front()};
  const auto taint = unregistered_taint();
  out.unregistered_taint_missing =
      !out.after.meta.labels.contains(labels::kRegistered) && !has_taint(out.after.spec.taints, taint);
  sync_node(out.after, claim);
  std::erase_if(out.after.spec.taints, [&](const model::Taint& t) { return t.same_key_and_effect(taint); });
  out.after.meta.labels.insert_or_assign(std::string(labels::kRegistered), "true");
  return out;
}

void accept_registration(model::NodeClaim& claim, const model::Node& node, Time now) {
  model::conditions_of(claim, now).set_true(condition::kRegistered);
  claim.status.node_name = node.meta.name;
}

std::shared_ptr<const model::Node> plan_initialization(model::NodeClaim& claim, Nodes nodes, Time now) {
  auto conditions = model::conditions_of(claim, now);
  if (!conditions.is_unknown(condition::kInitialized)) {
    conditions.refresh(condition::kInitialized);
    return nullptr;
  }
  if (!conditions.is_true(condition::kRegistered) || conditions.is_true(condition::kRebooting))
    return nullptr;
  if (nodes.size() != 1) {
    conditions.set_unknown(condition::kInitialized, "NodeNotFound", "Node not registered with cluster");
    return nullptr;
  }
  if (const auto obstacle = find_obstacle(claim, *nodes.front())) {
    conditions.set_unknown(condition::kInitialized, obstacle->reason, obstacle->message);
    return nullptr;
  }
  return nodes.front();
}

void accept_initialization(model::NodeClaim& claim, Time now) {
  model::conditions_of(claim, now).set_true(condition::kInitialized);
}

Liveness plan_liveness(const model::NodeClaim& claim, Time now) {
  const auto& conditions = claim.status.conditions;
  Liveness out;
  if (model::is_true(conditions, condition::kRegistered)) return out;
  if (!model::is_true(conditions, condition::kLaunched)) {
    const auto left = transition_of(claim, condition::kLaunched) + kLaunchLimit - now;
    if (left > base::Nanos::zero()) {
      out.check_after = left;
      return out;
    }
    out.expired.emplace_back("launch_timeout");
  }
  const auto left = transition_of(claim, condition::kRegistered) + kRegistrationLimit - now;
  if (left > base::Nanos::zero()) {
    out.check_after = left;
  } else {
    out.expired.emplace_back("registration_timeout");
  }
  return out;
}

std::optional<Time> expires_at(const model::NodeClaim& claim) {
  if (!claim.spec.expire_after || !claim.meta.creation_timestamp) return std::nullopt;
  const auto after = model::parse_never_duration(*claim.spec.expire_after);
  if (!after || !*after) return std::nullopt;
  return *claim.meta.creation_timestamp + **after;
}

std::string missing_termination_timestamp(const model::NodeClaim& claim) {
  if (claim.meta.annotations.contains(labels::kTerminationTimestamp) ||
      !claim.spec.termination_grace_period || !claim.meta.deletion_timestamp) {
    return "";
  }
  const auto period = base::parse_duration(*claim.spec.termination_grace_period);
  return period ? base::format_rfc3339(*claim.meta.deletion_timestamp + *period) : "";
}

}  // namespace karpenter::nodeclaim
