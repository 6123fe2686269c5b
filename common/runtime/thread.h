#pragma once

#include <functional>
#include <memory>
#include <string>

namespace karpenter::runtime {

// An operating-system thread with a small stack (1 MiB reserved, touched pages only are paid for) and a name
// that debuggers show (its first 15 characters). Only runtimes make these; everybody else calls
// Runtime::spawn.
class NativeThread {
 public:
  // Starts at once. Aborts when the system has no thread to give: nothing of ours can work then.
  NativeThread(const std::string& name, std::function<void()> body);
  ~NativeThread();  // joins
  NativeThread(const NativeThread&) = delete;
  NativeThread& operator=(const NativeThread&) = delete;

  // Waits until `body` has returned. Idempotent; not thread-safe.
  void join();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace karpenter::runtime
