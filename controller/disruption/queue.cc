#include "controller/disruption/queue.h"

#include <algorithm>
#include <utility>

#include "common/model/conditions.h"
#include "controller/disruption/marking.h"

namespace karpenter::disruption {

namespace {

using base::Code;

std::vector<std::string> provider_ids(const plan::Command& command) {
  std::vector<std::string> out;
  for (const auto& candidate : command.candidates) out.push_back(candidate.view.provider_id());
  return out;
}

}  // namespace

OrchestrationQueue::OrchestrationQueue(Services services, Options options)
    : services_(std::move(services)), options_(options), reporter_(services_) {}

reconcile::ControllerSpec OrchestrationQueue::spec() {
  return {.name = "disruption.queue",
          .group = "karpenter.sh",
          .kind = "NodeClaim",
          .workers = 10,
          .limit = {.base = std::chrono::seconds(1),
                    .cap = std::chrono::seconds(10),
                    .bucket_qps = 100,
                    .bucket_burst = 1000}};
}

bool OrchestrationQueue::contains(const std::string& provider_id) const {
  runtime::Lock lock(mutex_);
  return candidates_.contains(provider_id);
}

std::size_t OrchestrationQueue::size() const {
  runtime::Lock lock(mutex_);
  return candidates_.size();
}

std::shared_ptr<OrchestrationQueue::InFlight> OrchestrationQueue::find(const std::string& id) const {
  runtime::Lock lock(mutex_);
  const auto it = flights_.find(id);
  return it == flights_.end() ? nullptr : it->second;
}

// ---- start. spec: disruption §16.2

base::Status OrchestrationQueue::start(plan::Command command, const Call& call) {
  KARP_CHECK(queue_ != nullptr && !command.candidates.empty());
  for (const auto& id : provider_ids(command)) {
    if (contains(id))
      return base::make_error(Code::kConflict, "candidate is being disrupted").add("provider-id", id);
  }
  auto flight = std::make_shared<InFlight>();
  flight->id = runtime::random_uuid(services_.runtime);
  reporter_.starting(command, flight->id);
  const auto planned = command.candidates;
  auto marked = mark_candidates(command, call);
  auto created = marked ? create_replacements(command, call) : std::move(marked).error();
  if (!created) {
    unmark_candidates(planned, call);
    return std::move(created).error();
  }
  flight->replacements = *std::move(created);
  // Only now: earlier, the provisioner would launch for the candidates' pods too.
  const auto ids = provider_ids(command);
  services_.cluster.mark_for_deletion(ids);
  for (const auto& name : command.nominate) services_.cluster.nominate(name);
  flight->started = services_.runtime.mono();
  reporter_.started(command);
  flight->command = std::move(command);
  {
    runtime::Lock lock(mutex_);
    candidates_.insert(ids.begin(), ids.end());
    flights_.emplace(flight->id, flight);
  }
  queue_->add({.name = flight->id});
  return base::ok();
}

// Leaves the marked candidates in the command. A deletion may go on with some of them; a replacement is all
// or nothing, since what comes was planned for all that go.
base::Status OrchestrationQueue::mark_candidates(plan::Command& command, const Call& call) {
  std::optional<base::Error> first;
  std::erase_if(command.candidates, [&](const plan::Candidate& candidate) {
    auto status = mark(services_, candidate.view, command.reason, call);
    if (status) return false;
    if (!first) first = std::move(status).error().add("Node", candidate.name());
    return true;
  });
  if (first && (command.candidates.empty() || !command.replacements.empty())) return *std::move(first);
  return base::ok();
}

base::Result<std::vector<OrchestrationQueue::Replacement>> OrchestrationQueue::create_replacements(
    const plan::Command& command, const Call& call) {
  std::vector<Replacement> out;
  for (const auto& planned : command.replacements) {
    ASSIGN_OR_RETURN(const auto created,
                     services_.creator.create(planned, plan::metric_name_of(command.reason), call));
    out.push_back({.name = created.meta.name, .uid = created.meta.uid});
  }
  return out;
}

// ---- drive. spec: disruption §16.3

base::Result<reconcile::Outcome> OrchestrationQueue::reconcile(const model::ObjectKey& key,
                                                               const Call& call) {
  constexpr reconcile::Outcome kDone = reconcile::Done{};
  const auto flight = find(key.name);
  if (!flight) return kDone;
  auto progress = drive(*flight, call);
  const bool too_old = services_.runtime.mono() - flight->started > timeout();
  if (too_old) progress = base::make_error(Code::kTerminal, "command reached timeout");
  if (!progress && progress.error().code == Code::kTerminal) {
    roll_back(*flight, progress.error(), call);
    return kDone;
  }
  if (!progress || *progress == Progress::kWait)
    return reconcile::Outcome(reconcile::RequeueAfter{options_.poll});
  reporter_.succeeded(flight->command, flight->id);
  remove(*flight);
  return kDone;
}

std::chrono::nanoseconds OrchestrationQueue::timeout() const {
  return std::clamp(options_.per_candidate * static_cast<std::int64_t>(size()), options_.min_timeout,
                    options_.max_timeout);
}

base::Result<OrchestrationQueue::Progress> OrchestrationQueue::drive(InFlight& flight, const Call& call) {
  bool all = true;
  for (auto& replacement : flight.replacements) {
    if (replacement.initialized) continue;
    ASSIGN_OR_RETURN(replacement.initialized, is_initialized(flight, replacement, call));
    all = all && replacement.initialized;
  }
  if (!all) return Progress::kWait;
  for (const auto& candidate : flight.command.candidates) {
    RETURN_IF_ERROR(delete_candidate(flight.command, candidate, call));
  }
  return Progress::kFinished;
}

// kTerminal when the replacement is gone: it failed to launch or somebody removed it.
base::Result<bool> OrchestrationQueue::is_initialized(const InFlight& flight, const Replacement& replacement,
                                                      const Call& call) {
  auto stored = services_.claims.find(replacement.name);
  if (!stored || stored->meta.uid != replacement.uid) {
    // The store may not have seen it yet, so ask the API server.
    auto live = kube::Api<model::NodeClaim>(services_.client).get({.name = replacement.name}, call);
    const bool gone = live.failed_with(Code::kNotFound) || (live && live->meta.uid != replacement.uid);
    if (gone)
      return base::make_error(Code::kTerminal, "replacement was deleted").add("NodeClaim", replacement.name);
    if (!live) return std::move(live).error();
    stored = std::make_shared<const model::NodeClaim>(*std::move(live));
  }
  reporter_.launching(flight.command, *stored);
  if (model::is_true(stored->status.conditions, model::condition::kInitialized)) return true;
  reporter_.waiting(*stored);
  return false;
}

base::Status OrchestrationQueue::delete_candidate(const plan::Command& command,
                                                  const plan::Candidate& candidate, const Call& call) {
  const auto& meta = candidate.view.claim->meta;
  const auto stored = services_.claims.find(meta.name);
  if (!stored || stored->meta.uid != meta.uid || stored->meta.is_deleting()) return base::ok();
  auto removed = kube::Api<model::NodeClaim>(services_.client)
                     .remove(model::key_of(meta), {.preconditions = {.uid = meta.uid}}, call);
  if (removed.failed_with(Code::kNotFound)) return base::ok();
  if (!removed) return std::move(removed).error().add("NodeClaim", meta.name);
  reporter_.terminating(command, candidate);
  return base::ok();
}

void OrchestrationQueue::unmark_candidates(const plan::Candidates& candidates, const Call& call) {
  for (const auto& candidate : candidates) {
    auto status = unmark(services_, candidate.view, call);
    if (status) continue;
    // What stays behind is taken away by the loop's clean-up.
    services_.log.error(status.error(), "failed rolling back",
                        {{"Node", telemetry::object_ref(candidate.name())}});
  }
}

void OrchestrationQueue::roll_back(const InFlight& flight, const base::Error& cause, const Call& call) {
  const auto unready = std::ranges::count(flight.replacements, false, &Replacement::initialized);
  unmark_candidates(flight.command.candidates, call);
  reporter_.failed(flight.command, flight.id, cause, static_cast<std::size_t>(unready));
  services_.cluster.unmark_for_deletion(provider_ids(flight.command));
  remove(flight);
}

void OrchestrationQueue::remove(const InFlight& flight) {
  const auto ids = provider_ids(flight.command);
  runtime::Lock lock(mutex_);
  for (const auto& id : ids) candidates_.erase(id);
  flights_.erase(flight.id);
}

}  // namespace karpenter::disruption
