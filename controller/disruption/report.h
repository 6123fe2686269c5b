#pragma once

#include <span>
#include <string>
#include <string_view>

#include "controller/disruption/plan/budgets.h"
#include "controller/disruption/plan/candidates.h"
#include "controller/disruption/plan/methods.h"
#include "controller/disruption/services.h"

// What disruption tells the outside: events, log lines, metrics. spec: disruption §23-§25

namespace karpenter::disruption {

class Reporter {
 public:
  explicit Reporter(const Services& services) : services_(services) {}

  // ---- why nodes are left alone
  void blocked(std::span<const plan::Screening::Rejection> rejected);
  void notes(std::span<const plan::Note> notes);
  void rejected(const plan::Command& command, plan::Churn churn);

  // ---- budgets
  // Gauges, and an event on each pool that has nodes and allows nothing.
  void budgets(const plan::Budgets& budgets, plan::Reason reason, const plan::Pools& pools);
  // One error line for all pools whose budgets do not parse.
  void invalid_budgets(const plan::Pools& pools, Time now);

  // ---- commands
  void starting(const plan::Command& command, const std::string& id);
  void started(const plan::Command& command);
  void succeeded(const plan::Command& command, const std::string& id);
  void failed(const plan::Command& command, const std::string& id, const base::Error& error,
              std::size_t unready);
  void launching(const plan::Command& command, const model::NodeClaim& replacement);
  void waiting(const model::NodeClaim& replacement);
  void terminating(const plan::Command& command, const plan::Candidate& candidate);
  void failed_validation(const plan::Command& command, std::size_t count);

  // ---- the loop
  void eligible(plan::Reason reason, std::size_t nodes);
  void evaluated(plan::Reason reason, std::string_view consolidation_type, double seconds);
  void timed_out(std::string_view consolidation_type);

 private:
  void publish_both(const plan::NodeView& view, telemetry::Event event);
  const Services& services_;
};

}  // namespace karpenter::disruption
