#pragma once

#include <deque>

#include "common/kube/client.h"
#include "common/kube/event_correlator.h"
#include "common/telemetry/events.h"

namespace karpenter::kube {

// Writes events to the API server from a thread of its own: publish() only queues. Repeated events raise the
// count of the object that exists; what exceeds the limits, or the queue, is dropped. spec: lifecycle §15.1
class EventRecorder final : public telemetry::EventRecorder {
 public:
  // `component`: source of the events. The client outlives the recorder.
  EventRecorder(Client& client, std::string component = "karpenter");
  void publish(telemetry::Event event) override;
  // Writes what is published until stop; then what is queued at that moment is dropped. Run it on one thread.
  void run(const std::stop_token& stop);

 private:
  void write(const telemetry::Event& event, const Call& call);
  base::Status create(const telemetry::Event& event, const EventCorrelator::Write& write, const Call& call);
  base::Status count_up(const telemetry::Event& event, const EventCorrelator::Write& write, const Call& call);

  Client& client_;
  std::string component_;
  runtime::Mutex mutex_;
  std::unique_ptr<runtime::Event> changed_;
  std::deque<telemetry::Event> queue_ KARP_GUARDED_BY(mutex_);
  EventCorrelator correlator_ KARP_GUARDED_BY(mutex_);
};

}  // namespace karpenter::kube
