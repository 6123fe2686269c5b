#include "controller/provisioning/in_parallel.h"

#include <algorithm>
#include <atomic>

namespace karpenter::provisioning {

void in_parallel(runtime::Runtime& runtime, std::size_t count, std::size_t threads,
                 const std::function<void(std::size_t)>& body) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) body(i);
  };
  const std::size_t helpers = std::min(count, threads) - (count == 0 ? 0 : 1);
  const auto done = runtime.make_event();
  runtime::Mutex mutex;
  std::size_t working = helpers;
  for (std::size_t i = 0; i < helpers; ++i) {
    runtime.spawn("provisioner helper", [&](const std::stop_token&) {
      work();
      runtime::Lock lock(mutex);
      --working;
      done->notify_all();
    });
  }
  work();
  runtime::Lock lock(mutex);
  // Not cancelled by a stop: the helpers use what lives here.
  while (working > 0) done->wait_until(lock, runtime::Mono::max());
}

}  // namespace karpenter::provisioning
