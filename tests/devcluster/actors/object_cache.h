#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/json/json.h"
#include "common/kube/client.h"
#include "common/model/meta.h"
#include "common/runtime/runtime.h"

// What the actors of the embedded cluster (scheduler, kubelets, workload controllers) share: untyped watch
// caches and one signal to wait for. They speak to the API server as any client does.

namespace karpenter::devcluster {

// A counter that can be waited for. Thread-safe.
class Signal {
 public:
  explicit Signal(runtime::Runtime& runtime) : event_(runtime.make_event()) {}
  void bump();
  // Waits until the counter differs from `seen` or the call ends; returns the counter.
  std::uint64_t wait(std::uint64_t seen, const kube::Call& call);

 private:
  runtime::Mutex mutex_;
  std::unique_ptr<runtime::Event> event_;
  std::uint64_t count_ = 0;
};

using Object = std::shared_ptr<const json::Value>;

// A local copy of every object of one kind, fed by list and watch. Thread-safe.
class ObjectCache {
 public:
  // Told of each change (null: deleted) on the feeding thread, before the signal is bumped.
  using Listener = std::function<void(const model::ObjectKey&, const Object&)>;

  ObjectCache(kube::Client& client, kube::Kind kind, Signal& signal, Listener listener = {});

  // Feeds the cache until stop. Run it on a thread of its own.
  void run(std::stop_token stop);
  [[nodiscard]] bool synced() const;
  [[nodiscard]] Object find(const model::ObjectKey& key) const;
  [[nodiscard]] std::map<model::ObjectKey, Object> objects() const;
  [[nodiscard]] const kube::Kind& kind() const { return kind_; }

 private:
  base::Status step(const kube::Call& call);
  base::Status list(const kube::Call& call);
  base::Status watch(const kube::Call& call);
  base::Status on_line(std::string_view line);
  void put(const model::ObjectKey& key, Object object);

  kube::Client& client_;
  kube::Kind kind_;
  Signal& signal_;
  Listener listener_;
  mutable runtime::Mutex mutex_;
  std::map<model::ObjectKey, Object> objects_;
  bool synced_ = false;
  std::string version_;  // empty: list first. Only the feeding thread.
};

[[nodiscard]] model::ObjectKey key_of(json::View object);

inline constexpr kube::Kind kPods{"", "v1", "Pod", "pods", true};
inline constexpr kube::Kind kNodes{"", "v1", "Node", "nodes", false};
inline constexpr kube::Kind kNamespaces{"", "v1", "Namespace", "namespaces", false};
inline constexpr kube::Kind kDeployments{"apps", "v1", "Deployment", "deployments", true};
inline constexpr kube::Kind kReplicaSets{"apps", "v1", "ReplicaSet", "replicasets", true};
inline constexpr kube::Kind kDaemonSets{"apps", "v1", "DaemonSet", "daemonsets", true};
inline constexpr kube::Kind kDisruptionBudgets{"policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets",
                                               true};

// A merge patch of the object or its status; errors other than NotFound and Conflict are returned.
base::Status merge_patch(kube::Client& client, const kube::Kind& kind, const model::ObjectKey& key,
                         json::View patch, std::string_view subresource, const kube::Call& call);
// Deletes at once (grace 0). A missing object is no error.
base::Status force_delete(kube::Client& client, const kube::Kind& kind, const model::ObjectKey& key,
                          std::string_view uid, const kube::Call& call);

}  // namespace karpenter::devcluster
