#pragma once

#include <map>
#include <span>
#include <string>
#include <tuple>

#include "controller/node/drain.h"
#include "controller/node/services.h"

namespace karpenter::node {

// eviction-queue: removes pods from nodes that go away, one at a time per pod, with backoff while a budget or
// the pod itself objects; by force once the deadline demands it. Fed by Termination. spec: disruption §20.3,
// lifecycle §4.9.1
//
// Key: namespace and name of the pod. No store triggers it; call attach() with the queue that the Manager
// returns.
class EvictionQueue final : public reconcile::Reconciler {
 public:
  explicit EvictionQueue(Services services);
  // Before the first add(). The queue outlives this.
  void attach(reconcile::Queue& queue) { queue_ = &queue; }
  // Queues pods; of two deadlines for one pod the earlier is kept. Thread-safe.
  void add(std::span<const PodPtr> pods, Deadline deadline);
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;
  [[nodiscard]] static reconcile::ControllerSpec spec();
  [[nodiscard]] std::size_t size() const;  // pods queued

 private:
  using Outcome = reconcile::Outcome;
  struct Entry {
    std::string uid;
    Deadline deadline;
  };
  [[nodiscard]] std::optional<Entry> find(const model::ObjectKey& key) const;
  Outcome drop(const model::ObjectKey& key, const std::string& uid);
  base::Result<Outcome> evict(const model::Pod& pod, const Call& call);
  base::Result<Outcome> force(const model::Pod& pod, Time deadline, std::int64_t grace_seconds,
                              const Call& call);
  Outcome blocked(const model::Pod& pod);
  [[nodiscard]] std::string reason_for(const model::Pod& pod) const;

  Services services_;
  reconcile::Queue* queue_ = nullptr;
  mutable runtime::Mutex mutex_;
  std::map<model::ObjectKey, Entry> entries_ KARP_GUARDED_BY(mutex_);
};

}  // namespace karpenter::node
