#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "common/base/time.h"
#include "common/runtime/runtime.h"
#include "common/runtime/thread_annotations.h"

namespace karpenter::provisioning {

struct BatchOptions {
  std::chrono::nanoseconds idle = std::chrono::seconds(1);  // --batch-idle-duration
  std::chrono::nanoseconds max = std::chrono::seconds(10);  // --batch-max-duration
};

// When a batch of triggers is complete: nothing new for `idle`, or `max` after the window opened. Pure; the
// caller tells the time. spec: scheduling §3.2
class BatchWindow {
 public:
  explicit BatchWindow(BatchOptions options) : options_(options) {}

  // A trigger. A key already seen in this window changes nothing; false then.
  bool trigger(std::string_view key, base::Mono now);
  // The wait begins: a window with triggers from before starts now.
  void begin(base::Mono now);
  // When the batch will be complete if nothing more comes; nothing while there is no trigger.
  [[nodiscard]] std::optional<base::Mono> due() const;
  // The window ends: keys may trigger again.
  void close();
  // As if a trigger had come: a batch that could not be used is not lost. spec: §26 item 22
  void rearm(base::Mono now);

 private:
  BatchOptions options_;
  std::set<std::string, std::less<>> seen_;
  std::optional<base::Mono> opened_;
  base::Mono last_{};
};

// The window between triggers and the provisioner. Thread-safe.
class Batcher {
 public:
  Batcher(runtime::Runtime& runtime, BatchOptions options);
  void trigger(std::string_view key);
  void rearm();
  // Waits up to `patience` for a first trigger, then until the batch is complete. False: no trigger came, or
  // stop.
  [[nodiscard]] bool wait(std::chrono::nanoseconds patience, const runtime::Call& call);

 private:
  runtime::Runtime& runtime_;
  std::unique_ptr<runtime::Event> changed_;
  runtime::Mutex mutex_;
  BatchWindow window_ KARP_GUARDED_BY(mutex_);
};

}  // namespace karpenter::provisioning
