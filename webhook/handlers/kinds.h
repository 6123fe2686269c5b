#pragma once

#include <span>
#include <string_view>

#include "webhook/handlers/review.h"

namespace karpenter::webhook {

// What the webhook knows about one kind at one version. All functions are pure and total: an object that does
// not even decode becomes a violation that names the path.
struct AdmissionKind {
  std::string_view group;
  std::string_view version;
  std::string_view kind;
  // Violations and warnings of `object`.
  AdmissionAnswer (*validate)(json::View object);
  // `object` with absent members added, or null for kinds without defaults. spec: api §13.4
  base::Result<json::Value> (*set_defaults)(json::View object);
  // Whether updates are defaulted too; creations always are.
  bool defaults_updates = true;
};

// Ordered by group, version, kind.
[[nodiscard]] std::span<const AdmissionKind> admission_kinds();
[[nodiscard]] const AdmissionKind* find_admission_kind(std::string_view group, std::string_view version,
                                                       std::string_view kind);

}  // namespace karpenter::webhook
