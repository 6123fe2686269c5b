#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "common/base/time.h"
#include "common/kube/token_bucket.h"
#include "common/model/meta.h"
#include "common/reconcile/reconciler.h"

namespace karpenter::reconcile {

using Priority = std::int32_t;
constexpr Priority kNormalPriority = 0;
constexpr Priority kLowPriority = -100;  // the initial list, and updates that changed nothing

// The rules of a work queue, without threads and clocks. One entry per key: adding again keeps the higher
// priority and the earlier time. A key that is being processed is never handed out; adds meanwhile cause one
// more run. Among ready keys the higher priority goes first, then the earlier time, then the earlier add.
// O(log n). Not thread-safe. spec: lifecycle §2.10
class QueueCore {
 public:
  struct Item {
    model::ObjectKey key;
    Priority priority = kNormalPriority;
    base::Mono ready;  // since when it could have run
  };

  // True when the key was not waiting already.
  bool add(const model::ObjectKey& key, Priority priority, base::Mono ready);
  // The next key to process, if one is ready; it counts as being processed until done().
  std::optional<Item> take(base::Mono now);
  void done(const model::ObjectKey& key);

  // When the next waiting key becomes ready; nothing when none waits. Ready keys count as "now" or earlier.
  [[nodiscard]] std::optional<base::Mono> next_ready() const;
  [[nodiscard]] std::size_t waiting() const { return entries_.size(); }
  // Keys that could run now and wait for a worker, by priority (normal and low only).
  [[nodiscard]] std::size_t depth(Priority priority, base::Mono now) const;

 private:
  struct Entry {
    Priority priority;
    base::Mono ready;
    std::uint64_t sequence;
  };
  struct Slot {  // orders a key within delayed_ or ready_
    std::int64_t rank;
    base::Mono ready;
    std::uint64_t sequence;
    model::ObjectKey key;
    friend auto operator<=>(const Slot&, const Slot&) = default;
  };
  static Slot delayed_slot(const model::ObjectKey& key, const Entry& entry);
  static Slot ready_slot(const model::ObjectKey& key, const Entry& entry);
  void enqueue(const model::ObjectKey& key, const Entry& entry);
  void promote(base::Mono now);

  std::map<model::ObjectKey, Entry> entries_;  // waiting, not being processed
  std::set<Slot> delayed_;                     // of entries_, by time
  std::set<Slot> ready_;                       // of entries_, by priority
  // Being processed, with what was added meanwhile.
  std::map<model::ObjectKey, std::optional<Entry>> processing_;
  std::uint64_t sequence_ = 0;
};

// How long a key that failed waits: the larger of its own exponential back-off and the shared bucket. Pure.
class RateLimiter {
 public:
  explicit RateLimiter(const RateLimit& limit);
  std::chrono::nanoseconds when(const model::ObjectKey& key, base::Mono now);
  void forget(const model::ObjectKey& key) { failures_.erase(key); }

 private:
  RateLimit limit_;
  std::optional<kube::TokenBucket> bucket_;
  std::map<model::ObjectKey, int> failures_;
};

}  // namespace karpenter::reconcile
