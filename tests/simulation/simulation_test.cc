#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "tests/simulation/objects.h"
#include "tests/simulation/world.h"

// The whole system in virtual time with faults, many seeds, each run twice. A failing seed is replayed with
//   KARPENTER_SEED=<seed> build/dev/tests/simulation_main_job --gtest_filter='*one_seed*'
// and KARPENTER_LOG_LINES=100000 prints the controller's log.
// spec: lifecycle §4.10, §5.1, §5.2; scheduling §4.8

namespace karpenter::simulation {
namespace {

struct Outcome {
  base::Status status = base::ok();
  std::uint64_t hash = 0;
  std::uint64_t writes = 0;
  std::vector<std::uint64_t> cloud_writes;
  std::size_t lives = 0;
  std::size_t launched = 0;
  std::string log;
};

std::string setting(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value == nullptr ? fallback : value;
}

Outcome run(const Spec& spec, std::uint64_t seed, std::optional<Death> death = {}) {
  static const auto installation = install_objects();  // reading YAML takes a tenth of a run
  KARP_CHECK(installation.has_value());
  World world(spec, seed, death);
  Outcome out;
  out.status = world.start(*installation);
  if (out.status) out.status = world.play();
  out.hash = world.trace_hash();
  out.writes = world.writes();
  out.cloud_writes = world.cloud_writes();
  out.lives = world.lives();
  out.launched = world.launched();
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
  EXPECT_GE(first.lives, 2U);     // the faults did happen
  EXPECT_GE(first.launched, 3U);  // and so did the workload
}

class Simulation : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Simulation, comes_to_rest_with_nothing_lost_or_doubled) {
  expect_good(read("main_job.yaml"), GetParam());
}

INSTANTIATE_TEST_SUITE_P(seeds, Simulation, testing::Range<std::uint64_t>(1, 33));

TEST(SimulationReplay, one_seed_from_the_environment) {
  const auto seed = base::parse_int64(setting("KARPENTER_SEED", ""));
  if (!seed) GTEST_SKIP() << "KARPENTER_SEED is not set";
  expect_good(read("main_job.yaml"), static_cast<std::uint64_t>(*seed));
}

// kill -9 at 20 moments of a short demo. Half of them are spread over everything the controller does to the
// world: just before a write, or just after one whose answer it then never sees. The others are such
// unanswered writes to AWS, where an instance may start that nobody has heard of.
constexpr std::uint64_t kMoments = 20;

Death death_at(std::uint64_t moment, const Outcome& undisturbed) {
  constexpr auto kHalf = kMoments / 2;
  if (moment < kHalf) {
    return {.at_write = 1 + moment * undisturbed.writes / kHalf,
            .write = moment % 2 == 0 ? Death::Write::kDoneButUnanswered : Death::Write::kNeverSent};
  }
  const auto& writes = undisturbed.cloud_writes;
  return {.at_write = writes.at((moment - kHalf) * writes.size() / kHalf),
          .write = Death::Write::kDoneButUnanswered};
}

class KillAtAnyMoment : public testing::TestWithParam<std::uint64_t> {};

TEST_P(KillAtAnyMoment, no_instance_without_claim_and_none_twice) {
  const auto spec = read("short_demo.yaml");
  static const auto undisturbed = run(spec, 1);
  ASSERT_TRUE(undisturbed.status.has_value()) << undisturbed.status.error().text() << "\n" << undisturbed.log;
  const auto death = death_at(GetParam(), undisturbed);
  const auto killed = run(spec, 1, death);
  EXPECT_TRUE(killed.status.has_value()) << "died at write " << death.at_write << " of " << undisturbed.writes
                                         << ": " << killed.status.error().text() << "\n"
                                         << killed.log;
  EXPECT_EQ(killed.lives, 2U);
}

INSTANTIATE_TEST_SUITE_P(moments, KillAtAnyMoment, testing::Range<std::uint64_t>(0, kMoments));

}  // namespace
}  // namespace karpenter::simulation
