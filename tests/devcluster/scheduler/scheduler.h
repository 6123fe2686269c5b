#pragma once

#include <map>
#include <memory>
#include <string>

#include "common/kube/client.h"
#include "tests/devcluster/actors/object_cache.h"
#include "tests/devcluster/scheduler/filters.h"

namespace karpenter::devcluster {

// The embedded kube-scheduler: binds pending pods to nodes, or says in the PodScheduled condition why it
// cannot. start() spawns its threads on the runtime; they end with it.
class Scheduler {
 public:
  explicit Scheduler(kube::Client& client);
  void start();

 private:
  using PodPtr = std::shared_ptr<const model::Pod>;

  void run(std::stop_token stop);
  void on_pod(const model::ObjectKey& key, const Object& object);
  void on_node(const model::ObjectKey& key, const Object& object);
  void on_namespace(const model::ObjectKey& key, const Object& object);
  [[nodiscard]] ClusterView view();
  [[nodiscard]] std::vector<PodPtr> pending();
  void schedule_pending(const kube::Call& call);
  base::Status place(const PodPtr& pod, ClusterView& cluster, const kube::Call& call);
  base::Status bind(const PodPtr& pod, const std::string& node, const kube::Call& call);
  base::Status report_unschedulable(const model::Pod& pod, const std::string& message,
                                    const kube::Call& call);

  kube::Client& client_;
  Signal signal_;
  runtime::Mutex mutex_;
  std::map<model::ObjectKey, PodPtr> pods_;
  std::map<std::string, std::shared_ptr<const model::Node>> nodes_;
  std::map<std::string, model::StringMap> namespaces_;
  std::map<std::string, std::string> assumed_;  // pod uid -> node, until the cache shows the binding
  ObjectCache pod_cache_;
  ObjectCache node_cache_;
  ObjectCache namespace_cache_;
};

}  // namespace karpenter::devcluster
