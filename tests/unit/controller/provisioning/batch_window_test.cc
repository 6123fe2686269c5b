#include "controller/provisioning/batch_window.h"

#include <gtest/gtest.h>

#include "tests/support/sim_runtime.h"

namespace karpenter::provisioning {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

base::Mono at(int ms) { return base::Mono{} + milliseconds(ms); }

// spec: scheduling §3.2
TEST(BatchWindow, closes_after_silence_or_the_maximum) {
  struct Case {
    std::string name;
    std::vector<std::pair<int, std::string>> triggers;  // ms, key
    std::optional<int> want;
  };
  const std::vector<Case> cases = {
      {"no trigger", {}, std::nullopt},
      {"one trigger", {{100, "a"}}, 1100},
      {"a new key extends it", {{100, "a"}, {900, "b"}}, 1900},
      {"a known key does not", {{100, "a"}, {900, "a"}}, 1100},
      {"never beyond the maximum", {{0, "a"}, {900, "b"}, {1800, "c"}, {2700, "d"}}, 3000},
  };
  for (const auto& c : cases) {
    BatchWindow window({.idle = seconds(1), .max = seconds(3)});
    for (const auto& [ms, key] : c.triggers) window.trigger(key, at(ms));
    EXPECT_EQ(window.due(), c.want ? std::optional(at(*c.want)) : std::nullopt) << c.name;
  }
}

// spec: scheduling §3.2, §27.45
TEST(BatchWindow, keys_count_again_after_it_closed) {
  BatchWindow window({.idle = seconds(1), .max = seconds(3)});
  EXPECT_TRUE(window.trigger("a", at(0)));
  EXPECT_FALSE(window.trigger("a", at(1)));
  window.close();
  EXPECT_FALSE(window.due());
  EXPECT_TRUE(window.trigger("a", at(5000)));
  window.begin(at(9000));  // triggers from before the wait open the window when it starts
  EXPECT_EQ(window.due(), at(10000));
}

// spec: scheduling §3.2, §26 item 22
TEST(Batcher, waits_for_a_whole_batch_and_keeps_what_could_not_be_used) {
  support::SimRuntime runtime;
  Batcher batcher(runtime, {.idle = seconds(1), .max = seconds(10)});
  EXPECT_FALSE(batcher.wait(seconds(1), {}));
  EXPECT_EQ(runtime.mono(), at(1000));
  runtime.spawn("pods", [&](std::stop_token) {
    for (int i = 0; i < 3; ++i) {
      batcher.trigger(std::to_string(i));
      EXPECT_TRUE(runtime::sleep_for(runtime, milliseconds(500), {}).has_value());
    }
  });
  EXPECT_TRUE(batcher.wait(seconds(1), {}));
  EXPECT_EQ(runtime.mono(), at(3000));  // the last trigger came at 2 s
  EXPECT_FALSE(batcher.wait(milliseconds(10), {}));
  batcher.rearm();
  EXPECT_TRUE(batcher.wait(seconds(1), {}));
  runtime.join_all();
}

TEST(Batcher, stop_ends_the_wait) {
  support::SimRuntime runtime;
  Batcher batcher(runtime, {});
  std::stop_source stop;
  runtime.spawn("stopper", [&](std::stop_token) {
    EXPECT_TRUE(runtime::sleep_for(runtime, milliseconds(100), {}).has_value());
    stop.request_stop();
  });
  EXPECT_FALSE(batcher.wait(seconds(30), {.deadline = base::Mono::max(), .stop = stop.get_token()}));
  EXPECT_EQ(runtime.mono(), at(100));
  runtime.join_all();
}

}  // namespace
}  // namespace karpenter::provisioning
