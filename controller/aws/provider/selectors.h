#pragma once

#include <vector>

#include "common/model/karpenter/v1.h"
#include "controller/aws/client/ec2_types.h"

namespace karpenter::aws {

// Tags as filters: value `*` asks for the key alone. spec: aws §5
[[nodiscard]] std::vector<Filter> tag_filters(const model::StringMap& tags);

// One list of filters per call: all `id` terms together, all `name` terms together, each tag term alone.
// Terms are ORed by separate calls. Pure. spec: aws §5.1, §5.2
struct SelectorFilterNames {
  std::string_view id;
  std::string_view name;
};
[[nodiscard]] std::vector<std::vector<Filter>> selector_queries(const std::vector<model::SelectorTerm>& terms,
                                                                const SelectorFilterNames& names);

}  // namespace karpenter::aws
