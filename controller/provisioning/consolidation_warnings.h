#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "common/model/core/core.h"
#include "common/telemetry/log.h"

namespace karpenter::provisioning {

// Says in the log which pending pods prefer what keeps consolidation from working: preferred anti-affinity,
// ScheduleAnyway. Each pod once in 24 hours per kind. Only for preference policy Respect. One thread. spec:
// scheduling §2.6
class ConsolidationWarnings {
 public:
  void report(const std::vector<const model::Pod*>& pods, base::Mono now, telemetry::Log& log);

 private:
  using Seen = std::map<std::string, base::Mono, std::less<>>;  // pod UID -> when it was named
  static std::vector<const model::Pod*> take_new(const std::vector<const model::Pod*>& pods, base::Mono now,
                                                 Seen& seen, bool (*concerns)(const model::Pod&));
  Seen apart_;
  Seen spread_;
};

}  // namespace karpenter::provisioning
