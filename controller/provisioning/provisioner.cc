#include "controller/provisioning/provisioner.h"

#include <algorithm>
#include <set>

#include "common/base/duration.h"
#include "common/base/strings.h"
#include "controller/provisioning/in_parallel.h"
#include "controller/scheduling/pods.h"

namespace karpenter::provisioning {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kTriggerPatience{1};  // spec: scheduling §1.3
constexpr seconds kPlacementLimit{60};  // spec: scheduling §1.3
constexpr milliseconds kUnsyncedPause{250};
constexpr std::size_t kCreators = 10;  // claims created at a time
constexpr seconds kUnsyncedGrace{30};  // spec: lifecycle §2.5
constexpr seconds kUnsyncedRepeat{10};

telemetry::EventObject event_object(const model::Pod& pod) {
  return {.api_version = "v1",
          .kind = "Pod",
          .namespace_name = pod.meta.namespace_name,
          .name = pod.meta.name,
          .uid = pod.meta.uid};
}

telemetry::Event failed_scheduling(const model::Pod& pod, std::string message) {
  return {.object = event_object(pod),
          .type = "Warning",
          .reason = "FailedScheduling",
          .message = "Failed to schedule pod, " + std::move(message),
          .dedupe = {pod.meta.uid},
          .dedupe_timeout = seconds(300)};
}

std::vector<const model::Pod*> raw(const std::vector<cluster::PodPtr>& pods) {
  std::vector<const model::Pod*> out;
  for (const auto& pod : pods) out.push_back(pod.get());
  return out;
}

std::vector<model::ObjectKey> keys_of(const std::vector<const model::Pod*>& pods) {
  std::vector<model::ObjectKey> out;
  for (const auto* pod : pods) out.push_back(model::key_of(pod->meta));
  return out;
}

std::vector<const model::Pod*> placed_pods(const scheduling::Plan& plan) {
  std::vector<const model::Pod*> out;
  for (const auto& node : plan.create) out.insert(out.end(), node.pods.begin(), node.pods.end());
  for (const auto& placement : plan.onto_existing) out.push_back(placement.pod);
  std::erase_if(out, [](const model::Pod* pod) { return !pod->spec.node_name.empty(); });  // moving, not new
  return out;
}

}  // namespace

std::string pods_text(const std::vector<const model::Pod*>& pods) {
  static constexpr std::size_t kShown = 5;
  std::vector<std::string> names;
  for (const auto* pod : pods) {
    if (names.size() == kShown) break;
    names.push_back(model::key_of(pod->meta).text());
  }
  std::string out = base::join(names, ", ");
  return pods.size() <= kShown ? out : out + " and " + std::to_string(pods.size() - kShown) + " other(s)";
}

base::Result<reconcile::Outcome> Provisioner::reconcile(const model::ObjectKey& /*key*/,
                                                        const net::Call& call) {
  const reconcile::Outcome again = reconcile::RequeueAfter{milliseconds(1)};
  if (!batcher_.wait(kTriggerPatience, call)) return again;
  if (!ready_to_decide()) {
    batcher_.rearm();  // the trigger is kept; spec: scheduling §26 item 22
    return reconcile::Outcome{reconcile::RequeueAfter{kUnsyncedPause}};
  }
  const base::Status status = run_pass(call);
  if (!status.has_value()) {
    batcher_.rearm();
    return status.error();
  }
  return again;
}

bool Provisioner::ready_to_decide() {
  const base::Mono now = s_.runtime.mono();
  if (s_.cluster.synced()) {
    unsynced_since_.reset();
    return true;
  }
  if (!unsynced_since_) unsynced_since_ = now;
  if (now - *unsynced_since_ > kUnsyncedGrace && now - unsynced_logged_ > kUnsyncedRepeat) {
    unsynced_logged_ = now;
    s_.log.debug("waiting on cluster sync", {{"duration", base::format_duration(now - *unsynced_since_)}});
  }
  return false;
}

base::Status Provisioner::run_pass(const net::Call& call) {
  const base::Mono start = s_.runtime.mono();
  const cluster::SnapshotPtr snapshot = s_.cluster.snapshot();
  cluster::PodSelection selection = cluster::select_pods(*snapshot);
  report_ignored(selection.ignored);
  const std::vector<const model::Pod*> pending = raw(selection.pods);
  const bool has_deleting =
      std::ranges::any_of(snapshot->nodes, [](const auto& n) { return n->marked_for_deletion(); });
  if (pending.empty() && !has_deleting) return base::ok();
  ASSIGN_OR_RETURN(auto pools, usable_pools(call));
  if (pools.empty()) {
    s_.cluster.pods().record_pass({}, keys_of(pending));
    s_.log.info("no nodepools found");
    return base::ok();
  }
  const cluster::OwnedProblem& problem = problems_.make(snapshot, std::move(pools),
                                                        {.pods = std::move(selection.pods),
                                                         .without_provider_ids = {},
                                                         .now = s_.runtime.now(),
                                                         .options = options_});
  if (problem.problem.pods.empty()) return base::ok();
  if (options_.preferences == scheduling::PreferencePolicy::kRespect)
    warnings_.report(pending, start, s_.log);
  const base::Mono placing = s_.runtime.mono();
  const base::Mono deadline = placing + kPlacementLimit;
  const telemetry::Labels series = start_queue_metrics(problem.problem.pods.size());
  const scheduling::Plan plan = scheduler_.schedule(
      problem.problem,
      {.expired = [&] { return s_.runtime.mono() >= deadline || call.stop.stop_requested(); }});
  observe_duration(placing);
  s_.metrics.gauge("karpenter_scheduler_queue_depth", series, static_cast<double>(plan.unplaced.size()));
  s_.metrics.remove("karpenter_scheduler_unfinished_work_seconds", series);
  observe_duration(start);  // twice, the second time with what came before. spec: scheduling §23.2
  if (!plan.create.empty()) {
    s_.log.info("found provisionable pod(s)",
                {{"Pods", pods_text(problem.problem.pods)},
                 {"duration", base::format_duration(s_.runtime.mono() - start)}});
  }
  report_unplaced(plan);
  record_existing(problem, plan);
  return create_claims(plan, call);
}

// Metrics of one placement; the series of earlier ones go. spec: scheduling §23.2
telemetry::Labels Provisioner::start_queue_metrics(std::size_t pods) {
  const telemetry::Labels all = {{"controller", "provisioner"}};
  s_.metrics.remove_matching("karpenter_scheduler_queue_depth", all);
  s_.metrics.remove_matching("karpenter_scheduler_unschedulable_pods_count", all);
  telemetry::Labels series = all;
  series["scheduling_id"] = runtime::random_uuid(s_.runtime);
  s_.metrics.gauge("karpenter_scheduler_queue_depth", series, static_cast<double>(pods));
  s_.metrics.gauge("karpenter_scheduler_unfinished_work_seconds", series, 0);
  return series;
}

void Provisioner::observe_duration(base::Mono since) {
  const std::chrono::duration<double> took = s_.runtime.mono() - since;
  s_.metrics.observe("karpenter_scheduler_scheduling_duration_seconds", {{"controller", "provisioner"}},
                     took.count(), cluster::scheduling_duration_buckets());
}

// The pools of this pass with their instance types, ordered by name. A pool that fails is left out. spec:
// §8.1, §8.2
base::Result<std::vector<cluster::Pool>> Provisioner::usable_pools(const net::Call& call) {
  std::vector<cluster::Pool> out;
  for (const auto& pool : s_.node_pools.list()) {
    const telemetry::Fields fields = {{"NodePool", telemetry::object_ref(pool->meta.name)}};
    if (pool->spec.replicas) continue;
    if (!cluster::is_usable(*pool)) {
      if (!pool->meta.is_deleting()) s_.log.error("ignoring nodepool, not ready", fields);
      continue;
    }
    auto types = s_.cloud.instance_types(*pool, call);
    if (types.failed_with(base::Code::kTimeout) || types.failed_with(base::Code::kCancelled))
      return types.error();
    if (!types) {
      s_.log.error(types.error(), "skipping, unable to resolve instance types", fields);
    } else if (types->empty()) {
      s_.log.info("skipping, no resolved instance types found", fields);
    } else {
      out.push_back({.node_pool = pool, .instance_types = std::move(*types)});
    }
  }
  return out;
}

void Provisioner::report_ignored(const std::vector<cluster::IgnoredPod>& ignored) {
  s_.metrics.gauge("karpenter_scheduler_ignored_pods_count", {}, static_cast<double>(ignored.size()));
  std::vector<model::ObjectKey> keys;
  for (const auto& entry : ignored) {
    keys.push_back(model::key_of(entry.pod->meta));
    if (!entry.silent) s_.events.publish(failed_scheduling(*entry.pod, base::join(entry.errors, "; ")));
    s_.log.debug("ignoring pod",
                 {{"Pod", telemetry::object_ref(entry.pod->meta.name, entry.pod->meta.namespace_name)},
                  {"error", base::join(entry.errors, "; ")}});
  }
  s_.cluster.pods().record_pass({}, keys);
}

void Provisioner::report_unplaced(const scheduling::Plan& plan) {
  std::vector<const model::Pod*> failed;
  for (const auto& unplaced : plan.unplaced) {
    // A pass that was cut short says nothing about the pods it did not reach. spec: scheduling §27.33
    if (unplaced.reasons.front().code == scheduling::ReasonCode::kStepsExhausted) continue;
    // It waits for a reservation: no event, not unschedulable. spec: scheduling §17.2
    if (unplaced.reasons.is_deferred()) continue;
    failed.push_back(unplaced.pod);
    const std::string text = scheduling::render(unplaced);
    s_.events.publish(failed_scheduling(*unplaced.pod, text));
    s_.log.error("could not schedule pod",
                 {{"Pod", telemetry::object_ref(unplaced.pod->meta.name, unplaced.pod->meta.namespace_name)},
                  {"error", text}});
  }
  s_.metrics.gauge("karpenter_scheduler_unschedulable_pods_count", {{"controller", "provisioner"}},
                   static_cast<double>(failed.size()));
  s_.cluster.pods().record_pass(keys_of(placed_pods(plan)), keys_of(failed));
}

// spec: scheduling §23.1
void Provisioner::record_existing(const cluster::OwnedProblem& problem, const scheduling::Plan& plan) {
  std::set<std::size_t> used;
  for (const auto& [pod, node] : plan.onto_existing) {
    const auto& target = problem.problem.nodes[node];
    if (used.insert(node).second) s_.cluster.nominate(target.name);
    if (!target.node_claim.empty())
      s_.cluster.pods().assign(target.node_claim, std::vector<model::ObjectKey>{model::key_of(pod->meta)});
    std::string text = target.node_claim.empty() ? "" : "nodeclaim/" + target.node_claim;
    if (problem.targets[node]->node) text += (text.empty() ? "node/" : ", node/") + target.name;
    nominate_event(*pod, text);
  }
  if (!used.empty() && !plan.create.empty())
    s_.log.info("computed unready node(s) will fit pod(s)",
                {{"nodes", used.size()}, {"pods", plan.onto_existing.size()}});
}

void Provisioner::nominate_event(const model::Pod& pod, const std::string& target) {
  if (!nominated_events_.try_take(s_.runtime.mono())) return;
  s_.events.publish({.object = event_object(pod),
                     .type = "Normal",
                     .reason = "Nominated",
                     .message = "Pod should schedule on: " + target,
                     .dedupe = {pod.meta.uid}});
}

// All at once; one failure does not stop the others, the first error is returned. spec: scheduling §22.2
base::Status Provisioner::create_claims(const scheduling::Plan& plan, const net::Call& call) {
  if (plan.create.empty()) return base::ok();
  std::size_t pods = 0;
  for (const auto& node : plan.create) pods += node.pods.size();
  s_.log.info("computed new nodeclaim(s) to fit pod(s)",
              {{"nodeclaims", plan.create.size()}, {"pods", pods}});
  std::vector<base::Result<model::NodeClaim>> created(plan.create.size(), base::internal("not created"));
  in_parallel(s_.runtime, plan.create.size(), kCreators,
              [&](std::size_t i) { created[i] = s_.creator.create(plan.create[i], "provisioned", call); });
  base::Status status = base::ok();
  for (std::size_t i = 0; i < created.size(); ++i) {
    const auto& node = plan.create[i];
    if (!created[i]) {
      if (status.has_value()) status = std::move(created[i]).error().add("NodePool", node.node_pool);
      continue;
    }
    for (const auto* pod : node.pods) nominate_event(*pod, "nodeclaim/" + created[i]->meta.name);
  }
  return status;
}

}  // namespace karpenter::provisioning
