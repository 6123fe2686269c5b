#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/kube/api.h"
#include "common/kube/reflector.h"
#include "common/net/loopback.h"
#include "common/reconcile/reconciler.h"
#include "controller/cluster/claim_creator.h"
#include "controller/cluster/cluster.h"
#include "controller/disruption/disruption.h"
#include "controller/disruption/queue.h"
#include "controller/node/eviction_queue.h"
#include "controller/node/termination.h"
#include "controller/nodeclaim/consistency.h"
#include "controller/nodeclaim/disruption_conditions.h"
#include "controller/nodeclaim/expiration.h"
#include "controller/nodeclaim/garbage_collection.h"
#include "controller/nodeclaim/lifecycle.h"
#include "controller/nodeclaim/pod_events.h"
#include "controller/nodepool/counter.h"
#include "controller/nodepool/hash.h"
#include "tests/devcluster/kube/api_server.h"
#include "tests/support/sim_runtime.h"

// The reconcilers of nodes and claims in virtual time, against the API server emulator and a cloud in memory.
// The test plays the kubelet (run() boots nodes and removes evicted pods) and the provisioner (it creates
// claims and bound pods).

namespace karpenter::test {

using net::Call;

// Instances in a map. Terminating takes until the second request, as shutting down does.
class FakeCloud final : public cloud::CloudProvider {
 public:
  explicit FakeCloud(runtime::Runtime& runtime) : runtime_(runtime) {}
  base::Result<model::NodeClaim> create(const model::NodeClaim& claim, const Call& call) override;
  base::Status remove(const model::NodeClaim& claim, const Call& call) override;
  base::Result<model::NodeClaim> get(std::string_view provider_id, const Call& call) override;
  base::Result<std::vector<model::NodeClaim>> list(const Call& call) override;
  base::Result<cloud::InstanceTypes> instance_types(const model::NodePool& pool, const Call& call) override;
  base::Result<std::string> is_drifted(const model::NodeClaim&, const Call&) override { return drift; }
  [[nodiscard]] std::string_view name() const override { return "fake"; }

  std::map<std::string, model::NodeClaim, std::less<>> instances;  // by provider ID
  std::set<std::string> shutting_down;
  int launches = 0;
  bool out_of_capacity = false;
  std::string drift;

 private:
  runtime::Runtime& runtime_;
};

class MiniCluster {
 public:
  MiniCluster();
  ~MiniCluster();

  // Virtual time passes in steps of a second until `done` or the limit; nodes boot, evicted pods leave.
  bool run(const std::function<bool()>& done, std::chrono::seconds limit = std::chrono::minutes(5));
  void run_for(std::chrono::seconds duration);

  void create_pool(const std::string& consolidate_after = "0s");
  void edit_pool(const std::function<void(model::NodePool&)>& edit);
  // A claim for that type, on demand; returns its name.
  std::string create_claim(const std::string& instance_type);
  // Creates the claim and waits until its node is initialized; returns the node's name.
  std::string create_node(const std::string& instance_type);
  void create_pod(const std::string& name, const std::string& node, const std::string& cpu = "100m",
                  const std::function<void(model::Pod&)>& edit = {});
  void taint_disrupted(const std::string& node);  // as a command would have done before a restart
  void set_ready(const std::string& node, std::string_view status);
  void create_budget(std::int32_t allowed);  // over all pods
  void allow_disruptions(std::int32_t allowed);

  template <class T>
  [[nodiscard]] std::vector<T> all() {
    auto list = kube::Api<T>(admin_).list("", {}, {});
    KARP_CHECK(list.has_value());
    return std::move(list->items);
  }
  template <class T>
  [[nodiscard]] std::optional<T> find(const std::string& name, const std::string& ns = "") {
    auto found = kube::Api<T>(admin_).get({.namespace_name = ns, .name = name}, {});
    return found ? std::optional<T>(*std::move(found)) : std::nullopt;
  }
  template <class T>
  base::Status remove(const std::string& name, const std::string& ns = "") {
    return kube::Api<T>(admin_).remove({.namespace_name = ns, .name = name}, {}, {});
  }
  [[nodiscard]] std::optional<model::NodeClaim> claim_of_node(const std::string& node);
  [[nodiscard]] bool has_disrupted_taint(const std::string& node);

  support::SimRuntime runtime;
  FakeCloud cloud{runtime};
  devcluster::FaultHooks faults;  // asked on every request of the controllers
  telemetry::Metrics metrics;
  std::vector<telemetry::Event> events;
  [[nodiscard]] bool has_event(std::string_view reason) const;
  [[nodiscard]] std::vector<std::string> log_lines() const { return sink_.lines(); }

 private:
  struct Recorder final : telemetry::EventRecorder {
    explicit Recorder(std::vector<telemetry::Event>& out) : events(out) {}
    void publish(telemetry::Event event) override { events.push_back(std::move(event)); }
    std::vector<telemetry::Event>& events;
  };
  struct Stores {
    kube::Store<model::NodeClaim> claims;
    kube::Store<model::Node> nodes;
    kube::Store<model::Pod> pods;
    kube::Store<model::DaemonSet> daemon_sets;
    kube::Store<model::NodePool> pools;
    kube::Store<model::PodDisruptionBudget> budgets;
    kube::Store<model::VolumeAttachment> attachments;
    kube::Store<model::PersistentVolumeClaim> volume_claims;
    kube::Store<model::Ec2NodeClass> node_classes;  // stays empty
  };
  struct Controllers;

  template <class T>
  void reflect(kube::Store<T>& store);
  void install_crds();
  void boot_nodes();
  void remove_evicted_pods();
  devcluster::ApiServerOptions server_options();

  telemetry::MemorySink sink_;
  telemetry::Log log_;
  Recorder recorder_{events};
  devcluster::ApiServer server_;
  net::LoopbackTransport transport_;
  kube::Client client_;
  kube::Client admin_;
  Stores stores_;
  std::unique_ptr<Controllers> controllers_;
};

}  // namespace karpenter::test
