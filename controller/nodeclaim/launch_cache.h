#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "common/model/karpenter/v1.h"
#include "common/runtime/runtime.h"
#include "common/runtime/thread_annotations.h"

namespace karpenter::nodeclaim {

// What the cloud launched, by NodeClaim UID, until the claim's status says so: a lost status patch must never
// lead to a second instance. Entries live an hour. Thread-safe. spec: lifecycle §4.3 step 2
class LaunchCache {
 public:
  static constexpr std::chrono::hours kLifetime{1};

  explicit LaunchCache(runtime::Runtime& runtime) : runtime_(runtime) {}
  [[nodiscard]] std::optional<model::NodeClaim> find(const std::string& uid) const {
    runtime::Lock lock(mutex_);
    const auto it = launched_.find(uid);
    if (it == launched_.end() || it->second.until <= runtime_.mono()) return std::nullopt;
    return it->second.claim;
  }
  void put(const std::string& uid, model::NodeClaim claim) {
    const auto now = runtime_.mono();
    runtime::Lock lock(mutex_);
    std::erase_if(launched_, [&](const auto& entry) { return entry.second.until <= now; });
    launched_.insert_or_assign(uid, Entry{.claim = std::move(claim), .until = now + kLifetime});
  }
  void erase(const std::string& uid) {
    runtime::Lock lock(mutex_);
    launched_.erase(uid);
  }

 private:
  struct Entry {
    model::NodeClaim claim;
    base::Mono until;
  };
  runtime::Runtime& runtime_;
  mutable runtime::Mutex mutex_;
  std::map<std::string, Entry, std::less<>> launched_ KARP_GUARDED_BY(mutex_);
};

}  // namespace karpenter::nodeclaim
