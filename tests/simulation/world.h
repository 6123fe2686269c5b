#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/net/loopback.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "controller/app/app.h"
#include "tests/devcluster/embedded_cluster.h"
#include "tests/simulation/spec.h"
#include "tests/support/sim_runtime.h"
#include "webhook/handlers/webhook_handler.h"

namespace karpenter::simulation {

// The real controller and webhook with the embedded cluster around them, in virtual time: everything a run needs, behind
// in-memory transports. Driven from the thread that made it.
class World {
 public:
  World(Spec spec, std::uint64_t seed);
  ~World();

  // Installs CRDs, registrations, NodePool and EC2NodeClass; starts cluster and controller.
  base::Status start();
  // Plays workload and faults, then waits for rest. The error says what was broken or never came to rest.
  base::Status play();

  [[nodiscard]] std::uint64_t trace_hash() const { return sim_.trace_hash(); }
  [[nodiscard]] std::vector<std::string> log_tail(std::size_t lines) const;

  // ---- for checkers
  [[nodiscard]] kube::Client& client() { return cluster_->client(); }
  [[nodiscard]] devcluster::AwsCloud& aws() { return cluster_->aws(); }

 private:
  struct Controller;  // one life of the controller process
  using Moment = std::pair<base::Mono, std::function<void()>>;

  devcluster::EmbeddedClusterOptions cluster_options();
  void set_aws_faults();
  void start_controller();
  void stop_controller();
  base::Status apply_files();
  base::Status apply(json::View object);
  void scale(const Scaling& scaling);
  void plan_faults(std::vector<Moment>& moments);
  bool chance(double probability);
  std::optional<net::HttpResponse> refuse_or_not(const net::HttpRequest& request);
  std::optional<net::HttpResponse> lose_or_not(const net::HttpRequest& request);
  base::Status check_always();    // holds at every instant
  std::string what_is_unsettled();  // "" when everything has come to rest

  Spec spec_;
  support::SimRuntime sim_;
  bool faults_on_ = false;
  telemetry::MemorySink log_;
  telemetry::Metrics metrics_;
  std::unique_ptr<net::Handler> webhook_;
  std::unique_ptr<devcluster::EmbeddedCluster> cluster_;
  std::unique_ptr<Controller> controller_;
};

}  // namespace karpenter::simulation
