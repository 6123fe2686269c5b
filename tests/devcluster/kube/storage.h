#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/json/json.h"
#include "common/runtime/runtime.h"
#include "tests/devcluster/kube/document.h"

// What etcd and the watch cache are to the API server: versioned objects by key with compare-and-swap, and a
// bounded history of changes per resource. Knows nothing of what the objects mean.

namespace karpenter::devcluster {

enum class ChangeType : std::uint8_t { kAdded, kModified, kDeleted };

struct Change {
  std::int64_t revision = 0;
  ChangeType type = ChangeType::kAdded;
  std::string key;
  Object object;  // after the change; of a deletion the last state, with the revision of the deletion
  Object before;  // null for kAdded
};

struct Snapshot {
  std::int64_t revision = 0;
  std::vector<std::pair<std::string, Object>> objects;  // ordered by key
};

struct Changes {
  bool compacted = false;     // the history no longer reaches back that far
  bool cut = false;           // watches were cut since
  std::int64_t revision = 0;  // everything up to here is included
  std::vector<Change> changes;
};

// Keys of namespaced objects are "namespace/name", of others "name".
[[nodiscard]] std::string storage_key(std::string_view namespace_name, std::string_view name);

// Thread-safe. Resources are named by Resource::id(). Revisions are one sequence over all resources.
class Storage {
 public:
  Storage(runtime::Runtime& runtime, std::size_t history_per_kind);

  [[nodiscard]] Object get(const std::string& resource, std::string_view key) const;  // null: none
  // kAlreadyExists when the key is taken. Sets metadata.resourceVersion.
  base::Result<Object> create(const std::string& resource, const std::string& key, json::Value object,
                              Schema settled_by = nullptr);
  // kNotFound, or kConflict unless the stored revision is still `expected`. Sets metadata.resourceVersion.
  base::Result<Object> update(const std::string& resource, const std::string& key, const Object& expected,
                              json::Value object, Schema settled_by = nullptr);
  base::Result<Object> remove(const std::string& resource, const std::string& key, const Object& expected);

  [[nodiscard]] Snapshot list(const std::string& resource, std::string_view namespace_name) const;
  // The state as of `revision`; kGone when the history does not reach back that far.
  [[nodiscard]] base::Result<Snapshot> list_at(const std::string& resource, std::string_view namespace_name,
                                               std::int64_t revision) const;
  [[nodiscard]] std::int64_t revision() const;

  struct Place {
    std::string resource;
    std::string key;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  // The objects whose ownerReferences name `uid`, ordered.
  [[nodiscard]] std::vector<Place> dependents(const std::string& uid) const;
  [[nodiscard]] std::optional<Place> find_uid(const std::string& uid) const;

  // The changes after `revision`; waits for some until `until`. `cut_seen` is the cut counter of the watch.
  Changes wait_changes(const std::string& resource, std::int64_t revision, std::uint64_t cut_seen,
                       const runtime::Call& until);
  [[nodiscard]] std::uint64_t cuts(const std::string& resource) const;
  void cut(std::string_view plural);      // "" for all
  void compact(std::string_view plural);  // "" for all

 private:
  struct Table {
    std::map<std::string, Object, std::less<>> objects;
    std::deque<Change> history;
    std::int64_t compacted = 0;  // changes up to here are forgotten
    std::uint64_t cuts = 0;
    std::shared_ptr<runtime::Event> changed;
  };
  Table& table(const std::string& resource) const KARP_REQUIRES(mutex_);
  void record(Table& table, Change change) KARP_REQUIRES(mutex_);
  Object stamp(json::Value object, Schema settled_by) KARP_REQUIRES(mutex_);
  void index(const Place& place, json::View before, json::View after) KARP_REQUIRES(mutex_);
  void for_tables(std::string_view plural, const std::function<void(Table&)>& action);

  runtime::Runtime& runtime_;
  std::size_t history_per_kind_;
  mutable runtime::Mutex mutex_;
  mutable std::map<std::string, Table> tables_ KARP_GUARDED_BY(mutex_);
  std::map<std::string, Place> by_uid_ KARP_GUARDED_BY(mutex_);
  std::map<std::string, std::set<Place>> by_owner_ KARP_GUARDED_BY(mutex_);
  std::int64_t revision_ KARP_GUARDED_BY(mutex_) = 1;
};

}  // namespace karpenter::devcluster
