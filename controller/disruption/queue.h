#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "controller/disruption/plan/methods.h"
#include "controller/disruption/report.h"
#include "controller/disruption/services.h"

namespace karpenter::disruption {

// disruption.queue: carries commands out. start() marks the candidates and creates the replacements; then the
// command waits until every replacement is initialized and deletes the candidates, or rolls back. In memory
// only: after a restart the loop's clean-up takes the marks away. Thread-safe. spec: disruption §16
//
// Key: the command's id. No store triggers it; call attach() with the queue that the Manager returns.
class OrchestrationQueue final : public reconcile::Reconciler {
 public:
  struct Options {
    std::chrono::nanoseconds poll = std::chrono::seconds(1);
    std::chrono::nanoseconds per_candidate = std::chrono::milliseconds(80);
    std::chrono::nanoseconds min_timeout = std::chrono::minutes(10);
    std::chrono::nanoseconds max_timeout = std::chrono::hours(1);
  };
  OrchestrationQueue(Services services, Options options);
  // Before the first start(). The queue outlives this.
  void attach(reconcile::Queue& queue) { queue_ = &queue; }

  // Marks, creates, enqueues. After an error the marks are taken away again; replacements created before it
  // stay as ordinary capacity.
  base::Status start(plan::Command command, const Call& call);
  // A node of that provider ID is a candidate of a running command.
  [[nodiscard]] bool contains(const std::string& provider_id) const;
  [[nodiscard]] std::size_t size() const;  // candidates in flight

  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;
  [[nodiscard]] static reconcile::ControllerSpec spec();

 private:
  struct Replacement {
    std::string name;
    std::string uid;
    bool initialized = false;
  };
  // Changed only by the one worker that runs its key.
  struct InFlight {
    std::string id;
    plan::Command command;
    std::vector<Replacement> replacements;
    base::Mono started{};
  };
  enum class Progress : std::uint8_t { kWait, kFinished };

  base::Status mark_candidates(plan::Command& command, const Call& call);
  void unmark_candidates(const plan::Candidates& candidates, const Call& call);
  base::Result<std::vector<Replacement>> create_replacements(const plan::Command& command, const Call& call);
  base::Result<Progress> drive(InFlight& flight, const Call& call);
  base::Result<bool> is_initialized(const InFlight& flight, const Replacement& replacement, const Call& call);
  base::Status delete_candidate(const plan::Command& command, const plan::Candidate& candidate,
                                const Call& call);
  void roll_back(const InFlight& flight, const base::Error& cause, const Call& call);
  void remove(const InFlight& flight);
  [[nodiscard]] std::chrono::nanoseconds timeout() const;
  [[nodiscard]] std::shared_ptr<InFlight> find(const std::string& id) const;

  Services services_;
  Options options_;
  Reporter reporter_;
  reconcile::Queue* queue_ = nullptr;
  mutable runtime::Mutex mutex_;
  std::map<std::string, std::shared_ptr<InFlight>> flights_ KARP_GUARDED_BY(mutex_);  // by id
  std::set<std::string, std::less<>> candidates_ KARP_GUARDED_BY(mutex_);             // provider IDs
};

}  // namespace karpenter::disruption
