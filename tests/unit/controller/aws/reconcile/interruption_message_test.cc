#include "controller/aws/reconcile/interruption_message.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace karpenter::aws {
namespace {

std::string ec2_event(const std::string& type, const std::string& detail) {
  return R"({"version":"0","source":"aws.ec2","detail-type":")" + type +
         R"(","time":"2026-01-01T00:00:00Z","detail":)" + detail + "}";
}

// spec: aws §12.2
TEST(InterruptionMessage, kinds) {
  const std::string state = "EC2 Instance State-change Notification";
  const std::string health =
      R"({"version":"0","source":"aws.health","detail-type":"AWS Health Event","detail":)";
  struct Case {
    std::string name;
    std::string body;
    std::string kind;
    std::vector<std::string> ids;
  };
  const std::vector<Case> cases = {
      {"spot",
       ec2_event("EC2 Spot Instance Interruption Warning",
                 R"({"instance-id":"i-1","instance-action":"terminate"})"),
       "spot_interrupted",
       {"i-1"}},
      {"rebalance",
       ec2_event("EC2 Instance Rebalance Recommendation", R"({"instance-id":"i-1"})"),
       "rebalance_recommendation",
       {"i-1"}},
      {"stopping",
       ec2_event(state, R"({"instance-id":"i-1","state":"stopping"})"),
       "instance_stopped",
       {"i-1"}},
      {"stopped in capitals",
       ec2_event(state, R"({"instance-id":"i-1","state":"STOPPED"})"),
       "instance_terminated",
       {"i-1"}},
      {"terminated",
       ec2_event(state, R"({"instance-id":"i-1","state":"shutting-down"})"),
       "instance_terminated",
       {"i-1"}},
      {"running", ec2_event(state, R"({"instance-id":"i-1","state":"running"})"), "no_op", {}},
      {"other version",
       R"({"version":"1","source":"aws.ec2","detail-type":"EC2 Instance Rebalance Recommendation"})",
       "no_op",
       {}},
      {"scheduled change",
       health +
           R"({"service":"EC2","eventTypeCategory":"scheduledChange","affectedEntities":[{"entityValue":"i-1"},)"
           R"({"entityValue":"i-2"},{}]}})",
       "scheduled_change",
       {"i-1", "i-2"}},
      {"issue of another service",
       health + R"({"service":"S3","eventTypeCategory":"scheduledChange"}})",
       "no_op",
       {}},
      {"empty", "", "no_op", {}},
      {"no fields", "{}", "no_op", {}},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_interruption(c.body);
    ASSERT_TRUE(parsed) << c.name;
    EXPECT_EQ(kind_name(parsed->kind), c.kind) << c.name;
    EXPECT_EQ(parsed->instance_ids, c.ids) << c.name;
  }
  EXPECT_FALSE(parse_interruption("{}").value().time);
  for (const std::string bad : {"nonsense", "[]", "\"text\"", "{"})
    EXPECT_FALSE(parse_interruption(bad)) << bad;
}

}  // namespace
}  // namespace karpenter::aws
