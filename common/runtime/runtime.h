#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "common/base/result.h"
#include "common/base/time.h"
#include "common/runtime/thread_annotations.h"

// Time, randomness, threads and waiting are injected: production uses RealRuntime, simulation uses SimRuntime
// (tests/support), which runs one thread at a time in virtual time and replays a whole run from one seed.

namespace karpenter::runtime {

using base::Mono;
using base::Time;

// A plain mutex with a name of its own, so that thread-safety analysis can see it. Never held across
// Event::wait_until, Transport::send or ByteStream::next (architecture §5.2).
class KARP_CAPABILITY("mutex") Mutex {
 public:
  void lock() KARP_ACQUIRE() { mutex_.lock(); }
  void unlock() KARP_RELEASE() { mutex_.unlock(); }
  std::mutex& native() { return mutex_; }

 private:
  std::mutex mutex_;
};

// Scoped ownership of a Mutex. An Event releases and re-takes it while it waits.
class KARP_SCOPED_CAPABILITY Lock {
 public:
  explicit Lock(Mutex& mutex) KARP_ACQUIRE(mutex) : lock_(mutex.native()) {}
  ~Lock() KARP_RELEASE() {}
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  std::unique_lock<std::mutex>& native() { return lock_; }
  void unlock() KARP_RELEASE() { lock_.unlock(); }
  void lock() KARP_ACQUIRE() { lock_.lock(); }

 private:
  std::unique_lock<std::mutex> lock_;
};

// A condition to wait for. Belongs to the runtime that made it and must not outlive it. Thread-safe.
class Event {
 public:
  virtual ~Event() = default;
  virtual void notify_all() = 0;
  // Releases `lock`, waits for a notification or `deadline`, takes it again. Returns false when the deadline
  // passed. May wake up spuriously: callers loop over their condition.
  virtual bool wait_until(Lock& lock, Mono deadline) = 0;
};

// How long a blocking call may take and what cancels it. On every blocking call.
struct Call {
  Mono deadline = Mono::max();
  std::stop_token stop = {};
};

class Runtime {
 public:
  virtual ~Runtime() = default;
  [[nodiscard]] virtual Time now() const = 0;   // wall clock: API timestamps only
  [[nodiscard]] virtual Mono mono() const = 0;  // timeouts, backoff, latency
  [[nodiscard]] virtual std::uint64_t random() = 0;
  [[nodiscard]] virtual std::unique_ptr<Event> make_event() = 0;
  // Runs `body` on a thread of its own (1 MiB stack, of which only touched pages cost memory) until it
  // returns. The token is the one of stop_all().
  virtual void spawn(std::string name, std::function<void(std::stop_token)> body) = 0;
  // Requests stop on every spawned thread's token. Idempotent.
  virtual void stop_all() = 0;
  // Waits until every spawned thread has returned. Called by the owner before destruction.
  virtual void join_all() = 0;
};

[[nodiscard]] std::unique_ptr<Runtime> make_real_runtime();

// Sleeps until the deadline of `call`, for `duration`, or until stop, whichever is first. kCancelled on stop,
// kTimeout when call.deadline came first.
base::Status sleep_for(Runtime& runtime, std::chrono::nanoseconds duration, const Call& call);

// Waits on `event` with `lock` held until `ready()` is true. kCancelled on stop, kTimeout at the deadline.
base::Status wait(Event& event, Lock& lock, const Call& call, const std::function<bool()>& ready);

// The same stop with a deadline at most `limit` from now.
[[nodiscard]] Call within(Runtime& runtime, const Call& call, std::chrono::nanoseconds limit);

// Uniform over [0, bound); bound > 0. Same sequence on every platform (std distributions are not).
[[nodiscard]] std::uint64_t random_below(Runtime& runtime, std::uint64_t bound);
// Uniform over [0, 1).
[[nodiscard]] double random_unit(Runtime& runtime);
// A version 4 UUID.
[[nodiscard]] std::string random_uuid(Runtime& runtime);
// `n` characters of the alphabet Kubernetes uses for generated names.
[[nodiscard]] std::string random_suffix(Runtime& runtime, std::size_t n);

}  // namespace karpenter::runtime
