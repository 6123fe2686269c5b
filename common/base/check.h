#pragma once

// Programmer errors only. Input from outside is validated into a Result, never checked with these.

namespace karpenter::base {
// Prints the failed condition with its place to stderr and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace karpenter::base

// Always on: the condition is impossible to break unless our own code is wrong.
#define KARP_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::karpenter::base::check_failed(#condition, __FILE__, __LINE__))

// Expensive checks: debug builds only.
#ifdef NDEBUG
#define KARP_DCHECK(condition) static_cast<void>(0)
#else
#define KARP_DCHECK(condition) KARP_CHECK(condition)
#endif
