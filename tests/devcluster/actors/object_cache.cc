#include "tests/devcluster/actors/object_cache.h"

#include <utility>

#include "common/kube/reflector.h"

namespace karpenter::devcluster {
namespace {

// An orderly end, an answer that names no error, or one that a relist mends.
bool needs_list(const base::Error& error) { return error.code == base::Code::kGone; }

bool is_harmless(const base::Status& status) {
  return status.has_value() || status.failed_with(base::Code::kNotFound) ||
         status.failed_with(base::Code::kConflict);
}

}  // namespace

void Signal::bump() {
  runtime::Lock lock(mutex_);
  ++count_;
  event_->notify_all();
}

std::uint64_t Signal::wait(std::uint64_t seen, const kube::Call& call) {
  runtime::Lock lock(mutex_);
  const auto status = runtime::wait(*event_, lock, call, [&] { return count_ != seen; });
  static_cast<void>(status);  // the counter says all there is to say
  return count_;
}

ObjectCache::ObjectCache(kube::Client& client, kube::Kind kind, Signal& signal, Listener listener)
    : client_(client), kind_(kind), signal_(signal), listener_(std::move(listener)) {}

void ObjectCache::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const kube::Call call{.deadline = runtime::Mono::max(), .stop = stop};
    const auto status = step(call);
    if (status.has_value() || stop.stop_requested()) continue;
    if (needs_list(status.error())) {
      version_.clear();
      continue;
    }
    static_cast<void>(runtime::sleep_for(client_.runtime(), std::chrono::milliseconds(500), call));
  }
}

base::Status ObjectCache::step(const kube::Call& call) {
  if (version_.empty()) RETURN_IF_ERROR(list(call));
  return watch(call);
}

base::Status ObjectCache::list(const kube::Call& call) {
  std::map<model::ObjectKey, Object> fresh;
  kube::ListOptions options{.limit = 500};
  std::string version;
  do {
    ASSIGN_OR_RETURN(const json::Value page, client_.send(kube::list_request(kind_, "", options), call));
    version = page["metadata"]["resourceVersion"].string_or("");
    options.continue_token = page["metadata"]["continue"].string_or("");
    for (const auto item : page["items"].items()) {
      fresh.emplace(devcluster::key_of(item), std::make_shared<const json::Value>(item));
    }
  } while (!options.continue_token.empty());
  for (const auto& [key, old] : objects()) {
    if (!fresh.contains(key)) put(key, nullptr);
  }
  for (auto& [key, object] : fresh) put(key, std::move(object));
  version_ = version;
  {
    runtime::Lock lock(mutex_);
    synced_ = true;
  }
  signal_.bump();
  return base::ok();
}

base::Status ObjectCache::watch(const kube::Call& call) {
  ASSIGN_OR_RETURN(const auto stream,
                   client_.open(kube::watch_request(kind_, "", {.resource_version = version_}), call));
  kube::LineSplitter splitter;
  while (true) {
    ASSIGN_OR_RETURN(const std::string chunk, stream->next(call));
    if (chunk.empty()) return base::ok();
    ASSIGN_OR_RETURN(const auto lines, splitter.feed(chunk));
    for (const auto& line : lines) RETURN_IF_ERROR(on_line(line));
    signal_.bump();
  }
}

base::Status ObjectCache::on_line(std::string_view line) {
  ASSIGN_OR_RETURN(const json::Value event, json::parse(line));
  const auto type = event["type"].string_or("");
  const auto object = event["object"];
  if (type == "ERROR") {
    const auto code = object["code"].integer_or(500) == 410 ? base::Code::kGone : base::Code::kUnavailable;
    return base::make_error(code, object["message"].string_or("watch error"));
  }
  version_ = object["metadata"]["resourceVersion"].string_or(version_);
  if (type == "BOOKMARK") return base::ok();
  put(devcluster::key_of(object), type == "DELETED" ? nullptr : std::make_shared<const json::Value>(object));
  return base::ok();
}

void ObjectCache::put(const model::ObjectKey& key, Object object) {
  {
    runtime::Lock lock(mutex_);
    if (object) {
      objects_.insert_or_assign(key, object);
    } else {
      objects_.erase(key);
    }
  }
  if (listener_) listener_(key, object);
}

bool ObjectCache::synced() const {
  runtime::Lock lock(mutex_);
  return synced_;
}

Object ObjectCache::find(const model::ObjectKey& key) const {
  runtime::Lock lock(mutex_);
  const auto it = objects_.find(key);
  return it == objects_.end() ? nullptr : it->second;
}

std::map<model::ObjectKey, Object> ObjectCache::objects() const {
  runtime::Lock lock(mutex_);
  return objects_;
}

model::ObjectKey key_of(json::View object) {
  const auto meta = object["metadata"];
  return {.namespace_name = meta["namespace"].string_or(""), .name = meta["name"].string_or("")};
}

base::Status merge_patch(kube::Client& client, const kube::Kind& kind, const model::ObjectKey& key,
                         json::View patch, std::string_view subresource, const kube::Call& call) {
  auto answer =
      client.send(kube::patch_request(kind, key, kube::PatchType::kMerge, patch, subresource), call);
  base::Status status = answer.has_value() ? base::ok() : base::Status(std::move(answer).error());
  return is_harmless(status) ? base::ok() : std::move(status);
}

base::Status force_delete(kube::Client& client, const kube::Kind& kind, const model::ObjectKey& key,
                          std::string_view uid, const kube::Call& call) {
  json::Value options = json::Value::object();
  options["gracePeriodSeconds"].set(0);
  if (!uid.empty()) options["preconditions"]["uid"].set(uid);
  auto answer = client.send(kube::delete_request(kind, key, options), call);
  base::Status status = answer.has_value() ? base::ok() : base::Status(std::move(answer).error());
  return is_harmless(status) ? base::ok() : std::move(status);
}

}  // namespace karpenter::devcluster
