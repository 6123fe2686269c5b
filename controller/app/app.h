#pragma once

#include <atomic>
#include <memory>
#include <stop_token>
#include <string>

#include "common/kube/client.h"
#include "common/options/options.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "controller/aws/provider/aws.h"

namespace karpenter::reconcile {
class LeaderElection;
}

namespace karpenter::app {

// What the controller stands on: real in the program, simulated in tests. All outlive the App.
struct Seams {
  runtime::Runtime& runtime;
  kube::Client& client;
  kube::Client& lease_client;  // without a rate limit of its own. spec: lifecycle §2.6
  net::Transport& aws;
  telemetry::Log& log;
  telemetry::Metrics& metrics;
  std::string hostname;
};

struct Settings {
  options::Options options;
  aws::AwsSettings aws;
};

// The whole controller: caches, cluster state, AWS, reconcilers, leader election. The only place that names
// concrete classes.
class App {
 public:
  // Builds everything; sends nothing. kInvalid names the setting that is wrong.
  static base::Result<std::unique_ptr<App>> make(Settings settings, const Seams& seams);
  ~App();

  // Caches, AWS start-up (tried again until it works), leader election, reconcilers; until `stop`, or
  // kUnavailable when the lease is lost: then the process must end. Threads end with the runtime. spec:
  // lifecycle §2.1, §2.11
  base::Status run(std::stop_token stop);

  // AWS has answered and every local copy is complete: readiness check `manager`.
  [[nodiscard]] bool caches_synced() const;
  [[nodiscard]] bool crds_present() const;  // readiness check `crd`
  void update_gauges();                     // before each scrape

 private:
  struct Parts;
  explicit App(std::unique_ptr<Parts> parts);
  void start_caches();
  base::Status wait_for_caches(const std::stop_token& stop);
  base::Status start_aws(const std::stop_token& stop);
  base::Status lead(const std::stop_token& stop);
  base::Status hold_until(reconcile::LeaderElection& election, const std::stop_token& stop);

  std::unique_ptr<Parts> parts_;
  std::atomic<bool> aws_started_ = false;
};

}  // namespace karpenter::app
