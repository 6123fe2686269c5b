#include "common/runtime/thread.h"

#include <pthread.h>

#include <utility>

#include "common/base/check.h"

namespace karpenter::runtime {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kStackBytes = 4UL << 20U;  // instrumented frames are several times larger
#else
constexpr std::size_t kStackBytes = 1UL << 20U;
#endif

}  // namespace

struct NativeThread::State {
  std::function<void()> body;
  pthread_t id{};
  bool joined = false;
};

NativeThread::NativeThread(const std::string& name, std::function<void()> body)
    : state_(std::make_unique<State>()) {
  state_->body = std::move(body);
  pthread_attr_t attributes;
  KARP_CHECK(pthread_attr_init(&attributes) == 0);
  KARP_CHECK(pthread_attr_setstacksize(&attributes, kStackBytes) == 0);
  const auto run = [](void* state) -> void* {
    static_cast<State*>(state)->body();
    return nullptr;
  };
  const int failed = pthread_create(&state_->id, &attributes, run, state_.get());
  pthread_attr_destroy(&attributes);
  KARP_CHECK(failed == 0);
  pthread_setname_np(state_->id, name.substr(0, 15).c_str());  // best effort
}

NativeThread::~NativeThread() { join(); }

void NativeThread::join() {
  if (std::exchange(state_->joined, true)) return;
  KARP_CHECK(pthread_join(state_->id, nullptr) == 0);
}

}  // namespace karpenter::runtime
