#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/runtime/runtime.h"

namespace karpenter::aws {

// Values by text key that expire. An expired entry is a miss at once; sweep() frees it and hands it out for
// side effects. Thread-safe. spec: aws §14
template <class V>
class TtlCache {
 public:
  explicit TtlCache(runtime::Runtime& runtime) : runtime_(runtime) {}

  [[nodiscard]] std::optional<V> find(const std::string& key) const {
    runtime::Lock lock(mutex_);
    const auto it = entries_.find(key);
    if (it == entries_.end() || it->second.expires <= runtime_.mono()) return std::nullopt;
    return it->second.value;
  }
  void put(const std::string& key, V value, std::chrono::nanoseconds ttl) {
    runtime::Lock lock(mutex_);
    entries_.insert_or_assign(key, Entry{std::move(value), runtime_.mono() + ttl});
  }
  void erase(const std::string& key) {
    runtime::Lock lock(mutex_);
    entries_.erase(key);
  }
  void clear() {
    runtime::Lock lock(mutex_);
    entries_.clear();
  }
  // Removes the expired entries and returns them, ordered by key.
  std::vector<std::pair<std::string, V>> sweep() {
    runtime::Lock lock(mutex_);
    std::vector<std::pair<std::string, V>> out;
    const auto now = runtime_.mono();
    for (auto it = entries_.begin(); it != entries_.end();) {
      if (it->second.expires > now) {
        ++it;
        continue;
      }
      out.emplace_back(it->first, std::move(it->second.value));
      it = entries_.erase(it);
    }
    return out;
  }

 private:
  struct Entry {
    V value;
    base::Mono expires;
  };
  runtime::Runtime& runtime_;
  mutable runtime::Mutex mutex_;
  std::map<std::string, Entry> entries_;
};

}  // namespace karpenter::aws
