#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "common/model/meta.h"
#include "common/runtime/runtime.h"
#include "common/runtime/thread_annotations.h"

namespace karpenter::nodeclaim {

// Remembers the resourceVersion of what this process wrote, so that a reconcile can wait until the store has
// seen it instead of deciding on what it knows to be old. Thread-safe.
class OwnWrites {
 public:
  // How long a store may lag before it is believed again: a watch that is down must not stop everything.
  static constexpr std::chrono::seconds kPatience{10};

  explicit OwnWrites(runtime::Runtime& runtime) : runtime_(runtime) {}

  void wrote(const model::ObjectMeta& meta);
  // The stored object is older than our last write of it.
  [[nodiscard]] bool is_behind(const model::ObjectMeta& stored);
  void forget(const std::string& name);

 private:
  struct Write {
    std::string uid;
    std::int64_t version = 0;
    base::Mono at{};
  };
  runtime::Runtime& runtime_;
  runtime::Mutex mutex_;
  std::map<std::string, Write, std::less<>> last_ KARP_GUARDED_BY(mutex_);  // by object name
};

}  // namespace karpenter::nodeclaim
