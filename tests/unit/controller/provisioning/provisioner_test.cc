#include "controller/provisioning/provisioner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "common/json/json.h"
#include "common/net/loopback.h"
#include "controller/provisioning/in_parallel.h"
#include "controller/provisioning/trigger.h"
#include "tests/support/sim_runtime.h"
#include "tests/unit/controller/scheduling/builders.h"

namespace karpenter::provisioning {
namespace {

using scheduling::a_pod;
using scheduling::a_pool;
using scheduling::amounts;
using scheduling::q;
using std::chrono::seconds;

std::string text_at(json::View object, std::string_view pointer) {
  return object.at_pointer(pointer).string_or("");
}

// Just enough of an API server: names what is created and keeps it.
class ClaimServer final : public net::Handler {
 public:
  net::HttpResponse handle(const net::HttpRequest& request, const net::Call& /*call*/) override {
    if (fail_next > 0) {
      --fail_next;
      return {.status = 500, .body = R"({"kind":"Status","message":"etcd is away","code":500})"};
    }
    auto object = json::parse(request.body);
    if (!object || request.method != "POST") return {.status = 400};
    const std::string name = text_at(*object, "/metadata/generateName") + std::to_string(created.size());
    object->ref()["metadata"]["name"].set(name);
    object->ref()["metadata"]["uid"].set("uid-" + name);
    created.push_back(std::move(*object));
    return {.status = 201, .body = created.back().dump()};
  }
  std::vector<json::Value> created;
  int fail_next = 0;
};

class FakeCloud final : public cloud::CloudProvider {
 public:
  base::Result<model::NodeClaim> create(const model::NodeClaim&, const net::Call&) override {
    return base::internal("unused");
  }
  base::Status remove(const model::NodeClaim&, const net::Call&) override { return base::internal("unused"); }
  base::Result<model::NodeClaim> get(std::string_view, const net::Call&) override {
    return base::internal("unused");
  }
  base::Result<std::vector<model::NodeClaim>> list(const net::Call&) override {
    return base::internal("unused");
  }
  base::Result<cloud::InstanceTypes> instance_types(const model::NodePool& pool, const net::Call&) override {
    if (failing.contains(pool.meta.name)) return base::make_error(base::Code::kUnavailable, "no answer");
    return scheduling::four_types();
  }
  base::Result<std::string> is_drifted(const model::NodeClaim&, const net::Call&) override {
    return std::string();
  }
  [[nodiscard]] std::string_view name() const override { return "fake"; }
  std::set<std::string> failing;
};

class Recorder final : public telemetry::EventRecorder {
 public:
  void publish(telemetry::Event event) override {
    lines.push_back(event.reason + " " + event.object.name + ": " + event.message);
  }
  std::vector<std::string> lines;
};

class ProvisionerTest : public testing::Test {
 protected:
  ProvisionerTest() {
    transport_.route(origin_, server_);
    put(pools_, a_pool("default"));
    for_all_stores([](auto& store) { store.replace(store.list()); });
  }
  template <class F>
  void for_all_stores(const F& f) {
    f(claims_), f(nodes_), f(pods_), f(daemon_sets_), f(pools_);
  }
  template <class T>
  void put(kube::Store<T>& store, T object) {
    object.meta.resource_version = std::to_string(++version_);
    store.upsert(std::make_shared<const T>(std::move(object)));
  }
  void pending(std::string name, std::string_view cpu = "1") {
    put(pods_, pending_pod(std::move(name), cpu));
  }
  model::Pod pending_pod(std::string name, std::string_view cpu) {
    model::Pod pod = a_pod(std::move(name), cpu);
    model::Condition condition;
    condition.type = "PodScheduled";
    condition.reason = "Unschedulable";
    pod.status.conditions.push_back(std::move(condition));
    return pod;
  }
  // The claims that the server has become launched instances, as the watch would tell.
  void launch_all() {
    for (const auto& object : server_.created) {
      model::NodeClaim claim;
      claim.meta.name = text_at(object, "/metadata/name");
      claim.meta.labels = {{std::string(model::labels::kNodePool), "default"}};
      claim.spec.node_class_ref = {.group = "karpenter.k8s.aws", .kind = "EC2NodeClass", .name = "default"};
      claim.status.provider_id = "id-" + claim.meta.name;
      claim.status.capacity = amounts("4", "16Gi", "110");
      claim.status.allocatable = amounts("3900m", "15Gi", "110");
      put(claims_, claim);
    }
  }
  // What the pod trigger and one run of the provisioner do.
  base::Result<reconcile::Outcome> pass() {
    for (const auto& pod : pods_.list())
      EXPECT_TRUE(trigger_.reconcile(model::key_of(pod->meta), {}).has_value());
    return provisioner_.reconcile({}, {});
  }
  bool logged(std::string_view text) {
    return std::ranges::any_of(sink_.lines(),
                               [&](const auto& line) { return line.find(text) != std::string::npos; });
  }

  support::SimRuntime runtime_;
  telemetry::MemorySink sink_;
  telemetry::Log log_{runtime_, sink_, {.level = telemetry::Level::kDebug}};
  telemetry::Metrics metrics_;
  Recorder events_;
  FakeCloud cloud_;
  ClaimServer server_;
  net::LoopbackTransport transport_;
  const net::Origin origin_{.scheme = "https", .host = "api", .port = 443};
  kube::Client client_{runtime_, transport_, {.origin = origin_}};
  kube::Store<model::NodeClaim> claims_;
  kube::Store<model::Node> nodes_;
  kube::Store<model::Pod> pods_;
  kube::Store<model::DaemonSet> daemon_sets_;
  kube::Store<model::NodePool> pools_;
  cluster::Cluster cluster_{runtime_, {claims_, nodes_, pods_, daemon_sets_, pools_}, metrics_, {}};
  cluster::ClaimCreator creator_{cluster_, pools_, client_, log_, metrics_};
  Batcher batcher_{runtime_, {}};
  PodTrigger trigger_{pods_, cluster_.pods(), batcher_};
  Provisioner provisioner_{{runtime_, cluster_, pools_, cloud_, creator_, log_, metrics_, events_}, batcher_};
  int version_ = 0;
};

// spec: scheduling §3.3, §22.2, §23.1
TEST_F(ProvisionerTest, pending_pods_become_claims) {
  for (int i = 0; i < 7; ++i) pending("p" + std::to_string(i), "2500m");
  ASSERT_TRUE(pass().has_value());
  ASSERT_EQ(server_.created.size(), 3U);  // three pods fill the largest type
  EXPECT_EQ(text_at(server_.created[0], "/metadata/ownerReferences/0/name"), "default");
  EXPECT_EQ(text_at(server_.created[0], "/spec/resources/requests/cpu"), "7500m");
  EXPECT_EQ(events_.lines.front(), "Nominated p0: Pod should schedule on: nodeclaim/default-0");
  EXPECT_EQ(
      metrics_.value("karpenter_nodeclaims_created_total",
                     {{"reason", "provisioned"}, {"nodepool", "default"}, {"min_values_relaxed", "false"}}),
      3);
  EXPECT_TRUE(logged("found provisionable pod(s)"));
  EXPECT_TRUE(logged("computed new nodeclaim(s) to fit pod(s)"));
  EXPECT_TRUE(logged("created nodeclaim"));
  EXPECT_EQ(cluster_.pods().pods_of_claim("default-0").size(), 3U);
}

// spec: scheduling §3.3 step 2, §4.8
TEST_F(ProvisionerTest, waits_for_launches_and_then_uses_them) {
  pending("a");
  ASSERT_TRUE(pass().has_value());
  pending("b");
  ASSERT_TRUE(pass().has_value());
  EXPECT_EQ(server_.created.size(), 1U);  // the gate is closed
  launch_all();
  ASSERT_TRUE(provisioner_.reconcile({}, {}).has_value());  // the trigger was kept
  EXPECT_EQ(server_.created.size(), 1U);
  EXPECT_TRUE(cluster_.snapshot()->nodes.at(0)->nominated(runtime_.mono()));
  EXPECT_NE(std::ranges::find(events_.lines, "Nominated b: Pod should schedule on: nodeclaim/default-0"),
            events_.lines.end());
}

// spec: scheduling §23.1, §2.2
TEST_F(ProvisionerTest, tells_why_a_pod_cannot_be_placed) {
  pending("huge", "100");
  auto strange = pending_pod("strange", "1");
  strange.spec.node_selector = {{"kubernetes.io/hostname", "n"}};
  put(pods_, strange);
  ASSERT_TRUE(pass().has_value());
  EXPECT_TRUE(server_.created.empty());
  ASSERT_EQ(events_.lines.size(), 2U);
  EXPECT_NE(
      events_.lines[0].find(
          "FailedScheduling strange: Failed to schedule pod, label kubernetes.io/hostname is restricted"),
      std::string::npos);
  EXPECT_NE(events_.lines[1].find(
                "FailedScheduling huge: Failed to schedule pod, incompatible with nodepool \"default\", no "
                "instance type has enough resources"),
            std::string::npos);
  EXPECT_EQ(metrics_.value("karpenter_scheduler_unschedulable_pods_count", {{"controller", "provisioner"}}),
            1);
  EXPECT_EQ(metrics_.value("karpenter_scheduler_ignored_pods_count", {}), 1);
}

// spec: scheduling §8.1, §8.2
TEST_F(ProvisionerTest, one_bad_pool_does_not_stop_the_others) {
  auto broken = a_pool("broken");
  broken.spec.weight = 100;
  cloud_.failing = {"broken"};
  put(pools_, broken);
  auto unready = a_pool("unready");
  unready.status.conditions[0].status = "False";
  put(pools_, unready);
  pending("a");
  ASSERT_TRUE(pass().has_value());
  ASSERT_EQ(server_.created.size(), 1U);
  EXPECT_TRUE(logged("unable to resolve instance types"));
  EXPECT_TRUE(logged("ignoring nodepool, not ready"));
}

TEST_F(ProvisionerTest, without_a_usable_pool_nothing_is_decided) {
  auto pool = a_pool("default");
  pool.status.conditions.clear();
  put(pools_, pool);
  pending("a");
  ASSERT_TRUE(pass().has_value());
  EXPECT_TRUE(server_.created.empty());
  EXPECT_TRUE(events_.lines.empty());
  EXPECT_TRUE(logged("no nodepools found"));
}

// spec: scheduling §22.2
TEST_F(ProvisionerTest, a_failed_create_is_reported_and_tried_again) {
  for (int i = 0; i < 4; ++i) pending("p" + std::to_string(i), "2500m");
  server_.fail_next = 1;
  const auto failed = pass();
  ASSERT_FALSE(failed.has_value());
  EXPECT_NE(failed.error().text().find("NodePool=default"), std::string::npos);
  EXPECT_EQ(server_.created.size(), 1U);  // the other one was made
  launch_all();
  ASSERT_TRUE(provisioner_.reconcile({}, {}).has_value());
  EXPECT_EQ(server_.created.size(), 2U);
}

// spec: scheduling §22.2 step 2, §27.30
TEST_F(ProvisionerTest, limits_are_read_again_before_creation) {
  const model::Resources limits = amounts("10", "");
  EXPECT_EQ(cluster::exceeded_limit(limits, amounts("10", "99Gi")), "");
  EXPECT_EQ(cluster::exceeded_limit(limits, amounts("10001m", "")), "cpu usage 10001m exceeds limit 10");
}

// spec: scheduling §23.2
TEST_F(ProvisionerTest, measures_each_placement) {
  pending("huge", "100");
  ASSERT_TRUE(pass().has_value());
  // Twice a pass: the placement, and all of it.
  EXPECT_EQ(
      metrics_.value("karpenter_scheduler_scheduling_duration_seconds", {{"controller", "provisioner"}}), 2);
  const auto lines_of = [&](std::string_view name) {
    const std::string text = metrics_.text();
    std::size_t n = 0;
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) ++n;
    return n;
  };
  EXPECT_EQ(lines_of("\nkarpenter_scheduler_queue_depth{controller=\"provisioner\",scheduling_id="), 1U);
  EXPECT_EQ(lines_of("\nkarpenter_scheduler_unfinished_work_seconds{"), 0U);
  pending("huge2", "100");
  ASSERT_TRUE(pass().has_value());
  EXPECT_EQ(lines_of("\nkarpenter_scheduler_queue_depth{controller=\"provisioner\",scheduling_id="), 1U);
}

// spec: scheduling §2.4
TEST_F(ProvisionerTest, pods_of_deleting_nodes_get_a_place) {
  model::NodeClaim claim;
  claim.meta.name = "old";
  claim.meta.labels = {{std::string(model::labels::kNodePool), "default"}};
  claim.meta.deletion_timestamp = runtime_.now();
  claim.spec.node_class_ref = {.group = "karpenter.k8s.aws", .kind = "EC2NodeClass", .name = "default"};
  claim.status.provider_id = "id-old";
  put(claims_, claim);
  model::Node node;
  node.meta.name = "old-node";
  node.meta.labels = {{std::string(model::labels::kNodePool), "default"},
                      {std::string(model::labels::kInitialized), "true"}};
  node.spec.provider_id = "id-old";
  put(nodes_, node);
  model::Pod pod = a_pod("moving");
  pod.spec.node_name = "old-node";
  pod.status.phase = "Running";
  put(pods_, pod);
  batcher_.trigger("node");
  ASSERT_TRUE(provisioner_.reconcile({}, {}).has_value());
  EXPECT_EQ(server_.created.size(), 1U);
}

// spec: scheduling §3.1
TEST(NodeTrigger, fires_for_disrupted_nodes_only) {
  support::SimRuntime runtime;
  Batcher batcher(runtime, {});
  kube::Store<model::Node> nodes;
  NodeTrigger trigger(nodes, batcher);
  model::Node node;
  node.meta.name = "n";
  node.meta.uid = "u";
  nodes.upsert(std::make_shared<const model::Node>(node));
  EXPECT_TRUE(std::holds_alternative<reconcile::Done>(*trigger.reconcile({.name = "n"}, {})));
  EXPECT_FALSE(batcher.wait(seconds(1), {}));
  node.meta.resource_version = "2";
  node.spec.taints = {
      {.key = "karpenter.sh/disrupted", .value = {}, .effect = "NoSchedule", .time_added = {}}};
  nodes.upsert(std::make_shared<const model::Node>(node));
  EXPECT_TRUE(std::holds_alternative<reconcile::RequeueAfter>(*trigger.reconcile({.name = "n"}, {})));
  EXPECT_TRUE(batcher.wait(seconds(1), {}));
  EXPECT_TRUE(std::holds_alternative<reconcile::Done>(*trigger.reconcile({.name = "gone"}, {})));
}

// spec: scheduling §2.6
TEST(ConsolidationWarnings, name_each_pod_once_a_day_for_each_kind) {
  support::SimRuntime runtime;
  telemetry::MemorySink sink;
  telemetry::Log log(runtime, sink, {});
  const auto named = [&](std::string_view kind) {
    return std::ranges::count_if(sink.lines(),
                                 [&](const auto& line) { return line.find(kind) != std::string::npos; });
  };
  std::vector<model::Pod> pods(12, a_pod("x"));
  for (std::size_t i = 0; i < pods.size(); ++i) {
    pods[i].meta.name = "p" + std::to_string(i);
    pods[i].meta.uid = pods[i].meta.name;
    pods[i].spec.affinity.emplace().pod_anti_affinity.emplace().preferred.emplace_back();
  }
  pods[0].spec.topology_spread_constraints.emplace_back().when_unsatisfiable = "ScheduleAnyway";
  pods[1].spec.topology_spread_constraints.emplace_back().when_unsatisfiable = "DoNotSchedule";
  std::vector<const model::Pod*> raw;
  for (const auto& pod : pods) raw.push_back(&pod);
  ConsolidationWarnings warnings;
  warnings.report(raw, runtime.mono(), log);
  warnings.report(raw, runtime.mono() + std::chrono::hours(23), log);
  EXPECT_EQ(named("Anti-Affinity"), 1);
  EXPECT_EQ(named("TopologySpreadConstraint"), 1);
  EXPECT_EQ(named("and 2 other(s)"), 1);
  warnings.report(raw, runtime.mono() + std::chrono::hours(24), log);
  EXPECT_EQ(named("Anti-Affinity"), 2);
}

TEST(InParallel, calls_the_body_once_for_each_and_waits_for_all) {
  support::SimRuntime runtime;
  for (const std::size_t count : {0U, 1U, 3U, 25U}) {
    std::vector<int> calls(count);
    in_parallel(runtime, count, 4, [&](std::size_t i) {
      static_cast<void>(runtime::sleep_for(runtime, seconds(1), {}));
      ++calls[i];
    });
    EXPECT_EQ(calls, std::vector<int>(count, 1));
  }
  EXPECT_EQ(runtime.mono(), base::Mono(seconds(1 + 1 + 7)));  // four at a time
}

TEST(PodsText, names_five_and_counts_the_rest) {
  std::vector<model::Pod> pods;
  for (int i = 0; i < 7; ++i) pods.push_back(a_pod("p" + std::to_string(i)));
  std::vector<const model::Pod*> raw;
  for (const auto& pod : pods) raw.push_back(&pod);
  EXPECT_EQ(pods_text(raw), "default/p0, default/p1, default/p2, default/p3, default/p4 and 2 other(s)");
  EXPECT_EQ(pods_text({}), "");
}

}  // namespace
}  // namespace karpenter::provisioning
