#include "tests/support/sim_runtime.h"

#include <gtest/gtest.h>

#include <deque>
#include <thread>

namespace karpenter::support {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using runtime::Call;
using runtime::Lock;
using runtime::Mono;
using runtime::Mutex;

// A bounded queue over one Event: the usual shape of code under simulation.
class Queue {
 public:
  Queue(runtime::Runtime& runtime, std::size_t limit) : limit_(limit), changed_(runtime.make_event()) {}

  base::Status push(int value, const Call& call) {
    Lock lock(mutex_);
    RETURN_IF_ERROR(wait(*changed_, lock, call, [this] { return items_.size() < limit_; }));
    items_.push_back(value);
    changed_->notify_all();
    return base::ok();
  }

  base::Result<int> pop(const Call& call) {
    Lock lock(mutex_);
    RETURN_IF_ERROR(wait(*changed_, lock, call, [this] { return !items_.empty(); }));
    const int value = items_.front();
    items_.pop_front();
    changed_->notify_all();
    return value;
  }

 private:
  std::size_t limit_;
  Mutex mutex_;
  std::unique_ptr<runtime::Event> changed_;
  std::deque<int> items_;
};

struct Outcome {
  std::uint64_t hash = 0;
  std::vector<int> order;
  Mono end;
};

// Producers and consumers with random pauses: the order of what arrives depends on every choice of the
// scheduler.
Outcome run_workers(std::uint64_t seed, int workers) {
  SimRuntime sim({.seed = seed});
  Queue queue(sim, 3);
  Outcome run;
  for (int w = 0; w < workers; ++w) {
    sim.spawn("producer" + std::to_string(w), [&sim, &queue, w](std::stop_token stop) {
      for (int i = 0; i < 20; ++i) {
        const auto pause = std::chrono::milliseconds(random_below(sim, 50));
        ASSERT_TRUE(runtime::sleep_for(sim, pause, {.stop = stop}));
        ASSERT_TRUE(queue.push(w * 1000 + i, {.stop = stop}));
      }
    });
    sim.spawn("consumer" + std::to_string(w), [&queue, &run](std::stop_token stop) {
      for (auto item = queue.pop({.stop = stop}); item; item = queue.pop({.stop = stop}))
        run.order.push_back(*item);
    });
  }
  const auto expected = static_cast<std::size_t>(workers) * 20;
  EXPECT_TRUE(sim.run_until([&run, expected] { return run.order.size() == expected; })) << sim.report();
  run.end = sim.mono();
  sim.stop_all();
  sim.join_all();
  run.hash = sim.trace_hash();
  return run;
}

TEST(SimRuntime, one_seed_is_one_run_and_seeds_differ) {
  const Outcome first = run_workers(7, 5);
  const Outcome again = run_workers(7, 5);
  const Outcome other = run_workers(8, 5);
  EXPECT_EQ(first.hash, again.hash);
  EXPECT_EQ(first.order, again.order);
  EXPECT_EQ(first.end, again.end);
  EXPECT_NE(first.hash, other.hash);
  EXPECT_NE(first.order, other.order);
}

TEST(SimRuntime, every_item_arrives_once_and_in_order_of_its_producer) {
  const Outcome run = run_workers(3, 8);
  std::map<int, std::vector<int>> by_producer;
  for (const int item : run.order) by_producer[item / 1000].push_back(item % 1000);
  ASSERT_EQ(by_producer.size(), 8U);
  for (const auto& [producer, items] : by_producer) {
    ASSERT_EQ(items.size(), 20U) << producer;
    // Several consumers may overtake each other after pop, so only completeness is certain.
    EXPECT_EQ(std::set<int>(items.begin(), items.end()).size(), 20U) << producer;
  }
}

TEST(SimRuntime, time_jumps_only_when_all_wait) {
  SimRuntime sim;
  std::vector<std::pair<std::string, Mono>> log;
  for (const auto& [name, pause] :
       std::vector<std::pair<std::string, std::chrono::hours>>{{"b", 48h}, {"a", 24h}}) {
    sim.spawn(name, [&sim, &log, n = name, p = pause](std::stop_token stop) {
      EXPECT_TRUE(runtime::sleep_for(sim, p, {.stop = stop}));
      log.emplace_back(n, sim.mono());
    });
  }
  const runtime::Time start = sim.now();
  sim.join_all();
  const std::vector<std::pair<std::string, Mono>> want{{"a", Mono(24h)}, {"b", Mono(48h)}};
  EXPECT_EQ(log, want);
  EXPECT_EQ(sim.now() - start, 48h);
}

TEST(SimRuntime, run_until_ends_at_its_deadline_after_everything_due) {
  SimRuntime sim;
  int ticks = 0;
  sim.spawn("ticker", [&](std::stop_token stop) {
    while (runtime::sleep_for(sim, 1s, {.stop = stop})) ++ticks;
  });
  EXPECT_FALSE(sim.run_until([] { return false; }, Mono(10s)));
  EXPECT_EQ(ticks, 10);
  EXPECT_EQ(sim.mono(), Mono(10s));
  EXPECT_TRUE(sim.run_until([&] { return ticks == 15; }));
  EXPECT_EQ(sim.mono(), Mono(15s));
  sim.run_for(500ms);
  EXPECT_EQ(sim.mono(), Mono(15500ms));
}

TEST(SimRuntime, stop_wakes_waiters_at_once_and_deadlines_expire) {
  SimRuntime sim;
  const auto never = sim.make_event();
  Mutex mutex;
  std::vector<std::pair<base::Code, Mono>> ends;
  for (const Mono deadline : {Mono::max(), Mono(1min), Mono(1h)}) {
    sim.spawn("waiter", [&, deadline](std::stop_token stop) {
      Lock lock(mutex);
      const auto status = wait(*never, lock, {.deadline = deadline, .stop = stop}, [] { return false; });
      ends.emplace_back(status.error().code, sim.mono());
    });
  }
  sim.run_for(2min);
  sim.stop_all();
  sim.join_all();
  ASSERT_EQ(ends.size(), 3U);
  EXPECT_EQ(ends[0], std::pair(base::Code::kTimeout, Mono(1min)));
  EXPECT_EQ(ends[1], std::pair(base::Code::kCancelled, Mono(2min)));
  EXPECT_EQ(ends[2], std::pair(base::Code::kCancelled, Mono(2min)));
}

TEST(SimRuntime, a_process_is_stopped_and_started_again_alone) {
  SimRuntime sim;
  int beats = 0;
  sim.spawn("other", [&](std::stop_token stop) {
    while (runtime::sleep_for(sim, 1s, {.stop = stop})) ++beats;
  });
  std::vector<std::uint64_t> draws;
  for (int life = 0; life < 2; ++life) {
    const auto process = sim.make_process("controller");
    int runs = 0;
    process->spawn("worker", [&](std::stop_token stop) {
      draws.push_back(process->random());
      while (runtime::sleep_for(*process, 1s, {.stop = stop})) ++runs;
    });
    sim.run_for(5s);
    process->stop_all();
    process->join_all();
    EXPECT_EQ(runs, 5);
  }
  EXPECT_EQ(beats, 10);
  EXPECT_NE(draws[0], draws[1]);
  EXPECT_NE(sim.report().find("other: waits until 11s"), std::string::npos) << sim.report();
}

TEST(SimRuntime, wall_clock_steps_without_monotonic_time) {
  SimRuntime sim({.start = runtime::Time(std::chrono::sys_days(std::chrono::year(2030) / 6 / 1))});
  sim.step_wall_clock(-1h);
  sim.run_for(10s);
  EXPECT_EQ(base::format_rfc3339(sim.now()), "2030-05-31T23:00:10Z");
  EXPECT_EQ(sim.mono(), Mono(10s));
}

TEST(SimRuntime, hundreds_of_threads_switch_fast) {
  SimRuntime sim;
  for (int t = 0; t < 500; ++t) {
    sim.spawn("sleeper", [&sim](std::stop_token stop) {
      for (int i = 0; i < 20; ++i) ASSERT_TRUE(runtime::sleep_for(sim, 1ms, {.stop = stop}));
    });
  }
  sim.join_all();
  EXPECT_GE(sim.switches(), 500U * 20U);
  EXPECT_EQ(sim.mono(), Mono(20ms));
}

TEST(SimRuntime, facts_of_the_world_are_part_of_the_trace) {
  const auto hash_with = [](std::string_view fact) {
    SimRuntime sim;
    sim.trace(fact);
    return sim.trace_hash();
  };
  EXPECT_EQ(hash_with("GET /pods"), hash_with("GET /pods"));
  EXPECT_NE(hash_with("GET /pods"), hash_with("GET /nodes"));
}

class SimRuntimeDeathTest : public ::testing::Test {
 protected:
  SimRuntimeDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

void wait_for_ever(SimRuntime& sim) {
  const auto never = sim.make_event();
  Mutex mutex;
  sim.spawn("stuck-worker", [&](std::stop_token) {
    Lock lock(mutex);
    static_cast<void>(wait(*never, lock, {}, [] { return false; }));
  });
  sim.join_all();
}

TEST_F(SimRuntimeDeathTest, a_deadlock_names_who_waits) {
  EXPECT_DEATH(
      {
        SimRuntime sim;
        wait_for_ever(sim);
      },
      "deadlock: every thread waits(.|\n)*stuck-worker: waits without a deadline");
}

TEST_F(SimRuntimeDeathTest, a_livelock_is_reported) {
  EXPECT_DEATH(
      {
        SimRuntime sim({.max_switches_per_instant = 1000});
        sim.spawn("spinner", [&sim](std::stop_token) {
          for (;;) static_cast<void>(runtime::sleep_for(sim, 0s, {}));
        });
        sim.run_for(1s);
      },
      "livelock");
}

TEST_F(SimRuntimeDeathTest, a_lock_held_across_a_wait_is_reported) {
  EXPECT_DEATH(
      {
        SimRuntime sim;
        Mutex mutex;
        const auto event = sim.make_event();
        sim.spawn("first", [&](std::stop_token) {
          Lock lock(mutex);
          static_cast<void>(event->wait_until(lock, Mono(2s)));
        });
        sim.spawn("second", [&](std::stop_token) {
          static_cast<void>(runtime::sleep_for(sim, 1s, {}));
          const Lock lock(mutex);
          static_cast<void>(runtime::sleep_for(sim, 10s, {}));
        });
        sim.join_all();
      },
      "a lock is held across a wait");
}

TEST_F(SimRuntimeDeathTest, a_foreign_thread_is_refused) {
  EXPECT_DEATH(
      {
        SimRuntime sim;
        const auto event = sim.make_event();
        std::jthread([&] { event->notify_all(); }).join();
      },
      "thread that it did not spawn");
}

}  // namespace
}  // namespace karpenter::support
