#include "common/reconcile/leader_election.h"

#include <algorithm>

namespace karpenter::reconcile {
namespace {

constexpr auto kReleaseTime = std::chrono::seconds(5);

std::chrono::nanoseconds scaled(std::chrono::nanoseconds duration, double factor) {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(duration.count()) * factor));
}

}  // namespace

bool may_take(const LeaseView& lease, const std::string& identity, base::Mono now) {
  return lease.holder.empty() || lease.holder == identity || now >= lease.seen_change + lease.duration;
}

LeaderElection::LeaderElection(kube::Client& client, const telemetry::Log& log, telemetry::Metrics& metrics,
                               telemetry::EventRecorder& events, LeaderElectionOptions options)
    : client_(client),
      leases_(client),
      log_(log),
      metrics_(metrics),
      events_(events),
      options_(std::move(options)) {
  metrics_.gauge("leader_election_master_status", {{"name", options_.name}}, 0);
}

base::Status LeaderElection::acquire(const std::stop_token& stop) {
  auto& runtime = client_.runtime();
  const net::Call call{.deadline = runtime::Mono::max(), .stop = stop};
  log_.info("attempting to acquire leader lease", {{"lease", options_.namespace_name + "/" + options_.name}});
  for (;;) {
    const auto result = attempt(runtime::within(runtime, call, options_.renew_deadline));
    if (result && *result == Attempt::kHeld) break;
    if (!result && !stop.stop_requested() && result.error().code != base::Code::kConflict) {
      log_.error(result.error(), "failed to acquire leader lease");
    }
    const double factor = 1 + options_.retry_jitter * runtime::random_unit(runtime);
    RETURN_IF_ERROR(runtime::sleep_for(runtime, scaled(options_.retry_period, factor), call));
  }
  set_leading(true);
  return base::ok();
}

base::Status LeaderElection::hold(const std::stop_token& stop) {
  auto& runtime = client_.runtime();
  const net::Call call{.deadline = runtime::Mono::max(), .stop = stop};
  auto deadline = runtime.mono() + options_.renew_deadline;
  while (runtime::sleep_for(runtime, options_.retry_period, call)) {
    const auto result = attempt({.deadline = deadline, .stop = stop});
    if (result && *result == Attempt::kHeld) deadline = runtime.mono() + options_.renew_deadline;
    const bool taken = result && *result == Attempt::kTaken;
    if (!stop.stop_requested() && (taken || runtime.mono() >= deadline)) {
      set_leading(false);
      return base::make_error(base::Code::kUnavailable, "leader lease lost")
          .add("holder", seen_ ? seen_->holder : "");
    }
  }
  release();
  set_leading(false);
  return base::ok();
}

void LeaderElection::observe(const model::Lease& lease) {
  lease_ = lease;
  if (seen_ && seen_->version == lease.meta.resource_version) return;
  const auto duration =
      lease.lease_duration_seconds.value_or(static_cast<std::int32_t>(options_.lease_duration.count()));
  seen_ = LeaseView{.holder = lease.holder_identity,
                    .version = lease.meta.resource_version,
                    .seen_change = client_.runtime().mono(),
                    .duration = std::chrono::seconds(duration)};
}

// Reads the lease and takes or renews it when allowed.
base::Result<LeaderElection::Attempt> LeaderElection::attempt(const net::Call& call) {
  auto read = leases_.get({.namespace_name = options_.namespace_name, .name = options_.name}, call);
  if (read.failed_with(base::Code::kNotFound)) return create(call);
  if (!read) return std::move(read).error();
  observe(*read);
  if (!may_take(*seen_, options_.identity, client_.runtime().mono())) return Attempt::kTaken;
  const auto now = client_.runtime().now();
  auto next = *read;
  if (next.holder_identity != options_.identity) {
    next.holder_identity = options_.identity;
    next.acquire_time = now;
    next.lease_transitions = next.lease_transitions.value_or(0) + 1;
  }
  next.renew_time = now;
  next.lease_duration_seconds = static_cast<std::int32_t>(options_.lease_duration.count());
  ASSIGN_OR_RETURN(const auto written, leases_.patch(*read, next, kube::Locking::kLocked, call));
  observe(written);
  return Attempt::kHeld;
}

base::Result<LeaderElection::Attempt> LeaderElection::create(const net::Call& call) {
  const auto now = client_.runtime().now();
  model::Lease lease;
  lease.meta.name = options_.name;
  lease.meta.namespace_name = options_.namespace_name;
  lease.holder_identity = options_.identity;
  lease.lease_duration_seconds = static_cast<std::int32_t>(options_.lease_duration.count());
  lease.acquire_time = now;
  lease.renew_time = now;
  lease.lease_transitions = 0;
  auto created = leases_.create(lease, call);
  if (created.failed_with(base::Code::kAlreadyExists)) return Attempt::kTaken;  // another one was quicker
  if (!created) return std::move(created).error();
  observe(*created);
  return Attempt::kHeld;
}

// Lets the next leader start at once. Best effort: the lease expires anyway. spec: lifecycle §2.11
void LeaderElection::release() {
  auto& runtime = client_.runtime();
  auto next = lease_;
  next.holder_identity.clear();
  next.lease_duration_seconds = 1;
  next.renew_time = runtime.now();
  const auto released = leases_.patch(lease_, next, kube::Locking::kLocked,
                                      {.deadline = runtime.mono() + kReleaseTime, .stop = {}});
  if (!released) log_.error(released.error(), "failed to release leader lease");
}

void LeaderElection::set_leading(bool leading) {
  leading_ = leading;
  metrics_.gauge("leader_election_master_status", {{"name", options_.name}}, leading ? 1 : 0);
  events_.publish({.object = {.api_version = "coordination.k8s.io/v1",
                              .kind = "Lease",
                              .namespace_name = options_.namespace_name,
                              .name = options_.name,
                              .uid = lease_.meta.uid},
                   .type = "Normal",
                   .reason = "LeaderElection",
                   .message = options_.identity + (leading ? " became leader" : " stopped leading")});
  log_.info(leading ? "became leader" : "stopped leading", {{"identity", options_.identity}});
}

}  // namespace karpenter::reconcile
