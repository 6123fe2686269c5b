#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <tuple>
#include <vector>

#include "common/base/strings.h"
#include "tests/simulation/objects.h"
#include "tests/simulation/world.h"

// The whole system in virtual time with faults, many seeds, each run twice. A failing seed is replayed with
//   KARPENTER_SEED=<seed> build/dev/tests/simulation_main_job --gtest_filter='*one_seed*'
// (KARPENTER_SPEC=<name>.yaml for another spec)
// and KARPENTER_LOG_LINES=100000 prints the controller's log.
// spec: lifecycle §4.10, §5.1, §5.2; scheduling §4.8

namespace karpenter::simulation {
namespace {

struct Outcome {
  base::Status status = base::ok();
  std::uint64_t hash = 0;
  std::vector<Phase> phases;
  std::size_t lives = 0;
  std::size_t launched = 0;
  std::uint64_t aws_errors = 0;
  std::string log;
};

std::string setting(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value == nullptr ? fallback : value;
}

Outcome run(const Spec& spec, std::uint64_t seed, const Deaths& deaths = {}) {
  static const auto installation = install_objects();  // reading YAML takes a tenth of a run
  KARP_CHECK(installation.has_value());
  World world(spec, seed, deaths);
  Outcome out;
  out.status = world.start(*installation);
  if (out.status) out.status = world.play();
  out.hash = world.trace_hash();
  out.phases = world.phases();
  out.lives = world.lives();
  out.launched = world.launched();
  out.aws_errors = world.aws_errors();
  if (out.status && setting("KARPENTER_LOG_LINES", "").empty()) return out;
  const auto lines = base::parse_int64(setting("KARPENTER_LOG_LINES", "60"));
  for (const auto& line : world.log_tail(static_cast<std::size_t>(lines ? *lines : 60)))
    out.log += line + "\n";
  return out;
}

Spec read(const std::string& name) {
  auto spec = read_spec(setting("KARPENTER_SOURCE_DIR", ".") + "/tests/simulation/specs/" + name);
  EXPECT_TRUE(spec.has_value()) << (spec ? "" : spec.error().text());
  return spec ? std::move(spec).value() : Spec{};
}

void expect_good(const Spec& spec, std::uint64_t seed) {
  const auto first = run(spec, seed);
  ASSERT_TRUE(first.status.has_value()) << "seed " << seed << ": " << first.status.error().text() << "\n"
                                        << first.log;
  std::fputs(first.log.c_str(), stderr);
  const auto second = run(spec, seed);
  EXPECT_EQ(first.hash, second.hash) << "seed " << seed << " ran differently the second time";
  EXPECT_GE(first.lives, spec.min_lives);
  EXPECT_GE(first.launched, spec.min_launched);
  EXPECT_LE(first.aws_errors, spec.max_aws_errors);
}

class Simulation : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Simulation, comes_to_rest_with_nothing_lost_or_doubled) {
  expect_good(read("main_job.yaml"), GetParam());
}

INSTANTIATE_TEST_SUITE_P(seeds, Simulation, testing::Range<std::uint64_t>(1, 33));

class Scenario : public testing::TestWithParam<std::tuple<const char*, std::uint64_t>> {};

TEST_P(Scenario, goes_well) {
  const auto& [name, seed] = GetParam();
  expect_good(read(std::string(name) + ".yaml"), seed);
}

std::string name_of(const testing::TestParamInfo<Scenario::ParamType>& tested) {
  return std::string(std::get<0>(tested.param)) + "_" + std::to_string(std::get<1>(tested.param));
}

INSTANTIATE_TEST_SUITE_P(specs, Scenario,
                         testing::Combine(testing::Values("spot_storm", "shortage", "brownout"),
                                          testing::Values(1, 2)),
                         name_of);
// Also what bites when the budget is not kept.
INSTANTIATE_TEST_SUITE_P(budget, Scenario, testing::Values(std::tuple("rolling_drift", 1)), name_of);

TEST(SimulationReplay, one_seed_from_the_environment) {
  const auto seed = base::parse_int64(setting("KARPENTER_SEED", ""));
  if (!seed) GTEST_SKIP() << "KARPENTER_SEED is not set";
  expect_good(read(setting("KARPENTER_SPEC", "main_job.yaml")), static_cast<std::uint64_t>(*seed));
}

// kill -9 in every phase of the story, in three ways: at the first write to AWS, done but unanswered (an
// instance may run that nobody has heard of); in the midst of the phase, just before a write; late in it,
// with a write done but unanswered. How much a phase writes is measured in an undisturbed run. A run kills in
// every other phase, so that what a death left behind has a phase to show.
constexpr std::array kPhases{"install",      "scale up", "second wave", "scale down",  "consolidation",
                             "interruption", "drift",    "expiration",  "provisioner", "tear down"};
constexpr std::uint64_t kWays = 3;

Death death_in(const Phase& phase, std::uint64_t way) {
  const auto unanswered = Death::Way::kDoneButUnanswered;
  const auto& [all, to_aws] = phase.writes;
  if (way == 1) return {.at_write = (all + 1) / 2, .way = Death::Way::kNeverSent};
  if (way == 2) return {.at_write = (3 * all + 3) / 4, .way = unanswered};
  return {.at_write = 1, .of = to_aws > 0 ? Death::Of::kToAws : Death::Of::kAll, .way = unanswered};
}

class KillAtAnyMoment : public testing::TestWithParam<std::uint64_t> {};

TEST_P(KillAtAnyMoment, the_story_ends_well) {
  const auto spec = read("story.yaml");
  static const auto undisturbed = run(spec, 1);
  ASSERT_TRUE(undisturbed.status.has_value()) << undisturbed.status.error().text() << "\n" << undisturbed.log;
  ASSERT_EQ(undisturbed.phases.size(), kPhases.size());
  ASSERT_GE(undisturbed.launched, spec.min_launched);
  Deaths deaths;
  std::string plan;
  for (auto i = GetParam() / kWays; i < kPhases.size(); i += 2) {
    const auto& phase = undisturbed.phases[i];
    ASSERT_EQ(phase.name, kPhases.at(i));
    const auto death = death_in(phase, GetParam() % kWays);
    deaths[phase.name] = death;
    plan += phase.name + ": " + std::to_string(death.at_write) +
            (death.of == Death::Of::kToAws ? " to AWS" : "") + " of " + std::to_string(phase.writes.all) +
            "/" + std::to_string(phase.writes.to_aws) + "\n";
  }
  SCOPED_TRACE(plan);
  const auto killed = run(spec, 1, deaths);
  EXPECT_TRUE(killed.status.has_value()) << killed.status.error().text() << "\n" << killed.log;
  EXPECT_EQ(killed.lives, 1 + deaths.size());
  RecordProperty("deaths", plan);
}

INSTANTIATE_TEST_SUITE_P(moments, KillAtAnyMoment, testing::Range<std::uint64_t>(0, 2 * kWays));

}  // namespace
}  // namespace karpenter::simulation
