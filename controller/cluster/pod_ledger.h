#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.h"
#include "common/model/core/core.h"
#include "common/model/meta.h"
#include "common/runtime/runtime.h"
#include "common/runtime/thread_annotations.h"
#include "common/telemetry/metrics.h"

namespace karpenter::cluster {

// When each pod was first seen by a trigger, first decided upon and first found schedulable, and the
// NodeClaim it is meant for. In memory only. Thread-safe. spec: scheduling §4.10
class PodLedger {
 public:
  PodLedger(runtime::Runtime& runtime, telemetry::Metrics& metrics) : runtime_(runtime), metrics_(metrics) {}

  void acknowledge(const model::ObjectKey& pod);  // the first time counts
  // The outcome of one pass; observes the decision duration of pods decided upon for the first time.
  void record_pass(std::span<const model::ObjectKey> placed, std::span<const model::ObjectKey> failed);
  // The pods that a new or existing claim is meant for.
  void assign(std::string_view node_claim, std::span<const model::ObjectKey> pods);
  void forget(const model::ObjectKey& pod);

  [[nodiscard]] std::vector<model::ObjectKey> pods_of_claim(std::string_view node_claim) const;
  [[nodiscard]] std::optional<base::Mono> schedulable_since(const model::ObjectKey& pod) const;

 private:
  struct Record {
    std::optional<base::Mono> acknowledged;
    std::optional<base::Mono> decided;
    std::optional<base::Mono> schedulable;
    std::string node_claim;
  };
  void decide(Record& record, base::Mono now) KARP_REQUIRES(mutex_);

  runtime::Runtime& runtime_;
  telemetry::Metrics& metrics_;
  mutable runtime::Mutex mutex_;
  std::map<model::ObjectKey, Record> records_ KARP_GUARDED_BY(mutex_);
};

// Buckets of the scheduling durations, in seconds. spec: scheduling §23.2
[[nodiscard]] const std::vector<double>& scheduling_duration_buckets();

}  // namespace karpenter::cluster
