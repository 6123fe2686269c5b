#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/result.h"
#include "common/runtime/runtime.h"
#include "common/telemetry/metrics.h"

namespace karpenter::aws {

struct BatchWindow {
  std::string name;                                                // metric label
  std::chrono::nanoseconds idle = std::chrono::milliseconds(100);  // since the last arrival
  std::chrono::nanoseconds max = std::chrono::seconds(1);          // since the first
  std::size_t max_items = 500;
};

// Size and window length of an executed batch. spec: aws §17.1
void observe_batch(telemetry::Metrics& metrics, const BatchWindow& window, std::size_t size,
                   std::chrono::nanoseconds length);

// Collects the ids that concurrent callers ask about and executes them together: the first caller of a group
// waits for the window and executes with its own deadline; the others wait for their answer. Thread-safe.
// spec: aws §2.9
template <class T>
class Batcher {
 public:
  using Answers = std::map<std::string, base::Result<T>>;
  using Execute = std::function<Answers(const std::vector<std::string>& ids, const runtime::Call& call)>;

  Batcher(runtime::Runtime& runtime, telemetry::Metrics& metrics, BatchWindow window)
      : runtime_(runtime), metrics_(metrics), window_(std::move(window)), changed_(runtime.make_event()) {}

  // The answer about `id`. Requests of one `group` may be merged; equal ids are asked once.
  base::Result<T> submit(const std::string& group, const std::string& id, const runtime::Call& call,
                         const Execute& execute) {
    runtime::Lock lock(mutex_);
    std::shared_ptr<Batch>& open = open_[group];
    const bool leads = open == nullptr;
    if (leads) {
      open = std::make_shared<Batch>();
      open->opened = runtime_.mono();
    }
    const std::shared_ptr<Batch> batch = open;
    batch->ids.insert(id);
    batch->last = runtime_.mono();
    if (++batch->callers >= window_.max_items) close(group, *batch);
    if (leads) {
      run(lock, group, *batch, call, execute);
    } else {
      changed_->notify_all();
      RETURN_IF_ERROR(runtime::wait(*changed_, lock, call, [&] { return batch->done; }));
    }
    const auto answer = batch->answers.find(id);
    if (answer == batch->answers.end()) return base::internal("the batch gave no answer").add("id", id);
    return answer->second;
  }

 private:
  struct Batch {
    std::set<std::string> ids;
    std::size_t callers = 0;
    base::Mono opened;
    base::Mono last;
    bool closed = false;
    bool done = false;
    Answers answers;
  };

  void close(const std::string& group, Batch& batch) KARP_REQUIRES(mutex_) {
    if (batch.closed) return;
    batch.closed = true;
    open_.erase(group);
    changed_->notify_all();
  }

  void run(runtime::Lock& lock, const std::string& group, Batch& batch, const runtime::Call& call,
           const Execute& execute) KARP_REQUIRES(mutex_) {
    while (!batch.closed) {
      const auto end = std::min(batch.opened + window_.max, batch.last + window_.idle);
      if (runtime_.mono() >= end) break;
      changed_->wait_until(lock, end);
    }
    close(group, batch);
    observe_batch(metrics_, window_, batch.callers, runtime_.mono() - batch.opened);
    const std::vector<std::string> ids(batch.ids.begin(), batch.ids.end());
    lock.unlock();
    auto answers = execute(ids, call);
    lock.lock();
    batch.answers = std::move(answers);
    batch.done = true;
    changed_->notify_all();
  }

  runtime::Runtime& runtime_;
  telemetry::Metrics& metrics_;
  BatchWindow window_;
  std::unique_ptr<runtime::Event> changed_;
  runtime::Mutex mutex_;
  std::map<std::string, std::shared_ptr<Batch>> open_ KARP_GUARDED_BY(mutex_);
};

}  // namespace karpenter::aws
