#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>

#include "controller/disruption/plan/methods.h"
#include "controller/disruption/queue.h"
#include "controller/disruption/report.h"
#include "controller/disruption/services.h"
#include "controller/disruption/world.h"

namespace karpenter::disruption {

// The disruption loop: emptiness, drift and single-node consolidation, in this order; the first that starts a
// command ends the pass. Blocks for the validation delay while a command is validated. spec: disruption §2
//
// Singleton: one synthetic key; no store triggers it.
class Disruption final : public reconcile::Reconciler {
 public:
  struct Options {
    std::chrono::nanoseconds period = std::chrono::seconds(10);   // after a pass that did nothing
    std::chrono::nanoseconds unsynced = std::chrono::seconds(1);  // while the cluster state is incomplete
    std::chrono::nanoseconds validation_delay = std::chrono::seconds(15);  // between decision and execution
    std::chrono::nanoseconds single_node_timeout = std::chrono::minutes(3);
    plan::ConsolidationOptions consolidation = {};
  };
  Disruption(Services services, OrchestrationQueue& queue, Options options);
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;
  [[nodiscard]] static reconcile::ControllerSpec spec();

 private:
  // What a method saw when it last found nothing to do: until something changes it need not look again.
  struct Consolidated {
    std::optional<base::Mono> at;
    std::set<std::string, std::less<>> candidates;
    // A node that has become a candidate since then is a change too, though the cluster state does not time
    // it.
    [[nodiscard]] bool covers(const World& world, const plan::Candidates& now) const;
    void set(const World& world, const plan::Candidates& now);
  };
  enum class Progress : std::uint8_t { kNothing, kStarted };
  using Method = base::Result<Progress> (Disruption::*)(const World&, const Call&);

  [[nodiscard]] World read(const Call& call) const;
  base::Status clean_up(const World& world, const Call& call);
  plan::Candidates candidates(const World& world, plan::Class disruption_class);
  plan::Budgets budgets(const World& world, plan::Reason reason);

  base::Result<Progress> emptiness(const World& world, const Call& call);
  base::Result<Progress> drift(const World& world, const Call& call);
  base::Result<Progress> single_node(const World& world, const Call& call);
  base::Result<Progress> validate_and_start(plan::Command command, const Call& call);
  base::Result<Progress> start(plan::Command command, const Call& call);
  base::Result<plan::Churn> revalidate(const plan::Command& command, const World& world) const;

  Services services_;
  OrchestrationQueue& queue_;
  Options options_;
  Reporter reporter_;
  Consolidated emptiness_seen_;
  Consolidated single_node_seen_;
  std::set<std::string, std::less<>> unreached_pools_;  // by the last single-node pass
};

}  // namespace karpenter::disruption
