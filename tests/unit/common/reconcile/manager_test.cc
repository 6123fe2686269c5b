#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "common/reconcile/reconciler.h"
#include "tests/support/sim_runtime.h"

namespace karpenter::reconcile {
namespace {

using model::ObjectKey;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Answers with a function; remembers when each key ran and how many ran at once.
class Recorder final : public Reconciler {
 public:
  using Body = std::function<base::Result<Outcome>(const ObjectKey&, const Call&)>;
  Recorder(runtime::Runtime& runtime, Body body) : runtime_(runtime), body_(std::move(body)) {}

  base::Result<Outcome> reconcile(const ObjectKey& key, const Call& call) override {
    runs[key.name].push_back(
        std::chrono::duration_cast<milliseconds>(runtime_.mono() - runtime::Mono{}).count());
    together = std::max(together, ++running);
    twice = twice || ++running_keys[key] > 1;
    auto result = guarded(key, call);
    --running_keys[key];
    --running;
    return result;
  }

  std::map<std::string, std::vector<std::int64_t>> runs;  // milliseconds, by key name
  int running = 0;
  int together = 0;
  bool twice = false;
  std::map<ObjectKey, int> running_keys;

 private:
  base::Result<Outcome> guarded(const ObjectKey& key, const Call& call) {
    try {
      return body_(key, call);
    } catch (...) {
      --running_keys[key];
      --running;
      throw;
    }
  }
  runtime::Runtime& runtime_;
  Body body_;
};

class ManagerTest : public testing::Test {
 protected:
  double metric(const std::string& name, telemetry::Labels labels = {}) {
    labels.emplace("controller", "test");
    return metrics_.value(name, labels);
  }
  double results(const std::string& result) {
    return metric("controller_runtime_reconcile_total", {{"result", result}});
  }
  Queue& add(Recorder& reconciler, ControllerSpec spec = {}) {
    spec.name = "test";
    return manager_.add(std::move(spec), reconciler);
  }

  support::SimRuntime runtime_;
  telemetry::MemorySink sink_;
  telemetry::Log log_{runtime_, sink_, {}};
  telemetry::Metrics metrics_;
  Manager manager_{runtime_, log_, metrics_};
};

using Times = std::vector<std::int64_t>;

TEST_F(ManagerTest, keys_wait_for_start_and_run_once) {
  Recorder reconciler(runtime_, [](const auto&, const auto&) { return Outcome(Done{}); });
  Queue& queue = add(reconciler);
  queue.add({"", "a"});
  queue.add({"", "a"});
  queue.add_after({"", "b"}, seconds(3));
  runtime_.run_for(seconds(1));
  EXPECT_TRUE(reconciler.runs.empty());
  manager_.start();
  runtime_.run_for(seconds(60));
  EXPECT_EQ(reconciler.runs["a"], (Times{1000}));
  EXPECT_EQ(reconciler.runs["b"], (Times{3000}));
  EXPECT_EQ(results("success"), 2);
  EXPECT_EQ(metric("workqueue_adds_total", {{"name", "test"}}), 2);
  manager_.stop(seconds(1));
}

TEST_F(ManagerTest, errors_back_off_and_success_forgets) {  // spec: lifecycle §2.10
  int failures = 4;
  Recorder reconciler(runtime_, [&](const auto&, const auto&) -> base::Result<Outcome> {
    if (failures-- > 0) return base::make_error(base::Code::kUnavailable, "not now");
    return Outcome(Done{});
  });
  Queue& queue = add(reconciler, {.name = "", .group = "karpenter.sh", .kind = "NodeClaim"});
  manager_.start();
  queue.add({"", "a"});
  runtime_.run_for(seconds(10));
  EXPECT_EQ(reconciler.runs["a"], (Times{0, 5, 15, 35, 75}));
  EXPECT_EQ(results("error"), 4);
  EXPECT_EQ(metric("controller_runtime_reconcile_errors_total"), 4);
  EXPECT_EQ(metric("workqueue_retries_total", {{"name", "test"}}), 4);
  failures = 1;
  queue.add({"", "a"});
  runtime_.run_for(seconds(10));
  EXPECT_EQ(reconciler.runs["a"].size(), 7U);
  EXPECT_EQ(reconciler.runs["a"][6] - reconciler.runs["a"][5], 5);
  ASSERT_EQ(sink_.lines().size(), 5U);
  const auto line = sink_.lines()[0];
  for (const char* part : {"Reconciler error", R"("controller":"test")",
                           R"("controllerGroup":"karpenter.sh")", R"("controllerKind":"NodeClaim")",
                           R"("NodeClaim":{"name":"a"})", R"("name":"a")", R"("reconcileID":)", "not now"}) {
    EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;  // spec: lifecycle §2.5
  }
  manager_.stop(seconds(1));
}

TEST_F(ManagerTest, each_ending_has_its_consequence) {
  std::map<std::string, std::vector<base::Result<Outcome>>> script;
  script["after"] = {Outcome(RequeueAfter{seconds(2)}), Outcome(Done{})};
  script["conflict"] = {Outcome(Retry{}), base::make_error(base::Code::kConflict, "409"), Outcome(Done{})};
  script["terminal"] = {base::make_error(base::Code::kTerminal, "never")};
  script["throttled"] = {
      base::Error{.code = base::Code::kThrottled, .message = "429", .retry_after = seconds(7)},
      Outcome(Done{})};
  Recorder* self = nullptr;
  Recorder reconciler(runtime_, [&](const ObjectKey& key, const auto&) {
    return script[key.name].at(self->runs[key.name].size() - 1);
  });
  self = &reconciler;
  Queue& queue = add(reconciler);
  for (const auto& [name, steps] : script) queue.add({"", name});
  manager_.start();
  runtime_.run_for(seconds(60));
  EXPECT_EQ(reconciler.runs["after"], (Times{0, 2000}));
  EXPECT_EQ(reconciler.runs["conflict"], (Times{0, 5, 15}));
  EXPECT_EQ(reconciler.runs["terminal"], (Times{0}));
  EXPECT_EQ(reconciler.runs["throttled"], (Times{0, 7000}));
  EXPECT_EQ(results("requeue_after"), 1);
  EXPECT_EQ(results("requeue"), 2);
  EXPECT_EQ(results("error"), 2);
  EXPECT_EQ(metric("controller_runtime_terminal_reconcile_errors_total"), 1);
  EXPECT_EQ(sink_.lines().size(), 2U) << "conflicts are not logged";
  manager_.stop(seconds(1));
}

TEST_F(ManagerTest, an_exception_is_an_error_and_the_rest_goes_on) {
  Recorder reconciler(runtime_, [](const ObjectKey& key, const auto&) -> base::Result<Outcome> {
    if (key.name == "bad") throw std::runtime_error("on purpose");
    return Outcome(Done{});
  });
  Queue& queue = add(reconciler, {.name = "", .limit = {.base = seconds(40)}});
  queue.add({"", "bad"});
  queue.add({"", "good"});
  manager_.start();
  runtime_.run_for(seconds(30));
  EXPECT_EQ(reconciler.runs["good"].size(), 1U);
  EXPECT_EQ(metric("controller_runtime_reconcile_panics_total"), 1);
  EXPECT_EQ(results("error"), 1);
  EXPECT_NE(sink_.lines().at(0).find("on purpose"), std::string::npos);
  manager_.stop(seconds(1));
}

TEST_F(ManagerTest, workers_run_in_parallel_up_to_their_number_but_never_one_key_twice) {
  Recorder reconciler(runtime_, [this](const auto&, const Call& call) -> base::Result<Outcome> {
    RETURN_IF_ERROR(runtime::sleep_for(runtime_, seconds(1), call));
    return Outcome(Done{});
  });
  Queue& queue = add(reconciler, {.name = "", .workers = 4});
  manager_.start();
  for (int i = 0; i < 12; ++i) queue.add({"", std::to_string(i)});
  runtime_.run_for(milliseconds(500));
  for (int i = 0; i < 4; ++i) queue.add({"", std::to_string(i)});
  manager_.update_gauges();
  EXPECT_EQ(metric("controller_runtime_active_workers"), 4);
  EXPECT_EQ(metric("workqueue_depth", {{"name", "test"}, {"priority", "0"}}), 8);
  EXPECT_EQ(metric("workqueue_unfinished_work_seconds", {{"name", "test"}}), 2);
  EXPECT_EQ(metric("workqueue_longest_running_processor_seconds", {{"name", "test"}}), 0.5);
  runtime_.run_for(seconds(100));
  EXPECT_EQ(reconciler.together, 4);
  EXPECT_FALSE(reconciler.twice);
  EXPECT_EQ(reconciler.runs.size(), 12U);
  EXPECT_EQ(reconciler.runs["0"].size(), 2U);
  EXPECT_EQ(results("success"), 16);
  manager_.stop(seconds(1));
}

TEST_F(ManagerTest, a_reconcile_has_a_deadline_of_its_own) {
  Recorder reconciler(runtime_, [this](const auto&, const Call& call) -> base::Result<Outcome> {
    RETURN_IF_ERROR(runtime::sleep_for(runtime_, seconds(1000), call));
    return Outcome(Done{});
  });
  Queue& queue = add(reconciler, {.name = "", .limit = {.base = seconds(900)}, .timeout = seconds(5)});
  queue.add({"", "a"});
  manager_.start();
  runtime_.run_for(seconds(10));
  EXPECT_EQ(metric("controller_runtime_reconcile_timeouts_total"), 1);
  EXPECT_EQ(results("error"), 1);
  manager_.stop(seconds(1));
}

TEST_F(ManagerTest, a_singleton_runs_at_start_and_on_its_period) {
  Recorder reconciler(runtime_, [](const auto&, const auto&) { return Outcome(RequeueAfter{seconds(10)}); });
  add(reconciler, {.name = "", .workers = 10, .singleton = true});
  manager_.start();
  runtime_.run_for(seconds(25));
  EXPECT_EQ(reconciler.runs[""], (Times{0, 10000, 20000}));
  manager_.stop(seconds(1));
}

TEST_F(ManagerTest, stop_waits_for_running_work_and_starts_none) {
  Recorder reconciler(runtime_, [this](const ObjectKey& key, const Call& call) -> base::Result<Outcome> {
    RETURN_IF_ERROR(runtime::sleep_for(runtime_, key.name == "long" ? seconds(50) : seconds(2), call));
    return Outcome(Done{});
  });
  Queue& queue = add(reconciler, {.name = "", .workers = 2});
  queue.add({"", "short"});
  queue.add({"", "long"});
  manager_.start();
  runtime_.run_for(seconds(1));
  queue.add({"", "never"});
  manager_.stop(seconds(5));
  EXPECT_EQ(results("success"), 1) << "the short one finished";
  EXPECT_EQ(runtime_.mono(), runtime::Mono(seconds(6)));
  runtime_.run_for(seconds(1));
  EXPECT_EQ(results("requeue"), 1) << "the long one was cancelled";
  EXPECT_FALSE(reconciler.runs.contains("never"));
}

}  // namespace
}  // namespace karpenter::reconcile
