#include "controller/provisioning/batch_window.h"

#include <algorithm>

namespace karpenter::provisioning {

bool BatchWindow::trigger(std::string_view key, base::Mono now) {
  if (!seen_.emplace(key).second) return false;
  rearm(now);
  return true;
}

void BatchWindow::rearm(base::Mono now) {
  if (!opened_) opened_ = now;
  last_ = now;
}

void BatchWindow::begin(base::Mono now) {
  if (!opened_) return;
  opened_ = now;
  last_ = now;
}

std::optional<base::Mono> BatchWindow::due() const {
  if (!opened_) return std::nullopt;
  return std::min(*opened_ + options_.max, last_ + options_.idle);
}

void BatchWindow::close() {
  seen_.clear();
  opened_.reset();
}

Batcher::Batcher(runtime::Runtime& runtime, BatchOptions options)
    : runtime_(runtime), changed_(runtime.make_event()), window_(options) {}

void Batcher::trigger(std::string_view key) {
  runtime::Lock lock(mutex_);
  if (window_.trigger(key, runtime_.mono())) changed_->notify_all();
}

void Batcher::rearm() {
  runtime::Lock lock(mutex_);
  window_.rearm(runtime_.mono());
  changed_->notify_all();
}

bool Batcher::wait(std::chrono::nanoseconds patience, const runtime::Call& call) {
  runtime::Lock lock(mutex_);
  window_.begin(runtime_.mono());
  const base::Mono give_up = std::min(runtime_.mono() + patience, call.deadline);
  for (;;) {
    const base::Mono now = runtime_.mono();
    const auto due = window_.due();
    const base::Mono until = due.value_or(give_up);
    if (now >= until) {
      window_.close();
      return due.has_value();
    }
    const auto waited = runtime::wait(*changed_, lock, {.deadline = until, .stop = call.stop},
                                      [&]() KARP_REQUIRES(mutex_) { return window_.due() != due; });
    if (waited.failed_with(base::Code::kCancelled)) return false;
  }
}

}  // namespace karpenter::provisioning
