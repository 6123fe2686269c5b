#include <gtest/gtest.h>

#include "common/kube/event_recorder.h"
#include "tests/support/sim_runtime.h"
#include "tests/unit/common/kube/scripted_transport.h"

namespace karpenter::kube {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

telemetry::Event event(std::string message, std::vector<std::string> dedupe = {}) {
  return {.object = {.api_version = "v1", .kind = "Node", .namespace_name = "", .name = "n", .uid = "u"},
          .type = "Normal",
          .reason = "Launched",
          .message = std::move(message),
          .dedupe = std::move(dedupe)};
}
constexpr base::Mono kStart{std::chrono::hours(1)};

TEST(EventCorrelator, admits_a_key_once_within_its_lifetime) {  // spec: lifecycle §15.1
  EventCorrelator correlator;
  EXPECT_TRUE(correlator.admit(event("m", {"A", "b"}), kStart));
  EXPECT_FALSE(correlator.admit(event("other", {"a", "B"}), kStart + seconds(119)));
  EXPECT_TRUE(correlator.admit(event("m", {"a", "c"}), kStart));
  EXPECT_TRUE(correlator.admit(event("m", {"a", "b"}), kStart + seconds(120)));
  EXPECT_TRUE(correlator.admit(event("m"), kStart));
  EXPECT_TRUE(correlator.admit(event("m"), kStart)) << "without values nothing is suppressed";
}

TEST(EventCorrelator, identical_events_raise_the_count_of_the_written_one) {
  EventCorrelator correlator;
  const auto first = correlator.correlate(event("m"), kStart);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->name, "");
  correlator.written(first->series, "n.1");
  const auto second = correlator.correlate(event("m"), kStart);
  EXPECT_EQ(second->name, "n.1");
  EXPECT_EQ(second->count, 2);
  correlator.forget(first->series);
  EXPECT_EQ(correlator.correlate(event("m"), kStart)->name, "");
}

TEST(EventCorrelator, more_than_ten_similar_ones_are_combined) {
  EventCorrelator correlator;
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(correlator.correlate(event(std::to_string(i)), kStart)->message, std::to_string(i));
  const auto combined = correlator.correlate(event("x"), kStart);
  EXPECT_EQ(combined->message, "(combined from similar events): x");
  correlator.written(combined->series, "n.c");
  EXPECT_EQ(correlator.correlate(event("y"), kStart)->name, "n.c");
  EXPECT_EQ(correlator.correlate(event("z"), kStart + minutes(11))->message, "z");
}

TEST(EventCorrelator, an_object_has_a_burst_of_25_and_one_more_each_five_minutes) {
  EventCorrelator correlator;
  int written = 0;
  for (int i = 0; i < 100; ++i) written += correlator.correlate(event("m"), kStart).has_value() ? 1 : 0;
  EXPECT_EQ(written, 25);
  EXPECT_FALSE(correlator.correlate(event("m"), kStart + seconds(299)));
  EXPECT_TRUE(correlator.correlate(event("m"), kStart + seconds(301)));
}

class RecorderTest : public testing::Test {
 protected:
  RecorderTest() {
    runtime_.spawn("events", [this](const std::stop_token& stop) { recorder_.run(stop); });
  }
  ~RecorderTest() override {
    runtime_.stop_all();
    runtime_.join_all();
  }
  support::SimRuntime runtime_;
  int failures_ = 0;
  int status_ = 201;
  ScriptedTransport transport_{[this](const auto&) -> base::Result<net::HttpResponse> {
    if (failures_-- > 0) return base::make_error(base::Code::kUnavailable, "refused");
    return net::json_response(status_, R"({"kind":"Status"})");
  }};
  Client client_{runtime_, transport_, {.origin = {"http", "api", 80}}};
  EventRecorder recorder_{client_};
};

TEST_F(RecorderTest, creates_then_counts_up_by_patch) {
  recorder_.publish(event("m"));
  recorder_.publish(event("m"));
  runtime_.run_for(seconds(1));
  ASSERT_EQ(transport_.lines.size(), 2U);
  const auto body = json::parse(transport_.lines[0].substr(transport_.lines[0].find('{'))).value();
  EXPECT_EQ(transport_.lines[0].substr(0, 39), "POST /api/v1/namespaces/default/events ");
  EXPECT_EQ(body["involvedObject"]["name"].string_or(""), "n");
  EXPECT_EQ(body["source"]["component"].string_or(""), "karpenter");
  EXPECT_EQ(body["reason"].string_or(""), "Launched");
  EXPECT_EQ(body["count"].integer_or(0), 1);
  const auto name = body["metadata"]["name"].string_or("");
  EXPECT_EQ(transport_.lines[1], "PATCH /api/v1/namespaces/default/events/" + name +
                                     R"( {"count":2,"lastTimestamp":"2026-01-01T00:00:00Z","message":"m"})");
}

TEST_F(RecorderTest, waits_for_an_unreachable_server_and_gives_up_after_three_attempts) {
  failures_ = 2;
  recorder_.publish(event("late"));
  runtime_.run_for(seconds(60));
  EXPECT_EQ(transport_.lines.size(), 3U);
  failures_ = 100;
  recorder_.publish(event("lost"));
  runtime_.run_for(seconds(60));
  EXPECT_EQ(transport_.lines.size(), 6U);
}

TEST_F(RecorderTest, an_event_that_expired_on_the_server_is_created_anew) {
  recorder_.publish(event("m"));
  runtime_.run_for(seconds(1));
  status_ = 404;
  recorder_.publish(event("m"));
  runtime_.run_for(seconds(1));
  ASSERT_EQ(transport_.lines.size(), 3U);
  EXPECT_TRUE(transport_.lines[1].starts_with("PATCH "));
  EXPECT_TRUE(transport_.lines[2].starts_with("POST "));
}

}  // namespace
}  // namespace karpenter::kube
