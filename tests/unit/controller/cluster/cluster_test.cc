#include "controller/cluster/cluster.h"

#include <gtest/gtest.h>

#include <functional>

#include "common/model/labels.h"
#include "controller/cluster/problem.h"
#include "tests/support/sim_runtime.h"

namespace karpenter::cluster {
namespace {

namespace labels = model::labels;
using std::chrono::seconds;

model::Quantity q(std::string_view text) { return *model::Quantity::parse(text); }
model::Resources cpu(std::string_view amount) { return {{"cpu", q(amount)}}; }
model::Condition condition(std::string type) {
  model::Condition out;
  out.type = std::move(type);
  out.status = "True";
  return out;
}
model::Taint taint(std::string_view key, std::string_view effect = model::kNoSchedule) {
  return {.key = std::string(key), .value = {}, .effect = std::string(effect), .time_added = {}};
}

class ClusterTest : public testing::Test {
 protected:
  // ---- the world as watch events
  model::NodeClaim claim(std::string name, std::string provider_id = "") {
    model::NodeClaim out;
    out.meta.name = name;
    out.meta.uid = "uid-" + name;
    out.meta.labels = {{std::string(labels::kNodePool), "pool"}};
    out.spec.node_class_ref = {.group = "karpenter.k8s.aws", .kind = "EC2NodeClass", .name = "default"};
    out.spec.taints = {taint("from-claim")};
    out.status.provider_id = std::move(provider_id);
    out.status.capacity = cpu("4");
    out.status.allocatable = cpu("3900m");
    return out;
  }
  model::Node node(std::string name, std::string provider_id) {
    model::Node out;
    out.meta.name = name;
    out.meta.uid = "uid-" + name;
    out.meta.labels = {{std::string(labels::kNodePool), "pool"},
                       {std::string(labels::kInstanceType), "m5.large"}};
    out.spec.provider_id = std::move(provider_id);
    out.status.capacity = cpu("4");
    out.status.allocatable = cpu("3800m");
    return out;
  }
  model::Node ready_node(std::string name, std::string provider_id) {
    model::Node out = node(std::move(name), std::move(provider_id));
    out.meta.labels[std::string(labels::kRegistered)] = "true";
    out.meta.labels[std::string(labels::kInitialized)] = "true";
    return out;
  }
  model::Pod pod(std::string name, std::string node_name, std::string_view amount = "1") {
    model::Pod out;
    out.meta.name = name;
    out.meta.namespace_name = "default";
    out.meta.uid = "uid-" + name;
    out.spec.node_name = std::move(node_name);
    model::Container container;
    container.resources.requests = cpu(amount);
    out.spec.containers.push_back(std::move(container));
    out.status.phase = out.spec.node_name.empty() ? "Pending" : "Running";
    return out;
  }
  template <class T>
  void put(kube::Store<T>& store, T object) {
    object.meta.resource_version = std::to_string(++version_);
    store.upsert(std::make_shared<const T>(std::move(object)));
  }
  template <class T>
  void remove(kube::Store<T>& store, std::string name, std::string namespace_name = "") {
    store.remove({.namespace_name = std::move(namespace_name), .name = std::move(name)});
  }
  void finish_lists() {
    claims_.replace(claims_.list());
    nodes_.replace(nodes_.list());
    pods_.replace(pods_.list());
    daemon_sets_.replace(daemon_sets_.list());
    pools_.replace(pools_.list());
    volume_claims_.replace(volume_claims_.list());
    csi_nodes_.replace(csi_nodes_.list());
    namespaces_.replace(namespaces_.list());
  }
  StateNodePtr only() {
    const auto snapshot = cluster_.snapshot();
    EXPECT_EQ(snapshot->nodes.size(), 1U);
    return snapshot->nodes.empty() ? nullptr : snapshot->nodes[0];
  }
  base::Mono consolidated() { return cluster_.consolidation_timestamp(); }

  support::SimRuntime runtime_;
  kube::Store<model::NodeClaim> claims_;
  kube::Store<model::Node> nodes_;
  kube::Store<model::Pod> pods_;
  kube::Store<model::DaemonSet> daemon_sets_;
  kube::Store<model::NodePool> pools_;
  telemetry::Metrics metrics_;
  kube::Store<model::PersistentVolumeClaim> volume_claims_;
  kube::Store<model::CsiNode> csi_nodes_;
  kube::Store<model::Namespace> namespaces_;
  Cluster cluster_{runtime_,
                   {.claims = claims_,
                    .nodes = nodes_,
                    .pods = pods_,
                    .daemon_sets = daemon_sets_,
                    .node_pools = pools_,
                    .volume_claims = &volume_claims_,
                    .csi_nodes = &csi_nodes_,
                    .namespaces = &namespaces_},
                   metrics_,
                   {}};
  int version_ = 0;
};

// spec: scheduling §4.2
TEST_F(ClusterTest, merges_claim_and_node_by_provider_id_in_any_order) {
  put(nodes_, ready_node("n1", "aws:///a/i-1"));
  put(claims_, claim("c1", "aws:///a/i-1"));
  put(claims_, claim("c2", "aws:///a/i-2"));
  put(nodes_, ready_node("n2", "aws:///a/i-2"));
  const auto snapshot = cluster_.snapshot();
  ASSERT_EQ(snapshot->nodes.size(), 2U);
  for (const auto& state : snapshot->nodes) {
    EXPECT_TRUE(state->claim && state->node);
    EXPECT_TRUE(state->managed());
  }
  EXPECT_EQ(snapshot->find_by_name("n1")->claim->meta.name, "c1");
  EXPECT_EQ(snapshot->find_by_provider_id("aws:///a/i-2")->name, "n2");
  EXPECT_EQ(snapshot->find_by_name("nobody"), nullptr);
}

// spec: scheduling §4.2
TEST_F(ClusterTest, entries_vanish_only_when_both_sides_are_gone) {
  put(claims_, claim("c1", "id-1"));
  put(nodes_, ready_node("n1", "id-1"));
  remove(claims_, "c1");
  EXPECT_FALSE(only()->managed());
  put(claims_, claim("c1", "id-1"));
  remove(nodes_, "n1");
  EXPECT_EQ(only()->node, nullptr);
  remove(claims_, "c1");
  EXPECT_TRUE(cluster_.snapshot()->nodes.empty());
}

TEST_F(ClusterTest, a_changed_provider_id_leaves_no_old_entry) {
  put(claims_, claim("c1", "id-1"));
  put(claims_, claim("c1", "id-2"));
  EXPECT_EQ(only()->provider_id, "id-2");
  put(nodes_, ready_node("n1", "id-2"));
  put(nodes_, ready_node("n1", "id-3"));
  EXPECT_EQ(cluster_.snapshot()->nodes.size(), 2U);
  EXPECT_EQ(cluster_.snapshot()->find_by_provider_id("id-2")->node, nullptr);
}

// spec: scheduling §4.2
TEST_F(ClusterTest, ignores_what_is_not_ready_to_be_known) {
  put(nodes_, ready_node("without-provider-id", ""));
  auto untyped = node("untyped", "id-1");
  untyped.meta.labels.erase(std::string(labels::kInstanceType));
  put(nodes_, untyped);
  auto foreign = claim("foreign", "id-2");
  foreign.spec.node_class_ref.kind = "OtherNodeClass";
  put(claims_, foreign);
  EXPECT_TRUE(cluster_.snapshot()->nodes.empty());
  auto unmanaged = node("plain", "");
  unmanaged.meta.labels.clear();
  put(nodes_, unmanaged);
  EXPECT_EQ(only()->provider_id, "plain");
  EXPECT_TRUE(only()->registered() && only()->initialized() && !only()->managed());
}

// spec: scheduling §4.3
TEST_F(ClusterTest, views_come_from_the_claim_until_registration) {
  put(claims_, claim("c1", "id-1"));
  auto registering = node("n1", "id-1");
  registering.spec.taints = {taint("from-node")};
  put(nodes_, registering);
  EXPECT_EQ(only()->name, "c1");
  EXPECT_EQ(only()->taints.at(0).key, "from-claim");
  registering.meta.labels[std::string(labels::kRegistered)] = "true";
  put(nodes_, registering);
  EXPECT_EQ(only()->name, "n1");
  EXPECT_EQ(only()->taints.at(0).key, "from-node");
  EXPECT_TRUE(only()->registered());
  EXPECT_FALSE(only()->initialized());
}

// spec: scheduling §4.3, §6.3, §27.42
TEST_F(ClusterTest, ephemeral_and_startup_taints_hide_until_initialized) {
  auto c = claim("c1", "id-1");
  c.spec.startup_taints = {taint("startup")};
  put(claims_, c);
  auto n = node("n1", "id-1");
  n.meta.labels[std::string(labels::kRegistered)] = "true";
  n.spec.taints = {taint("node.kubernetes.io/not-ready"), taint("startup"), taint("own"),
                   taint(labels::kRebootingTaint)};
  put(nodes_, n);
  ASSERT_EQ(only()->taints.size(), 1U);
  EXPECT_EQ(only()->taints[0].key, "own");
  n.meta.labels[std::string(labels::kInitialized)] = "true";
  put(nodes_, n);
  EXPECT_EQ(only()->taints.size(), 4U);
  c.status.conditions = {condition("Rebooting")};
  put(claims_, c);
  EXPECT_EQ(only()->taints.size(), 1U);
}

// spec: scheduling §4.3
TEST_F(ClusterTest, capacity_is_filled_from_the_claim_until_initialized) {
  put(claims_, claim("c1", "id-1"));
  EXPECT_EQ(only()->allocatable.get("cpu"), q("3900m"));
  auto n = node("n1", "id-1");
  n.status.allocatable = {{"cpu", q("0")}, {"memory", q("1Gi")}};
  put(nodes_, n);
  EXPECT_EQ(only()->allocatable.get("cpu"), q("3900m"));
  EXPECT_EQ(only()->allocatable.get("memory"), q("1Gi"));
  EXPECT_EQ(only()->capacity.get("nodes"), q("1"));
  auto initialized = ready_node("n1", "id-1");
  initialized.status.allocatable = {{"memory", q("1Gi")}};
  put(nodes_, initialized);
  EXPECT_EQ(only()->allocatable.get("cpu"), q("0"));
}

// spec: scheduling §4.2 (pods), §4.3 (available)
TEST_F(ClusterTest, pods_count_on_their_node_until_they_end) {
  put(pods_, pod("early", "n1"));  // before its node is known
  put(nodes_, ready_node("n1", "id-1"));
  put(pods_, pod("a", "n1", "500m"));
  EXPECT_EQ(only()->pods.size(), 2U);
  EXPECT_EQ(only()->available.get("cpu"), q("2300m"));
  auto done = pod("a", "n1");
  done.status.phase = "Succeeded";
  put(pods_, done);
  remove(pods_, "early", "default");
  EXPECT_EQ(only()->pods.size(), 0U);
  EXPECT_EQ(only()->available.get("cpu"), q("3800m"));
}

TEST_F(ClusterTest, unbound_pods_move_to_their_node_when_bound) {
  put(nodes_, ready_node("n1", "id-1"));
  put(pods_, pod("a", ""));
  EXPECT_EQ(cluster_.snapshot()->unbound_pods.size(), 1U);
  put(pods_, pod("a", "n1"));
  EXPECT_TRUE(cluster_.snapshot()->unbound_pods.empty());
  EXPECT_EQ(only()->pods.size(), 1U);
}

TEST_F(ClusterTest, snapshots_are_immutable_and_shared_while_nothing_changes) {
  put(nodes_, ready_node("n1", "id-1"));
  const auto before = cluster_.snapshot();
  EXPECT_EQ(cluster_.snapshot(), before);
  put(pods_, pod("a", "n1"));
  const auto after = cluster_.snapshot();
  EXPECT_NE(after, before);
  EXPECT_TRUE(before->nodes[0]->pods.empty());
  EXPECT_EQ(after->nodes[0]->pods.size(), 1U);
}

// spec: scheduling §4.3, §4.4, §4.5, §4.6
TEST_F(ClusterTest, marked_and_deleted_nodes_leave_the_usage) {
  put(claims_, claim("c1", "id-1"));
  put(nodes_, ready_node("n1", "id-1"));
  put(claims_, claim("c2", "id-2"));
  const auto cpu_used = [&] {
    const auto& all = cluster_.snapshot()->node_pool_usage;
    const auto it = all.find("pool");
    return it == all.end() ? std::string("none")
                           : it->second.get("cpu").text() + "/" + it->second.get("nodes").text();
  };
  EXPECT_EQ(cpu_used(), "8/2");
  const std::vector<std::string> ids = {"id-1", "unknown"};
  cluster_.mark_for_deletion(ids);
  EXPECT_TRUE(cluster_.snapshot()->find_by_name("n1")->marked_for_deletion());
  EXPECT_EQ(cpu_used(), "4/1");
  cluster_.unmark_for_deletion(ids);
  EXPECT_EQ(cpu_used(), "8/2");
  auto going = claim("c2", "id-2");
  going.meta.deletion_timestamp = runtime_.now();
  put(claims_, going);
  EXPECT_EQ(cpu_used(), "4/1");
  auto terminating = claim("c1", "id-1");
  terminating.status.conditions = {condition("InstanceTerminating")};
  put(claims_, terminating);
  EXPECT_EQ(cpu_used(), "none");
}

// spec: scheduling §4.6
TEST_F(ClusterTest, a_nomination_lasts_its_ttl_and_survives_updates) {
  put(claims_, claim("c1", "id-1"));
  cluster_.nominate("c1");
  put(nodes_, ready_node("n1", "id-1"));
  EXPECT_TRUE(only()->nominated(runtime_.mono()));
  runtime_.run_for(seconds(19));
  EXPECT_TRUE(only()->nominated(runtime_.mono()));
  cluster_.nominate("n1");
  runtime_.run_for(seconds(19));
  EXPECT_TRUE(only()->nominated(runtime_.mono()));
  runtime_.run_for(seconds(2));
  EXPECT_FALSE(only()->nominated(runtime_.mono()));
}

// spec: scheduling §4.8, §27.44
TEST_F(ClusterTest, is_synced_when_lists_are_in_and_claims_have_launched) {
  put(claims_, claim("c1"));
  put(nodes_, ready_node("n1", ""));
  EXPECT_FALSE(cluster_.synced());
  finish_lists();
  EXPECT_FALSE(cluster_.synced());  // c1 has no instance, n1 no provider ID
  put(claims_, claim("c1", "id-1"));
  EXPECT_FALSE(cluster_.synced());
  put(nodes_, ready_node("n1", "id-1"));
  EXPECT_TRUE(cluster_.synced());
  EXPECT_EQ(metrics_.value("karpenter_cluster_state_synced", {}), 1);
  put(claims_, claim("c2"));
  EXPECT_FALSE(cluster_.synced());
  runtime_.run_for(seconds(7));
  EXPECT_FALSE(cluster_.synced());
  EXPECT_EQ(metrics_.value("karpenter_cluster_state_unsynced_time_seconds", {}), 7);
  remove(claims_, "c2");
  EXPECT_TRUE(cluster_.synced());
  put(nodes_, ready_node("n2", ""));  // later nodes do not close the gate again
  EXPECT_TRUE(cluster_.synced());
}

// spec: scheduling §22.2 step 6, §4.11
TEST_F(ClusterTest, a_created_claim_closes_the_gate_until_launched_or_found_stranded) {
  finish_lists();
  ASSERT_TRUE(cluster_.synced());
  cluster_.observe_created(claim("c1"));
  EXPECT_FALSE(cluster_.synced());
  put(claims_, claim("c1", "id-1"));
  EXPECT_TRUE(cluster_.synced());
  cluster_.observe_created(claim("c1"));  // the store was faster
  EXPECT_TRUE(cluster_.synced());
  cluster_.observe_created(claim("lost"));
  runtime_.run_for(seconds(14));
  EXPECT_FALSE(cluster_.synced());
  runtime_.run_for(seconds(2));
  EXPECT_TRUE(cluster_.synced());
}

// spec: scheduling §4.9
TEST_F(ClusterTest, the_consolidation_timestamp_moves_with_what_matters) {
  put(claims_, claim("c1", "id-1"));
  put(nodes_, node("n1", "id-1"));
  const auto moves = [&](const std::function<void()>& change) {
    const auto before = consolidated();
    runtime_.run_for(seconds(1));
    change();
    return consolidated() != before;
  };
  EXPECT_FALSE(moves([&] { put(claims_, claim("c1", "id-1")); }));
  EXPECT_TRUE(moves([&] { put(nodes_, ready_node("n1", "id-1")); }));
  EXPECT_TRUE(moves([&] { put(pods_, pod("a", "n1")); }));
  EXPECT_FALSE(moves([&] { put(pods_, pod("a", "n1")); }));
  EXPECT_TRUE(moves([&] { remove(pods_, "a", "default"); }));
  EXPECT_TRUE(moves([&] { cluster_.mark_for_deletion(std::vector<std::string>{"id-1"}); }));
  EXPECT_TRUE(moves([&] { remove(claims_, "c1"); }));
  EXPECT_TRUE(moves([&] { runtime_.run_for(std::chrono::minutes(5)); }));
}

// spec: scheduling §4.7, §8.4
TEST_F(ClusterTest, daemon_pods_are_the_newest_or_made_from_the_template) {
  model::DaemonSet daemon_set;
  daemon_set.meta.name = "log";
  daemon_set.meta.namespace_name = "kube-system";
  daemon_set.meta.uid = "ds";
  daemon_set.pod_template.spec.containers = pod("x", "").spec.containers;
  daemon_set.pod_template.spec.affinity.emplace().node_affinity.emplace().required.emplace();
  put(daemon_sets_, daemon_set);
  ASSERT_EQ(cluster_.snapshot()->daemon_pods.size(), 1U);
  EXPECT_EQ(cluster_.snapshot()->daemon_pods[0]->meta.uid, "");
  auto daemon = pod("log-1", "n1", "2");
  daemon.meta.creation_timestamp = runtime_.now();
  daemon.meta.owner_references.push_back({.api_version = "apps/v1",
                                          .kind = "DaemonSet",
                                          .name = "log",
                                          .uid = "ds",
                                          .controller = true,
                                          .block_owner_deletion = {}});
  put(pods_, daemon);
  EXPECT_EQ(cluster_.snapshot()->daemon_pods[0]->meta.uid, "uid-log-1");
  EXPECT_TRUE(cluster_.snapshot()->daemon_pods[0]->spec.affinity->node_affinity->required);
  remove(pods_, "log-1", "default");
  EXPECT_EQ(cluster_.snapshot()->daemon_pods[0]->meta.uid, "uid-log-1");  // still the best picture of it
  remove(daemon_sets_, "log", "kube-system");
  EXPECT_TRUE(cluster_.snapshot()->daemon_pods.empty());
}

// spec: scheduling §4.10
TEST_F(ClusterTest, the_ledger_keeps_times_and_expectations_of_living_pods) {
  const model::ObjectKey key{.namespace_name = "default", .name = "a"};
  put(pods_, pod("a", ""));
  cluster_.pods().acknowledge(key);
  runtime_.run_for(seconds(3));
  cluster_.pods().record_pass(std::vector{key}, {});
  cluster_.pods().assign("c1", std::vector{key});
  EXPECT_EQ(cluster_.pods().schedulable_since(key), runtime_.mono());
  EXPECT_EQ(cluster_.pods().pods_of_claim("c1"), std::vector{key});
  cluster_.pods().record_pass({}, std::vector{key});
  EXPECT_FALSE(cluster_.pods().schedulable_since(key));
  EXPECT_TRUE(cluster_.pods().pods_of_claim("c1").empty());
  cluster_.pods().assign("c1", std::vector{key});
  remove(pods_, "a", "default");
  EXPECT_TRUE(cluster_.pods().pods_of_claim("c1").empty());
}

// spec: scheduling §8.5, §24
TEST_F(ClusterTest, problems_leave_out_candidates_and_move_their_pods) {
  for (const std::string i : {"1", "2", "3"}) {
    put(claims_, claim("c" + i, "id-" + i));
    put(nodes_, ready_node("n" + i, "id-" + i));
    put(pods_, pod("p" + i, "n" + i));
  }
  cluster_.mark_for_deletion(std::vector<std::string>{"id-3"});
  auto pool = std::make_shared<model::NodePool>();
  pool->meta.name = "pool";
  const auto problem = make_problem(cluster_.snapshot(), {{pool, {}}},
                                    {.pods = {}, .without_provider_ids = {"id-1"}, .now = runtime_.now()});
  ASSERT_EQ(problem.problem.nodes.size(), 1U);
  EXPECT_EQ(problem.problem.nodes[0].name, "n2");
  EXPECT_EQ(problem.problem.nodes[0].node_claim, "c2");
  EXPECT_EQ(problem.problem.nodes[0].available.get("cpu"), q("2800m"));
  ASSERT_EQ(problem.problem.pods.size(), 2U);
  EXPECT_EQ(problem.problem.pods[0]->meta.name, "p1");
  EXPECT_EQ(problem.problem.pods[1]->meta.name, "p3");
  EXPECT_EQ(problem.problem.pools.at(0).usage.get("cpu"), q("4"));
}

// spec: scheduling §4.2, §13.2, §14, §15.4, §15.12
TEST_F(ClusterTest, problems_carry_what_pods_and_nodes_refer_to) {
  for (const std::string i : {"1", "2"}) {
    put(claims_, claim("c" + i, "id-" + i));
    model::Node object = ready_node("n" + i, "id-" + i);
    object.spec.taints = {taint("from-node")};
    put(nodes_, object);
    put(pods_, pod("p" + i, "n" + i));
  }
  cluster_.mark_for_deletion(std::vector<std::string>{"id-2"});
  model::CsiNode csi_node;
  csi_node.meta.name = "n1";
  csi_node.drivers = {{.name = "ebs", .allocatable_count = 3},
                      {.name = "unbounded", .allocatable_count = {}}};
  put(csi_nodes_, csi_node);
  model::PersistentVolumeClaim volume_claim;
  volume_claim.meta.name = "data";
  put(volume_claims_, volume_claim);
  model::Namespace space;
  space.meta.name = "shop";
  put(namespaces_, space);
  const auto owned = make_problem(cluster_.snapshot(), {}, {.now = runtime_.now()});
  const auto& problem = owned.problem;
  ASSERT_EQ(problem.nodes.size(), 1U);
  ASSERT_EQ(problem.nodes[0].volume_limits.size(), 1U);
  EXPECT_EQ(problem.nodes[0].volume_limits[0].driver, "ebs");
  EXPECT_EQ(problem.nodes[0].volume_limits[0].count, 3);
  EXPECT_EQ(problem.nodes[0].raw_taints.at(0).key, "from-node");
  ASSERT_EQ(problem.volumes.claims.size(), 1U);
  EXPECT_EQ(problem.volumes.claims[0]->meta.name, "data");
  ASSERT_EQ(problem.namespaces.size(), 1U);
  // The pods of the node that goes count, and have to be placed.
  ASSERT_EQ(problem.other_nodes.size(), 1U);
  EXPECT_EQ(problem.other_nodes[0].name, "n2");
  EXPECT_EQ(problem.other_nodes[0].pods.at(0)->meta.name, "p2");
  EXPECT_TRUE(problem.deleting_nodes.contains("n2"));
  ASSERT_EQ(problem.pods.size(), 1U);
  EXPECT_EQ(problem.pods[0]->meta.name, "p2");
}

// spec: scheduling §2.4
TEST_F(ClusterTest, pods_that_a_budget_never_lets_go_stay) {
  struct Case {
    std::string name;
    std::function<void(model::PodDisruptionBudget&, model::Pod&)> change;
    bool moves;
  };
  const std::vector<Case> cases = {
      {"no budget for it",
       [](auto& budget, auto&) {
         budget.selector->match_labels = {{"app", "other"}};
       },
       true},
      {"other namespace", [](auto& budget, auto&) { budget.meta.namespace_name = "other"; }, true},
      {"allows none now", [](auto& budget, auto&) { budget.max_unavailable = "1"; }, true},
      {"int 0", [](auto& budget, auto&) { budget.max_unavailable = "0"; }, false},
      {"0%", [](auto& budget, auto&) { budget.max_unavailable = R"("0%")"; }, false},
      {"100%", [](auto& budget, auto&) { budget.min_available = R"("100%")"; }, false},
      {"int 100", [](auto& budget, auto&) { budget.min_available = "100"; }, true},
      {"unhealthy pod, always evicted",
       [](auto& budget, auto& pod) {
         budget.max_unavailable = "0";
         budget.unhealthy_pod_eviction_policy = "AlwaysAllow";
         model::Condition ready = condition("Ready");
         ready.status = "False";
         pod.status.conditions = {ready};
       },
       true},
      {"tolerates the disruption",
       [](auto& budget, auto& pod) {
         budget.max_unavailable = "0";
         pod.spec.tolerations = {
             {.key = {}, .op = "Exists", .value = {}, .effect = {}, .toleration_seconds = {}}};
       },
       true},
  };
  for (const auto& c : cases) {
    auto budget = std::make_shared<model::PodDisruptionBudget>();
    budget->meta.namespace_name = "default";
    budget->selector.emplace().match_labels = {{"app", "web"}};
    auto moving = std::make_shared<model::Pod>(pod("p", "n"));
    moving->meta.labels = {{"app", "web"}};
    c.change(*budget, *moving);
    Surroundings around;
    around.budgets = {budget};
    StateNode node;
    node.pods = {moving};
    EXPECT_EQ(reschedulable_pods(node, around, runtime_.now()).size(), c.moves ? 1U : 0U) << c.name;
  }
}

// spec: scheduling §25.2
TEST_F(ClusterTest, problems_of_passes_are_used_again_while_only_pending_pods_change) {
  put(claims_, claim("c1", "id-1"));
  put(nodes_, ready_node("n1", "id-1"));
  put(pods_, pod("p1", ""));
  ProblemKeeper keeper;
  const auto pass = [&]() -> const OwnedProblem& {
    const auto snapshot = cluster_.snapshot();
    return keeper.make(snapshot, {}, {.pods = snapshot->unbound_pods, .now = runtime_.now()});
  };
  const std::uint64_t first = pass().problem.version;
  EXPECT_NE(first, 0U);
  put(pods_, pod("p2", ""));
  cluster_.nominate("n1");
  const OwnedProblem& second = pass();
  EXPECT_EQ(second.problem.version, first);
  EXPECT_EQ(second.problem.pods.size(), 2U);
  put(pods_, pod("p2", "n1"));
  const OwnedProblem& third = pass();
  EXPECT_NE(third.problem.version, first);
  EXPECT_EQ(third.problem.pods.size(), 1U);
  EXPECT_EQ(third.problem.nodes.at(0).pods.size(), 1U);
}

// spec: scheduling §8.1
TEST(IsUsable, needs_ready_dynamic_and_alive) {
  model::NodePool pool;
  EXPECT_FALSE(is_usable(pool));
  pool.status.conditions = {condition("Ready")};
  EXPECT_TRUE(is_usable(pool));
  pool.spec.replicas = 3;
  EXPECT_FALSE(is_usable(pool));
  pool.spec.replicas.reset();
  pool.meta.deletion_timestamp = base::Time{};
  EXPECT_FALSE(is_usable(pool));
}

}  // namespace
}  // namespace karpenter::cluster
