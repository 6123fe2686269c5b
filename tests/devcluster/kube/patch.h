#pragma once

#include "common/base/result.h"
#include "common/json/json.h"

namespace karpenter::devcluster {

// Strategic merge patch: lists with x-kubernetes-patch-strategy "merge" in `schema` are merged by their key
// or as sets; the directives $patch, $retainKeys, $setElementOrder/X and $deleteFromPrimitiveList/X work.
// Everything else as a merge patch.
base::Status apply_strategic_patch(json::Ref target, json::View patch, json::View schema);

// Server-side apply without field ownership: the configuration is laid over the object, lists of type map by
// their keys, sets united, atomic lists replaced. Nothing that is left out of a later configuration is
// removed.
void apply_configuration(json::Ref target, json::View configuration, json::View schema);

}  // namespace karpenter::devcluster
