#include "common/base/strings.h"
#include "tests/unit/devcluster/aws/fixture.h"

namespace karpenter::devcluster {
namespace {

using std::chrono::seconds;

json::Value parsed(const net::HttpResponse& response) {
  return json::parse(response.body).value_or(json::Value());
}

class QueueTest : public AwsTest {
 public:
  net::HttpResponse sqs(const std::string& operation, const std::string& members) {
    return json_call(
        "sqs", "AmazonSQS." + operation,
        R"({"QueueUrl":"https://sqs.us-west-2.amazonaws.com/123456789012/demo")" + members + "}");
  }
  std::size_t receive(const std::string& members) {
    return parsed(sqs("ReceiveMessage", members)).view()["Messages"].size();
  }
};

// spec: aws §2.11
TEST_F(QueueTest, messages_reappear_until_deleted) {
  EXPECT_EQ(parsed(json_call("sqs", "AmazonSQS.GetQueueUrl", R"({"QueueName":"demo"})"))
                .view()["QueueUrl"]
                .string_or(""),
            "https://sqs.us-west-2.amazonaws.com/123456789012/demo");
  EXPECT_EQ(outcome(sqs("SendMessage", R"(,"MessageBody":"hello")")), "200");
  const auto first = parsed(
      sqs("ReceiveMessage", R"(,"VisibilityTimeout":20,"MessageSystemAttributeNames":["SentTimestamp"])"));
  const auto message = first.view()["Messages"].items().at(0);
  EXPECT_EQ(message["Body"].string_or(""), "hello");
  EXPECT_EQ(message["MD5OfBody"].string_or(""), "5d41402abc4b2a76b9719d911017c592");
  EXPECT_EQ(message["Attributes"]["SentTimestamp"].string_or(""), "1767225600000");
  EXPECT_EQ(receive(""), 0U) << "in flight";
  runtime.run_for(seconds(20));
  EXPECT_EQ(receive(R"(,"VisibilityTimeout":20)"), 1U);
  EXPECT_EQ(
      outcome(sqs("DeleteMessage", R"(,"ReceiptHandle":")" + message["ReceiptHandle"].string_or("") + "\"")),
      "200");
  runtime.run_for(seconds(20));
  EXPECT_EQ(receive(""), 0U);
  EXPECT_EQ(cloud.queued_messages(), 0U);
}

TEST_F(QueueTest, long_poll_waits_in_virtual_time) {
  const auto start = runtime.mono();
  EXPECT_EQ(receive(R"(,"WaitTimeSeconds":20)"), 0U);
  EXPECT_EQ(runtime.mono() - start, seconds(20));
  runtime.spawn("sender", [&](std::stop_token) {
    static_cast<void>(runtime::sleep_for(runtime, seconds(7), {}));
    cloud.send_message("late");
  });
  EXPECT_EQ(receive(R"(,"WaitTimeSeconds":20,"MaxNumberOfMessages":10)"), 1U);
  EXPECT_EQ(runtime.mono() - start, seconds(27));
}

TEST_F(QueueTest, old_messages_expire) {
  cloud.send_message("x");
  runtime.run_for(seconds(300));
  EXPECT_EQ(receive(""), 0U);
}

TEST_F(QueueTest, bad_requests_are_refused) {
  EXPECT_EQ(outcome(json_call("sqs", "AmazonSQS.GetQueueUrl", R"({"QueueName":"nope"})")),
            "400 com.amazonaws.sqs#QueueDoesNotExist");
  EXPECT_EQ(
      json_call("sqs", "AmazonSQS.GetQueueUrl", R"({"QueueName":"nope"})").headers.get("x-amzn-query-error"),
      "AWS.SimpleQueueService.NonExistentQueue;Sender");
  EXPECT_EQ(outcome(sqs("ReceiveMessage", R"(,"MaxNumberOfMessages":11)")),
            "400 com.amazonaws.sqs#InvalidParameterValue");
  EXPECT_EQ(outcome(sqs("ReceiveMessage", R"(,"Wait":1)")), "400 com.amazonaws.sqs#ValidationException");
  EXPECT_EQ(outcome(sqs("DeleteMessage", "")), "400 com.amazonaws.sqs#ValidationException");
  EXPECT_EQ(outcome(sqs("DeleteMessage", R"(,"ReceiptHandle":"eA==")")),
            "400 com.amazonaws.sqs#ReceiptHandleIsInvalid");
  EXPECT_EQ(outcome(json_call("sqs", "AmazonSQS.PurgeQueue", "{}")),
            "400 com.amazonaws.sqs#UnknownOperationException");
  EXPECT_EQ(outcome(json_call("sqs", "AmazonSQS.SendMessage", "[")),
            "400 com.amazonaws.sqs#SerializationException");
}

TEST_F(AwsTest, parameters_are_found_by_name_or_arn) {
  const std::string name =
      "/aws/service/eks/optimized-ami/1.34/amazon-linux-2023/x86_64/standard/recommended/image_id";
  const auto get = [&](const std::string& key) {
    return json_call("ssm", "AmazonSSM.GetParameter", R"({"Name":")" + key + "\"}");
  };
  EXPECT_TRUE(parsed(get(name)).view()["Parameter"]["Value"].string_or("").starts_with("ami-"));
  EXPECT_EQ(get(name).body, get("arn:aws:ssm:us-west-2::parameter" + name).body);
  EXPECT_EQ(outcome(get("/aws/service/eks/optimized-ami/1.33/amazon-linux-2/recommended/image_id")),
            "400 ParameterNotFound");
  EXPECT_EQ(outcome(json_call("ssm", "AmazonSSM.GetParameter", "{}")), "400 ValidationException");
}

// spec: aws §11.7
TEST_F(AwsTest, instance_profiles_hold_one_role) {
  const std::string role = "KarpenterNodeRole-demo";
  const Params named = {{"InstanceProfileName", "p"}};
  const Params with_role = {{"InstanceProfileName", "p"}, {"RoleName", role}};
  EXPECT_EQ(outcome(iam("GetInstanceProfile", named)), "404 NoSuchEntity");
  const auto created = iam("CreateInstanceProfile", {{"InstanceProfileName", "p"},
                                                     {"Path", "/karpenter/us-west-2/demo/uid/"},
                                                     {"Tags.member.1.Key", "a"},
                                                     {"Tags.member.1.Value", "b"}});
  EXPECT_EQ(text(created.body, "Arn"),
            "arn:aws:iam::123456789012:instance-profile/karpenter/us-west-2/demo/uid/p");
  EXPECT_EQ(outcome(iam("CreateInstanceProfile", named)), "409 EntityAlreadyExists");
  const auto missing = iam("AddRoleToInstanceProfile", {{"InstanceProfileName", "p"}, {"RoleName", "ghost"}});
  EXPECT_EQ(outcome(missing), "404 NoSuchEntity");
  EXPECT_NE(text(missing.body, "Message").find("role"), std::string::npos);
  EXPECT_EQ(outcome(iam("AddRoleToInstanceProfile", with_role)), "200");
  EXPECT_EQ(outcome(iam("AddRoleToInstanceProfile", with_role)), "409 LimitExceeded");
  EXPECT_EQ(text(iam("GetInstanceProfile", named).body, "RoleName"), role);
  EXPECT_EQ(outcome(iam("DeleteInstanceProfile", named)), "409 DeleteConflict");
  EXPECT_EQ(
      outcome(iam("TagInstanceProfile",
                  {{"InstanceProfileName", "p"}, {"Tags.member.1.Key", "c"}, {"Tags.member.1.Value", "d"}})),
      "200");
  EXPECT_EQ(texts(iam("GetInstanceProfile", named).body, "Key"), (Strings{"a", "c"}));
  EXPECT_EQ(outcome(iam("RemoveRoleFromInstanceProfile", with_role)), "200");
  EXPECT_EQ(outcome(iam("DeleteInstanceProfile", named)), "200");
  EXPECT_TRUE(cloud.instance_profile_names().empty());
  EXPECT_EQ(text(iam("GetRole", {{"RoleName", role}}).body, "RoleName"), role);
  EXPECT_EQ(outcome(iam("GetRole", {{"RoleName", "ghost"}})), "404 NoSuchEntity");
}

// spec: aws §11.12
TEST_F(AwsTest, profiles_are_listed_by_path_in_pages) {
  for (const std::string name : {"a", "b", "c", "other"}) {
    iam("CreateInstanceProfile",
        {{"InstanceProfileName", name}, {"Path", name == "other" ? "/" : "/karpenter/us-west-2/demo/"}});
  }
  const auto first =
      iam("ListInstanceProfiles", {{"PathPrefix", "/karpenter/us-west-2/demo/"}, {"MaxItems", "2"}});
  EXPECT_EQ(texts(first.body, "InstanceProfileName"), (Strings{"a", "b"}));
  EXPECT_EQ(text(first.body, "IsTruncated"), "true");
  const auto second = iam("ListInstanceProfiles", {{"PathPrefix", "/karpenter/us-west-2/demo/"},
                                                   {"Marker", text(first.body, "Marker")}});
  EXPECT_EQ(texts(second.body, "InstanceProfileName"), Strings{"c"});
  EXPECT_EQ(text(second.body, "IsTruncated"), "false");
  EXPECT_EQ(outcome(iam("CreateInstanceProfile", {{"InstanceProfileName", "a b"}})), "400 ValidationError");
  EXPECT_EQ(outcome(iam("CreateInstanceProfile", {{"InstanceProfileName", "x"}, {"Path", "x"}})),
            "400 ValidationError");
  EXPECT_EQ(outcome(iam("ListUsers")), "400 InvalidAction");
}

TEST_F(AwsTest, the_cluster_is_described) {
  const auto cluster = parsed(json_call("eks", "/clusters/demo", ""));
  EXPECT_EQ(cluster.view()["cluster"]["endpoint"].string_or(""), "https://127.0.0.1:6443");
  EXPECT_EQ(cluster.view()["cluster"]["version"].string_or(""), "1.34");
  EXPECT_EQ(cluster.view()["cluster"]["kubernetesNetworkConfig"]["serviceIpv4Cidr"].string_or(""),
            "10.96.0.0/12");
  EXPECT_EQ(outcome(json_call("eks", "/clusters/other", "")), "404 ResourceNotFoundException");
  EXPECT_EQ(outcome(json_call("eks", "/addons", "")), "400 UnknownOperationException");
}

// spec: aws §4.2
TEST_F(AwsTest, products_carry_prices_of_shared_and_bare_metal_types) {
  const auto products = [&](const std::string& tenancy, const std::string& family, const std::string& more) {
    const auto filter = [](const std::string& field, const std::string& value) {
      return R"({"Type":"TERM_MATCH","Field":")" + field + R"(","Value":")" + value + R"("})";
    };
    return parsed(json_call("pricing", "AWSPriceListService.GetProducts",
                            R"({"ServiceCode":"AmazonEC2","Filters":[)" + filter("regionCode", "us-west-2") +
                                "," + filter("tenancy", tenancy) + "," + filter("productFamily", family) +
                                "," + filter("operatingSystem", "Linux") + "]" + more + "}"));
  };
  ASSERT_TRUE(cloud.set_on_demand_price("m5.large", 0.0975));
  std::map<std::string, std::string> prices;
  std::string more;
  while (true) {
    const auto page = products("Shared", "Compute Instance", more + R"(,"MaxResults":50)");
    for (const auto item : page.view()["PriceList"].items()) {
      const auto document = json::parse(item.string_or(""));
      const auto dimensions = document->view()["terms"]["OnDemand"]
                                  .members()
                                  .front()
                                  .second["priceDimensions"]
                                  .members()
                                  .front()
                                  .second;
      prices[document->view()["product"]["attributes"]["instanceType"].string_or("")] =
          dimensions["pricePerUnit"]["USD"].string_or("");
    }
    const auto token = page.view()["NextToken"].string_or("");
    if (token.empty()) break;
    more = R"(,"NextToken":")" + token + "\"";
  }
  EXPECT_GT(prices.size(), 100U);
  EXPECT_EQ(prices["m5.large"], "0.0975000000");
  EXPECT_FALSE(prices.contains("m5.metal"));
  EXPECT_EQ(products("Dedicated", "Compute Instance (bare metal)", "").view()["PriceList"].size(), 12U);
  EXPECT_EQ(products("Shared", "Storage", "").view()["PriceList"].size(), 0U);
  EXPECT_EQ(outcome(json_call("pricing", "AWSPriceListService.GetProducts", R"({"ServiceCode":"AmazonS3"})")),
            "400 InvalidParameterException");
  EXPECT_EQ(
      outcome(json_call(
          "pricing", "AWSPriceListService.GetProducts",
          R"({"ServiceCode":"AmazonEC2","Filters":[{"Type":"TERM_MATCH","Field":"colour","Value":"x"}]})")),
      "400 InvalidParameterException");
}

// spec: aws §2.2
TEST_F(AwsTest, web_identity_gives_credentials_without_a_signature) {
  EXPECT_EQ(text(sts("GetCallerIdentity").body, "Account"), "123456789012");
  const auto assume = [&](const std::string& role, const std::string& token) {
    net::HttpRequest request;
    request.method = "POST";
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    request.body = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=s&RoleArn=" +
                   base::percent_encode(role) + "&WebIdentityToken=" + token;
    return cloud.handle(request, {});
  };
  const std::string role = "arn:aws:iam::123456789012:role/controller";
  const auto response = assume(role, "a.b.c");
  EXPECT_EQ(outcome(response), "200");
  EXPECT_TRUE(text(response.body, "AccessKeyId").starts_with("ASIA"));
  EXPECT_EQ(text(response.body, "Expiration"), "2026-01-01T01:00:00Z");
  EXPECT_EQ(outcome(assume(role, "junk")), "400 InvalidIdentityToken");
  EXPECT_EQ(outcome(assume("arn:aws:iam::999999999999:role/x", "a.b.c")), "403 AccessDenied");
}

TEST_F(AwsTest, the_admin_interface_drives_and_shows) {
  EXPECT_EQ(admin("POST", "/_admin/capacity?type=m5.large&zone=us-west-2a&capacity-type=spot&count=0").status,
            200);
  make_launch_template("nodes");
  EXPECT_EQ(texts(fleet("spot", 1, {{"m5.large", 0}}).body, "errorCode"),
            Strings{"InsufficientInstanceCapacity"});
  EXPECT_EQ(admin("POST", "/_admin/reset-capacity").status, 200);
  const auto id = launch("spot", "m5.large");
  const auto listing = parsed(admin("GET", "/_admin/instances"));
  EXPECT_EQ(listing.view()["instances"].items().at(0)["id"].string_or(""), id);
  EXPECT_EQ(listing.view()["instances"].items().at(0)["tags"]["karpenter.sh/nodepool"].string_or(""),
            "default");
  EXPECT_EQ(admin("POST", "/_admin/interrupt?instance=" + id).status, 200);
  EXPECT_EQ(admin("POST", "/_admin/interrupt?instance=i-1").status, 404);
  EXPECT_EQ(admin("POST", "/_admin/interrupt").status, 400);
  EXPECT_EQ(parsed(admin("POST", "/_admin/ami-release?family=al2023")).view()["version"].string_or(""),
            "v20260102");
  EXPECT_EQ(admin("POST", "/_admin/switches?describe-lag=1.5&throttle-every=2").status, 200);
  EXPECT_EQ(cloud.switches().describe_lag, std::chrono::milliseconds(1500));
  EXPECT_EQ(admin("POST", "/_admin/switches?colour=1").status, 400);
  EXPECT_EQ(admin("POST", "/_admin/reset-switches").status, 200);
  EXPECT_EQ(cloud.switches().throttle_every, 0U);
  EXPECT_EQ(admin("GET", "/_admin/nothing").status, 404);
  EXPECT_EQ(admin("GET", "/_admin/interrupt?instance=" + id).status, 405);

  bool found = false;
  const auto requests = parsed(admin("GET", "/_admin/requests"));
  for (const auto item : requests.view()["requests"].items()) {
    if (item["operation"].string_or("") != "CreateFleet") continue;
    found = true;
    EXPECT_EQ(item["service"].string_or(""), "ec2");
    EXPECT_EQ(item["signed"].integer_or(0), 2);
    EXPECT_EQ(item["unsigned"].integer_or(-1), 0);
  }
  EXPECT_TRUE(found);
  EXPECT_EQ(admin("POST", "/_admin/reset-requests").status, 200);
  EXPECT_TRUE(cloud.request_counts().empty());
}

TEST_F(AwsTest, nonsense_is_answered_not_served) {
  net::HttpRequest request;
  EXPECT_EQ(cloud.handle(request, {}).status, 400);
  request.method = "POST";
  request.target = "/elsewhere";
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  request.body = "Action=DescribeSubnets&Version=2016-11-15";
  EXPECT_EQ(outcome(cloud.handle(sign(request, "ec2"), {})), "400 InvalidRequest");
  request.target = "/";
  request.headers.set("Content-Type", "text/plain");
  EXPECT_EQ(outcome(cloud.handle(sign(request, "ec2"), {})), "400 MalformedQueryString");
  EXPECT_EQ(cloud.handle(sign(request, "s3"), {}).status, 400);
}

}  // namespace
}  // namespace karpenter::devcluster
