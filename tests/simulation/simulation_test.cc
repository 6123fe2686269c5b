#include <gtest/gtest.h>

#include <cstdlib>

#include "common/base/strings.h"
#include "tests/simulation/world.h"

// The whole system in virtual time with faults, many seeds, each run twice. A failing seed is replayed with
//   KARPENTER_SEED=<seed> build/dev/tests/simulation_main_job --gtest_filter='*one_seed*'
// spec: lifecycle §4.10, §5.1, §5.2; scheduling §4.8

namespace karpenter::simulation {
namespace {

struct Outcome {
  base::Status status = base::ok();
  std::uint64_t hash = 0;
  std::string log;
};

Outcome run(const Spec& spec, std::uint64_t seed) {
  World world(spec, seed);
  Outcome out;
  out.status = world.start();
  if (out.status) out.status = world.play();
  out.hash = world.trace_hash();
  if (!out.status) {
    for (const auto& line : world.log_tail(60)) out.log += line + "\n";
  }
  return out;
}

std::string setting(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value == nullptr ? fallback : value;
}

Spec spec_under_test() {
  auto spec = read_spec(setting("KARPENTER_SOURCE_DIR", ".") + "/tests/simulation/specs/main_job.yaml");
  EXPECT_TRUE(spec.has_value()) << (spec ? "" : spec.error().text());
  return spec ? std::move(spec).value() : Spec{};
}

void expect_good(const Spec& spec, std::uint64_t seed) {
  const auto first = run(spec, seed);
  ASSERT_TRUE(first.status.has_value()) << "seed " << seed << ": " << first.status.error().text() << "\n" << first.log;
  const auto second = run(spec, seed);
  EXPECT_EQ(first.hash, second.hash) << "seed " << seed << " ran differently the second time";
}

class Simulation : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Simulation, comes_to_rest_with_nothing_lost_or_doubled) { expect_good(spec_under_test(), GetParam()); }

INSTANTIATE_TEST_SUITE_P(seeds, Simulation, testing::Range<std::uint64_t>(1, 33));

TEST(SimulationReplay, one_seed_from_the_environment) {
  const auto seed = base::parse_int64(setting("KARPENTER_SEED", ""));
  if (!seed) GTEST_SKIP() << "KARPENTER_SEED is not set";
  expect_good(spec_under_test(), static_cast<std::uint64_t>(*seed));
}

}  // namespace
}  // namespace karpenter::simulation
