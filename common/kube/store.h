#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/meta.h"
#include "common/runtime/runtime.h"

namespace karpenter::kube {

// What happened to one object. `before` is null for an addition, `after` for a deletion.
template <class T>
struct Change {
  std::shared_ptr<const T> before;
  std::shared_ptr<const T> after;
  [[nodiscard]] const T& object() const { return after ? *after : *before; }
};

// A local copy of every object of one kind, fed by a Reflector. One writer, many readers. Objects are shared
// and immutable: they stay valid as long as a caller holds them. Thread-safe.
template <class T>
class Store {
 public:
  using Ptr = std::shared_ptr<const T>;
  using IndexFunction = std::function<std::vector<std::string>(const T&)>;
  using Listener = std::function<void(const Change<T>&)>;

  // Before the first write only.
  void add_index(std::string name, IndexFunction function) {
    indexes_.emplace(std::move(name), Index{std::move(function), {}});
  }
  // Called after each change, in order, on the writer's thread, without a lock held. Before the first write
  // only.
  void add_listener(Listener listener) { listeners_.push_back(std::move(listener)); }

  // Null when absent.
  [[nodiscard]] Ptr find(const model::ObjectKey& key) const {
    runtime::Lock lock(mutex_);
    const auto it = objects_.find(key);
    return it == objects_.end() ? nullptr : it->second;
  }
  [[nodiscard]] Ptr find(std::string_view name) const {
    return find(model::ObjectKey{.name = std::string(name)});
  }
  // All objects, ordered by key. O(N) pointer copies.
  [[nodiscard]] std::vector<Ptr> list() const {
    runtime::Lock lock(mutex_);
    std::vector<Ptr> out;
    out.reserve(objects_.size());
    for (const auto& [key, object] : objects_) out.push_back(object);
    return out;
  }
  // The objects whose index function yields `value`, ordered by key. An empty value finds nothing (lifecycle
  // §2.7).
  [[nodiscard]] std::vector<Ptr> by_index(std::string_view index, const std::string& value) const {
    runtime::Lock lock(mutex_);
    std::vector<Ptr> out;
    const auto found = indexes_.find(index);
    KARP_CHECK(found != indexes_.end());
    if (value.empty()) return out;
    const auto keys = found->second.keys.find(value);
    if (keys == found->second.keys.end()) return out;
    for (const auto& key : keys->second) out.push_back(objects_.at(key));
    return out;
  }
  [[nodiscard]] std::size_t size() const {
    runtime::Lock lock(mutex_);
    return objects_.size();
  }
  // True after the first complete list.
  [[nodiscard]] bool synced() const {
    runtime::Lock lock(mutex_);
    return synced_;
  }

  // ---- the writer
  void upsert(Ptr object) { publish(put(model::key_of(object->meta), object)); }
  void remove(const model::ObjectKey& key) { publish(put(key, nullptr)); }
  // Replaces the whole content at once: additions, changes (by resourceVersion) and the deletions that a list
  // implies.
  void replace(std::vector<Ptr> objects) {
    std::set<model::ObjectKey> present;
    for (const auto& object : objects) present.insert(model::key_of(object->meta));
    for (const auto& old : list()) {
      const auto key = model::key_of(old->meta);
      if (!present.contains(key)) remove(key);
    }
    for (auto& object : objects) upsert(std::move(object));
    runtime::Lock lock(mutex_);
    synced_ = true;
  }

 private:
  struct Index {
    IndexFunction function;
    std::map<std::string, std::set<model::ObjectKey>, std::less<>> keys;
  };

  Change<T> put(const model::ObjectKey& key, Ptr after) {
    runtime::Lock lock(mutex_);
    Change<T> change{.before = nullptr, .after = after};
    if (const auto it = objects_.find(key); it != objects_.end()) {
      change.before = it->second;
      unindex(key, *it->second);
      objects_.erase(it);
    }
    if (after) {
      objects_.emplace(key, after);
      for (auto& [name, index] : indexes_)
        for (auto& value : index.function(*after)) index.keys[value].insert(key);
    }
    return change;
  }
  void unindex(const model::ObjectKey& key, const T& object) {
    for (auto& [name, index] : indexes_) {
      for (const auto& value : index.function(object)) {
        const auto it = index.keys.find(value);
        if (it == index.keys.end()) continue;
        it->second.erase(key);
        if (it->second.empty()) index.keys.erase(it);
      }
    }
  }
  void publish(const Change<T>& change) {
    if (!change.before && !change.after) return;
    if (change.before && change.after &&
        change.before->meta.resource_version == change.after->meta.resource_version) {
      return;  // a relist that brought nothing new
    }
    for (const auto& listener : listeners_) listener(change);
  }

  mutable runtime::Mutex mutex_;
  std::map<model::ObjectKey, Ptr> objects_;
  std::map<std::string, Index, std::less<>> indexes_;
  std::vector<Listener> listeners_;
  bool synced_ = false;
};

}  // namespace karpenter::kube
