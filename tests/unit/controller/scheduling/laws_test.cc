#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "tests/support/plan_verifier.h"
#include "tests/unit/controller/scheduling/builders.h"

// Laws over random small worlds; the seed of a failure is in its trace.

namespace karpenter::scheduling {
namespace {

namespace labels = model::labels;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 2654435769U + 1) {}
  std::uint64_t below(std::uint64_t n) {  // splitmix64
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return (z ^ (z >> 31U)) % n;
  }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

model::Pod random_pod(Dice& dice, int i) {
  static const std::vector<std::string> kCpus = {"100m", "500m", "1", "1900m", "3", "6", "9"};
  static const std::vector<std::string> kMemories = {"128Mi", "1Gi", "3Gi", "12Gi"};
  model::Pod pod = a_pod("pod-" + std::to_string(i), kCpus[dice.below(kCpus.size())],
                         kMemories[dice.below(kMemories.size())]);
  const std::string app(1, static_cast<char>('a' + dice.below(3)));
  pod.meta.labels = {{"app", app}};
  if (dice.one_in(5)) pod.spec.node_selector[std::string(labels::kArch)] = dice.one_in(2) ? "arm64" : "amd64";
  if (dice.one_in(5)) pod.spec.node_selector[std::string(labels::kZone)] = kZones[dice.below(3)];
  if (dice.one_in(6))
    require(pod, {{expression("team", "In", {"x"})},
                  {expression(std::string(labels::kZone), "NotIn", {"zone-a"})}});
  if (dice.one_in(3))
    pod.spec.tolerations.push_back(
        {.key = "k", .op = "Exists", .value = {}, .effect = {}, .toleration_seconds = {}});
  if (dice.one_in(5)) keep_apart(pod, dice.one_in(2) ? labels::kHostname : labels::kZone, select("app", app));
  if (dice.one_in(6))
    keep_together(pod, dice.one_in(2) ? labels::kHostname : labels::kZone, select("app", app));
  if (dice.one_in(4))
    spread(pod, dice.one_in(2) ? labels::kHostname : labels::kZone, 1 + static_cast<int>(dice.below(2)),
           select("app", app));
  if (dice.one_in(8)) use_host_port(pod, 80);
  return pod;
}

Scenario random_world(std::uint64_t seed) {
  Dice dice(seed);
  Scenario s;
  auto types = four_types();
  for (auto& type : types) {
    auto copy = std::make_shared<cloud::InstanceType>(*type);
    for (auto& offering : copy->offerings) offering.available = !dice.one_in(4);
    type = copy;
  }
  for (int i = 0; i < static_cast<int>(1 + dice.below(3)); ++i) {
    model::NodePool pool = a_pool("pool-" + std::to_string(i));
    if (dice.one_in(2)) pool.spec.weight = static_cast<int>(dice.below(3)) + 1;
    if (dice.one_in(3))
      pool.spec.node_template.spec.taints.push_back(
          {.key = "k",
           .value = "v",
           .effect = dice.one_in(3) ? "PreferNoSchedule" : "NoSchedule",
           .time_added = {}});
    if (dice.one_in(3)) pool.spec.limits = amounts(std::to_string(4 + dice.below(16)), "");
    if (dice.one_in(4)) pool.spec.limits.set("nodes", q("2"));
    if (dice.one_in(3)) pool.spec.node_template.meta.labels = {{"team", "x"}};
    s.add(std::move(pool), types);
  }
  const auto nodes = dice.below(4);
  for (std::size_t i = 0; i < nodes; ++i) {
    auto& node = s.add(
        a_node("node-" + std::to_string(i), std::to_string(dice.below(6)), "8Gi", kZones[dice.below(3)]));
    node.initialized = !dice.one_in(3);
    if (dice.one_in(4))
      node.taints.push_back({.key = "k", .value = "v", .effect = "NoSchedule", .time_added = {}});
    if (dice.one_in(2)) {
      model::Pod running = a_pod("running-" + std::to_string(i));
      running.meta.labels = {{"app", "a"}};
      if (dice.one_in(3)) keep_apart(running, labels::kHostname, select("app", "a"));
      s.run(i, std::move(running));
    }
  }
  if (dice.one_in(2)) s.add_daemon(a_pod("daemon", "200m", "256Mi"));
  if (dice.one_in(3))
    s.add_daemon(a_pod("arm-daemon", "1", "256Mi")).spec.node_selector = {
        {std::string(labels::kArch), "arm64"}};
  s.await_daemons();
  const int pods = static_cast<int>(1 + dice.below(14));
  for (int i = 0; i < pods; ++i) s.add(random_pod(dice, i));
  return s;
}

constexpr std::uint64_t kWorlds = 1000;

TEST(ScheduleLaws, plans_are_valid) {
  for (std::uint64_t seed = 0; seed < kWorlds; ++seed) {
    const Scenario world = random_world(seed);
    const Problem problem = world.problem();
    const Plan plan = schedule(problem, {});
    const auto broken = support::verify(problem, plan);
    ASSERT_EQ(broken, std::vector<std::string>{}) << "seed " << seed << "\n" << describe(problem, plan);
  }
}

TEST(ScheduleLaws, order_of_inputs_does_not_matter) {
  for (std::uint64_t seed = 0; seed < kWorlds; seed += 3) {
    const Scenario world = random_world(seed);
    const Problem problem = world.problem();
    Problem shuffled = problem;
    Dice dice(seed + 77);
    const auto shuffle = [&](auto& items) {
      for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[dice.below(i)]);
    };
    shuffle(shuffled.pods);
    shuffle(shuffled.pools);
    shuffle(shuffled.nodes);
    shuffle(shuffled.daemon_pods);
    ASSERT_EQ(describe(problem, schedule(problem, {})), describe(shuffled, schedule(shuffled, {})))
        << "seed " << seed;
  }
}

// What a Scheduler keeps from other worlds changes nothing.
TEST(ScheduleLaws, a_scheduler_that_is_used_again_gives_the_same_plans) {
  Scheduler kept;
  for (std::uint64_t seed = 0; seed < kWorlds; seed += 3) {
    const Scenario world = random_world(seed);
    const Problem problem = world.problem();
    ASSERT_EQ(describe(problem, kept.schedule(problem, {})), describe(problem, schedule(problem, {})))
        << "seed " << seed;
  }
}

// On existing nodes alone: what the pass could not place still has no place once the rest is where the plan
// put it.
TEST(ScheduleLaws, scheduling_what_is_left_again_changes_nothing) {
  for (std::uint64_t seed = 0; seed < kWorlds; seed += 5) {
    const Scenario world = random_world(seed);
    Problem problem = world.problem();
    problem.pools.clear();
    const Plan plan = schedule(problem, {});
    std::deque<model::Pod> bound;
    for (const auto& placement : plan.onto_existing) {
      model::Pod pod = *placement.pod;
      auto& node = problem.nodes[placement.node];
      pod.spec.node_name = node.name;
      bound.push_back(std::move(pod));
      node.pods.push_back(&bound.back());
      for (const auto& [name, amount] : bound.back().spec.containers[0].resources.requests)
        node.available.add(name, model::Quantity() - amount);
    }
    problem.pods.clear();
    for (const auto& unplaced : plan.unplaced) problem.pods.push_back(unplaced.pod);
    const Plan again = schedule(problem, {});
    EXPECT_TRUE(again.onto_existing.empty()) << "seed " << seed << "\n" << describe(problem, again);
  }
}

}  // namespace
}  // namespace karpenter::scheduling
