#include "controller/aws/client/service_client.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "controller/aws/client/ec2_api.h"
#include "tests/support/sim_runtime.h"

namespace karpenter::aws {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""s;

struct Answer {
  int status = 200;
  std::string body = "<R/>";
  std::string date = "";
  base::Code failure = base::Code::kInternal;  // with status 0: no answer came
};

// Answers what it was told, in order; the last answer repeats.
class ScriptedTransport final : public net::Transport {
 public:
  base::Result<net::HttpResponse> send(const net::HttpRequest& request, const net::Call&) override {
    requests.push_back(request);
    const Answer answer = answers.front();
    if (answers.size() > 1) answers.pop_front();
    if (answer.status == 0) return base::make_error(answer.failure, "no answer");
    net::HttpResponse response;
    response.status = answer.status;
    response.body = answer.body;
    if (!answer.date.empty()) response.headers.set("Date", answer.date);
    return response;
  }
  base::Result<std::unique_ptr<net::ByteStream>> open(const net::HttpRequest&, const net::Call&) override {
    return base::internal("not used");
  }
  std::deque<Answer> answers;
  std::vector<net::HttpRequest> requests;
};

std::string failure(const std::string& code) {
  return "<Response><Errors><Error><Code>" + code + "</Code><Message>m</Message></Error></Errors></Response>";
}

class ServiceClientTest : public testing::Test {
 protected:
  base::Result<XmlDocument> call(std::deque<Answer> answers, Retries retries = Retries::kStandard,
                                 Call limits = {}) {
    transport.answers = std::move(answers);
    transport.requests.clear();
    return client.query("DescribeInstances", QueryBody("DescribeInstances", "1"), limits, retries);
  }

  struct Keys final : CredentialsProvider {
    base::Result<Credentials> get(const Call&) override {
      return Credentials{.access_key_id = "AK", .secret_access_key = "SK"};
    }
  };
  static ServiceOptions options() {
    ServiceOptions out;
    out.endpoint.origin = {"https", "ec2.test", 443};
    out.endpoint.scope = {"us-west-2", "ec2"};
    return out;
  }

  support::SimRuntime runtime;
  ScriptedTransport transport;
  Keys keys;
  telemetry::Metrics metrics;
  ServiceClient client{runtime, transport, keys, metrics, options()};
};

// spec: aws §2.7
TEST_F(ServiceClientTest, retries_what_is_worth_it) {
  struct Case {
    std::string name;
    std::deque<Answer> answers;
    std::size_t requests;
    std::string reason;  // "" for success
  };
  const std::vector<Case> cases = {
      {"success", {{}}, 1, ""},
      {"throttled once", {{503, failure("RequestLimitExceeded")}, {}}, 2, ""},
      {"5xx without a body", {{502, ""}, {500, ""}, {}}, 3, ""},
      {"refused", {{0, "", "", base::Code::kUnavailable}, {}}, 2, ""},
      {"timeout", {{0, "", "", base::Code::kTimeout}, {}}, 2, ""},
      {"three in all", {{503, failure("Throttling")}}, 3, "Throttling"},
      {"client errors are final", {{400, failure("InvalidParameterValue")}, {}}, 1, "InvalidParameterValue"},
      {"cancelled is final", {{0, "", "", base::Code::kCancelled}, {}}, 1, "cancelled"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto answer = call(c.answers);
    EXPECT_EQ(transport.requests.size(), c.requests);
    if (c.reason.empty()) {
      EXPECT_TRUE(answer) << answer.error().text();
    } else if (c.reason == "cancelled") {
      EXPECT_TRUE(answer.failed_with(base::Code::kCancelled));
    } else {
      ASSERT_FALSE(answer);
      EXPECT_EQ(answer.error().reason, c.reason);
    }
  }
}

TEST_F(ServiceClientTest, dry_runs_are_sent_once) {
  EXPECT_FALSE(call({{503, failure("Throttling")}, {}}, Retries::kNone));
  EXPECT_EQ(transport.requests.size(), 1U);
}

TEST_F(ServiceClientTest, an_empty_budget_ends_retries) {
  for (int i = 0; i < 50; ++i)
    EXPECT_FALSE(call({{503, failure("Throttling")}}));  // two retries each: 500 tokens
  EXPECT_FALSE(call({{503, failure("Throttling")}, {}}));
  EXPECT_EQ(transport.requests.size(), 1U);
}

// spec: aws §2.5
TEST_F(ServiceClientTest, learns_the_clock_of_the_server_once) {
  // Virtual time starts at 2026-01-01T00:00:00Z.
  const auto answer = call({{400, failure("RequestExpired"), "Thu, 01 Jan 2026 01:00:00 GMT"}, {}});
  ASSERT_TRUE(answer);
  ASSERT_EQ(transport.requests.size(), 2U);
  EXPECT_EQ(transport.requests[0].headers.get("X-Amz-Date"), "20260101T000000Z");
  EXPECT_EQ(transport.requests[1].headers.get("X-Amz-Date"), "20260101T010000Z");
  EXPECT_FALSE(
      call({{400, failure("RequestExpired"), "Thu, 01 Jan 2026 01:00:00 GMT"}, {}}));  // no new offset
  EXPECT_EQ(transport.requests.size(), 1U);
}

TEST_F(ServiceClientTest, counts_attempts_by_status) {
  ASSERT_TRUE(call({{503, failure("Throttling")}, {}}));
  const auto labels = [](std::string code) {
    return telemetry::Labels{{"service", "EC2"}, {"action", "DescribeInstances"}, {"code", std::move(code)}};
  };
  EXPECT_EQ(metrics.value("aws_sdk_go_request_attempt_total", labels("503")), 1);
  EXPECT_EQ(metrics.value("aws_sdk_go_request_attempt_total", labels("200")), 1);
  EXPECT_EQ(metrics.value("aws_sdk_go_request_total", labels("200")), 1);
}

TEST_F(ServiceClientTest, malformed_success_names_the_operation) {
  const auto answer = call({{200, "not xml"}});
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().text().find("EC2 DescribeInstances"), std::string::npos) << answer.error().text();
}

TEST_F(ServiceClientTest, reads_all_pages) {
  const std::string first =
      "<R><subnetSet><item><subnetId>s-1</subnetId></item></subnetSet><nextToken>t</nextToken></R>";
  const std::string last = "<R><subnetSet><item><subnetId>s-2</subnetId></item></subnetSet><nextToken/></R>";
  transport.answers = {{200, first}, {200, last}};
  const auto subnets = make_ec2_api(client)->describe_subnets({{"tag:k", {"v"}}}, {});
  ASSERT_TRUE(subnets);
  ASSERT_EQ(subnets->size(), 2U);
  EXPECT_EQ(subnets->back().id, "s-2");
  EXPECT_NE(transport.requests[1].body.find("NextToken=t"), std::string::npos);
}

// Counts how often it is asked; each answer lives for an hour.
struct CountingSource final : CredentialsProvider {
  explicit CountingSource(runtime::Runtime& r) : runtime(r) {}
  base::Result<Credentials> get(const Call&) override {
    ++asked;
    if (fails) return base::make_error(base::Code::kUnavailable, "down");
    return Credentials{"key" + std::to_string(asked), "s", "", runtime.now() + 1h};
  }
  runtime::Runtime& runtime;
  int asked = 0;
  bool fails = false;
};

// spec: aws §2.2
TEST(CachingCredentials, refreshes_ahead_and_keeps_what_still_works) {
  support::SimRuntime runtime;
  CountingSource source(runtime);
  CachingCredentials cache(runtime, source);
  EXPECT_EQ(cache.get({})->access_key_id, "key1");
  runtime.run_for(30min);
  EXPECT_EQ(cache.get({})->access_key_id, "key1");
  EXPECT_EQ(source.asked, 1);
  runtime.run_for(26min);  // four minutes before the end
  source.fails = true;
  EXPECT_EQ(cache.get({})->access_key_id, "key1");  // answers at once, refreshes behind
  runtime.run_for(1s);
  EXPECT_EQ(source.asked, 2);
  EXPECT_EQ(cache.get({})->access_key_id, "key1");  // the failure did not hurt
  runtime.run_for(5min);
  EXPECT_FALSE(cache.get({}));  // now it does
  source.fails = false;
  EXPECT_TRUE(cache.get({}));
  runtime.join_all();
}

TEST(SharedCredentials, reads_one_profile) {
  const std::string text =
      "# c\n[default]\naws_access_key_id = A\naws_secret_access_key=B\n[other]\naws_access_key_id=C\n";
  EXPECT_EQ(parse_shared_credentials(text, "default")->secret_access_key, "B");
  EXPECT_TRUE(parse_shared_credentials(text, "other").failed_with(base::Code::kNotFound));
  EXPECT_TRUE(parse_shared_credentials(text, "none").failed_with(base::Code::kNotFound));
}

}  // namespace
}  // namespace karpenter::aws
