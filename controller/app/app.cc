#include "controller/app/app.h"

#include <utility>

#include "common/kube/reflector.h"
#include "controller/app/parts.h"

namespace karpenter::app {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(50);
constexpr auto kGrace = std::chrono::seconds(5);  // for running reconciles at stop
constexpr auto kMinBackoff = std::chrono::seconds(1);
constexpr auto kMaxBackoff = std::chrono::seconds(30);
constexpr auto kForever = std::chrono::hours(24 * 365 * 10);
constexpr auto kAwsStartLimit = std::chrono::minutes(2);

telemetry::Event malformed_event(const kube::Kind& kind, const model::ObjectKey& key,
                                 const base::Error& error) {
  return {.object = {.api_version = kind.api_version(),
                     .kind = std::string(kind.kind),
                     .namespace_name = key.namespace_name,
                     .name = key.name,
                     .uid = {}},
          .type = "Warning",
          .reason = "MalformedObject",
          .message = "ignored until it can be read: " + error.text()};
}

}  // namespace

App::Parts::Parts(Settings given_settings, const Seams& given_seams)
    : settings(std::move(given_settings)), seams(given_seams), events(seams.client) {}

App::App(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
App::~App() = default;

base::Result<std::unique_ptr<App>> App::make(Settings settings, const Seams& seams) {
  auto parts = std::make_unique<Parts>(std::move(settings), seams);
  ASSIGN_OR_RETURN(
      parts->aws,
      aws::Aws::make(parts->settings.aws, {seams.runtime, seams.aws, seams.log, seams.metrics, parts->events,
                                           seams.client, parts->stores.node_classes, parts->stores.pools}));
  parts->controllers = std::make_unique<Parts::Controllers>(*parts);
  return std::unique_ptr<App>(new App(std::move(parts)));
}

bool App::caches_synced() const { return aws_started_ && parts_->stores.synced(); }

bool App::crds_present() const { return parts_->stores.pools.synced() && parts_->stores.claims.synced(); }

void App::update_gauges() { parts_->controllers->manager.update_gauges(); }

void App::start_caches() {
  auto& runtime = parts_->seams.runtime;
  parts_->stores.for_each([&]<class T>(kube::Store<T>& store) {
    const auto& kind = kube::kind_of<T>();
    runtime.spawn("cache-" + std::string(kind.plural), [this, &store, &kind](std::stop_token stop) {
      auto& parts = *parts_;
      const auto on_malformed = [&](const model::ObjectKey& key, const base::Error& error) {
        parts.events.publish(malformed_event(kind, key, error));
      };
      kube::reflect<T>(parts.seams.client, store, {}, parts.seams.log, on_malformed, std::move(stop));
    });
  });
  runtime.spawn("events", [this](std::stop_token stop) { parts_->events.run(stop); });
}

base::Status App::wait_for_caches(const std::stop_token& stop) {
  while (!caches_synced()) {
    RETURN_IF_ERROR(
        runtime::sleep_for(parts_->seams.runtime, kPoll, {.deadline = base::Mono::max(), .stop = stop}));
  }
  return base::ok();
}

// An AWS endpoint that is away is waited for: a message at each try, never a crash loop.
base::Status App::start_aws(const std::stop_token& stop) {
  auto& runtime = parts_->seams.runtime;
  std::chrono::nanoseconds backoff = kMinBackoff;
  const net::Call call{.deadline = base::Mono::max(), .stop = stop};
  while (true) {
    auto status = parts_->aws->start(runtime::within(runtime, call, kAwsStartLimit));
    if (status.has_value() || stop.stop_requested()) return status;
    parts_->seams.log.error(status.error(), "cannot start the AWS provider, trying again");
    RETURN_IF_ERROR(runtime::sleep_for(runtime, backoff, call));
    backoff = std::min<std::chrono::nanoseconds>(backoff * 2, kMaxBackoff);
  }
}

base::Status App::run(std::stop_token stop) {
  start_caches();
  RETURN_IF_ERROR(start_aws(stop));
  aws_started_ = true;
  RETURN_IF_ERROR(wait_for_caches(stop));
  return lead(stop);
}

base::Status App::lead(const std::stop_token& stop) {
  auto& parts = *parts_;
  const auto& options = parts.settings.options;
  const auto start = [&] {
    parts.aws->on_elected(
        runtime::within(parts.seams.runtime, {.deadline = base::Mono::max(), .stop = stop}, kAwsStartLimit));
    parts.controllers->manager.start();
    parts.seams.log.info("controllers started");
  };
  if (options.disable_leader_election) {
    start();
    static_cast<void>(
        runtime::sleep_for(parts.seams.runtime, kForever, {.deadline = base::Mono::max(), .stop = stop}));
    parts.controllers->manager.stop(kGrace);
    return base::ok();
  }
  reconcile::LeaderElectionOptions election_options;
  election_options.namespace_name = options.leader_election_namespace;
  election_options.name = options.leader_election_name;
  election_options.identity = parts.seams.hostname + "_" + runtime::random_uuid(parts.seams.runtime);
  reconcile::LeaderElection election(parts.seams.lease_client, parts.seams.log, parts.seams.metrics,
                                     parts.events, election_options);
  RETURN_IF_ERROR(election.acquire(stop));
  start();
  return hold_until(election, stop);
}

// Holds the lease on a thread of its own, so that it is only released after the last reconcile has ended.
base::Status App::hold_until(reconcile::LeaderElection& election, const std::stop_token& stop) {
  auto& runtime = parts_->seams.runtime;
  std::stop_source lease;
  runtime::Mutex mutex;
  const auto changed = runtime.make_event();
  std::optional<base::Status> held;
  runtime.spawn("lease", [&](std::stop_token) {
    auto status = election.hold(lease.get_token());
    runtime::Lock lock(mutex);
    held = std::move(status);
    changed->notify_all();
  });
  const auto wait_held = [&](const std::stop_token& token) {
    runtime::Lock lock(mutex);
    return runtime::wait(*changed, lock, {.deadline = base::Mono::max(), .stop = token},
                         [&] { return held.has_value(); });
  };
  static_cast<void>(wait_held(stop));  // until stop or the loss of the lease
  parts_->controllers->manager.stop(kGrace);
  lease.request_stop();
  static_cast<void>(wait_held({}));
  return *held;
}

}  // namespace karpenter::app
