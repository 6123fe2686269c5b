#include "common/runtime/runtime.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

#include "common/base/check.h"
#include "common/base/strings.h"

namespace karpenter::runtime {
namespace {

// now + duration without overflow.
Mono later(Mono now, std::chrono::nanoseconds duration) {
  if (duration.count() <= 0) return now;
  return now > Mono::max() - duration ? Mono::max() : now + duration;
}

// One wait that a stop request ends too. The stop callback takes the mutex before it notifies, so a request
// between the check and the wait is not lost. The callback is made and destroyed without the mutex: its
// constructor may run it at once, and its destructor waits while another thread runs it. The world may change
// meanwhile, so both conditions are asked again before the wait, and by the caller after it.
bool wait_once(Event& event, Lock& lock, const Call& call,
               const std::function<bool()>& ready) KARP_NO_THREAD_SAFETY_ANALYSIS {
  if (!call.stop.stop_possible()) return event.wait_until(lock, call.deadline);
  std::mutex& mutex = *lock.native().mutex();
  bool in_time = true;
  lock.unlock();
  {
    const std::stop_callback wake(call.stop, [&mutex, &event] {
      const std::lock_guard guard(mutex);
      event.notify_all();
    });
    lock.lock();
    if (!ready() && !call.stop.stop_requested()) in_time = event.wait_until(lock, call.deadline);
    lock.unlock();
  }
  lock.lock();
  return in_time;
}

}  // namespace

base::Status wait(Event& event, Lock& lock, const Call& call, const std::function<bool()>& ready) {
  for (bool in_time = true;;) {
    if (ready()) return base::ok();
    if (call.stop.stop_requested()) return base::make_error(base::Code::kCancelled, "stopped while waiting");
    if (!in_time) return base::make_error(base::Code::kTimeout, "deadline exceeded while waiting");
    in_time = wait_once(event, lock, call, ready);
  }
}

base::Status sleep_for(Runtime& runtime, std::chrono::nanoseconds duration, const Call& call) {
  const Mono wake = later(runtime.mono(), duration);
  const std::unique_ptr<Event> event = runtime.make_event();
  Mutex mutex;
  Lock lock(mutex);
  base::Status status = wait(*event, lock, {.deadline = std::min(wake, call.deadline), .stop = call.stop},
                             [] { return false; });
  const bool slept = status.failed_with(base::Code::kTimeout) && wake <= call.deadline;
  return slept ? base::ok() : status;
}

Call within(Runtime& runtime, const Call& call, std::chrono::nanoseconds limit) {
  return {.deadline = std::min(call.deadline, later(runtime.mono(), limit)), .stop = call.stop};
}

std::uint64_t random_below(Runtime& runtime, std::uint64_t bound) {
  KARP_CHECK(bound > 0);
  // Values at or above the largest multiple of `bound` would favour small results; draw again.
  const std::uint64_t excess = (std::numeric_limits<std::uint64_t>::max() % bound + 1) % bound;
  const std::uint64_t limit = std::numeric_limits<std::uint64_t>::max() - excess;
  std::uint64_t value = runtime.random();
  while (value > limit) value = runtime.random();
  return value % bound;
}

double random_unit(Runtime& runtime) {
  return static_cast<double>(runtime.random() >> 11U) * 0x1.0p-53;  // 53 bits: every result is exact
}

std::string random_uuid(Runtime& runtime) {
  std::string bytes;
  for (const std::uint64_t word : {runtime.random(), runtime.random()}) {
    for (unsigned shift = 0; shift < 64; shift += 8) bytes += static_cast<char>((word >> shift) & 255U);
  }
  bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0FU) | 0x40U);  // version 4
  bytes[8] =
      static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3FU) | 0x80U);  // variant of RFC 4122
  std::string text = base::hex_encode(bytes);
  for (const std::size_t dash : {8U, 13U, 18U, 23U}) text.insert(dash, 1, '-');
  return text;
}

std::string random_suffix(Runtime& runtime, std::size_t n) {
  constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";  // no vowels: no words by accident
  std::string out;
  while (out.size() < n) out += kAlphabet[random_below(runtime, kAlphabet.size())];
  return out;
}

}  // namespace karpenter::runtime
