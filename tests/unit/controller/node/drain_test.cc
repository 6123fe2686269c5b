#include "controller/node/drain.h"

#include <gtest/gtest.h>

#include "common/model/labels.h"

namespace karpenter::node {
namespace {

namespace labels = model::labels;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const Time kNow = std::chrono::sys_days(std::chrono::year(2026) / 3 / 4) + hours(12);

struct PodBuilder {
  model::Pod pod;
  explicit PodBuilder(std::string name) {
    pod.meta.name = std::move(name);
    pod.status.phase = "Running";
  }
  PodBuilder& daemon() {
    auto& owner = pod.meta.owner_references.emplace_back();
    owner.api_version = "apps/v1";
    owner.kind = "DaemonSet";
    return *this;
  }
  PodBuilder& critical() {
    pod.spec.priority_class_name = "system-node-critical";
    return *this;
  }
  PodBuilder& grace(std::int64_t value) {
    pod.spec.termination_grace_period_seconds = value;
    return *this;
  }
  PodBuilder& deleted(Time at) {
    pod.meta.deletion_timestamp = at;
    return *this;
  }
  PodBuilder& protect() {
    pod.meta.annotations[std::string(labels::kDoNotDisrupt)] = "true";
    return *this;
  }
  operator PodPtr() const { return std::make_shared<const model::Pod>(pod); }
};
PodBuilder a_pod(std::string name) { return PodBuilder(std::move(name)); }

std::vector<std::string> names(const std::vector<PodPtr>& pods) {
  std::vector<std::string> out;
  for (const auto& pod : pods) out.push_back(pod->meta.name);
  return out;
}
using Names = std::vector<std::string>;

// spec: disruption §20.1
TEST(Drain, evicts_the_first_tier_that_has_any) {
  std::vector<PodPtr> pods{a_pod("critical-daemon").critical().daemon(), a_pod("critical").critical(),
                           a_pod("daemon").daemon(), a_pod("plain")};
  for (const std::string next : {"plain", "daemon", "critical", "critical-daemon"}) {
    const auto plan = plan_drain(pods, std::nullopt, kNow);
    EXPECT_EQ(plan.waiting, pods.size());
    EXPECT_EQ(names(plan.evict), Names{next});
    pods.pop_back();
  }
  EXPECT_EQ(plan_drain(pods, std::nullopt, kNow).waiting, 0U);
}

TEST(Drain, leaves_pods_that_no_drain_removes_and_waits_for_the_protected) {
  auto tolerant = a_pod("tolerant");
  tolerant.pod.spec.tolerations.emplace_back().op = "Exists";
  auto mirror = a_pod("mirror");
  auto& owner = mirror.pod.meta.owner_references.emplace_back();
  owner.api_version = "v1";
  owner.kind = "Node";
  auto done = a_pod("done");
  done.pod.status.phase = "Succeeded";
  const std::vector<PodPtr> pods{tolerant,
                                 mirror,
                                 done,
                                 a_pod("stuck").deleted(kNow - minutes(2)),
                                 a_pod("protected").protect(),
                                 a_pod("leaving").deleted(kNow + seconds(30))};
  const auto plan = plan_drain(pods, std::nullopt, kNow);
  EXPECT_EQ(names(plan.evict), (Names{"protected", "leaving"}));
  EXPECT_EQ(plan.waiting, 2U);
}

// spec: disruption §20.2, §20.4
TEST(Drain, forces_pods_of_every_tier_when_their_grace_no_longer_fits) {
  const Time deadline = kNow + seconds(60);
  const std::vector<PodPtr> pods{a_pod("long").critical().grace(61), a_pod("short").grace(30), a_pod("none"),
                                 a_pod("later").deleted(deadline + seconds(1)), a_pod("daemon").daemon()};
  const auto plan = plan_drain(pods, deadline, kNow);
  EXPECT_EQ(names(plan.evict), (Names{"long", "later", "short", "none"}));
  EXPECT_FALSE(must_force(*pods[1], deadline, kNow + seconds(30)));  // now > deadline - grace, strictly
  EXPECT_TRUE(must_force(*pods[1], deadline, kNow + seconds(31)));
  EXPECT_FALSE(must_force(*pods[2], deadline, deadline + hours(1)));  // without a grace period: never
  EXPECT_FALSE(must_force(*pods[0], std::nullopt, kNow));
}

// spec: disruption §20.3
TEST(Eviction, step_depends_on_deadline_and_state) {
  using Kind = EvictionStep::Kind;
  struct Case {
    std::string name;
    PodPtr pod;
    Deadline deadline;
    Kind want;
    std::int64_t grace;
  };
  const std::vector<Case> cases{
      {"plain", a_pod("p"), std::nullopt, Kind::kEvict, 0},
      {"protected", a_pod("p").protect(), std::nullopt, Kind::kWait, 0},
      {"terminating", a_pod("p").deleted(kNow), std::nullopt, Kind::kDrop, 0},
      {"protected but overdue", a_pod("p").protect().grace(100), kNow + seconds(45), Kind::kForce, 45},
      {"past the deadline", a_pod("p").grace(10), kNow - seconds(5), Kind::kForce, 1},
      {"time enough", a_pod("p").grace(10), kNow + seconds(45), Kind::kEvict, 0}};
  for (const auto& c : cases) {
    const auto step = plan_eviction(*c.pod, c.deadline, kNow);
    EXPECT_EQ(static_cast<int>(step.kind), static_cast<int>(c.want)) << c.name;
    EXPECT_EQ(step.grace_seconds, c.grace) << c.name;
  }
}

// spec: disruption §19.3
TEST(Volumes, of_pods_that_stay_and_inline_ones_do_not_block) {
  std::vector<AttachmentPtr> attachments;
  for (const std::string volume : {"pv-a", "", "pv-b"}) {
    auto attachment = std::make_shared<model::VolumeAttachment>();
    attachment->meta.name = "attachment-of-" + volume;
    attachment->persistent_volume_name = volume;
    attachments.push_back(attachment);
  }
  EXPECT_EQ(blocking_attachments(attachments, {"pv-b"}), Names{"attachment-of-pv-a"});
  auto pod = a_pod("web");
  pod.pod.meta.namespace_name = "ns";
  pod.pod.spec.volumes.push_back(
      {.name = "data", .persistent_volume_claim = "claim", .ephemeral_storage_class = {}});
  pod.pod.spec.volumes.push_back(
      {.name = "tmp", .persistent_volume_claim = {}, .ephemeral_storage_class = {}, .is_ephemeral = true});
  pod.pod.spec.volumes.emplace_back().name = "config";
  const auto keys = volume_claims_of(pod.pod);
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0].text(), "ns/claim");
  EXPECT_EQ(keys[1].text(), "ns/web-tmp");
}

// spec: lifecycle §4.9
TEST(Termination, marks_the_node_once) {
  model::Node node;
  node.spec.taints = {
      {.key = std::string(labels::kDisruptedTaint), .value = "x", .effect = "NoExecute", .time_added = {}},
      {.key = "other", .value = "", .effect = "NoSchedule", .time_added = {}}};
  EXPECT_TRUE(mark_disrupted(node));
  ASSERT_EQ(node.spec.taints.size(), 2U);
  EXPECT_EQ(node.spec.taints[1].text(), "karpenter.sh/disrupted:NoSchedule");
  EXPECT_EQ(node.meta.label("node.kubernetes.io/exclude-from-external-load-balancers"), "karpenter");
  EXPECT_FALSE(mark_disrupted(node));
}

TEST(Termination, deadline_comes_from_the_claim) {
  EXPECT_EQ(*deadline_of(nullptr), std::nullopt);
  model::NodeClaim claim;
  claim.meta.name = "c";
  EXPECT_EQ(*deadline_of(&claim), std::nullopt);
  auto& value = claim.meta.annotations[std::string(labels::kTerminationTimestamp)];
  value = "2026-03-04T12:00:00Z";
  EXPECT_EQ(*deadline_of(&claim), kNow);
  value = "tomorrow";
  const auto broken = deadline_of(&claim);
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().text().find("NodeClaim=c"), std::string::npos);
}

}  // namespace
}  // namespace karpenter::node
