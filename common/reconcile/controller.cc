#include "common/reconcile/controller.h"

#include <algorithm>
#include <exception>

#include "common/reconcile/retry_policy.h"

namespace karpenter::reconcile {
namespace {

using runtime::Lock;
using runtime::Mono;

constexpr auto kSurplusIdle = std::chrono::seconds(30);

const std::vector<double>& reconcile_buckets() {
  static const std::vector<double> edges = {0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3,  0.35,
                                            0.4,   0.45, 0.5,   0.6,  0.7, 0.8,  0.9, 1.0,  1.25, 1.5,
                                            1.75,  2.0,  2.5,   3.0,  3.5, 4.0,  4.5, 5,    6,    7,
                                            8,     9,    10,    15,   20,  25,   30,  40,   50,   60};
  return edges;
}
const std::vector<double>& queue_buckets() {
  static const std::vector<double> edges = {1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000};
  return edges;
}

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

ControllerSpec completed(ControllerSpec spec) {
  spec.workers = spec.singleton ? 1 : std::clamp(spec.workers, 1, kMaxWorkers);
  if (spec.singleton && spec.limit.bucket_qps <= 0) {  // spec: lifecycle §2.10 point 8
    spec.limit.bucket_qps = 10;
    spec.limit.bucket_burst = 100;
  }
  return spec;
}

Mono after(Mono now, std::chrono::nanoseconds delay) {
  return now > Mono::max() - delay ? Mono::max() : now + delay;
}

}  // namespace

Controller::Controller(runtime::Runtime& runtime, const telemetry::Log& log, telemetry::Metrics& metrics,
                       ControllerSpec spec, Reconciler& reconciler)
    : runtime_(runtime),
      log_(log.with({{"controller", spec.name}})),
      metrics_(metrics),
      spec_(completed(std::move(spec))),
      reconciler_(reconciler),
      changed_(runtime.make_event()),
      limiter_(spec_.limit) {
  if (!spec_.kind.empty())
    log_ = log_.with({{"controllerGroup", spec_.group}, {"controllerKind", spec_.kind}});
  for (const char* result : {"success", "error", "requeue", "requeue_after"}) {
    metrics_.count("controller_runtime_reconcile_total", {{"controller", spec_.name}, {"result", result}}, 0);
  }
  for (const char* name : {"errors", "terminal_reconcile_errors", "panics", "timeouts"}) count_up(name, 0);
  metrics_.gauge("controller_runtime_max_concurrent_reconciles", {{"controller", spec_.name}}, spec_.workers);
  metrics_.count("workqueue_adds_total", queue_labels(), 0);
  metrics_.count("workqueue_retries_total", queue_labels(), 0);
}

Controller::~Controller() = default;

telemetry::Labels Controller::queue_labels() const {
  return {{"name", spec_.name}, {"controller", spec_.name}};
}

void Controller::count_up(const std::string& name, double by) const {
  const std::string prefix =
      name == "terminal_reconcile_errors" ? "controller_runtime_" : "controller_runtime_reconcile_";
  metrics_.count(prefix + name + "_total", {{"controller", spec_.name}}, by);
}

// ---- the queue

void Controller::add(const model::ObjectKey& key) { put(key, kNormalPriority, std::chrono::nanoseconds(0)); }
void Controller::add_after(const model::ObjectKey& key, std::chrono::nanoseconds delay) {
  put(key, kNormalPriority, delay);
}
void Controller::add_low_priority(const model::ObjectKey& key) {
  put(key, kLowPriority, std::chrono::nanoseconds(0));
}

void Controller::put(const model::ObjectKey& key, Priority priority, std::chrono::nanoseconds delay) {
  const auto now = runtime_.mono();
  const Lock lock(mutex_);
  put_locked(key, priority, after(now, std::max(delay, std::chrono::nanoseconds(0))));
}

void Controller::put_locked(const model::ObjectKey& key, Priority priority, Mono ready) {
  if (core_.add(key, priority, ready)) metrics_.count("workqueue_adds_total", queue_labels());
  ensure_waiter();
  if (idle_ > 0) changed_->notify_all();
}

// Someone must be there to take what waits: makes a worker when all of them are busy.
void Controller::ensure_waiter() {
  if (!started_ || stopping_ || idle_ > 0 || workers_ >= spec_.workers || core_.waiting() == 0) return;
  ++workers_;
  ++idle_;
  runtime_.spawn(spec_.name, [this](const std::stop_token& process_stop) {
    {
      const std::stop_callback forward(process_stop, [this] {
        stop();
        cancel();
      });
      work();
    }
    const Lock lock(mutex_);
    --workers_;
    ensure_waiter();  // a key may have come while this one still counted
    changed_->notify_all();
  });
}

void Controller::start() {
  const Lock lock(mutex_);
  started_ = true;
  if (spec_.singleton) put_locked({}, kNormalPriority, runtime_.mono());
  ensure_waiter();
}

void Controller::stop() {
  const Lock lock(mutex_);
  stopping_ = true;
  changed_->notify_all();
}

void Controller::cancel() { stop_calls_.request_stop(); }

bool Controller::drained(Mono deadline) {
  Lock lock(mutex_);
  return runtime::wait(*changed_, lock, Call{.deadline = deadline},
                       [this]() KARP_NO_THREAD_SAFETY_ANALYSIS { return workers_ == 0; })
      .has_value();
}

// ---- the workers

void Controller::work() {
  for (;;) {
    std::optional<QueueCore::Item> item;
    {
      Lock lock(mutex_);
      item = next_item(lock);
      --idle_;
      if (!item) return;
      ensure_waiter();
    }
    process(*item);
    const Lock lock(mutex_);
    ++idle_;
  }
}

// The next key, or nothing when this worker is to end: at stop, or when others already wait and nothing has
// come.
std::optional<QueueCore::Item> Controller::next_item(Lock& lock) {
  const auto surplus_until = after(runtime_.mono(), kSurplusIdle);
  while (!stopping_) {
    const auto now = runtime_.mono();
    if (auto item = core_.take(now)) return item;
    if (idle_ > 1 && now >= surplus_until) return std::nullopt;
    const auto deadline =
        std::min(core_.next_ready().value_or(Mono::max()), idle_ > 1 ? surplus_until : Mono::max());
    changed_->wait_until(lock, deadline);
  }
  return std::nullopt;
}

void Controller::process(const QueueCore::Item& item) {
  const auto start = runtime_.mono();
  {
    const Lock lock(mutex_);
    running_.emplace(item.key, start);
    metrics_.gauge("controller_runtime_active_workers", {{"controller", spec_.name}},
                   static_cast<double>(running_.size()));
  }
  metrics_.observe("workqueue_queue_duration_seconds", queue_labels(), seconds(start - item.ready),
                   queue_buckets());
  const auto call = runtime::within(runtime_, Call{.deadline = Mono::max(), .stop = stop_calls_.get_token()},
                                    spec_.timeout);
  const auto result = call_reconciler(item, call);
  const auto end = runtime_.mono();
  if (!result && end >= call.deadline) count_up("timeouts");
  metrics_.observe("controller_runtime_reconcile_time_seconds", {{"controller", spec_.name}},
                   seconds(end - start), reconcile_buckets());
  metrics_.observe("workqueue_work_duration_seconds", queue_labels(), seconds(end - start), queue_buckets());
  settle(item, result);
}

// The border where exceptions end. spec: lifecycle §2.10 point 6
base::Result<Outcome> Controller::call_reconciler(const QueueCore::Item& item, const Call& call) {
  try {
    return reconciler_.reconcile(item.key, call);
  } catch (const std::exception& e) {
    count_up("panics");
    return base::internal("reconciler threw an exception").add("exception", e.what());
  } catch (...) {
    count_up("panics");
    return base::internal("reconciler threw an exception");
  }
}

// Error > after(d) > conflict retry > done. spec: lifecycle §2.10 point 5
void Controller::settle(const QueueCore::Item& item, const base::Result<Outcome>& result) {
  const auto now = runtime_.mono();
  std::string label = "success";
  const Lock lock(mutex_);
  core_.done(item.key);
  running_.erase(item.key);
  metrics_.gauge("controller_runtime_active_workers", {{"controller", spec_.name}},
                 static_cast<double>(running_.size()));
  if (!result) {
    label = settle_error(item, result.error());
  } else if (const auto* requeue = std::get_if<RequeueAfter>(&*result)) {
    KARP_CHECK(requeue->delay.count() > 0);
    limiter_.forget(item.key);
    put_locked(item.key, item.priority, after(now, requeue->delay));
    label = "requeue_after";
  } else if (std::holds_alternative<Retry>(*result)) {
    retry(item, std::chrono::nanoseconds(0));
    label = "requeue";
  } else {
    limiter_.forget(item.key);
    ensure_waiter();
  }
  metrics_.count("controller_runtime_reconcile_total", {{"controller", spec_.name}, {"result", label}});
}

void Controller::retry(const QueueCore::Item& item, std::chrono::nanoseconds at_least) {
  const auto now = runtime_.mono();
  metrics_.count("workqueue_retries_total", queue_labels());
  put_locked(item.key, item.priority, after(now, std::max(limiter_.when(item.key, now), at_least)));
}

// Returns the label of the reconcile's result.
std::string Controller::settle_error(const QueueCore::Item& item, const base::Error& error) {
  const auto policy = retry_policy(error.code);
  if (policy.retrying == Retrying::kRateLimited) {
    retry(item, error.retry_after.value_or(std::chrono::milliseconds(0)));
  } else {
    limiter_.forget(item.key);
    count_up("terminal_reconcile_errors");
  }
  if (policy.counting == Counting::kSilent) return "requeue";
  count_up("errors");
  report(item, error);
  return "error";
}

// spec: lifecycle §2.5
void Controller::report(const QueueCore::Item& item, const base::Error& error) const {
  const auto& [namespace_name, name] = item.key;
  telemetry::Fields fields;
  if (!spec_.kind.empty()) fields.emplace_back(spec_.kind, telemetry::object_ref(name, namespace_name));
  fields.emplace_back("namespace", namespace_name);
  fields.emplace_back("name", name);
  fields.emplace_back("reconcileID", runtime::random_uuid(runtime_));
  log_.error(error, "Reconciler error", fields);
}

void Controller::update_gauges() {
  const auto now = runtime_.mono();
  const Lock lock(mutex_);
  for (const auto priority : {kNormalPriority, kLowPriority}) {
    auto labels = queue_labels();
    labels.emplace("priority", std::to_string(priority));
    metrics_.gauge("workqueue_depth", labels, static_cast<double>(core_.depth(priority, now)));
  }
  double unfinished = 0;
  double longest = 0;
  for (const auto& [key, since] : running_) {
    unfinished += seconds(now - since);
    longest = std::max(longest, seconds(now - since));
  }
  metrics_.gauge("workqueue_unfinished_work_seconds", queue_labels(), unfinished);
  metrics_.gauge("workqueue_longest_running_processor_seconds", queue_labels(), longest);
}

}  // namespace karpenter::reconcile
