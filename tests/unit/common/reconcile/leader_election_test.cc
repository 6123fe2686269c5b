#include "common/reconcile/leader_election.h"

#include <gtest/gtest.h>

#include "common/net/loopback.h"
#include "tests/support/sim_runtime.h"

namespace karpenter::reconcile {
namespace {

using std::chrono::seconds;

// One Lease behind the API: create, get, merge patch with a resourceVersion precondition.
class LeaseServer final : public net::Handler {
 public:
  net::HttpResponse handle(const net::HttpRequest& request, const net::Call&) override {
    if (down) return net::json_response(503, "{}");
    const auto body = json::parse(request.body.empty() ? "{}" : request.body).value();
    if (request.method == "POST") {
      if (lease.view().is_object()) return refuse(409, "AlreadyExists");
      lease = body;
      return store();
    }
    if (!lease.view().is_object()) return refuse(404, "NotFound");
    if (request.method == "GET") return net::json_response(200, lease.dump());
    const auto wanted = body["metadata"]["resourceVersion"].string_or("");
    if (!wanted.empty() && wanted != std::to_string(version)) return refuse(409, "Conflict");
    json::apply_merge_patch(lease.ref(), body);
    return store();
  }
  [[nodiscard]] std::string holder() const { return lease["spec"]["holderIdentity"].string_or(""); }

  json::Value lease;
  int version = 0;
  bool down = false;

 private:
  net::HttpResponse store() {
    lease["metadata"]["resourceVersion"].set(std::to_string(++version));
    return net::json_response(200, lease.dump());
  }
  static net::HttpResponse refuse(int status, const std::string& reason) {
    return net::json_response(status, R"({"kind":"Status","reason":")" + reason + R"(","message":"m"})");
  }
};

class Silence final : public telemetry::EventRecorder {
 public:
  void publish(telemetry::Event event) override { messages.push_back(event.message); }
  std::vector<std::string> messages;
};

// A candidate with its own thread: acquires, holds, notes how it ended.
class Candidate {
 public:
  Candidate(support::SimRuntime& runtime, net::Transport& transport, const std::string& name)
      : log_(runtime, sink_, {}),
        client_(runtime, transport, {.origin = {"http", "api", 80}, .qps = 0}),
        election_(client_, log_, metrics_, events_, {.namespace_name = "kube-system", .identity = name}) {
    runtime.spawn(name, [this](const std::stop_token&) {
      auto status = election_.acquire(stop_.get_token());
      if (status) status = election_.hold(stop_.get_token());
      ended = status ? "ok" : base::code_name(status.error().code);
    });
  }
  void stop() { stop_.request_stop(); }
  [[nodiscard]] bool leads() const { return election_.is_leader(); }
  double gauge() const {
    return metrics_.value("leader_election_master_status", {{"name", "karpenter-leader-election"}});
  }
  std::string ended;

 private:
  telemetry::MemorySink sink_;
  telemetry::Log log_;
  telemetry::Metrics metrics_;
  Silence events_;
  kube::Client client_;
  LeaderElection election_;
  std::stop_source stop_;
};

class LeaderElectionTest : public testing::Test {
 protected:
  LeaderElectionTest() { transport_.route({"http", "api", 80}, server_); }
  void finish(std::vector<Candidate*> candidates) {
    for (auto* candidate : candidates) candidate->stop();
    runtime_.join_all();
  }
  support::SimRuntime runtime_;
  LeaseServer server_;
  net::LoopbackTransport transport_;
};

TEST_F(LeaderElectionTest,
       one_leads_and_the_other_takes_over_at_once_after_a_release) {  // spec: lifecycle §2.8
  Candidate a(runtime_, transport_, "a");
  Candidate b(runtime_, transport_, "b");
  runtime_.run_for(seconds(60));
  EXPECT_NE(a.leads(), b.leads());
  auto& leader = a.leads() ? a : b;
  auto& other = a.leads() ? b : a;
  EXPECT_EQ(leader.gauge(), 1);
  EXPECT_EQ(other.gauge(), 0);
  leader.stop();
  runtime_.run_for(seconds(5));  // one retry period with its jitter
  EXPECT_EQ(leader.ended, "ok");
  EXPECT_TRUE(other.leads());
  EXPECT_EQ(server_.lease.view()["spec"]["leaseTransitions"].integer_or(0), 1);
  finish({&other});
  EXPECT_EQ(server_.holder(), "");
}

TEST_F(LeaderElectionTest, a_dead_leaders_lease_expires_by_local_time_whatever_its_stamps_say) {
  server_.lease = json::parse(R"({"metadata":{"name":"karpenter-leader-election","resourceVersion":"0"},
      "spec":{"holderIdentity":"dead","leaseDurationSeconds":15,"renewTime":"1999-01-01T00:00:00.000000Z"}})")
                      .value();
  Candidate a(runtime_, transport_, "a");
  runtime_.run_for(seconds(14));
  EXPECT_FALSE(a.leads()) << "an old stamp is no proof of death";
  runtime_.run_for(seconds(6));
  EXPECT_TRUE(a.leads());
  finish({&a});
}

TEST_F(LeaderElectionTest, an_unreachable_server_costs_the_lease_before_another_can_have_it) {
  Candidate a(runtime_, transport_, "a");
  runtime_.run_for(seconds(20));
  ASSERT_TRUE(a.leads());
  server_.down = true;
  const auto start = runtime_.mono();
  ASSERT_TRUE(runtime_.run_until([&] { return !a.leads(); }, seconds(60)));
  EXPECT_LE(runtime_.mono() - start, seconds(15));
  runtime_.join_all();
  EXPECT_EQ(a.ended, "Unavailable");
}

TEST_F(LeaderElectionTest, a_short_outage_is_survived) {
  Candidate a(runtime_, transport_, "a");
  runtime_.run_for(seconds(20));
  server_.down = true;
  runtime_.run_for(seconds(6));
  server_.down = false;
  runtime_.run_for(seconds(30));
  EXPECT_TRUE(a.leads());
  finish({&a});
}

TEST_F(LeaderElectionTest, a_lease_taken_by_another_ends_the_leader) {
  Candidate a(runtime_, transport_, "a");
  runtime_.run_for(seconds(20));
  server_.lease["spec"]["holderIdentity"].set("thief");
  server_.lease["metadata"]["resourceVersion"].set(std::to_string(++server_.version));
  runtime_.run_for(seconds(3));
  EXPECT_FALSE(a.leads());
  EXPECT_EQ(a.ended, "Unavailable");
  finish({&a});
  EXPECT_EQ(server_.holder(), "thief") << "what is not ours is not released";
}

}  // namespace
}  // namespace karpenter::reconcile
