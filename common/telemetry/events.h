#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace karpenter::telemetry {

// What an event is about.
struct EventObject {
  std::string api_version;
  std::string kind;
  std::string namespace_name;
  std::string name;
  std::string uid;
};

struct Event {
  EventObject object;
  std::string type;    // Normal, Warning
  std::string reason;  // FailedScheduling, ...
  std::string message;
  std::vector<std::string> dedupe =
      {};  // identity within dedupe_timeout, besides reason; empty: object and message
  std::chrono::seconds dedupe_timeout{120};
};

// Publishes Kubernetes events. publish() never blocks and never fails: events are best effort. Thread-safe.
// The implementation that writes to an API server is kube::EventRecorder.
class EventRecorder {
 public:
  virtual ~EventRecorder() = default;
  virtual void publish(Event event) = 0;
};

}  // namespace karpenter::telemetry
