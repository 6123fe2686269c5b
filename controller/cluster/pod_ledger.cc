#include "controller/cluster/pod_ledger.h"

namespace karpenter::cluster {

using runtime::Lock;

void PodLedger::acknowledge(const model::ObjectKey& pod) {
  Lock lock(mutex_);
  Record& record = records_[pod];
  if (!record.acknowledged) record.acknowledged = runtime_.mono();
}

void PodLedger::decide(Record& record, base::Mono now) {
  if (record.decided) return;
  record.decided = now;
  if (!record.acknowledged) return;
  const std::chrono::duration<double> waited = now - *record.acknowledged;
  metrics_.observe("karpenter_pods_scheduling_decision_duration_seconds", {}, waited.count(),
                   scheduling_duration_buckets());
}

void PodLedger::record_pass(std::span<const model::ObjectKey> placed,
                            std::span<const model::ObjectKey> failed) {
  const base::Mono now = runtime_.mono();
  Lock lock(mutex_);
  for (const auto& pod : failed) {
    Record& record = records_[pod];
    record.schedulable.reset();
    record.node_claim.clear();
    decide(record, now);
  }
  for (const auto& pod : placed) {
    Record& record = records_[pod];
    if (!record.schedulable) record.schedulable = now;
    decide(record, now);
  }
}

void PodLedger::assign(std::string_view node_claim, std::span<const model::ObjectKey> pods) {
  Lock lock(mutex_);
  for (const auto& pod : pods) records_[pod].node_claim = node_claim;
}

void PodLedger::forget(const model::ObjectKey& pod) {
  Lock lock(mutex_);
  records_.erase(pod);
}

std::vector<model::ObjectKey> PodLedger::pods_of_claim(std::string_view node_claim) const {
  Lock lock(mutex_);
  std::vector<model::ObjectKey> out;
  for (const auto& [pod, record] : records_)
    if (record.node_claim == node_claim) out.push_back(pod);
  return out;
}

std::optional<base::Mono> PodLedger::schedulable_since(const model::ObjectKey& pod) const {
  Lock lock(mutex_);
  const auto it = records_.find(pod);
  return it == records_.end() ? std::nullopt : it->second.schedulable;
}

const std::vector<double>& scheduling_duration_buckets() {
  static const std::vector<double> buckets = {
      0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7,
      0.8,   0.9,  1,     1.25, 1.5, 1.75, 2,   2.5,  3,   3.5,  4,   4.5,  5,   6,   7,
      8,     9,    10,    15,   20,  25,   30,  40,   50,  60,   120, 150,  300, 450, 600};
  return buckets;
}

}  // namespace karpenter::cluster
