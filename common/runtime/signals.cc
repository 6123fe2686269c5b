#include "common/runtime/signals.h"

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <thread>

namespace karpenter::runtime {
namespace {

constexpr int kSignalExit = 128;  // the shell's exit code of a process that a signal ended, less the signal

sigset_t stop_signals() {
  sigset_t out;
  sigemptyset(&out);
  sigaddset(&out, SIGINT);
  sigaddset(&out, SIGTERM);
  return out;
}

int wait_for_signal() {
  const sigset_t signals = stop_signals();
  int received = 0;
  sigwait(&signals, &received);
  return received;
}

}  // namespace

void block_signals() {
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

void run_until_signal(const std::function<void(std::stop_token)>& body) {
  std::stop_source source;
  std::atomic<bool> is_done = false;
  std::thread waiter([&] {
    wait_for_signal();
    if (is_done) return;
    source.request_stop();
    const int second = wait_for_signal();
    if (!is_done) std::_Exit(kSignalExit + second);
  });
  body(source.get_token());
  // Ends the waiter, whichever of its two waits it is in; the signal goes to that thread alone.
  is_done = true;
  pthread_kill(waiter.native_handle(), SIGTERM);
  waiter.join();
}

}  // namespace karpenter::runtime
