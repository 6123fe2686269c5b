#include "tests/support/sim_scheduler.h"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "common/base/check.h"
#include "common/base/duration.h"
#include "common/runtime/thread.h"

namespace karpenter::support {
namespace {

constexpr std::size_t kMainId = 0;

// What a thread waits on for its turn.
class Baton {
 public:
  // Notifies under the lock: once it is released, the taker may already have ended and been destroyed.
  void give() {
    const std::lock_guard guard(mutex_);
    given_ = true;
    condition_.notify_one();
  }

  void take() {
    std::unique_lock lock(mutex_);
    condition_.wait(lock, [this] { return given_; });
    given_ = false;
  }

  // False after `limit` of real time.
  bool take_within(std::chrono::seconds limit) {
    std::unique_lock lock(mutex_);
    if (!condition_.wait_for(lock, limit, [this] { return given_; })) return false;
    given_ = false;
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool given_ = false;
};

}  // namespace

struct SimTask {
  std::string name;
  std::size_t id = 0;
  Baton baton;
  std::thread::id native;
  SimEvent* event = nullptr;                      // what it waits for
  runtime::Mono deadline = runtime::Mono::max();  // until when
  bool runnable = false;
  bool timed_out = false;
  bool ended = false;
  std::unique_ptr<runtime::NativeThread> thread;  // none for main
};

std::uint64_t SplitMix::next() {
  state_ += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

SimEvent::~SimEvent() { scheduler_.forget(*this); }

void SimEvent::notify_all() {
  scheduler_.check_running_thread();
  for (SimTask* task : std::exchange(waiters_, {})) scheduler_.wake(*task);
}

bool SimEvent::wait_until(runtime::Lock& lock, runtime::Mono deadline) KARP_NO_THREAD_SAFETY_ANALYSIS {
  lock.unlock();
  const bool in_time = scheduler_.park(this, deadline);
  // Nobody else runs, so the mutex can only be taken if its owner waits for something else.
  if (!lock.native().try_lock()) scheduler_.die("a lock is held across a wait by another thread");
  return in_time;
}

SimScheduler::SimScheduler(const SimOptions& options)
    : options_(options), seeds_(options.seed), choices_(seeds_.next()), hash_(seeds_.next()) {
  auto main = std::make_unique<SimTask>();
  main->name = "main";
  main->id = next_id_++;
  main->native = std::this_thread::get_id();
  running_ = main.get();
  tasks_.emplace(kMainId, std::move(main));
}

SimScheduler::~SimScheduler() { reap(); }

void SimScheduler::check_running_thread() const {
  if (running_.load()->native != std::this_thread::get_id()) die("used from a thread that it did not spawn");
}

void SimScheduler::spawn(std::string name, std::function<void()> body) {
  check_running_thread();
  reap();
  auto made = std::make_unique<SimTask>();
  SimTask& task = *made;
  task.name = std::move(name);
  task.id = next_id_++;
  task.runnable = true;
  tasks_.emplace(task.id, std::move(made));
  trace(task.name);
  runnable_.push_back(&task);
  task.thread = std::make_unique<runtime::NativeThread>(task.name, [this, &task, run = std::move(body)] {
    task.baton.take();
    task.native = std::this_thread::get_id();
    run();
    finish(task);
  });
}

// Passes the baton on for the last time. After that the thread may only return.
void SimScheduler::finish(SimTask& self) {
  self.ended = true;
  const auto node = tasks_.find(self.id);
  ended_.push_back(std::move(node->second));
  tasks_.erase(node);
  switch_from(self);
}

void SimScheduler::reap() {
  for (const auto& task : ended_) task->thread->join();
  ended_.clear();
}

void SimScheduler::set_timer(SimTask& task, runtime::Mono deadline) {
  task.deadline = deadline;
  if (deadline != runtime::Mono::max()) timers_.emplace(deadline, task.id);
}

bool SimScheduler::park(SimEvent* event, runtime::Mono deadline) {
  check_running_thread();
  SimTask& self = *running_.load();
  self.timed_out = false;
  if (deadline <= mono_) {
    self.timed_out = true;
    self.runnable = true;
    runnable_.push_back(&self);
  } else {
    self.event = event;
    event->waiters_.push_back(&self);
    set_timer(self, deadline);
  }
  switch_from(self);
  return !self.timed_out;
}

void SimScheduler::wait_quiescent(runtime::Mono deadline) {
  check_running_thread();
  SimTask& self = *running_.load();
  if (self.id != kMainId) die("run_until is for the main thread only");
  main_idle_ = true;
  // When nobody ran since the last look, time may jump at once.
  set_timer(self, deadline);
  switch_from(self);
  timers_.erase({deadline, self.id});
  main_idle_ = false;
  ran_since_idle_ = false;
}

void SimScheduler::wake(SimTask& task) {
  timers_.erase({task.deadline, task.id});
  task.deadline = runtime::Mono::max();
  task.event = nullptr;
  task.runnable = true;
  runnable_.push_back(&task);
}

void SimScheduler::forget(SimEvent& event) {
  if (!event.waiters_.empty())
    die("an event was destroyed while '" + event.waiters_.front()->name + "' waits on it");
}

void SimScheduler::switch_from(SimTask& self) {
  SimTask& next = choose();
  if (next.id != kMainId || !main_idle_) ran_since_idle_ = true;
  ++switches_;
  if (++switches_this_instant_ > options_.max_switches_per_instant)
    die("livelock: time does not move any more");
  mix(next.id);
  if (options_.keep_trace)
    lines_.push_back(base::format_duration(mono_.time_since_epoch()) + " " + next.name);
  if (&next == &self) return;
  running_ = &next;
  const bool ended = self.ended;
  next.baton.give();
  if (!ended) await_baton(self);
}

// Who runs next. Every choice the simulation has is made here.
SimTask& SimScheduler::choose() {
  while (runnable_.empty()) {
    if (main_idle_ && ran_since_idle_) return *tasks_.at(kMainId);
    if (timers_.empty()) die("deadlock: every thread waits and no deadline is left");
    advance_time();
  }
  const std::size_t index = runnable_.size() == 1 ? 0 : choices_.next() % runnable_.size();
  SimTask& task = *runnable_[index];
  runnable_[index] = runnable_.back();
  runnable_.pop_back();
  task.runnable = false;
  return task;
}

void SimScheduler::advance_time() {
  mono_ = timers_.begin()->first;
  mix(static_cast<std::uint64_t>(mono_.time_since_epoch().count()));
  switches_this_instant_ = 0;
  while (!timers_.empty() && timers_.begin()->first == mono_) {
    SimTask& task = *tasks_.at(timers_.begin()->second);
    if (main_idle_ && task.id == kMainId) {  // main looks after all others at its deadline
      timers_.erase(timers_.begin());
      ran_since_idle_ = true;
      continue;
    }
    std::erase(task.event->waiters_, &task);
    task.timed_out = true;
    wake(task);
  }
}

void SimScheduler::await_baton(SimTask& self) {
  if (self.id != kMainId) return self.baton.take();
  // Main also watches the real time: a thread that never comes to a wait would hang the run without a word.
  for (std::uint64_t seen = switches_; !self.baton.take_within(options_.stuck_after); seen = switches_) {
    if (seen == switches_)
      die("stuck: '" + running_.load()->name + "' comes to no wait (a contended lock, a loop)");
  }
}

void SimScheduler::mix(std::uint64_t value) { hash_ = SplitMix(hash_ ^ value).next(); }

void SimScheduler::trace(std::string_view fact) {
  std::uint64_t fnv = 0xCBF29CE484222325U;
  for (const char c : fact) fnv = (fnv ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  mix(fnv);
  if (options_.keep_trace) {
    lines_.push_back(base::format_duration(mono_.time_since_epoch()) + " " + running_.load()->name + ": " +
                     std::string(fact));
  }
}

std::string SimScheduler::report() const {
  std::string out = "virtual time " + base::format_duration(mono_.time_since_epoch()) + ", seed " +
                    std::to_string(options_.seed) + "\n";
  for (const auto& [id, task] : tasks_) {
    const bool waits = task->event != nullptr || (task->id == kMainId && main_idle_);
    out += "  " + task->name + ": ";
    if (!waits) {
      out += task->runnable ? "runnable\n" : "running\n";
    } else if (task->deadline == runtime::Mono::max()) {
      out += "waits without a deadline\n";
    } else {
      out += "waits until " + base::format_duration(task->deadline.time_since_epoch()) + "\n";
    }
  }
  return out;
}

void SimScheduler::die(std::string_view why) const {
  std::fprintf(stderr, "simulation: %.*s\n%s", static_cast<int>(why.size()), why.data(), report().c_str());
  std::abort();
}

}  // namespace karpenter::support
