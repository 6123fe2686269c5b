#include <algorithm>

#include "common/reconcile/reconciler.h"

namespace karpenter::reconcile {

base::Result<Outcome> outcome_of(base::Error error) {
  if (error.code == base::Code::kNotFound) return Outcome(Done{});
  if (error.code == base::Code::kConflict) return Outcome(Retry{});
  return error;
}

Outcome merge(Outcome a, Outcome b) {
  if (std::holds_alternative<Retry>(a) || std::holds_alternative<Retry>(b)) return Retry{};
  const auto* first = std::get_if<RequeueAfter>(&a);
  const auto* second = std::get_if<RequeueAfter>(&b);
  if (first != nullptr && second != nullptr) return RequeueAfter{std::min(first->delay, second->delay)};
  return first != nullptr ? a : b;
}

}  // namespace karpenter::reconcile
