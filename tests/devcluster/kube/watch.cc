#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/strings.h"
#include "tests/devcluster/kube/conversion.h"
#include "tests/devcluster/kube/negotiate.h"
#include "tests/devcluster/kube/read.h"
#include "tests/devcluster/kube/status.h"

namespace karpenter::devcluster {
namespace {

struct WatchEvent {
  std::string type;
  Object object;  // stored
};

std::string event_line(std::string_view type, const std::string& object) {
  return "{\"type\":\"" + std::string(type) + "\",\"object\":" + object + "}\n";
}

// What a change means to a watcher that sees only what its selection matches.
std::optional<WatchEvent> seen_through(const Selection& selection, const Change& change) {
  const bool after = change.type != ChangeType::kDeleted && selection.matches(*change.object);
  const bool before = change.before != nullptr && selection.matches(*change.before);
  if (after) return WatchEvent{before ? "MODIFIED" : "ADDED", change.object};
  if (!before) return std::nullopt;
  if (change.type == ChangeType::kDeleted) return WatchEvent{"DELETED", change.object};
  // It left the selection: the last state that matched, at the version of the change.
  json::Value last(change.before->view());
  last["metadata"]["resourceVersion"].set(change.object->view()["metadata"]["resourceVersion"]);
  return WatchEvent{"DELETED", make_object(std::move(last))};
}

// One open watch. Waits on the storage from the thread that reads the stream.
class WatchStream final : public net::ByteStream {
 public:
  struct Start {
    Selection selection;
    std::int64_t revision = 0;
    std::vector<Object> initial;  // sent first, as ADDED
    bool bookmarks = false;
    Shape shape = Shape::kPlain;
    std::chrono::seconds timeout{1800};
  };

  WatchStream(Context context, Start start)
      : context_(std::move(context)), start_(std::move(start)), revision_(start_.revision) {
    context_.info.name.clear();
    cuts_ = context_.world.storage.cuts(context_.resource->id());
    const base::Mono now = context_.world.runtime.mono();
    end_ = now + start_.timeout;
    next_bookmark_ = now + context_.world.options.bookmark_interval;
  }

  base::Result<std::string> next(const net::Call& call) override {
    while (!done_) {
      if (!start_.initial.empty()) return initial_events(call);
      const base::Mono now = context_.world.runtime.mono();
      if (now >= end_) break;
      if (start_.bookmarks && now >= next_bookmark_) return bookmark(now);
      if (now >= call.deadline) return base::make_error(base::Code::kTimeout, "no watch event in time");
      if (call.stop.stop_requested()) return base::make_error(base::Code::kCancelled, "watch was stopped");
      runtime::Call until = call;
      until.deadline = std::min(until.deadline, end_);
      if (start_.bookmarks) until.deadline = std::min(until.deadline, next_bookmark_);
      std::string text = changed_events(call, until);
      if (!text.empty()) return text;
    }
    done_ = true;
    return std::string();
  }

 private:
  std::string initial_events(const net::Call& call) {
    std::vector<WatchEvent> events;
    for (Object& object : start_.initial) events.push_back({"ADDED", std::move(object)});
    start_.initial.clear();
    return lines(call, events);
  }

  std::string changed_events(const net::Call& call, const runtime::Call& until) {
    const std::string id = context_.resource->id();
    const Changes changes = context_.world.storage.wait_changes(id, revision_, cuts_, until);
    if (changes.cut) {
      done_ = true;
      return "";
    }
    if (changes.compacted) {
      return fail(expired("too old resource version: " + std::to_string(revision_) + " (" +
                          std::to_string(changes.revision) + ")"));
    }
    revision_ = changes.revision;
    std::vector<WatchEvent> events;
    for (const Change& change : changes.changes) {
      if (!in_scope(change.key)) continue;
      if (auto event = seen_through(start_.selection, change); event.has_value())
        events.push_back(std::move(*event));
    }
    return lines(call, events);
  }

  [[nodiscard]] bool in_scope(const std::string& key) const {
    const std::string& space = context_.info.namespace_name;
    return space.empty() || !context_.resource->namespaced || key.starts_with(space + "/");
  }

  // Converts the objects of all events in one go and prints them.
  std::string lines(const net::Call& call, const std::vector<WatchEvent>& events) {
    if (events.empty()) return "";
    context_.call = call;
    std::vector<Object> objects;
    for (const WatchEvent& event : events) objects.push_back(event.object);
    auto shown = read_all(context_, objects, context_.version->name);
    if (!shown.has_value()) return fail(shown.error());
    std::string text;
    for (std::size_t i = 0; i < events.size(); ++i) {
      const Object& object = (*shown)[i];
      text +=
          event_line(events[i].type, body_text(context_, {.status = 200, .object = object}, start_.shape));
    }
    return text;
  }

  std::string bookmark(base::Mono now) {
    next_bookmark_ = now + context_.world.options.bookmark_interval;
    json::Value object = json::Value::object();
    object["apiVersion"].set(context_.resource->api_version(context_.version->name));
    object["kind"].set(context_.resource->kind);
    object["metadata"]["resourceVersion"].set(std::to_string(revision_));
    object["metadata"]["creationTimestamp"].set(nullptr);
    return event_line("BOOKMARK", object.dump());
  }

  std::string fail(const base::Error& error) {
    done_ = true;
    return event_line("ERROR", status_body(error).dump());
  }

  Context context_;
  Start start_;
  std::int64_t revision_;
  std::uint64_t cuts_ = 0;
  base::Mono end_;
  base::Mono next_bookmark_;
  bool done_ = false;
};

base::Status take_start(Context& context, WatchStream::Start& start) {
  ASSIGN_OR_RETURN(start.selection, selection_of(context));
  start.bookmarks = context.info.flag("allowWatchBookmarks");
  start.timeout = std::chrono::seconds(
      1800 + static_cast<std::int64_t>(runtime::random_below(context.world.runtime, 1800)));
  if (const auto timeout = base::parse_int64(context.info.get("timeoutSeconds")); timeout.value_or(0) > 0) {
    start.timeout = std::chrono::seconds(*timeout);
  }
  const std::string version = context.info.get("resourceVersion");
  const auto revision = version.empty() ? std::optional<std::int64_t>(0) : base::parse_int64(version);
  if (!revision.has_value() || *revision < 0)
    return bad_request("invalid resource version \"" + version + "\"");
  const std::int64_t current = context.world.storage.revision();
  if (*revision > current) return too_large_version(*revision, current);
  start.revision = *revision;
  if (*revision > 0) return base::ok();
  const std::string space = context.resource->namespaced ? context.info.namespace_name : "";
  const Snapshot snapshot = context.world.storage.list(context.resource->id(), space);
  start.revision = snapshot.revision;
  for (const auto& [key, object] : snapshot.objects) {
    if (start.selection.matches(*object)) start.initial.push_back(object);
  }
  return base::ok();
}

}  // namespace

base::Result<net::HttpResponse> watch_objects(Context& context, bool as_table) {
  if (!context.info.get("sendInitialEvents").empty()) {
    return invalid_object(
        "meta.k8s.io", "ListOptions", "",
        {forbidden_value(
            "sendInitialEvents",
            "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled")});
  }
  WatchStream::Start start;
  start.shape = as_table ? Shape::kTable : Shape::kPlain;
  RETURN_IF_ERROR(take_start(context, start));
  net::HttpResponse response;
  response.headers.add("Content-Type", "application/json");
  response.stream = std::make_unique<WatchStream>(context, std::move(start));
  return response;
}

}  // namespace karpenter::devcluster
