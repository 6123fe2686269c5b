#include "common/runtime/runtime.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/support/sim_runtime.h"

namespace karpenter::runtime {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using support::SimRuntime;

TEST(Sleep, ends_at_the_first_of_duration_deadline_and_stop) {
  SimRuntime sim;
  EXPECT_TRUE(sleep_for(sim, 5s, {}));
  EXPECT_EQ(sim.mono(), Mono(5s));
  EXPECT_TRUE(sleep_for(sim, 1s, {.deadline = Mono(6s)}));
  EXPECT_TRUE(sleep_for(sim, 5s, {.deadline = Mono(7s)}).failed_with(base::Code::kTimeout));
  EXPECT_EQ(sim.mono(), Mono(7s));

  std::stop_source stop;
  sim.spawn("stopper", [&](std::stop_token) {
    static_cast<void>(sleep_for(sim, 1s, {}));
    stop.request_stop();
  });
  EXPECT_TRUE(sleep_for(sim, std::chrono::nanoseconds::max(), {.stop = stop.get_token()})
                  .failed_with(base::Code::kCancelled));
  EXPECT_EQ(sim.mono(), Mono(8s));
  EXPECT_TRUE(sleep_for(sim, 1s, {.stop = stop.get_token()}).failed_with(base::Code::kCancelled));
  EXPECT_EQ(sim.mono(), Mono(8s));
  sim.join_all();
}

TEST(Wait, a_condition_that_holds_wins_over_stop_and_deadline) {
  SimRuntime sim;
  const auto event = sim.make_event();
  Mutex mutex;
  Lock lock(mutex);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(wait(*event, lock, {.deadline = Mono(0s), .stop = stop.get_token()}, [] { return true; }));
}

TEST(Within, takes_the_earlier_deadline_without_overflow) {
  SimRuntime sim;
  sim.run_for(10s);
  EXPECT_EQ(within(sim, {}, 5s).deadline, Mono(15s));
  EXPECT_EQ(within(sim, {.deadline = Mono(12s)}, 5s).deadline, Mono(12s));
  EXPECT_EQ(within(sim, {}, std::chrono::nanoseconds::max()).deadline, Mono::max());
  EXPECT_EQ(within(sim, {}, -1s).deadline, Mono(10s));
}

TEST(Random, is_uniform_enough_and_well_formed) {
  SimRuntime sim({.seed = 42});
  std::array<int, 7> counts{};
  for (int i = 0; i < 7000; ++i) ++counts.at(random_below(sim, 7));
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
  EXPECT_EQ(random_below(sim, 1), 0U);
  for (int i = 0; i < 100; ++i) {
    const double unit = random_unit(sim);
    EXPECT_TRUE(unit >= 0 && unit < 1);
  }
  const std::string uuid = random_uuid(sim);
  ASSERT_EQ(uuid.size(), 36U);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos) << uuid;
  EXPECT_EQ(uuid[8] == '-' && uuid[13] == '-' && uuid[18] == '-' && uuid[23] == '-', true) << uuid;
  EXPECT_NE(uuid, random_uuid(sim));
  const std::string suffix = random_suffix(sim, 200);
  EXPECT_EQ(suffix.size(), 200U);
  EXPECT_EQ(suffix.find_first_not_of("bcdfghjklmnpqrstvwxz2456789"), std::string::npos);
}

// The real runtime: only what does not depend on how fast the machine is.
TEST(RealRuntime, clocks_move_and_randomness_differs) {
  const auto real = make_real_runtime();
  const Mono before = real->mono();
  EXPECT_TRUE(sleep_for(*real, 2ms, {}));
  EXPECT_GE(real->mono() - before, 2ms);
  EXPECT_GT(real->now(), Time(std::chrono::sys_days(std::chrono::year(2020) / 1 / 1)));
  EXPECT_NE(real->random(), real->random());
}

TEST(RealRuntime, stop_reaches_threads_that_wait_without_a_deadline) {
  const auto real = make_real_runtime();
  std::atomic<int> cancelled = 0;
  for (int i = 0; i < 50; ++i) {
    real->spawn("sleeper", [&](std::stop_token stop) {
      if (sleep_for(*real, 24h, {.stop = stop}).failed_with(base::Code::kCancelled)) ++cancelled;
    });
  }
  real->stop_all();
  real->join_all();
  EXPECT_EQ(cancelled, 50);
}

TEST(RealRuntime, hands_values_between_threads_and_joins_what_threads_spawn) {
  const auto real = make_real_runtime();
  const auto event = real->make_event();
  Mutex mutex;
  int turn = 0;
  const auto player = [&](int parity) {
    return [&, parity](std::stop_token stop) {
      for (int i = 0; i < 5000; ++i) {
        Lock lock(mutex);
        ASSERT_TRUE(wait(*event, lock, {.stop = stop}, [&] { return turn % 2 == parity; }));
        ++turn;
        event->notify_all();
      }
    };
  };
  real->spawn("even", [&](std::stop_token stop) {
    real->spawn("odd", player(1));
    player(0)(stop);
  });
  real->join_all();
  EXPECT_EQ(turn, 10000);
}

TEST(RealRuntime, a_stop_that_races_with_a_wait_is_never_lost) {
  const auto real = make_real_runtime();
  for (int i = 0; i < 200; ++i) {
    std::stop_source stop;
    std::atomic<bool> started = false;
    real->spawn("waiter", [&, token = stop.get_token()](std::stop_token) {
      started = true;
      EXPECT_TRUE(sleep_for(*real, 24h, {.stop = token}).failed_with(base::Code::kCancelled));
    });
    while (!started) {
    }
    stop.request_stop();
    real->join_all();
  }
}

}  // namespace
}  // namespace karpenter::runtime
