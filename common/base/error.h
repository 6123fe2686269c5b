#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace karpenter::base {

// What went wrong, in the words a caller decides on. What a code means for retry stands in one table in
// common/reconcile.
enum class Code : std::uint8_t {
  kNotFound,
  kAlreadyExists,
  kConflict,     // a precondition (resourceVersion, uid, JSON patch test) did not hold
  kGone,         // a watch or continue token is too old
  kInvalid,      // the input is wrong; repeating it unchanged cannot help
  kForbidden,    // not authenticated or not authorized
  kThrottled,    // 429 and its AWS spellings
  kTimeout,      // the deadline passed; the work may have been done
  kUnavailable,  // connection refused, 5xx, EOF
  kCancelled,    // our own stop was requested
  kNoCapacity,   // insufficient capacity at the cloud
  kNotReady,     // something this depends on is not ready yet
  kTerminal,     // counted, never retried
  kInternal,     // everything else
};

// "NotFound", "Conflict", ...
[[nodiscard]] std::string_view code_name(Code code);

// One closed error type for the whole project. `message` is constant text; names and ids go into `with`.
struct Error {
  Code code = Code::kInternal;
  std::string message;
  std::vector<std::pair<std::string, std::string>> with = {};
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
  // Machine-readable reason of the other side: an AWS error code ("UnauthorizedOperation"), a Kubernetes
  // status reason ("AlreadyExists") or a condition reason. Empty when there is none.
  std::string reason = {};

  // `message (k=v, k2=v2)`, pairs in the order they were added. spec: lifecycle §2.5
  [[nodiscard]] std::string text() const;

  // Adds context and returns *this, so that `return std::move(e).add("NodeClaim", name)` reads well.
  Error& add(std::string key, std::string value) &;
  Error&& add(std::string key, std::string value) &&;
};

[[nodiscard]] Error make_error(Code code, std::string message);
[[nodiscard]] Error invalid(std::string message);
[[nodiscard]] Error not_found(std::string message);
[[nodiscard]] Error internal(std::string message);

}  // namespace karpenter::base
