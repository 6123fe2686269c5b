#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"

// What a simulation does: read from tests/simulation/specs/*.yaml.

namespace karpenter::simulation {

using std::chrono::nanoseconds;

struct Scaling {
  nanoseconds at{};
  std::string app;
  std::int64_t replicas = 0;
  std::string cpu;
};
struct Pdb {
  std::string app;
  std::int64_t min_available = 0;
};
struct Shortage {
  std::string type;
  std::string zone;
  std::string capacity_type;
  std::int64_t count = 0;  // what is left
};
// Chances are per request; a zero period switches a fault off.
struct Faults {
  double api_refused = 0;
  double api_lost = 0;
  double aws_refused = 0;
  double aws_lost = 0;
  nanoseconds watch_cut_every{};
  nanoseconds compact_every{};
  nanoseconds kill_every{};
  std::int64_t throttle_every = 0;
  nanoseconds describe_lag{};    // new instances stay unknown to DescribeInstances that long
  std::int64_t fleet_limit = 0;  // instances one CreateFleet yields at most; 0: as asked
  std::int64_t page_size = 0;    // largest page of a list; 0: as asked
  std::optional<Shortage> shortage;
};
struct Spec {
  std::string name;
  nanoseconds faults_until{};
  nanoseconds settle_within{};
  nanoseconds steady_for{};  // rest: machines and pods did not change for that long
  nanoseconds quiet_for{};   // and then nothing may change for that long
  std::string consolidate_after = "30s";
  std::vector<std::string> cpus;  // instance sizes
  std::int64_t budget = 1;        // nodes that may be disrupted at once
  std::optional<Pdb> pdb;
  std::vector<Scaling> workload;  // by time
  Faults faults;
};

// kInvalid with the path of what is wrong; unknown members are wrong.
[[nodiscard]] base::Result<Spec> read_spec(const std::string& path);

}  // namespace karpenter::simulation
