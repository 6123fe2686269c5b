#include "common/reconcile/queue_core.h"

#include <algorithm>

#include "common/base/check.h"

namespace karpenter::reconcile {

QueueCore::Slot QueueCore::delayed_slot(const model::ObjectKey& key, const Entry& entry) {
  return {.rank = 0, .ready = entry.ready, .sequence = entry.sequence, .key = key};
}

QueueCore::Slot QueueCore::ready_slot(const model::ObjectKey& key, const Entry& entry) {
  return {
      .rank = -std::int64_t{entry.priority}, .ready = entry.ready, .sequence = entry.sequence, .key = key};
}

void QueueCore::enqueue(const model::ObjectKey& key, const Entry& entry) {
  entries_.insert_or_assign(key, entry);
  delayed_.insert(delayed_slot(key, entry));
}

bool QueueCore::add(const model::ObjectKey& key, Priority priority, base::Mono ready) {
  Entry entry{.priority = priority, .ready = ready, .sequence = sequence_++};
  const auto join = [&entry](const Entry& old) {
    entry = {.priority = std::max(old.priority, entry.priority),
             .ready = std::min(old.ready, entry.ready),
             .sequence = old.sequence};
  };
  if (const auto running = processing_.find(key); running != processing_.end()) {
    const bool fresh = !running->second.has_value();
    if (!fresh) join(*running->second);
    running->second = entry;
    return fresh;
  }
  const auto old = entries_.find(key);
  const bool fresh = old == entries_.end();
  if (!fresh) {
    delayed_.erase(delayed_slot(key, old->second));
    ready_.erase(ready_slot(key, old->second));
    join(old->second);
  }
  enqueue(key, entry);
  return fresh;
}

void QueueCore::promote(base::Mono now) {
  while (!delayed_.empty() && delayed_.begin()->ready <= now) {
    const auto slot = delayed_.extract(delayed_.begin());
    const auto& key = slot.value().key;
    ready_.insert(ready_slot(key, entries_.at(key)));
  }
}

std::optional<QueueCore::Item> QueueCore::take(base::Mono now) {
  promote(now);
  if (ready_.empty()) return std::nullopt;
  const auto slot = ready_.extract(ready_.begin());
  const auto& key = slot.value().key;
  const auto entry = entries_.extract(key);
  processing_.emplace(key, std::nullopt);
  return Item{.key = key, .priority = entry.mapped().priority, .ready = entry.mapped().ready};
}

void QueueCore::done(const model::ObjectKey& key) {
  const auto running = processing_.extract(key);
  KARP_CHECK(!running.empty());
  if (running.mapped()) enqueue(key, *running.mapped());
}

std::optional<base::Mono> QueueCore::next_ready() const {
  if (!ready_.empty()) return ready_.begin()->ready;
  if (!delayed_.empty()) return delayed_.begin()->ready;
  return std::nullopt;
}

std::size_t QueueCore::depth(Priority priority, base::Mono now) const {
  const auto counts = [&](const Slot& slot) {
    const auto& entry = entries_.at(slot.key);
    return entry.priority == priority && entry.ready <= now;
  };
  const auto in = [&counts](const std::set<Slot>& slots) {
    return static_cast<std::size_t>(std::ranges::count_if(slots, counts));
  };
  return in(ready_) + in(delayed_);
}

RateLimiter::RateLimiter(const RateLimit& limit) : limit_(limit) {
  if (limit.bucket_qps > 0) bucket_.emplace(limit.bucket_qps, limit.bucket_burst);
}

std::chrono::nanoseconds RateLimiter::when(const model::ObjectKey& key, base::Mono now) {
  const int failures = failures_[key]++;
  auto delay = limit_.base;
  for (int i = 0; i < failures && delay < limit_.cap; ++i) delay *= 2;
  delay = std::min(delay, limit_.cap);
  return bucket_ ? std::max(delay, bucket_->reserve(now)) : delay;
}

}  // namespace karpenter::reconcile
