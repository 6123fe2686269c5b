#pragma once

#include "tests/devcluster/kube/context.h"

namespace karpenter::devcluster {

// What every new cluster has: the system namespaces, their default service accounts, the system priority
// classes.
void seed(World& world);

}  // namespace karpenter::devcluster
