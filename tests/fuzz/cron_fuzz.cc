#include "common/admission/rules.h"
#include "controller/disruption/plan/cron.h"
#include "tests/fuzz/fuzz.h"

// The webhook accepts the schedules that the controller can read, and their times only go forward.
KARP_FUZZ(text) {
  const auto cron = karpenter::disruption::plan::Cron::parse(text);
  KARP_CHECK(cron.has_value() == !karpenter::admission::schedule_fault(text).has_value());
  if (!cron) return;
  karpenter::base::Time time = karpenter::base::parse_rfc3339("2026-01-02T03:04:05Z").value();
  for (int i = 0; i < 3; ++i) {
    const auto next = cron->next_after(time);
    if (!next) return;
    KARP_CHECK(*next > time);
    time = *next;
  }
}
