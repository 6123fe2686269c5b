#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/json/json.h"

// What the API server and our webhook would say of an object that is created, without either.

namespace karpenter::webhook::offline {

enum class Severity : std::uint8_t { kError, kWarning };

// One thing to say. `path` as in messages of the API server; "" is the object.
struct Finding {
  Severity severity = Severity::kError;
  std::string_view rule;  // one of rules()
  std::string path;
  std::string message;
};

// The identifiers that findings carry: the reasons of metav1.StatusCause and some of our own.
struct Rule {
  std::string_view id;
  std::string_view description;
};
[[nodiscard]] std::span<const Rule> rules();
inline constexpr std::string_view kMalformedDocument = "MalformedDocument";

struct Verdict {
  bool is_ours = false;           // a kind of Karpenter's groups; others are not looked at
  std::vector<Finding> findings;  // sorted by path
  [[nodiscard]] bool has_error() const;
};

// PURE: the defaults of the CRD, then what the validating webhook says (schema and rules), unknown members
// and metadata. All findings at once. Total. spec: api §1.5, §13.3, §13.5
[[nodiscard]] Verdict check(json::View object);

}  // namespace karpenter::webhook::offline
