#pragma once

#include <functional>
#include <string>
#include <variant>

#include "common/kube/api.h"
#include "common/kube/store.h"
#include "common/telemetry/log.h"

namespace karpenter::kube {

// ---- The pure list+watch machine: say what to send, be told what came. No clock, no socket.
// States: Listing(page) -> Watching(version) -> (410) Listing | (end) Watching from the last version.
class ListWatch {
 public:
  struct NeedList {
    std::string continue_token;
  };
  struct NeedWatch {
    std::string resource_version;
  };
  using Need = std::variant<NeedList, NeedWatch>;

  [[nodiscard]] Need need() const;
  // A page came; `items` belong to the caller. True when the list is complete and the collected pages replace
  // the store.
  bool on_page(std::string resource_version, std::string continue_token);
  void on_version(std::string resource_version);  // an object event or a bookmark passed by
  void on_gone();                                 // 410 on list or watch, or an ERROR event with code 410
  void on_watch_end();                            // orderly or broken end of a watch

 private:
  bool watching_ = false;
  std::string continue_;
  std::string version_;
};

// Cuts a watch body into lines, keeping what is incomplete. At most `max_line` bytes per line (kInvalid
// beyond).
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t max_line = 64U << 20U) : max_line_(max_line) {}
  base::Result<std::vector<std::string>> feed(std::string_view chunk);

 private:
  std::size_t max_line_;
  std::string rest_;
};

struct ReflectorOptions {
  std::string namespace_name = {};
  std::string label_selector = {};
  std::int64_t page_size = 500;
};

using OnMalformed = std::function<void(const model::ObjectKey&, const base::Error&)>;  // may be empty

// Keeps `store` equal to the API server until stop: lists in pages, watches, backs off on failure (0.8 s
// doubling to 30 s, jitter), relists on 410. An object that
// cannot be decoded is skipped (its last good version stays): one error line with its key and path for each
// new reason, `on_malformed` is told, all others go on. Blocks; run it on a thread of its own.
template <class T>
void reflect(Client& client, Store<T>& store, const ReflectorOptions& options, telemetry::Log& log,
             const OnMalformed& on_malformed, std::stop_token stop);

}  // namespace karpenter::kube
