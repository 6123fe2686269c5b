#include "common/kube/watch_driver.h"

#include <algorithm>

namespace karpenter::kube {
namespace {

constexpr auto kFirstPause = std::chrono::milliseconds(800);
constexpr std::chrono::nanoseconds kLongestPause = std::chrono::seconds(30);
constexpr auto kShortestWatch =
    std::chrono::seconds(1);  // one that ends sooner without news counts as a failure
constexpr auto kWatchSlack = std::chrono::seconds(30);
constexpr std::uint64_t kWatchMinSeconds = 240;  // jittered, so that all watches do not end together
constexpr std::uint64_t kWatchSpreadSeconds = 120;

class Driver {
 public:
  Driver(Client& client, const Kind& kind, const ReflectorOptions& options, const telemetry::Log& log,
         WatchSink& sink, const std::stop_token& stop)
      : client_(client), kind_(kind), options_(options), log_(log), sink_(sink), stop_(stop) {}

  void run() {
    while (!stop_.stop_requested()) {
      const auto need = machine_.need();
      const auto* list = std::get_if<ListWatch::NeedList>(&need);
      const auto status = list != nullptr ? list_page(*list) : watch(std::get<ListWatch::NeedWatch>(need));
      if (status) {
        pause_ = kFirstPause;
      } else if (!stop_.stop_requested()) {
        recover(status.error(), list != nullptr);
      }
    }
  }

 private:
  [[nodiscard]] Call call() const { return {.deadline = runtime::Mono::max(), .stop = stop_}; }

  base::Status list_page(const ListWatch::NeedList& need) {
    if (need.continue_token.empty()) sink_.begin_list();
    const ListOptions options{.label_selector = options_.label_selector,
                              .limit = options_.page_size,
                              .continue_token = need.continue_token};
    ASSIGN_OR_RETURN(const auto page,
                     client_.send(list_request(kind_, options_.namespace_name, options), call()));
    for (const auto item : page["items"].items()) sink_.on_listed(item);
    const auto meta = page["metadata"];
    if (machine_.on_page(meta["resourceVersion"].string_or(""), meta["continue"].string_or("")))
      sink_.end_list();
    return base::ok();
  }

  base::Status watch(const ListWatch::NeedWatch& need) {
    auto& runtime = client_.runtime();
    const auto timeout =
        std::chrono::seconds(kWatchMinSeconds + runtime::random_below(runtime, kWatchSpreadSeconds));
    const WatchOptions options{.resource_version = need.resource_version,
                               .label_selector = options_.label_selector,
                               .timeout = timeout};
    const auto start = runtime.mono();
    const auto end = start + timeout + kWatchSlack;  // a server that says nothing at all is gone
    ASSIGN_OR_RETURN(auto stream,
                     client_.open(watch_request(kind_, options_.namespace_name, options), call()));
    LineSplitter lines;
    bool news = false;
    for (;;) {
      ASSIGN_OR_RETURN(const auto chunk, stream->next(Call{.deadline = end, .stop = stop_}));
      if (chunk.empty()) break;
      ASSIGN_OR_RETURN(const auto events, lines.feed(chunk));
      for (const auto& event : events) RETURN_IF_ERROR(on_event(event));
      news = news || !events.empty();
      if (news) pause_ = kFirstPause;
    }
    machine_.on_watch_end();
    if (news || runtime.mono() - start >= kShortestWatch) return base::ok();
    return base::make_error(base::Code::kUnavailable, "watch ended at once");
  }

  base::Status on_event(const std::string& line) {
    ASSIGN_OR_RETURN(const auto event, json::parse(line));
    const auto type = event["type"].string_or("");
    const auto object = event["object"];
    if (type == "ERROR") {
      const auto status = static_cast<int>(object["code"].integer_or(500));
      return error_of_response({.status = status, .body = object.dump()});
    }
    if (type == "ADDED" || type == "MODIFIED") sink_.on_upsert(object);
    if (type == "DELETED") sink_.on_removed(object);
    machine_.on_version(object["metadata"]["resourceVersion"].string_or(""));
    return base::ok();
  }

  // What the server refuses outright will be refused again from the same version: start over with a list.
  void recover(const base::Error& error, bool listing) {
    const bool transient = error.code == base::Code::kUnavailable || error.code == base::Code::kTimeout ||
                           error.code == base::Code::kThrottled;
    if (!transient) machine_.on_gone();
    if (error.code != base::Code::kGone) {
      log_.error(error, listing ? "failed to list" : "failed to watch", {{"kind", kind_.kind}});
    }
    auto& runtime = client_.runtime();
    const auto jittered =
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double, std::nano>(
            static_cast<double>(pause_.count()) * (1.0 + runtime::random_unit(runtime))));
    static_cast<void>(runtime::sleep_for(
        runtime,
        std::max(jittered,
                 std::chrono::nanoseconds(error.retry_after.value_or(std::chrono::milliseconds(0)))),
        call()));
    pause_ = std::min(pause_ * 2, kLongestPause);
  }

  Client& client_;
  const Kind& kind_;
  const ReflectorOptions& options_;
  const telemetry::Log& log_;
  WatchSink& sink_;
  std::stop_token stop_;
  ListWatch machine_;
  std::chrono::nanoseconds pause_ = kFirstPause;
};

}  // namespace

void drive_list_watch(Client& client, const Kind& kind, const ReflectorOptions& options,
                      const telemetry::Log& log, WatchSink& sink, const std::stop_token& stop) {
  Driver(client, kind, options, log, sink, stop).run();
}

}  // namespace karpenter::kube
