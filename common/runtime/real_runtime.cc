#include <sys/random.h>

#include <list>
#include <utility>

#include "common/base/check.h"
#include "common/runtime/runtime.h"
#include "common/runtime/thread.h"

namespace karpenter::runtime {
namespace {

// The steady clock's own epoch is kept, so that a Mono converts to a native deadline without a second
// reading.
class RealEvent final : public Event {
 public:
  void notify_all() override { condition_.notify_all(); }

  bool wait_until(Lock& lock, Mono deadline) override {
    if (deadline == Mono::max()) {
      condition_.wait(lock.native());
      return true;
    }
    const std::chrono::steady_clock::time_point native(deadline.time_since_epoch());
    return condition_.wait_until(lock.native(), native) == std::cv_status::no_timeout;
  }

 private:
  std::condition_variable condition_;
};

class RealRuntime final : public Runtime {
 public:
  ~RealRuntime() override {
    stop_all();
    join_all();
  }

  Time now() const override {
    return std::chrono::time_point_cast<base::Nanos>(std::chrono::system_clock::now());
  }

  Mono mono() const override { return Mono(std::chrono::steady_clock::now().time_since_epoch()); }

  std::uint64_t random() override {
    std::uint64_t value = 0;
    // Requests of up to 256 bytes are never cut short once the system's pool is initialised.
    KARP_CHECK(::getrandom(&value, sizeof(value), 0) == static_cast<ssize_t>(sizeof(value)));
    return value;
  }

  std::unique_ptr<Event> make_event() override { return std::make_unique<RealEvent>(); }

  void spawn(std::string name, std::function<void(std::stop_token)> body) override {
    std::list<Worker> finished;  // joined after the lock is released
    const Lock lock(mutex_);
    for (auto it = workers_.begin(); it != workers_.end();) {
      const auto next = std::next(it);
      if (it->done) finished.splice(finished.end(), workers_, it);
      it = next;
    }
    Worker& worker = workers_.emplace_back();
    worker.thread = std::make_unique<NativeThread>(name, [this, &worker, run = std::move(body)]() mutable {
      run(stop_.get_token());
      run = nullptr;  // what the body holds is released before the thread counts as done
      const Lock done(mutex_);
      worker.done = true;
    });
  }

  void stop_all() override { stop_.request_stop(); }

  void join_all() override {
    // A thread may spawn others while it ends, hence the loop.
    for (std::list<Worker> batch = take_workers(); !batch.empty(); batch = take_workers()) {
      for (Worker& worker : batch) worker.thread->join();
    }
  }

 private:
  struct Worker {
    std::unique_ptr<NativeThread> thread;
    bool done = false;
  };

  std::list<Worker> take_workers() {
    const Lock lock(mutex_);
    return std::exchange(workers_, {});
  }

  Mutex mutex_;
  std::stop_source stop_;
  std::list<Worker> workers_ KARP_GUARDED_BY(mutex_);  // a list: workers keep their address
};

}  // namespace

std::unique_ptr<Runtime> make_real_runtime() { return std::make_unique<RealRuntime>(); }

}  // namespace karpenter::runtime
