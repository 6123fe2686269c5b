#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include "common/base/check.h"
#include "common/base/error.h"

namespace karpenter::base {

// The value of a void Result.
struct Ok {};

// Either a T or an Error, shaped like std::expected (gcc 12 has none). Never empty; moved-from holds a
// moved-from T or Error. Reading the wrong side is a programmer error and aborts. Not thread-safe.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  // NOLINTNEXTLINE(google-explicit-constructor): `return value;`
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  // Anything that converts to T: `return Alternative{};` for a variant.
  template <class U>
  requires(std::is_convertible_v<U, T> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error> && !std::is_same_v<std::remove_cvref_t<U>, T>)
      // NOLINTNEXTLINE(google-explicit-constructor): `return alternative;`
      Result(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor): `return error;`
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  [[nodiscard]] T& value() & {
    KARP_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] const T& value() const& {
    KARP_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] T&& value() && {
    KARP_CHECK(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] Error& error() & {
    KARP_CHECK(!has_value());
    return *std::get_if<1>(&state_);
  }
  [[nodiscard]] const Error& error() const& {
    KARP_CHECK(!has_value());
    return *std::get_if<1>(&state_);
  }
  [[nodiscard]] Error&& error() && {
    KARP_CHECK(!has_value());
    return std::move(*std::get_if<1>(&state_));
  }

  // The value, or `fallback` when this is an error.
  [[nodiscard]] T value_or(T fallback) && {
    return has_value() ? std::move(*this).value() : std::move(fallback);
  }

  // True when this is an error with that code.
  [[nodiscard]] bool failed_with(Code code) const { return !has_value() && error().code == code; }

 private:
  std::variant<T, Error> state_;
};

// A Result without a value: `return ok();` or an Error.
using Status = Result<Ok>;
[[nodiscard]] inline Status ok() { return Ok{}; }

}  // namespace karpenter::base

#define KARP_CONCAT_INNER(a, b) a##b
#define KARP_CONCAT(a, b) KARP_CONCAT_INNER(a, b)

// Statement macros only; the GNU-expression form leaks half-built aggregates on early return with gcc 12
// (architecture §5.1).
#define RETURN_IF_ERROR(expression)                                      \
  do {                                                                   \
    auto karp_status = (expression);                                     \
    if (!karp_status.has_value()) return std::move(karp_status).error(); \
  } while (false)

#define ASSIGN_OR_RETURN(lhs, expression) \
  ASSIGN_OR_RETURN_INNER(KARP_CONCAT(karp_result_, __LINE__), lhs, expression)
#define ASSIGN_OR_RETURN_INNER(tmp, lhs, expression)   \
  auto tmp = (expression);                             \
  if (!tmp.has_value()) return std::move(tmp).error(); \
  lhs = std::move(tmp).value()
