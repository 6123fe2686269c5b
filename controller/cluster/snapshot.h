#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/time.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"

// An immutable picture of the cluster. Everything in it is shared and stays valid as long as the holder keeps
// the Snapshot.

namespace karpenter::cluster {

using PodPtr = std::shared_ptr<const model::Pod>;

// Objects of one kind, ordered by key.
template <class T>
using Objects = std::vector<std::shared_ptr<const T>>;

// Null when absent.
template <class T>
[[nodiscard]] const T* find_object(const Objects<T>& objects, const model::ObjectKey& key) {
  const auto it =
      std::ranges::lower_bound(objects, key, {}, [](const auto& o) { return model::key_of(o->meta); });
  return it != objects.end() && model::key_of((*it)->meta) == key ? it->get() : nullptr;
}

// What nodes and pods refer to. Immutable.
struct Surroundings {
  Objects<model::PersistentVolumeClaim> volume_claims;
  Objects<model::PersistentVolume> volumes;
  Objects<model::StorageClass> storage_classes;
  Objects<model::CsiNode> csi_nodes;
  Objects<model::Namespace> namespaces;
  Objects<model::PodDisruptionBudget> budgets;
};

// A Node, a NodeClaim or both, merged by provider ID, with the pods bound to it. Immutable once in a
// Snapshot. spec: scheduling §4.2, §4.3
struct StateNode {
  // ---- what it is made of
  std::shared_ptr<const model::NodeClaim> claim;  // null: not managed by Karpenter
  std::shared_ptr<const model::Node> node;        // null: launched, not yet in the cluster
  std::vector<PodPtr> pods;                       // bound and not terminal, ordered by key
  std::string provider_id;                        // the node's name when an unmanaged node has none
  bool marked = false;                            // in memory, by the disruption queue
  base::Mono nominated_until{};                   // pods are expected until then

  // ---- derived once, when the snapshot is made
  std::string name;  // the claim's until the node is registered, then the Node's
  std::vector<model::Taint>
      taints;  // what pods must tolerate; ephemeral and startup taints left out until initialized
  model::Resources capacity;  // incl. `nodes: 1`
  model::Resources allocatable;
  model::Resources pod_requests;     // of all pods, incl. `pods`
  model::Resources daemon_requests;  // of the DaemonSet pods among them
  model::Resources available;        // allocatable - pod_requests, over the keys of allocatable

  [[nodiscard]] bool managed() const { return claim != nullptr; }
  [[nodiscard]] bool registered() const;
  [[nodiscard]] bool initialized() const;
  [[nodiscard]] bool rebooting() const;  // managed, condition Rebooting=True
  // The claim's until the node is registered, then the Node's.
  [[nodiscard]] const model::StringMap& labels() const { return meta().labels; }
  [[nodiscard]] const model::StringMap& annotations() const { return meta().annotations; }
  [[nodiscard]] std::string_view label(std::string_view key) const { return meta().label(key); }
  [[nodiscard]] std::string_view node_pool() const;  // "" for unmanaged nodes
  [[nodiscard]] std::string_view hostname() const;   // the label, or the name
  [[nodiscard]] bool deleted() const;                // its object is going away
  [[nodiscard]] bool marked_for_deletion() const { return marked || deleted(); }
  [[nodiscard]] bool nominated(base::Mono now) const { return nominated_until > now; }

 private:
  [[nodiscard]] const model::ObjectMeta& meta() const;
};
using StateNodePtr = std::shared_ptr<const StateNode>;

// Fills the derived fields from the others.
void derive(StateNode& node);

struct Snapshot {
  // Equal in two snapshots of one Cluster: they differ in nothing but unbound pods and nominations.
  std::uint64_t version = 0;
  std::vector<StateNodePtr> nodes;   // ordered by name, then provider ID; marked ones included
  std::vector<PodPtr> unbound_pods;  // no node name, not terminal; ordered by key
  std::vector<PodPtr>
      daemon_pods;  // one per DaemonSet, ordered by its key: the newest pod, else one made from the template
  std::map<std::string, model::Resources, std::less<>> node_pool_usage;  // of nodes not marked, incl. `nodes`
  std::shared_ptr<const Surroundings> surroundings = std::make_shared<const Surroundings>();  // never null

  // Null when absent.
  [[nodiscard]] StateNodePtr find_by_provider_id(std::string_view provider_id) const;
  [[nodiscard]] StateNodePtr find_by_name(std::string_view name) const;  // StateNode::name

  std::unordered_map<std::string_view, std::size_t> index_by_provider_id;  // into nodes; keys live in them
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace karpenter::cluster
