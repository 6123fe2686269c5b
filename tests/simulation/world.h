#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "tests/devcluster/embedded_cluster.h"
#include "tests/simulation/checks.h"
#include "tests/simulation/spec.h"
#include "tests/simulation/wire.h"
#include "tests/support/sim_runtime.h"

namespace karpenter::simulation {

// The real controller and webhook with the embedded cluster around them, in virtual time: everything a run
// needs, behind in-memory transports. Driven from the thread that made it.
class World {
 public:
  // `death`: where the first life of the controller ends.
  World(Spec spec, std::uint64_t seed, std::optional<Death> death = {});
  ~World();

  // Creates the objects of the installation (see objects.h), NodePool and EC2NodeClass; starts cluster and
  // controller.
  base::Status start(const std::vector<json::Value>& installation);
  // Plays workload and faults, then waits for rest and watches that nothing changes any more. The error says
  // what was broken or never came to rest.
  base::Status play();

  [[nodiscard]] std::uint64_t trace_hash() const { return sim_.trace_hash(); }
  [[nodiscard]] std::vector<std::string> log_tail(std::size_t lines) const;
  // Of all lives of the controller, leases and events aside.
  [[nodiscard]] std::uint64_t writes() const;
  // Which writes of the present life went to AWS.
  [[nodiscard]] std::vector<std::uint64_t> cloud_writes() const;
  [[nodiscard]] std::size_t lives() const { return lives_; }
  [[nodiscard]] std::size_t launched() const { return cluster_->aws().instances().size(); }

 private:
  struct Controller;  // one life of the controller process
  using Moment = std::pair<base::Mono, std::function<void()>>;

  [[nodiscard]] kube::Client& client() { return cluster_->client(); }
  devcluster::EmbeddedClusterOptions cluster_options();
  devcluster::FaultHooks api_faults();
  void set_aws_faults();
  void end_faults();
  void start_controller(std::optional<Death> death = {});
  void stop_controller();
  void kill_somehow();
  base::Status apply_files();
  base::Status apply(json::View object);
  void scale(const Scaling& scaling);
  void plan(std::vector<Moment>& moments);
  bool chance(double probability);
  std::optional<net::HttpResponse> refuse_or_not(const net::HttpRequest& request);
  std::optional<net::HttpResponse> lose_or_not(const net::HttpRequest& request);
  base::Status run_to(base::Mono at);  // checking at every instant; a controller that dies is started again
  base::Status check_now();
  [[nodiscard]] std::uint64_t revision() const;  // of what checkers look at
  base::Status settle();
  base::Status stay_quiet();

  Spec spec_;
  support::SimRuntime sim_;
  bool faults_on_ = false;
  telemetry::MemorySink log_;
  telemetry::Metrics metrics_;
  std::unique_ptr<net::Handler> webhook_;
  std::unique_ptr<devcluster::EmbeddedCluster> cluster_;
  std::unique_ptr<Checker> checker_;
  std::optional<Death> first_death_;
  std::unique_ptr<Controller> controller_;
  std::size_t lives_ = 0;
  std::uint64_t past_writes_ = 0;  // of lives that ended
  std::uint64_t changes_ = 0;      // writes to the API server, leases and events aside
  std::uint64_t checked_ = 0;      // the revision() of the last check
};

}  // namespace karpenter::simulation
