#pragma once

#include "common/kube/reflector.h"

namespace karpenter::kube {

// What a list+watch brings, still as JSON. One implementation per kind (reflector.cc) decodes it into a
// Store.
class WatchSink {
 public:
  virtual ~WatchSink() = default;
  virtual void begin_list() = 0;                // forget the pages collected so far
  virtual void on_listed(json::View item) = 0;  // one item of a page
  virtual void end_list() = 0;                  // the collected items are everything there is
  virtual void on_upsert(json::View object) = 0;
  virtual void on_removed(json::View object) = 0;
};

// Drives the ListWatch machine against the API server until stop. The untyped part of reflect<T>().
void drive_list_watch(Client& client, const Kind& kind, const ReflectorOptions& options,
                      const telemetry::Log& log, WatchSink& sink, const std::stop_token& stop);

}  // namespace karpenter::kube
