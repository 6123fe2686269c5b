#include "common/reconcile/queue_core.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "common/reconcile/retry_policy.h"

namespace karpenter::reconcile {
namespace {

using model::ObjectKey;
using std::chrono::milliseconds;
using std::chrono::seconds;

base::Mono at(int ms) { return base::Mono(milliseconds(ms)); }
ObjectKey key(int i) { return {.namespace_name = "", .name = std::string(1, static_cast<char>('a' + i))}; }

std::string take_name(QueueCore& core, base::Mono now) {
  const auto item = core.take(now);
  return item ? item->key.name : "";
}

TEST(QueueCore, hands_out_by_priority_then_time_then_order_of_adding) {  // spec: lifecycle §2.10
  QueueCore core;
  core.add(key(0), kLowPriority, at(0));
  core.add(key(1), kNormalPriority, at(5));
  core.add(key(2), kNormalPriority, at(3));
  core.add(key(3), kNormalPriority, at(5));
  core.add(key(4), kNormalPriority, at(50));
  std::string order;
  while (const auto item = core.take(at(10))) order += item->key.name;
  EXPECT_EQ(order, "cbda");
  EXPECT_EQ(core.next_ready(), at(50));
}

TEST(QueueCore, adding_again_keeps_the_higher_priority_and_the_earlier_time) {
  QueueCore core;
  EXPECT_TRUE(core.add(key(0), kLowPriority, at(5)));
  EXPECT_FALSE(core.add(key(0), kNormalPriority, at(100)));
  const auto item = core.take(at(5));
  ASSERT_TRUE(item);
  EXPECT_EQ(item->priority, kNormalPriority);
  EXPECT_EQ(item->ready, at(5));
}

TEST(QueueCore, adds_during_processing_cause_exactly_one_more_run) {
  QueueCore core;
  core.add(key(0), kNormalPriority, at(0));
  ASSERT_EQ(take_name(core, at(0)), "a");
  core.add(key(0), kNormalPriority, at(20));
  core.add(key(0), kNormalPriority, at(10));
  EXPECT_EQ(take_name(core, at(100)), "") << "never twice at the same time";
  core.done(key(0));
  EXPECT_EQ(take_name(core, at(9)), "");
  EXPECT_EQ(take_name(core, at(10)), "a");
  core.done(key(0));
  EXPECT_EQ(take_name(core, at(1000)), "");
}

// The same rules, written as plainly as possible.
class Oracle {
 public:
  struct Entry {
    ObjectKey key;
    Priority priority;
    base::Mono ready;
    int order;
    bool running;
  };
  void add(const ObjectKey& k, Priority priority, base::Mono ready) {
    const int order = order_++;
    for (auto& e : entries_) {
      if (e.key != k || e.running) continue;
      e.priority = std::max(e.priority, priority);
      e.ready = std::min(e.ready, ready);
      return;
    }
    entries_.push_back({k, priority, ready, order, false});
  }
  std::optional<ObjectKey> take(base::Mono now) {
    Entry* best = nullptr;
    for (auto& e : entries_) {
      if (e.running || e.ready > now || is_running(e.key)) continue;
      const auto rank = [](const Entry& x) { return std::tuple(-x.priority, x.ready, x.order); };
      if (best == nullptr || rank(e) < rank(*best)) best = &e;
    }
    if (best == nullptr) return std::nullopt;
    best->running = true;
    return best->key;
  }
  void done(const ObjectKey& k) {
    std::erase_if(entries_, [&](const Entry& e) { return e.key == k && e.running; });
  }

 private:
  bool is_running(const ObjectKey& k) const {
    return std::ranges::any_of(entries_, [&](const Entry& e) { return e.key == k && e.running; });
  }
  std::vector<Entry> entries_;
  int order_ = 0;
};

TEST(QueueCore, agrees_with_a_plain_oracle_on_random_histories) {
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&random](std::uint32_t n) { return static_cast<int>(random() % n); };
    QueueCore core;
    Oracle oracle;
    std::vector<ObjectKey> running;
    int now = 0;
    for (int step = 0; step < 300; ++step) {
      now += below(5);
      if (below(2) == 0) {
        const auto k = key(below(6));
        const auto priority = below(3) == 0 ? kLowPriority : kNormalPriority;
        const auto ready = at(now + below(20));
        core.add(k, priority, ready);
        oracle.add(k, priority, ready);
      } else if (below(2) == 0) {
        const auto got = core.take(at(now));
        const auto want = oracle.take(at(now));
        ASSERT_EQ(got ? std::optional(got->key) : std::nullopt, want) << "seed " << seed << " step " << step;
        if (got) running.push_back(got->key);
      } else if (!running.empty()) {
        core.done(running.back());
        oracle.done(running.back());
        running.pop_back();
      }
    }
  }
}

TEST(RateLimiter, doubles_per_key_up_to_the_cap_and_forgets) {
  RateLimiter limiter({.base = milliseconds(5), .cap = seconds(1000)});
  for (const int want : {5, 10, 20, 40}) EXPECT_EQ(limiter.when(key(0), at(0)), milliseconds(want));
  EXPECT_EQ(limiter.when(key(1), at(0)), milliseconds(5)) << "keys are independent";
  for (int i = 0; i < 60; ++i) EXPECT_LE(limiter.when(key(0), at(0)), seconds(1000));
  EXPECT_EQ(limiter.when(key(0), at(0)), seconds(1000));
  limiter.forget(key(0));
  EXPECT_EQ(limiter.when(key(0), at(0)), milliseconds(5));
}

TEST(RateLimiter, the_bucket_is_shared_and_the_longer_wait_wins) {  // spec: lifecycle §2.10
  RateLimiter limiter(reasonable_limit());
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(limiter.when(ObjectKey{"ns", std::to_string(i)}, at(0)), milliseconds(100));
  EXPECT_EQ(limiter.when({"ns", "x"}, at(0)), milliseconds(100));
  EXPECT_EQ(limiter.when({"ns", "y"}, at(0)), milliseconds(200));
  EXPECT_EQ(limiter.when({"ns", "z"}, at(0)), milliseconds(300));
}

TEST(Outcomes, merge_and_errors_follow_the_rules) {  // spec: lifecycle §1.3
  const Outcome soon = RequeueAfter{seconds(1)};
  const Outcome late = RequeueAfter{seconds(9)};
  const auto delay = [](const Outcome& o) { return std::get<RequeueAfter>(o).delay; };
  EXPECT_EQ(delay(merge(late, soon)), seconds(1));
  EXPECT_EQ(delay(merge(Done{}, late)), seconds(9));
  EXPECT_EQ(delay(merge(late, Done{})), seconds(9));
  EXPECT_TRUE(std::holds_alternative<Retry>(merge(soon, Retry{})));
  EXPECT_TRUE(std::holds_alternative<Retry>(merge(Retry{}, Done{})));
  EXPECT_TRUE(std::holds_alternative<Done>(merge(Done{}, Done{})));
  EXPECT_TRUE(std::holds_alternative<Done>(*outcome_of(base::not_found("gone"))));
  EXPECT_TRUE(std::holds_alternative<Retry>(*outcome_of(base::make_error(base::Code::kConflict, "c"))));
  EXPECT_TRUE(outcome_of(base::invalid("i")).failed_with(base::Code::kInvalid));
  EXPECT_EQ(retry_policy(base::Code::kTerminal).retrying, Retrying::kNever);
  EXPECT_EQ(retry_policy(base::Code::kConflict).counting, Counting::kSilent);
  EXPECT_EQ(retry_policy(base::Code::kUnavailable).retrying, Retrying::kRateLimited);
}

}  // namespace
}  // namespace karpenter::reconcile
