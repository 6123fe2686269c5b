#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "common/kube/store.h"
#include "common/kube/token_bucket.h"
#include "common/reconcile/reconciler.h"
#include "common/telemetry/events.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "controller/cloud/cloud_provider.h"
#include "controller/cluster/claim_creator.h"
#include "controller/cluster/cluster.h"
#include "controller/cluster/pod_selection.h"
#include "controller/cluster/problem.h"
#include "controller/provisioning/batch_window.h"
#include "controller/provisioning/consolidation_warnings.h"

namespace karpenter::provisioning {

struct Services {
  runtime::Runtime& runtime;
  cluster::Cluster& cluster;
  const kube::Store<model::NodePool>& node_pools;
  cloud::CloudProvider& cloud;
  cluster::ClaimCreator& creator;
  telemetry::Log& log;
  telemetry::Metrics& metrics;
  telemetry::EventRecorder& events;
};

// The singleton controller "provisioner": waits for a batch of triggers, plans nodes for all pending pods and
// creates the NodeClaims. Register it with ControllerSpec{.name = "provisioner", .singleton = true}. One
// thread. spec: scheduling §3.3
class Provisioner final : public reconcile::Reconciler {
 public:
  Provisioner(const Services& services, Batcher& batcher, scheduling::Options options = {})
      : s_(services), batcher_(batcher), options_(std::move(options)) {}
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const net::Call& call) override;

 private:
  [[nodiscard]] bool ready_to_decide();
  base::Status run_pass(const net::Call& call);
  base::Result<std::vector<cluster::Pool>> usable_pools(const net::Call& call);
  void report_ignored(const std::vector<cluster::IgnoredPod>& ignored);
  void report_unplaced(const scheduling::Plan& plan);
  void record_existing(const cluster::OwnedProblem& problem, const scheduling::Plan& plan);
  base::Status create_claims(const scheduling::Plan& plan, const net::Call& call);
  void nominate_event(const model::Pod& pod, const std::string& target);
  telemetry::Labels start_queue_metrics(std::size_t pods);
  void observe_duration(base::Mono since);

  Services s_;
  Batcher& batcher_;
  const scheduling::Options options_;
  cluster::ProblemKeeper problems_;
  scheduling::Scheduler scheduler_;
  ConsolidationWarnings warnings_;
  std::optional<base::Mono> unsynced_since_;
  base::Mono unsynced_logged_{};
  kube::TokenBucket nominated_events_{5, 10};  // spec: scheduling §23.1
};

// `ns/a, ns/b and 5 other(s)`: at most five names. For logs.
[[nodiscard]] std::string pods_text(const std::vector<const model::Pod*>& pods);

}  // namespace karpenter::provisioning
