#include "common/base/strings.h"
#include "tests/unit/devcluster/aws/fixture.h"

namespace karpenter::devcluster {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class InstancesTest : public AwsTest {
 public:
  InstancesTest() { make_launch_template("nodes"); }
  std::string state(const std::string& id) {
    const auto view = cloud.find_instance(id);
    return view ? std::string(state_name(view->state)) : "gone";
  }
  // Bodies of everything visible on the queue, taken and deleted.
  Strings drain() {
    Strings out;
    while (true) {
      const auto response = json_call("sqs", "AmazonSQS.ReceiveMessage",
                                      R"({"QueueUrl":")" + queue_ + R"(","MaxNumberOfMessages":10})");
      const auto body = json::parse(response.body);
      const auto messages = body->view()["Messages"].items();
      if (messages.empty()) return out;
      for (const auto message : messages) {
        out.push_back(message["Body"].string_or(""));
        json_call("sqs", "AmazonSQS.DeleteMessage",
                  R"({"QueueUrl":")" + queue_ + R"(","ReceiptHandle":")" +
                      message["ReceiptHandle"].string_or("") + R"("})");
      }
    }
  }

 protected:
  std::string queue_ = "https://sqs.us-west-2.amazonaws.com/123456789012/demo";
};

// spec: aws §10.2
TEST_F(InstancesTest, lives_from_pending_to_forgotten) {
  const auto id = launch("on-demand", "m5.large");
  EXPECT_EQ(state(id), "pending");
  runtime.run_for(seconds(2));
  EXPECT_EQ(state(id), "running");
  const auto reply = ec2("TerminateInstances", {{"InstanceId.1", id}});
  EXPECT_EQ(texts(reply.body, "name"), (Strings{"shutting-down", "running"}));
  EXPECT_EQ(text(ec2("TerminateInstances", {{"InstanceId.1", id}}).body, "name"), "shutting-down")
      << "a repeat is fine";
  runtime.run_for(seconds(3));
  EXPECT_EQ(state(id), "terminated");
  EXPECT_EQ(text(ec2("DescribeInstances", {{"InstanceId.1", id}}).body, "subnetId"), "");
  runtime.run_for(minutes(60));
  EXPECT_EQ(state(id), "gone");
  EXPECT_EQ(outcome(ec2("DescribeInstances", {{"InstanceId.1", id}})), "400 InvalidInstanceID.NotFound");
}

// spec: aws §2.10
TEST_F(InstancesTest, are_described_by_id_and_filters) {
  const auto spot = launch("spot", "m5.large");
  const auto on_demand = launch("on-demand", "c5.large");
  const auto find = [&](Params params) {
    return texts(ec2("DescribeInstances", std::move(params)).body, "instanceId");
  };
  EXPECT_EQ(find({}).size(), 2U);
  EXPECT_EQ(find({{"InstanceId.1", spot}}), Strings{spot});
  EXPECT_EQ(find({{"Filter.1.Name", "tag-key"},
                  {"Filter.1.Value.1", "karpenter.sh/nodepool"},
                  {"MaxResults", "1000"}})
                .size(),
            2U);
  EXPECT_EQ(find({{"Filter.1.Name", "tag:karpenter.sh/nodepool"}, {"Filter.1.Value.1", "other"}}), Strings{});
  EXPECT_EQ(find({{"Filter.1.Name", "instance-type"}, {"Filter.1.Value.1", "c5.*"}}), Strings{on_demand});
  EXPECT_EQ(find({{"Filter.1.Name", "instance-state-name"}, {"Filter.1.Value.1", "running"}}), Strings{});
  const auto xml = ec2("DescribeInstances", {{"InstanceId.1", spot}}).body;
  EXPECT_EQ(text(xml, "instanceLifecycle"), "spot");
  EXPECT_TRUE(text(xml, "spotInstanceRequestId").starts_with("sir-"));
  EXPECT_EQ(text(xml, "availabilityZone"), "us-west-2a");
  EXPECT_EQ(text(xml, "groupId"), "sg-0000000000000000a");
  EXPECT_EQ(text(ec2("DescribeInstances", {{"InstanceId.1", on_demand}}).body, "spotInstanceRequestId"), "");
  EXPECT_EQ(outcome(ec2("DescribeInstances", {{"InstanceId.1", spot}, {"MaxResults", "10"}})),
            "400 InvalidParameterCombination");
}

TEST_F(InstancesTest, one_bad_id_fails_the_whole_call) {
  const auto id = launch("spot", "m5.large");
  for (const std::string action : {"DescribeInstances", "TerminateInstances"}) {
    const auto response = ec2(action, {{"InstanceId.1", id}, {"InstanceId.2", "i-0123456789abcdef0"}});
    EXPECT_EQ(outcome(response), "400 InvalidInstanceID.NotFound");
    EXPECT_EQ(text(response.body, "Message"), "The instance ID 'i-0123456789abcdef0' does not exist");
    EXPECT_EQ(outcome(ec2(action, {{"InstanceId.1", "m5"}})), "400 InvalidInstanceID.Malformed");
  }
  EXPECT_EQ(state(id), "pending");
}

TEST_F(InstancesTest, pages_lists_also_below_what_was_asked) {
  fleet("on-demand", 7, {{"m5.large", 0}});
  AwsSwitches switches;
  switches.page_limit = 3;
  cloud.set_switches(switches);
  std::size_t found = 0, pages = 0;
  std::string token;
  do {
    Params params = {{"MaxResults", "1000"}};
    if (!token.empty()) params.emplace_back("NextToken", token);
    const auto response = ec2("DescribeInstances", params);
    found += texts(response.body, "instanceId").size();
    token = text(response.body, "nextToken");
    ++pages;
  } while (!token.empty());
  EXPECT_EQ(found, 7U);
  EXPECT_EQ(pages, 3U);
}

// spec: aws §16
TEST_F(InstancesTest, may_be_described_late) {
  AwsSwitches switches;
  switches.describe_lag = seconds(10);
  cloud.set_switches(switches);
  const auto id = launch("spot", "m5.large");
  EXPECT_EQ(cloud.instances().size(), 1U);
  EXPECT_EQ(outcome(ec2("DescribeInstances", {{"InstanceId.1", id}})), "400 InvalidInstanceID.NotFound");
  EXPECT_EQ(texts(ec2("DescribeInstances").body, "instanceId").size(), 0U);
  runtime.run_for(seconds(10));
  EXPECT_EQ(outcome(ec2("DescribeInstances", {{"InstanceId.1", id}})), "200");
}

// spec: aws §10.4
TEST_F(InstancesTest, tags_are_added_and_removed) {
  const auto id = launch("spot", "m5.large");
  const auto seen = cloud.revision();
  EXPECT_EQ(outcome(ec2("CreateTags", {{"ResourceId.1", id},
                                       {"Tag.1.Key", "Name"},
                                       {"Tag.1.Value", "node-1"},
                                       {"Tag.2.Key", "x"},
                                       {"Tag.2.Value", "y"}})),
            "200");
  EXPECT_EQ(cloud.find_instance(id)->tags.at("Name"), "node-1");
  EXPECT_GT(cloud.revision(), seen);
  ec2("DeleteTags",
      {{"ResourceId.1", id}, {"Tag.1.Key", "Name"}, {"Tag.2.Key", "x"}, {"Tag.2.Value", "other"}});
  EXPECT_FALSE(cloud.find_instance(id)->tags.contains("Name"));
  EXPECT_TRUE(cloud.find_instance(id)->tags.contains("x"));
}

// spec: aws §12.2
TEST_F(InstancesTest, an_interruption_warns_on_the_queue_and_ends_the_instance) {
  const auto id = launch("spot", "m5.large");
  runtime.run_for(seconds(5));
  drain();
  ASSERT_TRUE(cloud.interrupt(id));
  const auto messages = drain();
  ASSERT_EQ(messages.size(), 1U);
  const auto event = json::parse(messages.front());
  EXPECT_EQ(event->view()["detail-type"].string_or(""), "EC2 Spot Instance Interruption Warning");
  EXPECT_EQ(event->view()["source"].string_or(""), "aws.ec2");
  EXPECT_EQ(event->view()["version"].string_or(""), "0");
  EXPECT_EQ(event->view()["time"].string_or(""), base::format_rfc3339(runtime.now()));
  EXPECT_EQ(event->view()["detail"]["instance-id"].string_or(""), id);
  runtime.run_for(seconds(119));
  EXPECT_EQ(state(id), "running");
  runtime.run_for(seconds(1));
  EXPECT_EQ(state(id), "shutting-down");
  runtime.run_for(seconds(3));
  EXPECT_EQ(state(id), "terminated");
  Strings states;
  for (const auto& body : drain())
    states.push_back(json::parse(body)->view()["detail"]["state"].string_or(""));
  EXPECT_EQ(states, (Strings{"shutting-down", "terminated"}));

  EXPECT_TRUE(cloud.interrupt(id).failed_with(base::Code::kInvalid)) << "it is gone already";
  EXPECT_TRUE(cloud.interrupt("i-1").failed_with(base::Code::kNotFound));
  EXPECT_TRUE(cloud.interrupt(launch("on-demand", "m5.large")).failed_with(base::Code::kInvalid));
}

TEST_F(InstancesTest, a_watcher_wakes_for_every_change_also_timed_ones) {
  Strings seen;
  runtime.spawn("watcher", [&](std::stop_token stop) {
    std::uint64_t revision = cloud.revision();
    while (!stop.stop_requested()) {
      const auto next = cloud.wait_change(revision, {base::Mono::max(), stop});
      if (next == revision) return;
      revision = next;
      for (const auto& view : cloud.instances()) seen.emplace_back(state_name(view.state));
    }
  });
  runtime.run_for(seconds(1));
  const auto id = launch("spot", "m5.large");
  runtime.run_for(seconds(10));
  ASSERT_TRUE(cloud.terminate(id));
  runtime.run_for(seconds(10));
  EXPECT_EQ(seen, (Strings{"pending", "running", "shutting-down", "terminated"}));
  runtime.stop_all();
  runtime.join_all();
  const auto revision = cloud.revision();
  EXPECT_EQ(cloud.wait_change(revision, {runtime.mono() + seconds(1), {}}), revision)
      << "the deadline ends a wait";
}

// spec: aws §12.5
TEST_F(InstancesTest, status_of_running_instances_is_fine) {
  const auto id = launch("spot", "m5.large");
  runtime.run_for(seconds(5));
  EXPECT_EQ(texts(ec2("DescribeInstanceStatus").body, "instanceId"), Strings{id});
  const auto impaired = ec2("DescribeInstanceStatus",
                            {{"Filter.1.Name", "instance-status.status"}, {"Filter.1.Value.1", "impaired"}});
  EXPECT_EQ(outcome(impaired), "200");
  EXPECT_EQ(texts(impaired.body, "instanceId"), Strings{});
  EXPECT_EQ(outcome(ec2("RebootInstances", {{"InstanceId.1", id}})), "200");
}

}  // namespace
}  // namespace karpenter::devcluster
