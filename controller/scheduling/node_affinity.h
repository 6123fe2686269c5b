#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/model/core/core.h"
#include "common/model/requirements.h"
#include "common/model/taints.h"

namespace karpenter::scheduling {

// What the pod requires of its node, one set per way to satisfy it: nodeSelector with each OR-term of the
// required node affinity, in order; never empty. Preferred terms and matchFields are not looked at. kInvalid
// names the bad key. spec: scheduling §5.9 (strict form)
[[nodiscard]] base::Result<std::vector<model::Requirements>> required_alternatives(
    const model::PodSpec& spec);

// A node with these labels meets the requirements; a missing label meets only NotIn and DoesNotExist.
// `hostname` stands in for a missing kubernetes.io/hostname label. spec: scheduling §5.6, §8.5 step 1
[[nodiscard]] bool accepts(const model::StringMap& labels, std::string_view hostname,
                           const model::Requirements& requirements);

enum class PreferNoSchedule : std::uint8_t { kHard, kTolerated };
// The taints that nothing tolerates, in order. spec: scheduling §6.1, §6.4
[[nodiscard]] std::vector<const model::Taint*> untolerated(std::span<const model::Taint> taints,
                                                           std::span<const model::Toleration> tolerations,
                                                           PreferNoSchedule prefer);

}  // namespace karpenter::scheduling
