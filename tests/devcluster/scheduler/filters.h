#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/model/core/core.h"

// The decisions of the embedded kube-scheduler, pure. Written apart from the product's scheduler on purpose:
// it is the judge of whether a planned node really takes its pods.

namespace karpenter::devcluster {

struct NodeInfo {
  std::shared_ptr<const model::Node> node;
  std::vector<std::shared_ptr<const model::Pod>> pods;  // bound, not terminal
  model::Resources used;
};
// Every node by name, and the labels of every namespace (for namespace selectors).
struct ClusterView {
  std::map<std::string, NodeInfo> nodes;
  std::map<std::string, model::StringMap> namespaces;
};

// What the kubelet counts for a pod: max of init containers and the sum of the rest, sidecars, overhead, plus
// one "pods".
[[nodiscard]] model::Resources pod_requests(const model::Pod& pod);

[[nodiscard]] bool term_matches(const model::NodeSelectorTerm& term, const model::Node& node);

// Why the pod cannot run on that node, in kube-scheduler's words ("Insufficient cpu", "node(s) had
// untolerated taint(s)"), or "" when it can.
[[nodiscard]] std::string find_obstacle(const model::Pod& pod, const NodeInfo& target,
                                        const ClusterView& cluster);

// Higher is better: least allocated, preferred node affinity, soft spread. Deterministic.
[[nodiscard]] double score(const model::Pod& pod, const NodeInfo& target, const ClusterView& cluster);

}  // namespace karpenter::devcluster
