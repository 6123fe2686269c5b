#include <gtest/gtest.h>

#include <algorithm>

#include "common/kube/api.h"
#include "tests/devcluster/embedded_cluster.h"
#include "tests/support/sim_runtime.h"
#include "tests/unit/devcluster/yaml.h"

// Scheduler, workload controllers and kubelets over one API server, in virtual time, on machines made by
// hand.

namespace karpenter::devcluster {
namespace {

using std::chrono_literals::operator""s;

class Actors : public testing::Test {
 protected:
  Actors() : cluster_(sim_, {}) { cluster_.start(); }
  ~Actors() override {
    sim_.stop_all();
    sim_.join_all();
  }

  void create(const kube::Kind& kind, const std::string& text) {
    auto object = object_of(text);
    object["apiVersion"].set(kind.api_version());
    object["kind"].set(kind.kind);
    auto made =
        cluster_.client().send(kube::create_request(kind, kind.namespaced ? "default" : "", object), {});
    ASSERT_TRUE(made.has_value()) << made.error().text();
  }
  void patch(const kube::Kind& kind, const std::string& name, const std::string& text) {
    const model::ObjectKey key{.namespace_name = kind.namespaced ? "default" : "", .name = name};
    auto done = cluster_.client().send(
        kube::patch_request(kind, key, kube::PatchType::kMerge, object_of(text), ""), {});
    ASSERT_TRUE(done.has_value()) << done.error().text();
  }
  void remove(const kube::Kind& kind, const std::string& name) {
    const model::ObjectKey key{.namespace_name = kind.namespaced ? "default" : "", .name = name};
    ASSERT_TRUE(
        cluster_.client().send(kube::delete_request(kind, key, json::Value::object()), {}).has_value());
  }
  void add_node(const std::string& name) {
    create(kNodes, "metadata: {name: " + name +
                       "}\nspec: {taints: [{key: node.kubernetes.io/not-ready, effect: NoSchedule}]}\n"
                       "status: {allocatable: {cpu: '2', memory: 4Gi, pods: '10'}}");
  }
  void deploy(int replicas) {
    create(kDeployments,
           "metadata: {name: web}\nspec: {replicas: " + std::to_string(replicas) +
               ", selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: "
               "{containers: [{name: m, image: pause, resources: {requests: {cpu: 500m}}}]}}}");
  }
  json::Value get(const kube::Kind& kind, const std::string& name) {
    auto found = cluster_.client().send(
        kube::get_request(kind, {.namespace_name = kind.namespaced ? "default" : "", .name = name}), {});
    return found ? std::move(found).value() : json::Value();
  }
  std::int64_t status_of(const kube::Kind& kind, const std::string& name, const char* field) {
    return get(kind, name).view()["status"][field].integer_or(-1);
  }
  std::vector<model::Pod> pods() {
    return kube::Api<model::Pod>(cluster_.client()).list("default", {}, {})->items;
  }
  std::size_t running_on(const std::string& node) {
    const auto all = pods();
    return static_cast<std::size_t>(std::ranges::count_if(
        all, [&](const auto& pod) { return pod.spec.node_name == node && pod.status.phase == "Running"; }));
  }
  bool settles(const std::function<bool()>& done) { return sim_.run_until(done, sim_.mono() + 60s); }

  support::SimRuntime sim_;
  EmbeddedCluster cluster_;
};

TEST_F(Actors, run_a_deployment_on_the_nodes_there_are_and_scale_it_down) {
  deploy(6);
  create(kDisruptionBudgets,
         "metadata: {name: web}\nspec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}");
  ASSERT_TRUE(settles([&] { return pods().size() == 6; }));
  ASSERT_TRUE(settles([&] {
    const auto all = pods();
    return std::ranges::all_of(all, [](const auto& pod) {
      const auto* scheduled = model::find_condition(pod.status.conditions, "PodScheduled");
      return scheduled != nullptr && scheduled->reason == "Unschedulable";
    });
  }));

  add_node("n1");
  ASSERT_TRUE(settles([&] { return running_on("n1") == 4; }));  // 2 cpu, 500m each
  EXPECT_TRUE(model::is_true(model_of<model::Node>(get(kNodes, "n1").dump()).status.conditions, "Ready"));
  const auto all = pods();
  const auto waiting = std::ranges::find_if(all, [](const auto& pod) { return pod.spec.node_name.empty(); });
  ASSERT_NE(waiting, all.end());
  EXPECT_EQ(model::find_condition(waiting->status.conditions, "PodScheduled")->message,
            "0/1 nodes are available: 1 Insufficient cpu.");
  EXPECT_EQ(status_of(kDisruptionBudgets, "web", "disruptionsAllowed"), 0);

  add_node("n2");
  ASSERT_TRUE(settles([&] { return running_on("n1") + running_on("n2") == 6; }));
  ASSERT_TRUE(settles([&] { return status_of(kDisruptionBudgets, "web", "disruptionsAllowed") == 1; }));
  EXPECT_EQ(status_of(kDeployments, "web", "readyReplicas"), 6);
  EXPECT_EQ(status_of(kDeployments, "web", "unavailableReplicas"), 0);

  patch(kDeployments, "web", "spec: {replicas: 2}");
  ASSERT_TRUE(settles([&] { return pods().size() == 2; }));
  sim_.run_for(5s);
  EXPECT_EQ(pods().size(), 2U);
  remove(kDeployments, "web");
  ASSERT_TRUE(settles([&] { return pods().empty(); }));
}

TEST_F(Actors, grant_no_more_evictions_than_the_budget_even_at_one_instant) {
  add_node("n1");
  deploy(3);
  create(kDisruptionBudgets,
         "metadata: {name: web}\nspec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}");
  ASSERT_TRUE(settles([&] { return status_of(kDisruptionBudgets, "web", "disruptionsAllowed") == 1; }));
  const auto evict_all = [&] {
    const auto all = pods();
    return std::ranges::count_if(all, [&](const auto& pod) {
      return !pod.meta.is_deleting() && pod.status.phase == "Running" &&  // one that is pending may always go
             kube::evict(cluster_.client(), model::key_of(pod.meta), pod.meta.uid, {}).has_value();
    });
  };
  EXPECT_EQ(evict_all(), 1);
  sim_.run_for(std::chrono::milliseconds(200));  // the replacement has not started yet
  EXPECT_EQ(evict_all(), 0);
  ASSERT_TRUE(settles([&] {
    return status_of(kDisruptionBudgets, "web", "disruptionsAllowed") == 1 && running_on("n1") == 3;
  }));
  EXPECT_EQ(get(kDisruptionBudgets, "web")["status"]["disruptedPods"].view().size(), 0U);
}

TEST_F(Actors, keep_one_daemon_on_each_node_that_takes_it) {
  create(kDaemonSets,
         "metadata: {name: log}\nspec: {selector: {matchLabels: {app: log}}, template: {metadata: {labels: "
         "{app: log}}, spec: {containers: [{name: m, image: pause}]}}}");
  add_node("n1");
  add_node("n2");
  create(kNodes,
         "metadata: {name: n3}\nspec: {taints: [{key: gpu, effect: NoSchedule}]}\n"
         "status: {allocatable: {cpu: '2', pods: '10'}}");
  create(kNodes, "metadata: {name: full}\nstatus: {allocatable: {cpu: '2', pods: '0'}}");
  ASSERT_TRUE(settles([&] { return running_on("n1") == 1 && running_on("n2") == 1 && pods().size() == 3; }));
  EXPECT_EQ(status_of(kDaemonSets, "log", "desiredNumberScheduled"), 3);
  remove(kNodes, "n2");
  remove(kNodes, "full");  // its daemon never found room
  ASSERT_TRUE(settles([&] { return pods().size() == 1; }));
  EXPECT_EQ(running_on("n1"), 1U);
}

TEST_F(Actors, outlive_cut_watches_and_lost_history) {
  add_node("n1");
  deploy(1);
  ASSERT_TRUE(settles([&] { return running_on("n1") == 1; }));
  for (int replicas = 2; replicas < 5; ++replicas) {
    cluster_.api().compact();
    cluster_.api().cut_watches();
    patch(kDeployments, "web", "spec: {replicas: " + std::to_string(replicas) + "}");
    ASSERT_TRUE(settles([&] { return running_on("n1") == static_cast<std::size_t>(replicas); }));
    EXPECT_EQ(pods().size(), static_cast<std::size_t>(replicas));
  }
}

}  // namespace
}  // namespace karpenter::devcluster
