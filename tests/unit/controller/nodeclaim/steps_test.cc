#include "controller/nodeclaim/steps.h"

#include <gtest/gtest.h>

#include "common/model/labels.h"
#include "controller/nodeclaim/consistency.h"
#include "controller/nodeclaim/disruption_conditions.h"
#include "controller/nodeclaim/garbage_collection.h"
#include "controller/nodeclaim/pod_events.h"

namespace karpenter::nodeclaim {
namespace {

namespace labels = model::labels;
using model::find_condition;
using model::is_true;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const Time kNow = std::chrono::sys_days(std::chrono::year(2026) / 3 / 4) + hours(12);

model::NodeClaim a_claim() {
  model::NodeClaim claim;
  claim.meta.name = "default-abcde";
  claim.meta.uid = "claim-uid";
  claim.meta.creation_timestamp = kNow - minutes(1);
  claim.meta.labels[std::string(labels::kNodePool)] = "default";
  claim.status.provider_id = "aws:///z1/i-1";
  return claim;
}

model::Node a_node() {
  model::Node node;
  node.meta.name = "node-1";
  node.spec.provider_id = "aws:///z1/i-1";
  node.spec.taints = {
      {.key = std::string(labels::kUnregisteredTaint), .value = "", .effect = "NoExecute", .time_added = {}}};
  return node;
}

model::Taint a_taint(std::string key, std::string value = "", std::string effect = "NoSchedule") {
  return {.key = std::move(key), .value = std::move(value), .effect = std::move(effect), .time_added = {}};
}

std::vector<std::shared_ptr<const model::Node>> shared(const std::vector<model::Node>& nodes) {
  std::vector<std::shared_ptr<const model::Node>> out;
  for (const auto& node : nodes) out.push_back(std::make_shared<const model::Node>(node));
  return out;
}

std::string reason_of(const model::NodeClaim& claim, std::string_view type) {
  const auto* found = find_condition(claim.status.conditions, type);
  return found == nullptr ? "" : found->status + "/" + found->reason;
}

// spec: lifecycle §4.3
TEST(Launch, merges_labels_for_the_claim_and_annotations_for_the_cloud) {
  auto claim = a_claim();
  claim.status.provider_id.clear();
  claim.meta.labels["team"] = "mine";
  claim.meta.annotations["note"] = "mine";
  model::NodeClaim launched;
  launched.meta.labels = {{"team", "theirs"}, {"zone", "z1"}};
  launched.meta.annotations = {{"note", "theirs"}};
  launched.status.provider_id = "aws:///z1/i-7";
  launched.status.image_id = "ami-1";
  accept_launch(claim, launched, kNow);
  EXPECT_EQ(claim.meta.label("team"), "mine");
  EXPECT_EQ(claim.meta.label("zone"), "z1");
  EXPECT_EQ(claim.meta.annotation("note"), "theirs");
  EXPECT_EQ(claim.status.provider_id, "aws:///z1/i-7");
  EXPECT_EQ(claim.status.image_id, "ami-1");
  EXPECT_TRUE(is_true(claim.status.conditions, "Launched"));
}

TEST(Launch, a_failure_keeps_launched_unknown_with_its_reason) {
  auto claim = a_claim();
  auto error = base::internal("no permission");
  refuse_launch(claim, error, kNow);
  EXPECT_EQ(reason_of(claim, "Launched"), "Unknown/LaunchFailed");
  error.reason = "Unauthorized";
  error.message = std::string(2000, 'x');
  refuse_launch(claim, error, kNow);
  EXPECT_EQ(reason_of(claim, "Launched"), "Unknown/Unauthorized");
  const auto& message = find_condition(claim.status.conditions, "Launched")->message;
  EXPECT_EQ(message.size(), 1024U);
  EXPECT_TRUE(message.ends_with("x..."));
  EXPECT_EQ(cut_text("abc", 3), "abc");
}

// Else each failed try would change the claim, and so wake the next one at once.
TEST(Launch, the_same_failure_of_another_request_changes_nothing) {
  auto claim = a_claim();
  const auto failure = [](const char* request) {
    return base::internal("AWS request failed").add("aws-request-id", request).add("aws-status-code", "500");
  };
  refuse_launch(claim, failure("one"), kNow);
  const auto before = claim.status.conditions;
  refuse_launch(claim, failure("two"), kNow + std::chrono::seconds(1));
  const auto* now = find_condition(claim.status.conditions, "Launched");
  EXPECT_EQ(now->message, find_condition(before, "Launched")->message);
  EXPECT_EQ(now->last_transition_time, find_condition(before, "Launched")->last_transition_time);
  EXPECT_NE(now->message.find("aws-status-code=500"), std::string::npos);
}

// spec: lifecycle §4.4
TEST(Registration, waits_for_exactly_one_node) {
  auto claim = a_claim();
  EXPECT_FALSE(plan_registration(claim, {}, kNow).before);
  EXPECT_EQ(reason_of(claim, "Registered"), "Unknown/NodeNotFound");
  EXPECT_FALSE(plan_registration(claim, shared({a_node(), a_node()}), kNow).before);
  EXPECT_EQ(reason_of(claim, "Registered"), "False/MultipleNodesFound");
  EXPECT_FALSE(plan_registration(claim, shared({a_node()}), kNow).before);  // False is sticky
  EXPECT_EQ(reason_of(claim, "Registered"), "False/MultipleNodesFound");
}

TEST(Registration, synchronises_the_node) {
  auto claim = a_claim();
  claim.meta.labels["team"] = "claim";
  claim.meta.annotations["a"] = "claim";
  claim.spec.taints = {a_taint("dedicated", "x"), a_taint("other")};
  claim.spec.startup_taints = {a_taint("boot", "", "NoExecute")};
  auto node = a_node();
  node.meta.labels = {{"team", "node"}, {"kept", "yes"}};
  node.meta.owner_references.emplace_back().kind = "Other";
  node.spec.taints.push_back(a_taint("dedicated", "node-value"));
  auto plan = plan_registration(claim, shared({node}), kNow);
  ASSERT_TRUE(plan.before);
  const auto& after = plan.after;
  EXPECT_FALSE(plan.unregistered_taint_missing);
  EXPECT_TRUE(after.meta.has_finalizer(labels::kTerminationFinalizer));
  ASSERT_EQ(after.meta.owner_references.size(), 2U);
  EXPECT_EQ(after.meta.owner_references[1].uid, "claim-uid");
  EXPECT_EQ(after.meta.owner_references[1].block_owner_deletion, true);
  EXPECT_EQ(after.meta.label("team"), "claim");
  EXPECT_EQ(after.meta.label("kept"), "yes");
  EXPECT_EQ(after.meta.annotation("a"), "claim");
  EXPECT_EQ(after.meta.label(labels::kRegistered), "true");
  std::vector<std::string> taints;
  for (const auto& taint : after.spec.taints) taints.push_back(taint.text());
  EXPECT_EQ(taints, (std::vector<std::string>{"dedicated=node-value:NoSchedule", "other:NoSchedule",
                                              "boot:NoExecute"}));
  // Once more changes nothing.
  auto again = a_claim();
  again.meta = claim.meta;
  again.spec = claim.spec;
  const auto second = plan_registration(again, shared({after}), kNow);
  EXPECT_EQ(second.after.meta.owner_references.size(), 2U);
  EXPECT_EQ(second.after.meta.finalizers.size(), 1U);
  EXPECT_EQ(second.after.spec.taints, after.spec.taints);
  accept_registration(claim, after, kNow);
  EXPECT_TRUE(is_true(claim.status.conditions, "Registered"));
  EXPECT_EQ(claim.status.node_name, "node-1");
}

TEST(Registration, notices_a_node_that_came_without_the_taint_and_one_that_brings_its_own) {
  auto claim = a_claim();
  claim.spec.taints = {a_taint("dedicated")};
  auto node = a_node();
  node.spec.taints.clear();
  node.meta.labels[std::string(labels::kDoNotSyncTaints)] = "true";
  const auto plan = plan_registration(claim, shared({node}), kNow);
  EXPECT_TRUE(plan.unregistered_taint_missing);
  EXPECT_TRUE(plan.after.spec.taints.empty());
}

// spec: lifecycle §4.5
TEST(Initialization, names_the_first_obstacle) {
  struct Case {
    std::string name;
    void (*change)(model::NodeClaim&, model::Node&);
    std::string want;
  };
  const std::vector<Case> cases{
      {"ready", [](auto&, auto&) {}, ""},
      {"not ready", [](auto&, auto& n) { n.status.conditions[0].status = "Unknown"; },
       "Unknown/NodeNotReady"},
      {"startup taint of any value",
       [](auto& c, auto& n) {
         c.spec.startup_taints = {a_taint("boot", "1")};
         n.spec.taints = {a_taint("boot", "2")};
       },
       "Unknown/StartupTaintsExist"},
      {"startup taint of another effect",
       [](auto& c, auto& n) {
         c.spec.startup_taints = {a_taint("boot")};
         n.spec.taints = {a_taint("boot", "", "NoExecute")};
       },
       ""},
      {"ephemeral", [](auto&, auto& n) { n.spec.taints = {a_taint("node.kubernetes.io/not-ready")}; },
       "Unknown/KnownEphemeralTaintsExist"},
      {"missing resource", [](auto& c, auto&) { c.spec.requests.set("gpu", model::Quantity::of(1)); },
       "Unknown/ResourceNotRegistered"},
      {"zero request", [](auto& c, auto&) { c.spec.requests.set("gpu", model::Quantity()); }, ""},
      {"present resource",
       [](auto& c, auto& n) {
         c.spec.requests.set("gpu", model::Quantity::of(1));
         n.status.allocatable.set("gpu", model::Quantity::of(4));
       },
       ""}};
  for (const auto& c : cases) {
    auto claim = a_claim();
    model::conditions_of(claim, kNow).set_true("Registered");
    auto node = a_node();
    node.spec.taints.clear();
    node.status.conditions.emplace_back().type = "Ready";
    node.status.conditions[0].status = "True";
    c.change(claim, node);
    const auto plan = plan_initialization(claim, shared({node}), kNow);
    EXPECT_EQ(plan == nullptr, !c.want.empty()) << c.name;
    EXPECT_EQ(reason_of(claim, "Initialized"), c.want.empty() ? "Unknown/AwaitingReconciliation" : c.want)
        << c.name;
  }
  auto claim = a_claim();
  EXPECT_FALSE(plan_initialization(claim, shared({a_node()}), kNow));  // not registered: nothing is said
  EXPECT_EQ(reason_of(claim, "Initialized"), "Unknown/AwaitingReconciliation");
}

// spec: lifecycle §4.6
TEST(Liveness, expires_launch_after_five_and_registration_after_fifteen_minutes) {
  struct Case {
    std::string name;
    minutes age;
    bool launched, registered;
    std::vector<std::string_view> expired;
    std::optional<minutes> check_after;
  };
  const std::vector<Case> cases{
      {"fresh", minutes(1), false, false, {}, minutes(4)},
      {"launch overdue", minutes(5), false, false, {"launch_timeout"}, minutes(10)},
      {"launched", minutes(6), true, false, {}, minutes(9)},
      {"registration overdue", minutes(15), true, false, {"registration_timeout"}, std::nullopt},
      {"both overdue", minutes(20), false, false, {"launch_timeout", "registration_timeout"}, std::nullopt},
      {"registered", minutes(99), true, true, {}, std::nullopt}};
  for (const auto& c : cases) {
    auto claim = a_claim();
    claim.meta.creation_timestamp = kNow - c.age;
    auto conditions = model::conditions_of(claim, kNow - c.age);
    if (c.launched) conditions.set_true("Launched");
    if (c.registered) conditions.set_true("Registered");
    const auto plan = plan_liveness(claim, kNow);
    EXPECT_EQ(plan.expired, c.expired) << c.name;
    EXPECT_EQ(plan.check_after, c.check_after) << c.name;
  }
}

// spec: lifecycle §5.7
TEST(Expiration, counts_from_creation) {
  auto claim = a_claim();
  EXPECT_EQ(expires_at(claim), std::nullopt);
  claim.spec.expire_after = "Never";
  EXPECT_EQ(expires_at(claim), std::nullopt);
  claim.spec.expire_after = "what";
  EXPECT_EQ(expires_at(claim), std::nullopt);
  claim.spec.expire_after = "720h";
  EXPECT_EQ(expires_at(claim), *claim.meta.creation_timestamp + hours(720));
}

// spec: lifecycle §4.8
TEST(Termination, timestamp_is_written_once) {
  auto claim = a_claim();
  claim.meta.deletion_timestamp = kNow;
  EXPECT_EQ(missing_termination_timestamp(claim), "");
  claim.spec.termination_grace_period = "10m";
  EXPECT_EQ(missing_termination_timestamp(claim), "2026-03-04T12:10:00Z");
  claim.meta.annotations[std::string(labels::kTerminationTimestamp)] = "2026-03-04T12:00:01Z";
  EXPECT_EQ(missing_termination_timestamp(claim), "");
}

// spec: lifecycle §5.1
TEST(GarbageCollection, takes_registered_claims_without_instance) {
  auto registered = a_claim();
  model::conditions_of(registered, kNow).set_true("Registered");
  auto alive = registered;
  alive.meta.name = "alive";
  alive.status.provider_id = "aws:///z1/i-2";
  auto deleting = registered;
  deleting.meta.deletion_timestamp = kNow;
  std::vector<std::shared_ptr<const model::NodeClaim>> claims;
  for (const auto& claim : {registered, alive, deleting, a_claim()}) {
    claims.push_back(std::make_shared<const model::NodeClaim>(claim));
  }
  const auto garbage = plan_garbage(claims, {alive});
  ASSERT_EQ(garbage.size(), 1U);
  EXPECT_EQ(garbage[0]->meta.name, "default-abcde");
}

// spec: lifecycle §5.4
TEST(Consistency, reports_nodes_much_smaller_than_promised) {
  auto claim = a_claim();
  claim.spec.requests.set("memory", model::Quantity::of(1));
  claim.spec.requests.set("cpu", model::Quantity::of(1));
  claim.status.capacity.set("memory", model::Quantity::of(1000));
  claim.status.capacity.set("cpu", model::Quantity::of(4));
  auto node = a_node();
  node.status.capacity.set("memory", model::Quantity::of(899));
  node.status.capacity.set("cpu", model::Quantity::of(4));
  EXPECT_TRUE(find_shape_issues(claim, node).empty());  // not initialized
  model::conditions_of(claim, kNow).set_true("Initialized");
  EXPECT_EQ(find_shape_issues(claim, node),
            std::vector<std::string>{"expected 1k of resource memory, but found 899 (89.9% of expected)"});
  node.status.capacity.set("memory", model::Quantity::of(900));
  EXPECT_TRUE(find_shape_issues(claim, node).empty());
}

// spec: disruption §17.4
TEST(PodEvents, accept_creation_binding_and_the_end) {
  const auto pod = [](std::string node, std::string phase = "Running", bool deleting = false,
                      bool daemon = false) {
    auto out = std::make_shared<model::Pod>();
    out->spec.node_name = std::move(node);
    out->status.phase = std::move(phase);
    if (deleting) out->meta.deletion_timestamp = kNow;
    if (daemon) {
      auto& owner = out->meta.owner_references.emplace_back();
      owner.api_version = "apps/v1";
      owner.kind = "DaemonSet";
    }
    return std::shared_ptr<const model::Pod>(out);
  };
  EXPECT_TRUE(is_pod_event({nullptr, pod("n")}));
  EXPECT_FALSE(is_pod_event({nullptr, pod("")}));
  EXPECT_FALSE(is_pod_event({nullptr, pod("n", "Running", false, true)}));
  EXPECT_FALSE(is_pod_event({pod("n"), pod("n")}));
  EXPECT_TRUE(is_pod_event({pod(""), pod("n")}));
  EXPECT_TRUE(is_pod_event({pod("n"), pod("n", "Succeeded")}));
  EXPECT_TRUE(is_pod_event({pod("n"), pod("n", "Running", true)}));
  EXPECT_FALSE(is_pod_event({pod("n"), nullptr}));
}

// spec: disruption §17.1
TEST(Drift, by_hash_needs_equal_versions) {
  auto claim = a_claim();
  model::NodePool pool;
  const auto annotate = [](model::ObjectMeta& meta, std::string hash, std::string version) {
    meta.annotations[std::string(labels::kNodePoolHash)] = std::move(hash);
    meta.annotations[std::string(labels::kNodePoolHashVersion)] = std::move(version);
  };
  EXPECT_EQ(static_drift(claim, pool), "");
  annotate(pool.meta, "1", "v3");
  EXPECT_EQ(static_drift(claim, pool), "");
  annotate(claim.meta, "1", "v3");
  EXPECT_EQ(static_drift(claim, pool), "");
  annotate(claim.meta, "2", "v3");
  EXPECT_EQ(static_drift(claim, pool), "NodePoolDrifted");
  annotate(claim.meta, "2", "v2");
  EXPECT_EQ(static_drift(claim, pool), "");
}

TEST(Drift, by_requirements_is_strict_about_missing_labels) {
  auto claim = a_claim();
  claim.meta.labels["team"] = "red";
  const auto drift = [&](std::string key, std::string op, std::vector<std::string> values) {
    model::NodePool pool;
    pool.spec.node_template.spec.requirements.push_back(
        {.key = std::move(key), .op = std::move(op), .values = std::move(values), .min_values = {}});
    return static_drift(claim, pool);
  };
  EXPECT_EQ(drift("team", "In", {"red", "blue"}), "");
  EXPECT_EQ(drift("team", "In", {"blue"}), "RequirementsDrifted");
  EXPECT_EQ(drift("other", "In", {"x"}), "RequirementsDrifted");
  EXPECT_EQ(drift("other", "Exists", {}), "RequirementsDrifted");
  EXPECT_EQ(drift("other", "NotIn", {"x"}), "");
  EXPECT_EQ(drift("other", "DoesNotExist", {}), "");
  EXPECT_EQ(drift("other", "Nonsense", {}), "");  // a broken pool drifts nothing
}

TEST(Drift, by_instance_type_looks_for_a_compatible_offering) {
  auto claim = a_claim();
  claim.meta.labels[std::string(labels::kInstanceType)] = "m5.large";
  claim.meta.labels[std::string(labels::kCapacityType)] = "on-demand";
  claim.meta.labels[std::string(labels::kZone)] = "z1";
  auto type = std::make_shared<cloud::InstanceType>();
  type->name = "m5.large";
  EXPECT_TRUE(lacks_instance_type(claim, {}));
  EXPECT_TRUE(lacks_instance_type(claim, {type}));
  auto& offering = type->offerings.emplace_back();
  offering.requirements.add(model::Requirement::in(labels::kCapacityType, {"on-demand"}));
  offering.requirements.add(model::Requirement::in(labels::kZone, {"z1"}));
  EXPECT_FALSE(lacks_instance_type(claim, {type}));  // available or not
  claim.meta.labels[std::string(labels::kCapacityType)] = "reserved";
  EXPECT_FALSE(lacks_instance_type(claim, {type}));
  claim.meta.labels[std::string(labels::kZone)] = "z2";
  EXPECT_TRUE(lacks_instance_type(claim, {type}));
}

// spec: disruption §17.2
TEST(Consolidatable, comes_when_the_node_has_been_quiet_for_long_enough) {
  auto claim = a_claim();
  model::NodePool pool;
  pool.spec.disruption =
      model::Disruption{.consolidate_after = "30s", .consolidation_policy = {}, .budgets = {}};
  EXPECT_EQ(update_consolidatable(claim, pool, kNow), std::nullopt);
  EXPECT_EQ(reason_of(claim, "Consolidatable"), "");
  model::conditions_of(claim, kNow - seconds(10)).set_true("Initialized");
  EXPECT_EQ(update_consolidatable(claim, pool, kNow), seconds(20));
  EXPECT_EQ(update_consolidatable(claim, pool, kNow + seconds(20)), std::nullopt);
  EXPECT_EQ(reason_of(claim, "Consolidatable"), "True/Consolidatable");
  claim.status.last_pod_event_time = kNow + seconds(15);
  EXPECT_EQ(update_consolidatable(claim, pool, kNow + seconds(20)), seconds(25));
  EXPECT_EQ(reason_of(claim, "Consolidatable"), "");
  pool.spec.disruption->consolidate_after = "Never";
  EXPECT_EQ(update_consolidatable(claim, pool, kNow + hours(9)), std::nullopt);
  EXPECT_EQ(reason_of(claim, "Consolidatable"), "");
}

}  // namespace
}  // namespace karpenter::nodeclaim
