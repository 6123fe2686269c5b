#include "controller/nodeclaim/lifecycle.h"
#include "controller/cloud/termination_poll.h"

#include <algorithm>
#include <utility>

#include "common/json/json.h"
#include "common/model/conditions.h"
#include "common/model/labels.h"
#include "controller/nodeclaim/steps.h"

namespace karpenter::nodeclaim {

namespace {

namespace labels = model::labels;
namespace condition = model::condition;
using base::Code;
using reconcile::RequeueAfter;

constexpr reconcile::Outcome kDone = reconcile::Done{};
constexpr std::chrono::milliseconds kCatchUp{100};
constexpr std::size_t kEventLimit = 1024;

std::string resources_text(const model::Resources& resources) {
  auto out = json::Value::object();
  for (const auto& [name, quantity] : resources) out[name].set(quantity.text());
  return out.dump();
}

// The outcome of a pass whose steps ended in `errors`: a real error first, else a conflict retry.
base::Result<reconcile::Outcome> outcome_of_errors(std::vector<base::Error> errors) {
  const auto real =
      std::ranges::find_if(errors, [](const base::Error& e) { return e.code != Code::kConflict; });
  return reconcile::outcome_of(std::move(real == errors.end() ? errors.front() : *real));
}

}  // namespace

Lifecycle::Lifecycle(Services services, RecordRegistration record)
    : services_(std::move(services)),
      record_(std::move(record)),
      api_(services_.client),
      node_api_(services_.client),
      launched_(services_.runtime),
      writes_(services_.runtime) {
  add_indexes(services_);
}

reconcile::ControllerSpec Lifecycle::spec() {
  return {.name = "nodeclaim.lifecycle",
          .group = "karpenter.sh",
          .kind = "NodeClaim",
          .workers = 50,
          .limit = {.base = std::chrono::seconds(1),
                    .cap = std::chrono::minutes(1),
                    .bucket_qps = 10,
                    .bucket_burst = 100}};
}

base::Result<reconcile::Outcome> Lifecycle::reconcile(const model::ObjectKey& key, const Call& call) {
  const auto claim = services_.claims.find(key);
  if (!claim) {
    writes_.forget(key.name);
    return kDone;
  }
  if (!services_.is_managed(*claim)) return kDone;
  // The store has not seen our last write: what it shows would send us over the same ground twice.
  if (writes_.is_behind(claim->meta)) return Outcome(RequeueAfter{kCatchUp});
  return claim->meta.is_deleting() ? take_down(*claim, call) : bring_up(*claim, call);
}

base::Result<Lifecycle::Claim> Lifecycle::patch(const Claim& before, const Claim& after, const Call& call) {
  ASSIGN_OR_RETURN(auto written, api_.patch(before, after, kube::Locking::kLocked, call));
  writes_.wrote(written.meta);
  return written;
}

base::Result<reconcile::Outcome> Lifecycle::bring_up(const Claim& stored, const Call& call) {
  Claim before = stored;
  if (!before.meta.has_finalizer(labels::kTerminationFinalizer)) {
    Claim with_finalizer = before;
    with_finalizer.meta.finalizers.emplace_back(labels::kTerminationFinalizer);
    auto written = patch(before, with_finalizer, call);
    if (!written) return reconcile::outcome_of(std::move(written).error());
    before = *std::move(written);
  }
  Claim after = before;
  std::vector<base::Error> errors;
  const auto note = [&](base::Status status) {
    if (!status) errors.push_back(std::move(status).error());
  };
  note(launch(after, call));
  note(register_node(after, call));
  note(initialize(after, call));
  auto liveness = check_liveness(after, call);
  const Outcome outcome = liveness ? *liveness : kDone;
  if (!liveness) errors.push_back(std::move(liveness).error());
  note(persist(before, after, call));
  if (!errors.empty()) return outcome_of_errors(std::move(errors));
  return outcome;
}

base::Status Lifecycle::persist(const Claim& before, const Claim& after, const Call& call) {
  auto main = api_.patch(before, after, kube::Locking::kUnlocked, call);
  if (main.failed_with(Code::kNotFound)) return base::ok();
  if (!main) return std::move(main).error();
  auto status = api_.patch_status(before, after, kube::Locking::kUnlocked, call);
  if (status.failed_with(Code::kNotFound)) return base::ok();
  if (!status) return std::move(status).error();
  writes_.wrote(main->meta);
  writes_.wrote(status->meta);
  return base::ok();
}

// ---- launch. spec: lifecycle §4.3

base::Status Lifecycle::launch(Claim& claim, const Call& call) {
  auto conditions = model::conditions_of(claim, services_.runtime.now());
  if (!conditions.is_unknown(condition::kLaunched)) {
    conditions.refresh(condition::kLaunched);
    if (conditions.is_true(condition::kLaunched)) launched_.erase(claim.meta.uid);
    return base::ok();
  }
  if (auto cached = launched_.find(claim.meta.uid)) {
    accept_launch(claim, *cached, services_.runtime.now());
    return base::ok();
  }
  return accept_or_refuse(claim, services_.cloud.create(claim, call), call);
}

base::Status Lifecycle::accept_or_refuse(Claim& claim, base::Result<Claim> launched, const Call& call) {
  if (launched.failed_with(Code::kNoCapacity) || launched.failed_with(Code::kNotReady)) {
    return give_up(claim, launched.error(), call);
  }
  const auto now = services_.runtime.now();
  if (!launched) {
    refuse_launch(claim, launched.error(), now);
    return std::move(launched).error().add("NodeClaim", claim.meta.name);
  }
  launched_.put(claim.meta.uid, *launched);
  accept_launch(claim, *launched, now);
  auto fields = log_fields(claim);
  fields.emplace_back("instance-type", claim.meta.label(labels::kInstanceType));
  fields.emplace_back("zone", claim.meta.label(labels::kZone));
  fields.emplace_back("capacity-type", claim.meta.label(labels::kCapacityType));
  fields.emplace_back("allocatable", telemetry::Json{resources_text(claim.status.allocatable)});
  services_.log.info("launched nodeclaim", fields);
  return base::ok();
}

base::Status Lifecycle::give_up(const Claim& claim, const base::Error& error, const Call& call) {
  const bool no_capacity = error.code == Code::kNoCapacity;
  if (no_capacity) {
    services_.events.publish(
        {.object = event_object(claim),
         .type = "Warning",
         .reason = "InsufficientCapacityError",
         .message = cut_text("NodeClaim " + claim.meta.name + " event: " + error.text(), kEventLimit),
         .dedupe = {claim.meta.uid}});
  }
  services_.log.error(error, "failed launching nodeclaim", log_fields(claim));
  return remove_claim(services_, claim, no_capacity ? "insufficient_capacity" : "nodeclass_not_ready", call);
}

// ---- registration and initialization. spec: lifecycle §4.4, §4.5

base::Status Lifecycle::register_node(Claim& claim, const Call& call) {
  auto plan = plan_registration(claim, nodes_of(services_, claim), services_.runtime.now());
  if (!plan.before) return base::ok();
  if (plan.unregistered_taint_missing) {
    const std::string taint(labels::kUnregisteredTaint);
    auto fields = log_fields(claim);
    fields.emplace_back("taint", taint);
    services_.log.error(
        "missing taint prevents registration-related race conditions on Karpenter-managed nodes", fields);
    services_.events.publish(
        {.object = event_object(claim),
         .type = "Warning",
         .reason = "UnregisteredTaintMissing",
         .message = "Missing taint " + taint +
                    " prevents registration-related race conditions on Karpenter-managed nodes",
         .dedupe = {claim.meta.uid}});
  }
  RETURN_IF_ERROR(node_api_.patch(*plan.before, plan.after, kube::Locking::kLocked, call));
  accept_registration(claim, plan.after, services_.runtime.now());
  auto fields = log_fields(claim);
  fields.emplace_back("Node", telemetry::object_ref(plan.after.meta.name));
  services_.log.info("registered nodeclaim", fields);
  services_.metrics.count("karpenter_nodes_created_total",
                          {{"nodepool", std::string(claim.meta.label(labels::kNodePool))},
                           {"zone", std::string(plan.after.meta.label(labels::kZone))}});
  return record_(claim, RegistrationSample::kRegistered, call);
}

base::Status Lifecycle::initialize(Claim& claim, const Call& call) {
  const auto node = plan_initialization(claim, nodes_of(services_, claim), services_.runtime.now());
  if (!node) return base::ok();
  model::Node after = *node;
  after.meta.labels.insert_or_assign(std::string(labels::kInitialized), "true");
  RETURN_IF_ERROR(node_api_.patch(*node, after, kube::Locking::kUnlocked, call));
  accept_initialization(claim, services_.runtime.now());
  auto fields = log_fields(claim);
  fields.emplace_back("Node", telemetry::object_ref(node->meta.name));
  fields.emplace_back("allocatable", telemetry::Json{resources_text(node->status.allocatable)});
  services_.log.info("initialized nodeclaim", fields);
  return base::ok();
}

base::Result<reconcile::Outcome> Lifecycle::check_liveness(const Claim& claim, const Call& call) {
  const auto plan = plan_liveness(claim, services_.runtime.now());
  for (const auto reason : plan.expired) {
    RETURN_IF_ERROR(record_(claim, RegistrationSample::kFailed, call));
    RETURN_IF_ERROR(remove_claim(services_, claim, reason, call));
    auto fields = log_fields(claim);
    const bool launching = reason == "launch_timeout";
    fields.emplace_back("timeout", launching ? "5m0s" : "15m0s");
    fields.emplace_back("reason", reason);
    services_.log.debug("terminating due to liveness timeout", fields);
  }
  if (plan.check_after) return Outcome(RequeueAfter{*plan.check_after});
  return kDone;
}

// ---- termination. spec: lifecycle §4.8

base::Result<reconcile::Outcome> Lifecycle::take_down(const Claim& stored, const Call& call) {
  if (!stored.meta.has_finalizer(labels::kTerminationFinalizer)) return kDone;
  Claim claim = stored;
  if (auto deadline = missing_termination_timestamp(stored); !deadline.empty()) {
    claim.meta.annotations.insert_or_assign(std::string(labels::kTerminationTimestamp), deadline);
    auto written = patch(stored, claim, call);
    if (!written) return reconcile::outcome_of(std::move(written).error());
    claim = *std::move(written);
    auto fields = log_fields(claim);
    fields.emplace_back(std::string(labels::kTerminationTimestamp), deadline);
    services_.log.info("annotated nodeclaim", fields);
    services_.events.publish({.object = event_object(claim),
                              .type = "Warning",
                              .reason = "TerminationGracePeriodExpiring",
                              .message = "All pods will be deleted by " + deadline,
                              .dedupe = {claim.meta.name}});
  }
  // A Node that never registered carries no finalizer of ours: the cloud controller manager removes it.
  if (model::is_true(claim.status.conditions, condition::kRegistered)) {
    ASSIGN_OR_RETURN(const bool nodes_remain, delete_nodes(claim, call));
    if (nodes_remain) return kDone;  // Node events bring us back
  }
  if (!claim.status.provider_id.empty()) return terminate_instance(claim, call);
  return remove_finalizer(claim, call);
}

base::Result<bool> Lifecycle::delete_nodes(const Claim& claim, const Call& call) {
  const auto nodes = nodes_of(services_, claim);
  for (const auto& node : nodes) {
    if (node->meta.is_deleting()) continue;
    auto removed =
        node_api_.remove(model::key_of(node->meta), {.preconditions = {.uid = node->meta.uid}}, call);
    if (!removed && removed.error().code != Code::kNotFound) {
      return std::move(removed).error().add("Node", node->meta.name);
    }
  }
  return !nodes.empty();
}

base::Result<reconcile::Outcome> Lifecycle::terminate_instance(Claim& claim, const Call& call) {
  auto removed = services_.cloud.remove(claim, call);
  const bool gone = removed.failed_with(Code::kNotFound);
  if (!removed && !gone) return std::move(removed).error().add("NodeClaim", claim.meta.name);
  const Claim before = claim;
  model::conditions_of(claim, services_.runtime.now()).set_true(condition::kInstanceTerminating);
  auto written = api_.patch_status(before, claim, kube::Locking::kLocked, call);
  if (!written) return reconcile::outcome_of(std::move(written).error());
  writes_.wrote(written->meta);
  const auto* since = model::find_condition(written->status.conditions, condition::kInstanceTerminating);
  if (!gone) return Outcome(RequeueAfter{cloud::next_termination_poll(since, services_.runtime.now())});
  if (since != nullptr && since->last_transition_time) {
    const std::chrono::duration<double> took = services_.runtime.now() - *since->last_transition_time;
    services_.metrics.observe("karpenter_nodeclaims_instance_termination_duration_seconds",
                              {{"nodepool", std::string(claim.meta.label(labels::kNodePool))}}, took.count(),
                              exponential_buckets(11));
  }
  return remove_finalizer(*written, call);
}

base::Result<reconcile::Outcome> Lifecycle::remove_finalizer(const Claim& claim, const Call& call) {
  Claim after = claim;
  std::erase(after.meta.finalizers, std::string(labels::kTerminationFinalizer));
  auto written = patch(claim, after, call);
  if (!written) return reconcile::outcome_of(std::move(written).error());
  services_.log.info("deleted nodeclaim", log_fields(claim));
  const std::string pool(claim.meta.label(labels::kNodePool));
  const std::chrono::duration<double> took = services_.runtime.now() - *claim.meta.deletion_timestamp;
  services_.metrics.observe("karpenter_nodeclaims_termination_duration_seconds", {{"nodepool", pool}},
                            took.count(), exponential_buckets(12));
  services_.metrics.count("karpenter_nodeclaims_terminated_total",
                          {{"nodepool", pool},
                           {"capacity_type", std::string(claim.meta.label(labels::kCapacityType))},
                           {"zone", std::string(claim.meta.label(labels::kZone))}});
  launched_.erase(claim.meta.uid);
  return kDone;
}

}  // namespace karpenter::nodeclaim
