#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/runtime/runtime.h"

namespace karpenter::support {

struct SimOptions {
  std::uint64_t seed = 1;
  // The wall clock when mono() is 0. Virtual time starts there and moves only when every thread waits.
  runtime::Time start = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
  // More switches than this without any progress of time is a livelock: reported and aborted.
  std::uint64_t max_switches_per_instant = 2'000'000;
  // Real time without any switch after which the simulation counts as stuck (see run_until).
  std::chrono::seconds stuck_after{120};
  // Keeps one line per switch for trace(); for finding the first difference of two runs.
  bool keep_trace = false;
};

// A Runtime in virtual time that runs exactly one thread at a time. Threads are real; at each wait the next
// one is chosen among the runnable ones by the seed, and when all wait, time jumps to the earliest deadline.
// The same seed and program give the same run and the same trace hash, in every build type.
//
// The thread that makes a SimRuntime takes part in it as "main": others run only while it is in run_until,
// run_for, join_all or any wait of this runtime. Threads that the runtime did not spawn must not touch it.
// All waits must go through Events (no sockets, no std::condition_variable). Mutexes are never contended,
// because no thread stops running while it holds one; a thread that does (a lock held across a wait) is
// reported and the program aborts. When every thread waits without a deadline nothing can ever happen again:
// report() is printed and the program aborts.
//
// Objects that spawned threads use must outlive the threads: call stop_all() and join_all() before they die.
class SimRuntime final : public runtime::Runtime {
 public:
  explicit SimRuntime(SimOptions options = {});
  ~SimRuntime() override;  // stop_all, join_all
  SimRuntime(const SimRuntime&) = delete;
  SimRuntime& operator=(const SimRuntime&) = delete;

  runtime::Time now() const override;
  runtime::Mono mono() const override;
  std::uint64_t random() override;
  std::unique_ptr<runtime::Event> make_event() override;
  void spawn(std::string name, std::function<void(std::stop_token)> body) override;
  void stop_all() override;  // not of processes: each has its own
  void join_all() override;

  // A Runtime of its own on the same time and the same scheduler: its stop_all and join_all reach only what
  // was spawned through it, and its destructor calls both. Simulates a process that is started, stopped and
  // started again. Must not outlive this object.
  [[nodiscard]] std::unique_ptr<runtime::Runtime> make_process(std::string name);

  // Runs the others until `done()` is true or virtual time reaches `deadline`. Called from the main thread.
  // `done` is asked before anything runs and then each time nobody can run any more at the current instant,
  // before time jumps; it may itself use the runtime. Everything due at `deadline` still runs. Returns
  // whether `done()` became true. The default deadline is one virtual day.
  bool run_until(const std::function<bool()>& done, runtime::Mono deadline);
  bool run_until(const std::function<bool()>& done, std::chrono::nanoseconds limit = std::chrono::hours(24));
  void run_for(std::chrono::nanoseconds duration);

  // Moves the wall clock, not mono(): what a corrected system clock looks like.
  void step_wall_clock(std::chrono::nanoseconds by);

  // Mixes a fact of the world (a request, a log line) into the trace hash.
  void trace(std::string_view fact);
  [[nodiscard]] std::uint64_t trace_hash() const;
  [[nodiscard]] const std::vector<std::string>& trace_lines() const;  // empty unless keep_trace
  [[nodiscard]] std::uint64_t switches() const;                       // thread switches so far
  // One line per living thread: its name and what it waits for.
  [[nodiscard]] std::string report() const;

 private:
  std::unique_ptr<class SimScheduler> scheduler_;
  std::unique_ptr<class SimProcess> process_;
};

}  // namespace karpenter::support
