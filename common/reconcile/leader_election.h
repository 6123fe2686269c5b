#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "common/kube/api.h"
#include "common/model/core/core.h"
#include "common/telemetry/events.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"

namespace karpenter::reconcile {

// spec: lifecycle §2.8
struct LeaderElectionOptions {
  std::string namespace_name;
  std::string identity;  // <hostname>_<uuid>
  std::string name = "karpenter-leader-election";
  std::chrono::seconds lease_duration{15};
  std::chrono::seconds renew_deadline{10};
  std::chrono::seconds retry_period{2};
  double retry_jitter = 1.2;
};

// What one candidate knows of the lease. Expiry counts from when a change was seen here, on this process's
// monotonic clock, never from the time stamps in the lease: clocks of machines differ (architecture §7.2).
struct LeaseView {
  std::string holder;
  std::string version;     // resourceVersion: any change of it is a sign of life
  base::Mono seen_change;  // when `version` was first seen
  std::chrono::seconds duration{0};
};
// True when `identity` may take (or keep) the lease now. Pure.
[[nodiscard]] bool may_take(const LeaseView& lease, const std::string& identity, base::Mono now);

// Elects one leader among the processes that use the same Lease. One thread calls acquire(), then hold().
class LeaderElection {
 public:
  // All references outlive it. The client should have no rate limit of its own.
  LeaderElection(kube::Client& client, const telemetry::Log& log, telemetry::Metrics& metrics,
                 telemetry::EventRecorder& events, LeaderElectionOptions options);

  // Blocks until this process leads. kCancelled at stop; every other failure is logged and tried again.
  base::Status acquire(const std::stop_token& stop);
  // Blocks while this process leads, renewing. Ok at stop, after the lease was released; kUnavailable when
  // the lease is lost: then the process must end, since another one may act already.
  base::Status hold(const std::stop_token& stop);
  [[nodiscard]] bool is_leader() const { return leading_; }  // any thread

 private:
  enum class Attempt : std::uint8_t { kHeld, kTaken };  // ours; somebody else's
  base::Result<Attempt> attempt(const net::Call& call);
  base::Result<Attempt> create(const net::Call& call);
  void observe(const model::Lease& lease);
  void release();
  void set_leading(bool leading);

  kube::Client& client_;
  kube::Api<model::Lease> leases_;
  telemetry::Log log_;
  telemetry::Metrics& metrics_;
  telemetry::EventRecorder& events_;
  LeaderElectionOptions options_;
  std::optional<LeaseView> seen_;
  model::Lease lease_;  // as last read or written
  std::atomic<bool> leading_ = false;
};

}  // namespace karpenter::reconcile
