#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "common/model/meta.h"
#include "common/net/http.h"
#include "common/runtime/runtime.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"

namespace karpenter::reconcile {

using net::Call;

// How a reconcile ended. spec: lifecycle §1.3, §2.10
struct Done {};
struct RequeueAfter {
  std::chrono::nanoseconds delay;  // > 0
};
struct Retry {};  // rate-limited, not counted as an error: a conflict
using Outcome = std::variant<Done, RequeueAfter, Retry>;

// The result of a step from an error: NotFound on the primary object is Done, Conflict is Retry, the rest an
// error.
[[nodiscard]] base::Result<Outcome> outcome_of(base::Error error);
// Smallest delay wins; Retry wins over any delay; all Done is Done.
[[nodiscard]] Outcome merge(Outcome a, Outcome b);

// Level based and idempotent: brings the object of `key` one step nearer to what it should be.
class Reconciler {
 public:
  virtual ~Reconciler() = default;
  virtual base::Result<Outcome> reconcile(const model::ObjectKey& key, const Call& call) = 0;
};

struct RateLimit {
  std::chrono::nanoseconds base = std::chrono::milliseconds(5);
  std::chrono::nanoseconds cap = std::chrono::seconds(1000);
  double bucket_qps = 0;  // 0: no bucket
  int bucket_burst = 0;
};
[[nodiscard]] constexpr RateLimit default_limit() { return {}; }
[[nodiscard]] constexpr RateLimit reasonable_limit() {  // limiter R of lifecycle §12
  return {.base = std::chrono::milliseconds(100),
          .cap = std::chrono::minutes(1),
          .bucket_qps = 10,
          .bucket_burst = 100};
}

// Adds keys to a controller's queue. Thread-safe, never blocks.
class Queue {
 public:
  virtual ~Queue() = default;
  virtual void add(const model::ObjectKey& key) = 0;
  virtual void add_after(const model::ObjectKey& key, std::chrono::nanoseconds delay) = 0;
  // Behind everything added with add(): objects of the initial list, updates that changed nothing. spec:
  // lifecycle §2.10
  virtual void add_low_priority(const model::ObjectKey& key) { add(key); }
};

struct ControllerSpec {
  std::string name;        // "nodeclaim.lifecycle": metric label and log key
  std::string group = {};  // of the primary kind, for logs; empty for singletons
  std::string kind = {};
  int workers = 1;
  RateLimit limit = default_limit();
  bool singleton = false;            // one synthetic key, queued at start
  std::chrono::seconds timeout{60};  // per reconcile
};

// Runs controllers: metrics, logs, retries, panics become errors. Start order and shutdown: architecture
// §5.4. add() before start(); the queues live as long as the Manager.
class Manager {
 public:
  Manager(runtime::Runtime& runtime, telemetry::Log& log, telemetry::Metrics& metrics);
  ~Manager();  // stops, and waits for reconciles that ignore their call
  // The reconciler outlives the manager. The returned queue takes keys at once; workers run after start().
  Queue& add(ControllerSpec spec, Reconciler& reconciler);
  void start();
  // Stops taking keys, waits for running reconciles up to `grace`, then cancels their calls. Idempotent.
  void stop(std::chrono::nanoseconds grace);
  // Sets the gauges that age by themselves (queue depth, unfinished work): before each scrape. spec:
  // lifecycle §14.10
  void update_gauges();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace karpenter::reconcile
