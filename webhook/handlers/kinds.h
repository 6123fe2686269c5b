#pragma once

#include <span>
#include <string_view>

#include "common/admission/admission.h"
#include "webhook/handlers/review.h"

namespace karpenter::webhook {

// What the webhook knows about one kind at one version. All functions are pure and total.
struct AdmissionKind {
  std::string_view group;
  std::string_view version;
  std::string_view kind;
  admission::Verdict (*judge)(const admission::Subject& subject);
  // `object` with absent members added, or null for kinds without defaults. Touches the spec only; what has a
  // wrong type stays as it is. spec: api §13.4
  json::Value (*set_defaults)(json::View object);
  // Whether updates are defaulted too; creations always are.
  bool defaults_updates = true;
};

// Ordered by group, version, kind.
[[nodiscard]] std::span<const AdmissionKind> admission_kinds();
[[nodiscard]] const AdmissionKind* find_admission_kind(std::string_view group, std::string_view version,
                                                       std::string_view kind);

}  // namespace karpenter::webhook
