#pragma once

#include <map>
#include <memory>

#include "common/reconcile/queue_core.h"
#include "common/reconcile/reconciler.h"

namespace karpenter::reconcile {

// More workers than this bring nothing on the machines we run on; a spec that asks for more is capped.
constexpr int kMaxWorkers = 64;

// One reconciler with its queue and workers: the threaded shell around QueueCore. Threads are made when there
// is work for them, up to the limit, and surplus ones end after a while. Thread-safe.
class Controller final : public Queue {
 public:
  Controller(runtime::Runtime& runtime, const telemetry::Log& log, telemetry::Metrics& metrics,
             ControllerSpec spec, Reconciler& reconciler);
  ~Controller() override;  // stop() and drained() must have come before, if start() did

  void add(const model::ObjectKey& key) override;
  void add_after(const model::ObjectKey& key, std::chrono::nanoseconds delay) override;
  void add_low_priority(const model::ObjectKey& key) override;

  void start();
  void stop();                           // no new reconciles; running ones go on
  void cancel();                         // asks running reconciles to end
  bool drained(runtime::Mono deadline);  // waits until no worker is left; false at the deadline
  void update_gauges();                  // queue depth and running work, as of now

 private:
  void put(const model::ObjectKey& key, Priority priority, std::chrono::nanoseconds delay);
  void put_locked(const model::ObjectKey& key, Priority priority, runtime::Mono ready) KARP_REQUIRES(mutex_);
  void ensure_waiter() KARP_REQUIRES(mutex_);
  void work();
  std::optional<QueueCore::Item> next_item(runtime::Lock& lock) KARP_REQUIRES(mutex_);
  void process(const QueueCore::Item& item);
  base::Result<Outcome> call_reconciler(const QueueCore::Item& item, const Call& call);
  void retry(const QueueCore::Item& item, std::chrono::nanoseconds at_least) KARP_REQUIRES(mutex_);
  void settle(const QueueCore::Item& item, const base::Result<Outcome>& result);
  std::string settle_error(const QueueCore::Item& item, const base::Error& error) KARP_REQUIRES(mutex_);
  void report(const QueueCore::Item& item, const base::Error& error) const;
  void count_up(const std::string& name, double by = 1) const;
  [[nodiscard]] telemetry::Labels queue_labels() const;

  runtime::Runtime& runtime_;
  telemetry::Log log_;
  telemetry::Metrics& metrics_;
  const ControllerSpec spec_;
  Reconciler& reconciler_;
  std::stop_source stop_calls_;

  runtime::Mutex mutex_;
  std::unique_ptr<runtime::Event> changed_;
  QueueCore core_ KARP_GUARDED_BY(mutex_);
  RateLimiter limiter_ KARP_GUARDED_BY(mutex_);
  std::map<model::ObjectKey, runtime::Mono> running_ KARP_GUARDED_BY(mutex_);  // and since when
  bool started_ KARP_GUARDED_BY(mutex_) = false;
  bool stopping_ KARP_GUARDED_BY(mutex_) = false;
  int workers_ KARP_GUARDED_BY(mutex_) = 0;
  int idle_ KARP_GUARDED_BY(mutex_) = 0;  // workers that wait for a key, or are about to
};

}  // namespace karpenter::reconcile
