#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/result.h"
#include "common/json/json.h"

// What a simulation does: read from tests/simulation/specs/*.yaml.

namespace karpenter::simulation {

using std::chrono::nanoseconds;

// ---- one step of a story: what somebody or the weather does to the cluster

struct Scale {
  std::string app;  // a Deployment, made when it is not there
  std::int64_t replicas = 0;
  std::string cpu;   // of one pod
  std::string pool;  // where its pods may run; empty: anywhere
};
struct Change {
  enum class Verb : std::uint8_t { kApply, kPatch, kDelete };
  Verb verb = Verb::kApply;
  json::Value object;  // kPatch: a merge patch; kDelete: only its identity counts
};
struct Interrupt {
  std::int64_t count = 0;  // so many running spot instances are warned, at most
};
struct Brownout {
  enum class Of : std::uint8_t { kApi, kAws };
  Of of = Of::kApi;  // which answers the controller with errors only
  nanoseconds lasts{};
};
struct Capacity {
  std::string capacity_type;  // "*": any
  std::int64_t left = 0;      // instances that can still be launched
};
// Waits for an outcome, measured against how things were after the step before.
struct Until {
  enum class Outcome : std::uint8_t {
    kReady,        // the NodePool "default" is ready
    kRest,         // every pod runs; instances, NodeClaims and Nodes match
    kCheaper,      // and they cost less than before
    kReplaced,     // and none of the instances before (of `pool`) lives, but others do
    kInterrupted,  // and none of the warned instances lives
    kEmpty,        // nothing of `pool` lives; pods may wait
    kClean,        // nothing at all is left: no pool, class, launch template, profile, message
    kPending,      // a pod waits
  };
  Outcome outcome = Outcome::kRest;
  std::string pool;  // empty: of all
};
using Act = std::variant<std::monostate, Scale, Change, Interrupt, Brownout, Capacity, Until>;
struct Step {
  nanoseconds at{};   // not before
  std::string phase;  // a phase of that name begins; empty: none does
  Act act;
};

// ----

struct Pdb {
  std::string app;
  std::int64_t min_available = 0;
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
};
struct Spec {
  std::string name;
  nanoseconds faults_until{};
  nanoseconds settle_within{};  // for each `until`, and for coming to rest at the end
  nanoseconds steady_for{};     // rest: machines and pods did not change for that long
  nanoseconds quiet_for{};      // and then nothing may change for that long
  std::string consolidate_after = "30s";
  std::vector<std::string> cpus;                 // instance sizes
  std::int64_t budget = 1;                       // nodes that may be disrupted at once
  std::optional<nanoseconds> instance_shutdown;  // from its termination to its end
  std::vector<Pdb> pdbs;
  std::vector<Step> story;
  Faults faults;
  std::size_t min_lives = 1;         // of the controller: that the faults did happen
  std::size_t min_launched = 0;      // instances: and the workload too
  std::uint64_t max_aws_errors = 0;  // requests that AWS answered with an error
};

// kInvalid with the path of what is wrong; unknown members are wrong.
[[nodiscard]] base::Result<Spec> read_spec(const std::string& path);

}  // namespace karpenter::simulation
