#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "common/kube/store.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "common/runtime/runtime.h"
#include "common/runtime/thread_annotations.h"
#include "common/telemetry/metrics.h"
#include "controller/cluster/pod_ledger.h"
#include "controller/cluster/snapshot.h"

namespace karpenter::cluster {

// The stores that feed the cluster state. They outlive it. Those that may be null: nothing of that kind
// exists.
struct Stores {
  kube::Store<model::NodeClaim>& claims;
  kube::Store<model::Node>& nodes;
  kube::Store<model::Pod>& pods;
  kube::Store<model::DaemonSet>& daemon_sets;
  kube::Store<model::NodePool>& node_pools;
  kube::Store<model::PersistentVolumeClaim>* volume_claims = nullptr;
  kube::Store<model::PersistentVolume>* volumes = nullptr;
  kube::Store<model::StorageClass>* storage_classes = nullptr;
  kube::Store<model::CsiNode>* csi_nodes = nullptr;
  kube::Store<model::Namespace>* namespaces = nullptr;
  kube::Store<model::PodDisruptionBudget>* budgets = nullptr;
};

struct Options {
  // Claims of other node classes are not ours; an empty group stands for every class.
  std::string node_class_group = std::string(model::kAwsGroup);
  std::string node_class_kind = "EC2NodeClass";
  std::chrono::nanoseconds nomination_ttl = std::chrono::seconds(20);
};

// What Karpenter knows of the cluster: nodes and claims merged by provider ID, their pods, marks and
// nominations. Fed by listeners on the stores, which the constructor adds: construct it before the first
// write to a store. Thread-safe; nothing blocks longer than a map update, but for snapshot(), which rebuilds
// what changed since the last one. spec: scheduling §4
class Cluster {
 public:
  Cluster(runtime::Runtime& runtime, const Stores& stores, telemetry::Metrics& metrics, Options options);
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // The state now. O(nodes) pointer copies plus the rebuild of changed nodes; the same object while nothing
  // changed.
  [[nodiscard]] SnapshotPtr snapshot() const;

  // The state may be decided upon: the first lists are in and every known claim has a provider ID. Sets the
  // gauges. spec: scheduling §4.8, §4.11
  [[nodiscard]] bool synced();

  // A claim was just created by this process: not synced until it has launched or is gone. spec: scheduling
  // §22.2 step 6
  void observe_created(const model::NodeClaim& claim);

  // The in-memory mark of the disruption queue. Unknown provider IDs are skipped. spec: scheduling §4.4
  void mark_for_deletion(std::span<const std::string> provider_ids);
  void unmark_for_deletion(std::span<const std::string> provider_ids);

  // Pods are expected on the node (by Node name or claim name): disruption leaves it alone for a while. spec:
  // §4.6
  void nominate(std::string_view name);

  // When something last changed that could allow another consolidation. Refreshed when 5 minutes old. spec:
  // §4.9
  [[nodiscard]] base::Mono consolidation_timestamp();
  void mark_unconsolidated();

  // Times and expectations of pods. spec: §4.10
  [[nodiscard]] PodLedger& pods() { return ledger_; }

 private:
  struct Entry {
    std::shared_ptr<const model::NodeClaim> claim;
    std::shared_ptr<const model::Node> node;
    bool marked = false;
    base::Mono nominated_until{};
    StateNodePtr built;  // null: something changed since the last snapshot
  };
  using PodMap = std::map<model::ObjectKey, PodPtr>;

  void on_claim(const kube::Change<model::NodeClaim>& change);
  void on_node(const kube::Change<model::Node>& change);
  void on_pod(const kube::Change<model::Pod>& change);
  void on_daemon_set(const kube::Change<model::DaemonSet>& change);
  template <class T>
  void watch_surroundings(kube::Store<T>* store);
  std::shared_ptr<const Surroundings> list_surroundings() const;

  bool is_ours(const model::NodeClaim& claim) const;
  void put_claim(const std::shared_ptr<const model::NodeClaim>& claim) KARP_REQUIRES(mutex_);
  void drop_claim(const std::string& name) KARP_REQUIRES(mutex_);
  void put_node(const std::shared_ptr<const model::Node>& node, const std::string& provider_id)
      KARP_REQUIRES(mutex_);
  void drop_node(const std::string& name) KARP_REQUIRES(mutex_);
  void bind_pod(const PodPtr& pod) KARP_REQUIRES(mutex_);
  void release_pod(const model::ObjectKey& key) KARP_REQUIRES(mutex_);
  void note_daemon_pod(const PodPtr& pod) KARP_REQUIRES(mutex_);
  void touch_node(const std::string& node_name) KARP_REQUIRES(mutex_);  // its pods changed
  void touch(Entry& entry) KARP_REQUIRES(mutex_);
  void nominate_entry(const std::string& provider_id) KARP_REQUIRES(mutex_);
  void changed() KARP_REQUIRES(mutex_) {
    ++version_;
    snapshot_ = nullptr;
  }
  StateNodePtr build(const std::string& provider_id, const Entry& entry) const KARP_REQUIRES(mutex_);
  std::vector<PodPtr> daemon_pods() const KARP_REQUIRES(mutex_);
  void bump() KARP_REQUIRES(mutex_) { consolidated_ = runtime_.mono(); }
  bool hydrated() const KARP_REQUIRES(mutex_);
  void drop_stranded() KARP_REQUIRES(mutex_);

  runtime::Runtime& runtime_;
  Stores stores_;
  telemetry::Metrics& metrics_;
  const Options options_;
  PodLedger ledger_;

  mutable runtime::Mutex mutex_;
  mutable std::map<std::string, Entry, std::less<>> entries_ KARP_GUARDED_BY(mutex_);  // by provider ID
  std::map<std::string, std::string, std::less<>> node_ids_
      KARP_GUARDED_BY(mutex_);  // Node name -> provider ID
  std::map<std::string, std::string, std::less<>> claim_ids_
      KARP_GUARDED_BY(mutex_);  // claim name -> provider ID or ""
  std::map<std::string, base::Mono, std::less<>> created_
      KARP_GUARDED_BY(mutex_);  // ours, not yet seen in the store
  std::map<std::string, PodMap, std::less<>> pods_by_node_ KARP_GUARDED_BY(mutex_);
  std::map<model::ObjectKey, std::string> bindings_ KARP_GUARDED_BY(mutex_);
  PodMap unbound_ KARP_GUARDED_BY(mutex_);
  std::map<model::ObjectKey, std::shared_ptr<const model::DaemonSet>> daemon_sets_ KARP_GUARDED_BY(mutex_);
  std::map<std::string, PodPtr, std::less<>> newest_daemon_pod_ KARP_GUARDED_BY(mutex_);  // by DaemonSet UID
  mutable SnapshotPtr snapshot_ KARP_GUARDED_BY(mutex_);  // null: something changed since
  std::uint64_t version_ KARP_GUARDED_BY(mutex_) = 1;     // of Snapshot::version
  mutable std::shared_ptr<const Surroundings> surroundings_ KARP_GUARDED_BY(mutex_);  // null: some changed
  base::Mono consolidated_ KARP_GUARDED_BY(mutex_){};
  bool was_synced_ KARP_GUARDED_BY(mutex_) = false;
  base::Mono unsynced_since_ KARP_GUARDED_BY(mutex_){};
};

}  // namespace karpenter::cluster
