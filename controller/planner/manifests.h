#pragma once

#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/json/json.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"

// A cluster as files: what `kubectl get ... -o yaml` prints.

namespace karpenter::planner {

// One input, read whole.
struct Source {
  std::string name;  // of the file, for errors; "-" is standard input
  std::string text;
};

// Called with each document, or each item of a List, and where it stands: "cluster.yaml: document 3, item 2".
using Visitor = std::function<base::Status(json::View object, const std::string& place)>;

// Visits the documents of a text in YAML or JSON, Lists taken apart, empty ones left out, until the visitor
// fails. A document that begins with '{' is read as JSON, which is many times faster than YAML. kInvalid
// names file, document, line and column.
[[nodiscard]] base::Status visit(const Source& source, const Visitor& visitor);

// Every object of a cluster that planning looks at.
struct Manifests {
  template <class T>
  using List = std::vector<std::shared_ptr<T>>;
  List<model::NodePool> node_pools;
  List<model::NodeClaim> node_claims;
  List<model::Node> nodes;
  List<model::Pod> pods;
  List<model::DaemonSet> daemon_sets;
  List<model::PersistentVolumeClaim> volume_claims;
  List<model::PersistentVolume> volumes;
  List<model::StorageClass> storage_classes;
  List<model::CsiNode> csi_nodes;
  List<model::Namespace> namespaces;
  List<model::PodDisruptionBudget> budgets;
  std::set<std::string> ignored_kinds;
};

// All objects of the sources, in their order, completed as an API server and the controllers would have: a
// missing namespace is `default`, a missing UID is derived from kind, namespace and name, a NodePool without
// conditions is ready, every namespace exists. kInvalid names file, document, object and path; also for an
// object that is given twice.
[[nodiscard]] base::Result<Manifests> read_manifests(std::span<const Source> sources);

// The UID of an object that has none: 16 bytes of SHA-256 of "kind/namespace/name" in UUID layout.
[[nodiscard]] std::string derived_uid(const std::string& kind, const model::ObjectMeta& meta);

}  // namespace karpenter::planner
