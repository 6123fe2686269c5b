#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "tests/devcluster/embedded_cluster.h"
#include "tests/simulation/checks.h"
#include "tests/simulation/director.h"
#include "tests/simulation/spec.h"
#include "tests/simulation/weather.h"
#include "tests/simulation/wire.h"
#include "tests/support/sim_runtime.h"

namespace karpenter::simulation {

// A phase of a story as it went, with what the controller (all its lives) wrote in it.
struct Phase {
  std::string name;
  Writes writes;
};
// Where the controller is killed: in a phase, counted from its beginning.
using Deaths = std::map<std::string, Death>;

// The real controller and webhook with the embedded cluster around them, in virtual time: everything a run
// needs, behind in-memory transports. Driven from the thread that made it.
class World {
 public:
  World(Spec spec, std::uint64_t seed, Deaths deaths = {});
  ~World();

  // Creates the objects of the installation (see objects.h), NodePool and EC2NodeClass; starts cluster and
  // controller.
  base::Status start(const std::vector<json::Value>& installation);
  // Plays story and faults, then waits for rest and watches that nothing changes any more. The error says
  // what was broken, never had its outcome or never came to rest.
  base::Status play();

  [[nodiscard]] std::uint64_t trace_hash() const { return sim_.trace_hash(); }
  [[nodiscard]] std::vector<std::string> log_tail(std::size_t lines) const;
  [[nodiscard]] const std::vector<Phase>& phases() const { return phases_; }
  [[nodiscard]] std::size_t lives() const { return lives_; }
  [[nodiscard]] std::size_t launched() const { return cluster_->aws().instances().size(); }
  [[nodiscard]] std::uint64_t aws_errors() const;

 private:
  struct Controller;  // one life of the controller process
  using Moment = std::pair<base::Mono, std::function<void()>>;

  [[nodiscard]] kube::Client& client() { return cluster_->client(); }
  devcluster::EmbeddedClusterOptions cluster_options();
  void start_controller();
  void stop_controller();
  void kill_somehow();
  void plan_faults();
  base::Status tell();  // the story
  void begin_phase(const std::string& name);
  void end_phase();
  base::Status wait_for(const Until& until);
  base::Status run_to(base::Mono at);  // with the faults that fall due
  // Checking at every instant; a controller that died is started again.
  base::Status advance_to(base::Mono at);
  base::Status check_now();
  base::Error annotated(base::Error error) const;  // with time and phase
  [[nodiscard]] Writes writes() const;             // of all lives
  base::Status settle();
  base::Status tidy_up();
  base::Status stay_quiet();

  Spec spec_;
  support::SimRuntime sim_;
  Weather weather_;
  telemetry::MemorySink log_;
  telemetry::Metrics metrics_;
  std::unique_ptr<net::Handler> webhook_;
  std::unique_ptr<devcluster::EmbeddedCluster> cluster_;
  std::unique_ptr<Checker> checker_;
  std::unique_ptr<Director> director_;
  Deaths deaths_;
  std::unique_ptr<Controller> controller_;
  std::vector<Moment> faults_;  // by time
  std::size_t next_fault_ = 0;
  std::vector<Phase> phases_;
  Writes before_phase_;
  std::size_t lives_ = 0;
  Writes past_writes_;  // of lives that ended
};

}  // namespace karpenter::simulation
