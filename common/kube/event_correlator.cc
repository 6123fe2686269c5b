#include "common/kube/event_correlator.h"

#include "common/base/strings.h"

namespace karpenter::kube {
namespace {

constexpr double kRefillPerSecond = 1.0 / 300;
constexpr int kBurst = 25;
constexpr std::size_t kMaxSimilar = 10;
constexpr auto kSimilarWindow = std::chrono::minutes(10);
constexpr std::size_t kMaxRemembered = 4096;  // entries of each kind

std::string object_key(const telemetry::EventObject& object) {
  return object.kind + "\n" + object.namespace_name + "\n" + object.name + "\n" + object.uid;
}

}  // namespace

bool EventCorrelator::admit(const telemetry::Event& event, base::Mono now) {
  if (event.dedupe.empty()) return true;
  const auto key = base::to_lower(event.reason + "-" + base::join(event.dedupe, "-"));
  const auto [it, fresh] = admitted_until_.try_emplace(key, now + event.dedupe_timeout);
  if (!fresh && now < it->second) return false;
  it->second = now + event.dedupe_timeout;
  if (admitted_until_.size() > kMaxRemembered) {
    std::erase_if(admitted_until_, [now](const auto& entry) { return entry.second <= now; });
  }
  return true;
}

// More than ten different messages of one reason about one object in ten minutes become one series.
bool EventCorrelator::is_aggregated(const std::string& similar_key, const std::string& message,
                                    base::Mono now) {
  auto& similar =
      similar_.try_emplace(similar_key, Similar{.window_start = now, .messages = {}}).first->second;
  if (now - similar.window_start > kSimilarWindow) similar = {.window_start = now, .messages = {}};
  if (similar.messages.size() <= kMaxSimilar) similar.messages.emplace(message, true);
  return similar.messages.size() > kMaxSimilar;
}

std::optional<EventCorrelator::Write> EventCorrelator::correlate(const telemetry::Event& event,
                                                                 base::Mono now) {
  shrink(now);
  const auto object = object_key(event.object);
  if (!buckets_.try_emplace(object, kRefillPerSecond, kBurst).first->second.try_take(now))
    return std::nullopt;
  const auto similar_key = object + "\n" + event.type + "\n" + event.reason;
  const bool aggregated = is_aggregated(similar_key, event.message, now);
  Write write{.series = aggregated ? similar_key : similar_key + "\n" + event.message,
              .name = "",
              .message = aggregated ? "(combined from similar events): " + event.message : event.message};
  auto& series = series_[write.series];
  series.last = now;
  write.count = ++series.count;
  write.name = series.name;
  return write;
}

void EventCorrelator::written(const std::string& series, const std::string& name) {
  if (const auto it = series_.find(series); it != series_.end()) it->second.name = name;
}

void EventCorrelator::forget(const std::string& series) {
  if (const auto it = series_.find(series); it != series_.end())
    it->second = {.name = "", .count = 1, .last = it->second.last};
}

// Forgetting costs a repeated event or a fresh count, never more.
void EventCorrelator::shrink(base::Mono now) {
  if (buckets_.size() > kMaxRemembered) buckets_.clear();
  if (similar_.size() > kMaxRemembered) similar_.clear();
  if (series_.size() <= kMaxRemembered) return;
  std::erase_if(series_, [now](const auto& entry) { return now - entry.second.last > kSimilarWindow; });
  if (series_.size() > kMaxRemembered) series_.clear();
}

}  // namespace karpenter::kube
