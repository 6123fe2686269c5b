#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/runtime/runtime.h"
#include "tests/support/sim_runtime.h"

// The engine of SimRuntime; tests use sim_runtime.h.

namespace karpenter::support {

// A small generator with the same sequence everywhere.
class SplitMix {
 public:
  explicit SplitMix(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();

 private:
  std::uint64_t state_;
};

struct SimTask;
class SimScheduler;

// Waiters are woken in the order they came; who runs first is the scheduler's choice.
class SimEvent final : public runtime::Event {
 public:
  explicit SimEvent(SimScheduler& scheduler) : scheduler_(scheduler) {}
  ~SimEvent() override;
  void notify_all() override;
  bool wait_until(runtime::Lock& lock, runtime::Mono deadline) override;

 private:
  friend class SimScheduler;
  SimScheduler& scheduler_;
  std::vector<SimTask*> waiters_;
};

// Hands one baton from thread to thread. Every member is touched only by the thread that holds the baton, so
// nothing here is locked; the hand-over itself orders the accesses.
class SimScheduler {
 public:
  explicit SimScheduler(const SimOptions& options);
  ~SimScheduler();

  [[nodiscard]] runtime::Time now() const { return options_.start + wall_step_ + mono_.time_since_epoch(); }
  [[nodiscard]] runtime::Mono mono() const { return mono_; }
  void step_wall_clock(std::chrono::nanoseconds by) { wall_step_ += by; }
  std::uint64_t process_seed() { return seeds_.next(); }

  void spawn(std::string name, std::function<void()> body);
  // The running thread waits for a notification of `event` or the deadline; false when the deadline came. A
  // deadline in the past lets others run first.
  bool park(SimEvent* event, runtime::Mono deadline);
  // Main waits until nobody else can run at some instant not after `deadline`.
  void wait_quiescent(runtime::Mono deadline);
  void wake(SimTask& task);
  void forget(SimEvent& event);

  void mix(std::uint64_t value);
  void trace(std::string_view fact);
  [[nodiscard]] std::uint64_t trace_hash() const { return hash_; }
  [[nodiscard]] const std::vector<std::string>& trace_lines() const { return lines_; }
  [[nodiscard]] std::uint64_t switches() const { return switches_; }
  [[nodiscard]] std::string report() const;
  [[noreturn]] void die(std::string_view why) const;
  void check_running_thread() const;

 private:
  void switch_from(SimTask& self);
  SimTask& choose();
  void advance_time();
  void await_baton(SimTask& self);
  void finish(SimTask& self);
  void reap();
  void set_timer(SimTask& task, runtime::Mono deadline);

  SimOptions options_;
  SplitMix seeds_;
  SplitMix choices_;
  runtime::Mono mono_{};
  std::chrono::nanoseconds wall_step_{0};
  std::map<std::size_t, std::unique_ptr<SimTask>> tasks_;  // living ones, by id; main is 0
  std::size_t next_id_ = 0;
  std::vector<SimTask*> runnable_;
  std::set<std::pair<runtime::Mono, std::size_t>> timers_;
  std::vector<std::unique_ptr<SimTask>> ended_;  // threads to join
  std::atomic<SimTask*> running_ = nullptr;      // atomic for the stuck check only
  std::atomic<std::uint64_t> switches_ = 0;
  std::uint64_t switches_this_instant_ = 0;
  bool main_idle_ = false;       // main is in wait_quiescent
  bool ran_since_idle_ = false;  // somebody else ran, or time moved, since main last looked
  std::uint64_t hash_ = 0;
  std::vector<std::string> lines_;
};

}  // namespace karpenter::support
