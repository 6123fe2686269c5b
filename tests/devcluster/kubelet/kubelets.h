#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>

#include "common/kube/client.h"
#include "tests/devcluster/actors/object_cache.h"
#include "tests/devcluster/aws/aws_cloud.h"
#include "tests/devcluster/kubelet/bootstrap.h"

namespace karpenter::devcluster {

// How long things take on a simulated machine.
struct KubeletTimes {
  base::Nanos boot = std::chrono::seconds(2);              // instance running -> Node registered
  base::Nanos ready = std::chrono::seconds(1);             // registered -> Ready
  base::Nanos pod_start = std::chrono::milliseconds(300);  // bound -> Running
  base::Nanos pod_stop =
      std::chrono::milliseconds(500);  // deletion asked -> gone, at most the pod's grace period
  base::Nanos node_gone =
      std::chrono::seconds(1);  // instance terminated -> Node deleted by the cloud's controller
};

// All the kubelets of the cluster, and what the cloud controller manager does for their nodes: instances of
// the AWS emulator register as nodes with the labels and taints of their user data, become Ready, run and
// stop pods, and go with their instance. A Node that somebody makes by hand, without a providerID, stands for
// a machine that is always up. start() spawns threads on the runtime; they end with it.
class Kubelets {
 public:
  Kubelets(kube::Client& client, AwsCloud& cloud, std::string cluster_name, KubeletTimes times);
  void start();

 private:
  using Mono = runtime::Mono;
  enum class Verdict : std::uint8_t { kDue, kWait };

  void run(std::stop_token stop);
  void follow_cloud(std::stop_token stop);
  // One look at everything; returns when something will be due next.
  Mono step(const kube::Call& call);
  [[nodiscard]] bool has_machine(json::View node) const;
  void visit_instance(const InstanceView& instance, const kube::Call& call);
  void visit_node(const std::string& name, json::View node, const kube::Call& call);
  void visit_pod(const model::ObjectKey& key, json::View pod, const kube::Call& call);
  base::Status register_node(const InstanceView& instance, const kube::Call& call);
  void become_ready(const std::string& name, json::View node, const kube::Call& call);
  base::Status set_ready(const std::string& name, std::string_view status, const kube::Call& call);
  base::Status run_pod(const model::ObjectKey& key, json::View pod, const kube::Call& call);
  // Starts (once) and checks the timer of `what` on one object.
  Verdict due(const std::string& what, base::Nanos delay);

  kube::Client& client_;
  AwsCloud& cloud_;
  std::string cluster_name_;
  KubeletTimes times_;
  Signal signal_;
  ObjectCache pods_;
  ObjectCache nodes_;
  std::map<std::string, Mono> timers_;  // what -> when due; only the running thread
  std::set<std::string> touched_;       // timers asked for in this step; the others are dropped
  std::map<std::string, InstanceView> by_provider_id_;
  Mono next_ = Mono::max();
};

}  // namespace karpenter::devcluster
