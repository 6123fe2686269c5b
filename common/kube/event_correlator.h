#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/kube/token_bucket.h"
#include "common/telemetry/events.h"

namespace karpenter::kube {

// Decides what becomes of an event: dropped, written as a new object, or counted on one that exists. Pure:
// the caller tells the time and writes. Memory is bounded. Not thread-safe. spec: lifecycle §15.1
class EventCorrelator {
 public:
  // Step 1, when an event is published: false when its deduplication key was seen within its lifetime.
  bool admit(const telemetry::Event& event, base::Mono now);

  struct Write {
    std::string series;   // identifies the Event object; give it back to written()
    std::string name;     // of the Event object to patch; empty: create one
    std::string message;  // as it is to be written
    std::int32_t count = 1;
  };
  // Step 2, before writing: nothing when the object's rate limit is used up.
  std::optional<Write> correlate(const telemetry::Event& event, base::Mono now);
  // The write succeeded under this object name.
  void written(const std::string& series, const std::string& name);
  // The Event object is gone from the server: the next one of the series is created anew.
  void forget(const std::string& series);

 private:
  struct Similar {
    base::Mono window_start;
    std::map<std::string, bool> messages;  // distinct ones, capped
  };
  struct Series {
    std::string name;
    std::int32_t count = 0;
    base::Mono last;
  };
  bool is_aggregated(const std::string& similar_key, const std::string& message, base::Mono now);
  void shrink(base::Mono now);

  std::map<std::string, base::Mono> admitted_until_;
  std::map<std::string, TokenBucket> buckets_;
  std::map<std::string, Similar> similar_;
  std::map<std::string, Series> series_;
};

}  // namespace karpenter::kube
