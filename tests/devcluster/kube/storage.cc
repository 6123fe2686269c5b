#include "tests/devcluster/kube/storage.h"

#include <algorithm>
#include <utility>

namespace karpenter::devcluster {
namespace {

using base::Code;

bool in_namespace(std::string_view key, std::string_view namespace_name) {
  return namespace_name.empty() || (key.size() > namespace_name.size() && key.starts_with(namespace_name) &&
                                    key[namespace_name.size()] == '/');
}

}  // namespace

std::string storage_key(std::string_view namespace_name, std::string_view name) {
  if (namespace_name.empty()) return std::string(name);
  return std::string(namespace_name) + "/" + std::string(name);
}

Storage::Storage(runtime::Runtime& runtime, std::size_t history_per_kind)
    : runtime_(runtime), history_per_kind_(history_per_kind) {}

Storage::Table& Storage::table(const std::string& resource) const {
  Table& table = tables_[resource];
  if (table.changed == nullptr) table.changed = runtime_.make_event();
  return table;
}

Object Storage::stamp(json::Value object, Schema settled_by) {
  ++revision_;
  object["metadata"]["resourceVersion"].set(std::to_string(revision_));
  return make_object(std::move(object), std::move(settled_by));
}

void Storage::record(Table& table, Change change) {
  change.revision = revision_;
  table.history.push_back(std::move(change));
  while (table.history.size() > history_per_kind_) {
    table.compacted = table.history.front().revision;
    table.history.pop_front();
  }
  table.changed->notify_all();
}

void Storage::index(const Place& place, json::View before, json::View after) {
  for (const json::View owner : before["metadata"]["ownerReferences"].items()) {
    const auto owned = by_owner_.find(owner["uid"].string_or(""));
    if (owned == by_owner_.end()) continue;
    owned->second.erase(place);
    if (owned->second.empty()) by_owner_.erase(owned);
  }
  for (const json::View owner : after["metadata"]["ownerReferences"].items()) {
    by_owner_[owner["uid"].string_or("")].insert(place);
  }
  if (!after.exists()) by_uid_.erase(before["metadata"]["uid"].string_or(""));
  if (!before.exists()) by_uid_.insert_or_assign(after["metadata"]["uid"].string_or(""), place);
}

std::vector<Storage::Place> Storage::dependents(const std::string& uid) const {
  const runtime::Lock lock(mutex_);
  const auto found = by_owner_.find(uid);
  if (found == by_owner_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

std::optional<Storage::Place> Storage::find_uid(const std::string& uid) const {
  const runtime::Lock lock(mutex_);
  const auto found = by_uid_.find(uid);
  if (found == by_uid_.end()) return std::nullopt;
  return found->second;
}

Object Storage::get(const std::string& resource, std::string_view key) const {
  const runtime::Lock lock(mutex_);
  const Table& rows = table(resource);
  const auto found = rows.objects.find(key);
  return found == rows.objects.end() ? nullptr : found->second;
}

base::Result<Object> Storage::create(const std::string& resource, const std::string& key, json::Value object,
                                     Schema settled_by) {
  const runtime::Lock lock(mutex_);
  Table& rows = table(resource);
  if (rows.objects.contains(key)) return base::make_error(Code::kAlreadyExists, "already exists");
  Object stored = stamp(std::move(object), std::move(settled_by));
  rows.objects.emplace(key, stored);
  index({resource, key}, {}, *stored);
  record(rows, {.type = ChangeType::kAdded, .key = key, .object = stored, .before = nullptr});
  return stored;
}

base::Result<Object> Storage::update(const std::string& resource, const std::string& key,
                                     const Object& expected, json::Value object, Schema settled_by) {
  const runtime::Lock lock(mutex_);
  Table& rows = table(resource);
  const auto found = rows.objects.find(key);
  if (found == rows.objects.end()) return base::not_found("no such object");
  if (found->second != expected) return base::make_error(Code::kConflict, "changed meanwhile");
  Object stored = stamp(std::move(object), std::move(settled_by));
  found->second = stored;
  index({resource, key}, *expected, *stored);
  record(rows, {.type = ChangeType::kModified, .key = key, .object = stored, .before = expected});
  return stored;
}

base::Result<Object> Storage::remove(const std::string& resource, const std::string& key,
                                     const Object& expected) {
  const runtime::Lock lock(mutex_);
  Table& rows = table(resource);
  const auto found = rows.objects.find(key);
  if (found == rows.objects.end()) return base::not_found("no such object");
  if (found->second != expected) return base::make_error(Code::kConflict, "changed meanwhile");
  Object last = stamp(json::Value(expected->view()), expected->settled_by());
  rows.objects.erase(found);
  index({resource, key}, *expected, {});
  record(rows, {.type = ChangeType::kDeleted, .key = key, .object = last, .before = expected});
  return last;
}

Snapshot Storage::list(const std::string& resource, std::string_view namespace_name) const {
  const runtime::Lock lock(mutex_);
  Snapshot out{.revision = revision_, .objects = {}};
  for (const auto& [key, object] : table(resource).objects) {
    if (in_namespace(key, namespace_name)) out.objects.emplace_back(key, object);
  }
  return out;
}

base::Result<Snapshot> Storage::list_at(const std::string& resource, std::string_view namespace_name,
                                        std::int64_t revision) const {
  const runtime::Lock lock(mutex_);
  const Table& rows = table(resource);
  if (revision < rows.compacted) return base::make_error(Code::kGone, "history is compacted");
  std::map<std::string, Object, std::less<>> state = rows.objects;
  // Undo what happened since, newest first.
  for (auto change = rows.history.rbegin(); change != rows.history.rend() && change->revision > revision;
       ++change) {
    if (change->before == nullptr) {
      state.erase(change->key);
    } else {
      state.insert_or_assign(change->key, change->before);
    }
  }
  Snapshot out{.revision = revision, .objects = {}};
  for (auto& [key, object] : state) {
    if (in_namespace(key, namespace_name)) out.objects.emplace_back(key, std::move(object));
  }
  return out;
}

std::int64_t Storage::revision() const {
  const runtime::Lock lock(mutex_);
  return revision_;
}

Changes Storage::wait_changes(const std::string& resource, std::int64_t revision, std::uint64_t cut_seen,
                              const runtime::Call& until) {
  runtime::Lock lock(mutex_);
  Table& rows = table(resource);
  const auto ready = [&] {
    return rows.cuts != cut_seen || (!rows.history.empty() && rows.history.back().revision > revision) ||
           revision < rows.compacted;
  };
  // The event outlives the wait even if the tables go; whether it timed out shows in the emptiness of the
  // answer.
  const std::shared_ptr<runtime::Event> changed = rows.changed;
  static_cast<void>(runtime::wait(*changed, lock, until, ready));
  Changes out{.compacted = revision < rows.compacted,
              .cut = rows.cuts != cut_seen,
              .revision = revision_,
              .changes = {}};
  if (out.compacted || out.cut) return out;
  const auto first = std::ranges::upper_bound(rows.history, revision, {}, &Change::revision);
  out.changes.assign(first, rows.history.end());
  return out;
}

std::uint64_t Storage::cuts(const std::string& resource) const {
  const runtime::Lock lock(mutex_);
  return table(resource).cuts;
}

void Storage::for_tables(std::string_view plural, const std::function<void(Table&)>& action) {
  const runtime::Lock lock(mutex_);
  for (auto& [id, rows] : tables_) {
    if (plural.empty() || id.substr(id.find('/') + 1) == plural) action(rows);
  }
}

void Storage::cut(std::string_view plural) {
  for_tables(plural, [](Table& rows) {
    ++rows.cuts;
    rows.changed->notify_all();
  });
}

void Storage::compact(std::string_view plural) {
  for_tables(plural, [](Table& rows) {
    if (rows.history.empty()) return;
    rows.compacted = rows.history.back().revision;
    rows.history.clear();
    rows.changed->notify_all();
  });
}

}  // namespace karpenter::devcluster
