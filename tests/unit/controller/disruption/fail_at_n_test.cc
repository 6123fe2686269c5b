#include <gtest/gtest.h>

#include <optional>

#include "tests/unit/controller/disruption/mini_cluster.h"

// One node comes and goes while the n-th write of the controllers fails, for every n: nothing may be left
// over, and nothing may be launched twice.

namespace karpenter::test {
namespace {

using std::chrono::minutes;

enum class Fault : bool { kNotDone, kAnswerLost };

// Counts the controllers' writes and fails the n-th.
struct NthWrite {
  int n = 0;
  int seen = 0;
  std::optional<net::HttpResponse> operator()(const net::HttpRequest& request) {
    if (request.method == "GET" || ++seen != n) return std::nullopt;
    return net::HttpResponse{.status = 503};
  }
};

// Whether the fault was met at all.
bool run_story(int n, Fault fault) {
  MiniCluster world;
  NthWrite nth{.n = n};
  auto& hook = fault == Fault::kNotDone ? world.faults.before : world.faults.after;
  world.create_pool("Never");
  hook = [&nth](const net::HttpRequest& request) { return nth(request); };
  const auto node = world.create_node("m5.large");
  world.create_pod("web", node);
  const auto claim = world.claim_of_node(node);
  EXPECT_TRUE(claim) << "write " << n;
  EXPECT_TRUE(world.remove<model::NodeClaim>(claim->meta.name)) << "write " << n;
  const bool gone = world.run(
      [&] {
        return world.all<model::NodeClaim>().empty() && world.all<model::Node>().empty() &&
               world.all<model::Pod>().empty();
      },
      minutes(10));
  EXPECT_TRUE(gone) << "write " << n;
  EXPECT_TRUE(world.cloud.instances.empty()) << "write " << n;
  EXPECT_EQ(world.cloud.launches, 1) << "write " << n;
  return nth.seen >= n;
}

void run_until_no_fault_is_met(Fault fault) {
  int n = 1;
  while (run_story(n, fault) && !testing::Test::HasFailure()) ++n;
  EXPECT_GT(n, 10);  // the story has at least that many writes
}

// spec: lifecycle §4.2, §4.10, §13
TEST(FailAtN, a_write_that_was_not_done_is_repeated) { run_until_no_fault_is_met(Fault::kNotDone); }
TEST(FailAtN, a_write_whose_answer_was_lost_is_not_done_twice) {
  run_until_no_fault_is_met(Fault::kAnswerLost);
}

}  // namespace
}  // namespace karpenter::test
