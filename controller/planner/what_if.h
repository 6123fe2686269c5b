#pragma once

#include <span>
#include <string>

#include "controller/planner/manifests.h"

// Changes to a cluster that only exist in a question.

namespace karpenter::planner {

// `nodepool.NAME.FIELD` := value; FIELD is a path below spec (`limits.cpu`, `template.spec.expireAfter`,
// `weight`), the value is read as YAML. kNotFound without such a NodePool, kInvalid when the field or the
// value is wrong.
[[nodiscard]] base::Status set_field(Manifests& cluster, const std::string& path, const std::string& value);

// Adds the Pods of the source as pending; of Deployments, ReplicaSets, StatefulSets and Jobs the pods they
// would make. Pods get a UID, the namespace `default` and the condition of an unschedulable pod where these
// are missing. kInvalid as read_manifests(), kAlreadyExists for a pod that is there already.
[[nodiscard]] base::Status add_pods(Manifests& cluster, const Source& source);

}  // namespace karpenter::planner
