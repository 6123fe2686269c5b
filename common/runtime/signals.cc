#include "common/runtime/signals.h"

#include <pthread.h>
#include <signal.h>

#include <cstdlib>
#include <thread>

namespace karpenter::runtime {
namespace {

sigset_t stop_signals() {
  sigset_t out;
  sigemptyset(&out);
  sigaddset(&out, SIGINT);
  sigaddset(&out, SIGTERM);
  return out;
}

}  // namespace

void block_signals() {
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

void run_until_signal(const std::function<void(std::stop_token)>& body) {
  std::stop_source source;
  std::thread waiter([&source] {
    const sigset_t signals = stop_signals();
    int received = 0;
    sigwait(&signals, &received);
    if (source.stop_requested()) return;  // body is done: we sent it
    source.request_stop();
    sigwait(&signals, &received);
    if (received == SIGINT) std::_Exit(130);
  });
  body(source.get_token());
  // Ends the waiter, whichever of its two waits it is in. SIGTERM twice would be a user's impatience; this is
  // ours.
  source.request_stop();
  pthread_kill(waiter.native_handle(), SIGTERM);
  waiter.join();
}

}  // namespace karpenter::runtime
