#include "controller/provisioning/consolidation_warnings.h"

#include <algorithm>
#include <chrono>

#include "common/base/strings.h"

namespace karpenter::provisioning {
namespace {

constexpr std::chrono::hours kSilence{24};
constexpr std::size_t kShown = 10;

bool prefers_to_be_apart(const model::Pod& pod) {
  return pod.spec.affinity && pod.spec.affinity->pod_anti_affinity &&
         !pod.spec.affinity->pod_anti_affinity->preferred.empty();
}

bool prefers_to_spread(const model::Pod& pod) {
  return std::ranges::any_of(pod.spec.topology_spread_constraints,
                             [](const auto& c) { return c.when_unsatisfiable == "ScheduleAnyway"; });
}

std::string names_text(const std::vector<const model::Pod*>& pods) {
  std::vector<std::string> names;
  for (const auto* pod : pods)
    if (names.size() < kShown) names.push_back(model::key_of(pod->meta).text());
  const std::string out = base::join(names, ", ");
  return pods.size() <= kShown ? out : out + " and " + std::to_string(pods.size() - kShown) + " other(s)";
}

}  // namespace

std::vector<const model::Pod*> ConsolidationWarnings::take_new(const std::vector<const model::Pod*>& pods,
                                                               base::Mono now, Seen& seen,
                                                               bool (*concerns)(const model::Pod&)) {
  std::erase_if(seen, [&](const auto& entry) { return now - entry.second >= kSilence; });
  std::vector<const model::Pod*> out;
  for (const auto* pod : pods)
    if (concerns(*pod) && seen.emplace(pod->meta.uid, now).second) out.push_back(pod);
  return out;
}

void ConsolidationWarnings::report(const std::vector<const model::Pod*>& pods, base::Mono now,
                                   telemetry::Log& log) {
  const auto apart = take_new(pods, now, apart_, prefers_to_be_apart);
  if (!apart.empty())
    log.info("pod(s) have a preferred Anti-Affinity which can prevent consolidation",
             {{"pods", names_text(apart)}});
  const auto spread = take_new(pods, now, spread_, prefers_to_spread);
  if (!spread.empty())
    log.info("pod(s) have a preferred TopologySpreadConstraint which can prevent consolidation",
             {{"pods", names_text(spread)}});
}

}  // namespace karpenter::provisioning
