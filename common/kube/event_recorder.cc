#include "common/kube/event_recorder.h"

#include <array>
#include <charconv>

#include "common/kube/codec.h"
#include "common/model/core/core.h"

namespace karpenter::kube {
namespace {

constexpr std::size_t kMaxQueued = 1000;
constexpr int kAttempts = 3;
constexpr auto kPause = std::chrono::seconds(2);

// Events about cluster-scoped objects live in `default`.
std::string namespace_of(const telemetry::Event& event) {
  return event.object.namespace_name.empty() ? "default" : event.object.namespace_name;
}

std::string event_name(const std::string& object_name, base::Time now) {
  std::array<char, 20> hex{};
  const auto nanos = static_cast<std::uint64_t>(now.time_since_epoch().count());
  const auto end = std::to_chars(hex.data(), hex.data() + hex.size(), nanos, 16).ptr;
  return object_name + "." + std::string(hex.data(), end);
}

bool is_transient(const base::Status& status) {
  return status.failed_with(base::Code::kUnavailable) || status.failed_with(base::Code::kTimeout) ||
         status.failed_with(base::Code::kThrottled);
}

}  // namespace

EventRecorder::EventRecorder(Client& client, std::string component)
    : client_(client), component_(std::move(component)), changed_(client.runtime().make_event()) {}

void EventRecorder::publish(telemetry::Event event) {
  const auto now = client_.runtime().mono();
  const runtime::Lock lock(mutex_);
  if (!correlator_.admit(event, now) || queue_.size() >= kMaxQueued) return;
  queue_.push_back(std::move(event));
  changed_->notify_all();
}

void EventRecorder::run(const std::stop_token& stop) {
  const Call call{.deadline = runtime::Mono::max(), .stop = stop};
  for (;;) {
    telemetry::Event event;
    {
      runtime::Lock lock(mutex_);
      if (!runtime::wait(*changed_, lock, call,
                         [this]() KARP_NO_THREAD_SAFETY_ANALYSIS { return !queue_.empty(); }))
        return;
      event = std::move(queue_.front());
      queue_.pop_front();
    }
    write(event, call);
  }
}

void EventRecorder::write(const telemetry::Event& event, const Call& call) {
  std::optional<EventCorrelator::Write> write;
  {
    const runtime::Lock lock(mutex_);
    write = correlator_.correlate(event, client_.runtime().mono());
  }
  for (int attempt = 0; write && attempt < kAttempts; ++attempt) {
    auto status = write->name.empty() ? create(event, *write, call) : count_up(event, *write, call);
    if (status.failed_with(base::Code::kNotFound) && !write->name.empty()) {  // expired on the server
      write->name.clear();
      write->count = 1;
      const runtime::Lock lock(mutex_);
      correlator_.forget(write->series);
      continue;
    }
    if (!is_transient(status) || !runtime::sleep_for(client_.runtime(), kPause, call)) return;
  }
}

base::Status EventRecorder::create(const telemetry::Event& event, const EventCorrelator::Write& write,
                                   const Call& call) {
  const auto now = client_.runtime().now();
  model::KubeEvent object;
  object.meta.name = event_name(event.object.name, now);
  object.meta.namespace_name = namespace_of(event);
  object.involved_object = {.api_version = event.object.api_version,
                            .kind = event.object.kind,
                            .namespace_name = event.object.namespace_name,
                            .name = event.object.name,
                            .uid = event.object.uid};
  object.reason = event.reason;
  object.message = write.message;
  object.type = event.type;
  object.count = write.count;
  object.source_component = component_;
  object.reporting_component = component_;
  object.first_timestamp = now;
  object.last_timestamp = now;
  const auto body = encode(object);
  RETURN_IF_ERROR(client_.send(
      create_request(kind_of<model::KubeEvent>(), object.meta.namespace_name, body.view()), call));
  const runtime::Lock lock(mutex_);
  correlator_.written(write.series, object.meta.name);
  return base::ok();
}

base::Status EventRecorder::count_up(const telemetry::Event& event, const EventCorrelator::Write& write,
                                     const Call& call) {
  auto patch = json::Value::object();
  patch["count"].set(std::int64_t{write.count});
  patch["message"].set(write.message);
  patch["lastTimestamp"].set(base::format_rfc3339(client_.runtime().now()));
  const model::ObjectKey key{.namespace_name = namespace_of(event), .name = write.name};
  RETURN_IF_ERROR(client_.send(
      patch_request(kind_of<model::KubeEvent>(), key, PatchType::kMerge, patch.view(), ""), call));
  return base::ok();
}

}  // namespace karpenter::kube
