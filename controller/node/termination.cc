#include "controller/node/termination.h"
#include "controller/cloud/termination_poll.h"

#include <algorithm>
#include <utility>

#include "common/base/strings.h"
#include "common/json/json.h"
#include "common/model/conditions.h"
#include "common/model/labels.h"
#include "controller/disruption/plan/pods.h"

namespace karpenter::node {

namespace {

namespace labels = model::labels;
namespace condition = model::condition;
using base::Code;

constexpr reconcile::Outcome kTerminationDone = reconcile::Done{};
constexpr std::size_t kAttachmentsShown = 5;

std::vector<double> lifetime_buckets() {
  std::vector<double> out{900, 1800, 2700};
  for (const int hours : {1, 2, 4, 6, 8, 10, 12, 16, 20}) out.push_back(hours * 3600.0);
  for (const int days : {1, 2, 3, 5, 10, 15, 20, 25, 30}) out.push_back(days * 86400.0);
  return out;
}

const std::vector<double>& termination_buckets() {
  static const std::vector<double> kBuckets{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048};
  return kBuckets;
}

double seconds_between(base::Time from, base::Time to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

Termination::Termination(Services services, EvictionQueue& evictions, Options options)
    : services_(std::move(services)),
      evictions_(evictions),
      options_(options),
      api_(services_.client),
      claim_api_(services_.client) {
  add_indexes(services_);
}

reconcile::ControllerSpec Termination::spec() {
  return {.name = "node.termination",
          .group = "",
          .kind = "Node",
          .workers = 50,
          .limit = {.base = std::chrono::milliseconds(100),
                    .cap = std::chrono::seconds(10),
                    .bucket_qps = 10,
                    .bucket_burst = 100}};
}

void Termination::publish(const model::Node& node, std::string type, std::string reason,
                          std::string message) {
  services_.events.publish({.object = event_object(node),
                            .type = std::move(type),
                            .reason = std::move(reason),
                            .message = std::move(message),
                            .dedupe = {node.meta.name}});
}

base::Result<reconcile::Outcome> Termination::reconcile(const model::ObjectKey& key, const Call& call) {
  const auto node = services_.nodes.find(key);
  if (!node || !node->meta.is_deleting() || !node->meta.has_finalizer(labels::kTerminationFinalizer) ||
      !node->meta.labels.contains(labels::kNodeClass)) {
    return kTerminationDone;
  }
  const auto claim = claim_of(services_, *node);
  if (claim && !claim->meta.is_deleting()) {
    auto removed =
        claim_api_.remove(model::key_of(claim->meta), {.preconditions = {.uid = claim->meta.uid}}, call);
    if (!removed && removed.error().code != Code::kNotFound) {
      return std::move(removed).error().add("NodeClaim", claim->meta.name);
    }
  }
  ASSIGN_OR_RETURN(const bool gone, is_instance_gone(*node, call));
  if (gone) return remove_finalizer(*node, call);
  return take_down(*node, claim.get(), call);
}

// A kubelet that reports Ready is believed over a cloud that does not find the instance.
base::Result<bool> Termination::is_instance_gone(const model::Node& node, const Call& call) {
  if (model::is_true(node.status.conditions, "Ready")) return false;
  auto instance = services_.cloud.get(node.spec.provider_id, call);
  if (instance) return false;
  if (instance.error().code == Code::kNotFound) return true;
  return std::move(instance).error().add("Node", node.meta.name);
}

base::Result<reconcile::Outcome> Termination::take_down(const model::Node& node,
                                                        const model::NodeClaim* claim, const Call& call) {
  ASSIGN_OR_RETURN(const Deadline deadline, deadline_of(claim));
  if (deadline) {
    publish(node, "Warning", "TerminationGracePeriodExpiring",
            "All pods will be deleted by " + base::format_rfc3339(*deadline));
  }
  auto tainted = taint(node, call);
  if (!tainted) return reconcile::outcome_of(std::move(tainted).error());
  std::optional<model::NodeClaim> after;
  if (claim != nullptr) after = *claim;
  auto wait = run_stages({.node = *tainted, .claim = after ? &*after : nullptr, .deadline = deadline}, call);
  if (after) {
    auto written = persist(*claim, *after, call);
    if (!written) return reconcile::outcome_of(std::move(written).error());
  }
  if (!wait) return std::move(wait).error().add("Node", node.meta.name);
  if (*wait) return Outcome(reconcile::RequeueAfter{**wait});
  return remove_finalizer(*tainted, call);
}

base::Result<model::Node> Termination::taint(const model::Node& node, const Call& call) {
  model::Node after = node;
  if (!mark_disrupted(after)) return after;
  ASSIGN_OR_RETURN(auto written, api_.patch(node, after, kube::Locking::kLocked, call));
  services_.log.info("tainted node", {{"Node", telemetry::object_ref(node.meta.name)},
                                      {"taint.Key", labels::kDisruptedTaint},
                                      {"taint.Value", ""},
                                      {"taint.Effect", model::kNoSchedule}});
  return written;
}

base::Result<Termination::Wait> Termination::run_stages(const Pass& pass, const Call& call) {
  if (const auto wait = drain(pass)) return wait;
  if (const auto wait = detach_volumes(pass)) return wait;
  return terminate_instance(pass, call);
}

Termination::Wait Termination::drain(const Pass& pass) {
  const auto now = services_.runtime.now();
  if (pass.claim != nullptr &&
      model::find_condition(pass.claim->status.conditions, condition::kDrained) == nullptr) {
    model::conditions_of(*pass.claim, now).set_unknown(condition::kDrained, "Draining", "Draining");
  }
  const auto pods = pods_on(services_, pass.node.meta.name);
  const auto plan = plan_drain(pods, pass.deadline, now);
  evictions_.add(plan.evict, pass.deadline);
  if (plan.waiting == 0) return settle_drain(pass);
  publish(pass.node, "Warning", "FailedDraining",
          "Failed to drain node, " + std::to_string(plan.waiting) + " pods are waiting to be evicted");
  return options_.drain_poll;
}

// Nothing waits: done, unless the drain began so recently that a pod may still be on its way here.
Termination::Wait Termination::settle_drain(const Pass& pass) const {
  if (pass.claim == nullptr) return std::nullopt;
  const auto now = services_.runtime.now();
  auto conditions = model::conditions_of(*pass.claim, now);
  const auto* drained = conditions.find(condition::kDrained);
  const bool fresh = drained->status == model::kUnknown && drained->last_transition_time &&
                     now - *drained->last_transition_time < options_.min_drain;
  if (fresh) return options_.drain_poll;
  conditions.set_true(condition::kDrained);
  return std::nullopt;
}

std::set<std::string, std::less<>> Termination::volumes_of_staying_pods(const std::string& node_name) const {
  std::set<std::string, std::less<>> out;
  const auto now = services_.runtime.now();
  for (const auto& pod : pods_on(services_, node_name)) {
    if (disruption::plan::is_drainable(*pod, now)) continue;
    for (const auto& key : volume_claims_of(*pod)) {
      if (const auto claim = services_.volume_claims.find(key)) out.insert(claim->volume_name);
    }
  }
  return out;
}

Termination::Wait Termination::detach_volumes(const Pass& pass) {
  const auto& name = pass.node.meta.name;
  const auto pending = blocking_attachments(attachments_of(services_, name), volumes_of_staying_pods(name));
  const auto now = services_.runtime.now();
  const bool elapsed = pass.deadline && now > *pass.deadline;
  const auto record = [&](std::string_view status, std::string_view reason) {
    if (pass.claim == nullptr) return;
    auto conditions = model::conditions_of(*pass.claim, now);
    if (status == model::kTrue) {
      conditions.set_true(condition::kVolumesDetached);
    } else {
      conditions.set(condition::kVolumesDetached, status, reason, reason);
    }
  };
  if (pending.empty()) {
    record(model::kTrue, "");
    return std::nullopt;
  }
  if (elapsed) {
    record(model::kFalse, "TerminationGracePeriodElapsed");
    return std::nullopt;
  }
  record(model::kUnknown, "AwaitingVolumeDetachment");
  const auto shown = std::span(pending).first(std::min(pending.size(), kAttachmentsShown));
  auto text = "Awaiting deletion of bound volumeattachments (" + base::join(shown, ", ");
  if (pending.size() > shown.size())
    text += " and " + std::to_string(pending.size() - shown.size()) + " other(s)";
  publish(pass.node, "Normal", "AwaitingVolumeDetachment", text + ")");
  return options_.drain_poll;
}

base::Result<Termination::Wait> Termination::terminate_instance(const Pass& pass, const Call& call) {
  if (pass.claim == nullptr) return Wait{};
  auto removed = services_.cloud.remove(*pass.claim, call);
  const bool gone = removed.failed_with(Code::kNotFound);
  if (!removed && !gone) return std::move(removed).error();
  const auto now = services_.runtime.now();
  auto conditions = model::conditions_of(*pass.claim, now);
  conditions.set_true(condition::kInstanceTerminating);
  if (gone) return Wait{};
  return Wait{cloud::next_termination_poll(conditions.find(condition::kInstanceTerminating), now)};
}

base::Status Termination::persist(const model::NodeClaim& before, const model::NodeClaim& after,
                                  const Call& call) {
  auto written = claim_api_.patch_status(before, after, kube::Locking::kLocked, call);
  if (written.failed_with(Code::kNotFound)) return base::ok();
  if (!written) return std::move(written).error();
  const bool drained_now = model::is_true(after.status.conditions, condition::kDrained) &&
                           !model::is_true(before.status.conditions, condition::kDrained);
  if (drained_now) {
    services_.metrics.count("karpenter_nodes_drained_total",
                            {{"nodepool", std::string(after.meta.label(labels::kNodePool))}});
  }
  return base::ok();
}

base::Result<reconcile::Outcome> Termination::remove_finalizer(const model::Node& node, const Call& call) {
  // A JSON patch with a test instead of a list replaced as a whole: other finalizers may come and go
  // meanwhile.
  const auto& finalizers = node.meta.finalizers;
  const auto index = std::ranges::find(finalizers, labels::kTerminationFinalizer) - finalizers.begin();
  const auto path = "/metadata/finalizers/" + std::to_string(index);
  auto patch = json::Value::array();
  for (const std::string_view op : {"test", "remove"}) {
    const auto step = patch.ref().push_back();
    step["op"].set(op);
    step["path"].set(path);
    if (op == "test") step["value"].set(labels::kTerminationFinalizer);
  }
  auto written = api_.json_patch(model::key_of(node.meta), patch, call);
  if (!written) {
    // A failed test means that the list moved: look again.
    if (written.error().code == Code::kInvalid) return Outcome(reconcile::Retry{});
    return reconcile::outcome_of(std::move(written).error());
  }
  const auto now = services_.runtime.now();
  const std::string pool(node.meta.label(labels::kNodePool));
  services_.metrics.count("karpenter_nodes_terminated_total",
                          {{"nodepool", pool}, {"zone", std::string(node.meta.label(labels::kZone))}});
  services_.metrics.observe("karpenter_nodes_termination_duration_seconds", {{"nodepool", pool}},
                            seconds_between(*node.meta.deletion_timestamp, now), termination_buckets());
  services_.metrics.observe("karpenter_nodes_lifetime_duration_seconds", {{"nodepool", pool}},
                            seconds_between(node.meta.creation_timestamp.value_or(now), now),
                            lifetime_buckets());
  services_.log.info("deleted node", {{"Node", telemetry::object_ref(node.meta.name)}});
  return kTerminationDone;
}

}  // namespace karpenter::node
