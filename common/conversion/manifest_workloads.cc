#include "common/conversion/manifest_workloads.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "common/schema/path.h"

namespace karpenter::conversion {
namespace {

using schema::Path;

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kRenamed{{
    {"karpenter.sh/provisioner-name", "use karpenter.sh/nodepool"},
    {"karpenter.sh/do-not-evict", "use karpenter.sh/do-not-disrupt"},
    {"karpenter.sh/do-not-consolidate", "use karpenter.sh/do-not-disrupt"},
    {"karpenter.sh/disruption", "use karpenter.sh/disrupted"},
    {"karpenter.sh/emptiness-timestamp", "is gone"},
    {"karpenter.k8s.aws/instance-pods", "is gone"},
    {"karpenter.k8s.aws/instance-ami-id", "is gone"},
}};

void check_name(std::string_view name, const Path& path, const Sayer& say) {
  const auto* found = std::ranges::find(kRenamed, name, [](const auto& entry) { return entry.first; });
  if (found != kRenamed.end())
    say("W-WORKLOAD", path.text(), std::string(name) + ": " + std::string(found->second));
}

// Keys of labels, selectors and annotations; values such as `key:` and `topologyKey:`.
void walk(json::View at, const Path& path, const Sayer& say) {
  for (const auto& [key, value] : at.members()) {
    const Path here{.parent = &path, .name = key, .is_key = key.find('/') != std::string_view::npos};
    check_name(key, here, say);
    walk(value, here, say);
  }
  std::size_t index = 0;
  for (const auto item : at.items()) walk(item, Path{.parent = &path, .index = index++}, say);
  if (const auto text = at.string()) check_name(*text, path, say);
}

}  // namespace

void check_workload(json::View object, const Sayer& say) {
  constexpr std::array<std::string_view, 6> kKinds{"Pod",       "Deployment", "StatefulSet",
                                                   "DaemonSet", "Job",        "CronJob"};
  if (std::ranges::find(kKinds, object["kind"].string_or("")) != kKinds.end()) walk(object, Path{}, say);
}

}  // namespace karpenter::conversion
