#include "tests/unit/controller/app/fixture.h"

// spec: lifecycle §4.3, §4.10

namespace karpenter::app_test {
namespace {

// One run of the job with at most one fault. Each run is a world of its own.
class Job : public AppTest {
 public:
  enum class Where : std::uint8_t { kKube, kAws };

  // Fails the Nth write (from 1) to that side; 0: none. Returns how many there were.
  std::size_t run(Where where, std::size_t n, Fate fate) {
    std::size_t writes = 0;
    const auto judge = [&](const net::HttpRequest& request) {
      if (!is_write(where, request) || ++writes != n) return Fate::kPass;
      what_ = request.method + " " + request.target + " " + request.body.substr(0, 120);
      return fate;
    };
    (where == Where::kKube ? judge_kube : judge_aws) = judge;
    add_pool("default");
    scale("web", 2);
    start();
    EXPECT_TRUE(settles([&] { return running() == 2; })) << trouble();
    EXPECT_EQ(instances(), 1U) << trouble();
    EXPECT_EQ(list<model::NodeClaim>().size(), 1U) << trouble();
    scale("web", 0);
    EXPECT_TRUE(settles([&] {
      return instances() == 0 && list<model::NodeClaim>().empty() && list<model::Node>().empty();
    })) << trouble();
    EXPECT_FALSE(ended().has_value()) << trouble();
    return writes;
  }
  void TestBody() override {}

 private:
  static bool is_write(Where where, const net::HttpRequest& request) {
    // Events are best effort, and a lease is renewed again anyway.
    if (where == Where::kKube) {
      return request.method != "GET" && request.path().find("/events") == std::string::npos &&
             request.path().find("/leases") == std::string::npos;
    }
    for (const auto* verb :
         {"Action=Create", "Action=Terminate", "Action=Delete", "Action=Add", "Action=Tag"}) {
      if (request.body.find(verb) != std::string::npos) return true;
    }
    return false;
  }
  std::string trouble() const {
    std::string out = "failed: " + what_ + "\n";
    const auto all = lines({});
    for (std::size_t i = all.size() > 25 ? all.size() - 25 : 0; i < all.size(); ++i) out += all[i] + "\n";
    return out;
  }

  std::string what_;
};

struct Case {
  Job::Where where;
  Fate fate;
};

class FailAtN : public testing::TestWithParam<Case> {};

TEST_P(FailAtN, every_write_may_fail_once) {
  const std::size_t writes = Job().run(GetParam().where, 0, Fate::kPass);
  RecordProperty("writes", std::to_string(writes));
  ASSERT_GE(writes, 3U);
  ASSERT_LE(writes, 80U);  // a job that small must not chatter
  for (std::size_t n = 1; n <= writes; ++n) {
    Job().run(GetParam().where, n, GetParam().fate);
    if (HasFatalFailure() || HasNonfatalFailure()) FAIL() << "write " << n << " of " << writes;
  }
}

INSTANTIATE_TEST_SUITE_P(controller, FailAtN,
                         testing::Values(Case{Job::Where::kKube, Fate::kRefuse},
                                         Case{Job::Where::kKube, Fate::kLose},
                                         Case{Job::Where::kAws, Fate::kRefuse},
                                         Case{Job::Where::kAws, Fate::kLose}));

}  // namespace
}  // namespace karpenter::app_test
