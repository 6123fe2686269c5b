#include "common/base/strings.h"
#include "controller/aws/client/ec2_api.h"
#include "controller/aws/client/eks_api.h"
#include "controller/aws/client/pricing_api.h"
#include "controller/aws/client/service_client.h"
#include "controller/aws/client/sqs_api.h"
#include "controller/aws/client/ssm_api.h"

// The services that speak JSON: SQS, SSM, Pricing (JSON over POST) and EKS (REST).

namespace karpenter::aws {
namespace {

constexpr ServiceClient::JsonProtocol kSqs{"1.0", "AmazonSQS"};
constexpr ServiceClient::JsonProtocol kSsm{"1.1", "AmazonSSM"};
constexpr ServiceClient::JsonProtocol kPricing{"1.1", "AWSPriceListService"};

class HttpSqsApi final : public SqsApi {
 public:
  explicit HttpSqsApi(ServiceClient& client) : client_(client) {}

  base::Result<std::string> get_queue_url(std::string_view name, const Call& call) override {
    auto input = json::Value::object();
    input["QueueName"].set(name);
    ASSIGN_OR_RETURN(const json::Value answer, client_.json(kSqs, "GetQueueUrl", input, call));
    std::string url = answer["QueueUrl"].string_or("");
    if (url.empty())
      return base::internal("SQS answered without a queue URL").add("queue", std::string(name));
    return url;
  }

  base::Result<std::vector<QueueMessage>> receive(std::string_view queue_url, const Call& call) override {
    auto input = json::Value::object();
    input["QueueUrl"].set(queue_url);
    input["MaxNumberOfMessages"].set(10);
    input["VisibilityTimeout"].set(20);
    input["WaitTimeSeconds"].set(20);
    input["MessageSystemAttributeNames"].push_back("SentTimestamp");
    input["MessageAttributeNames"].push_back("All");
    ASSIGN_OR_RETURN(const json::Value answer, client_.json(kSqs, "ReceiveMessage", input, call));
    std::vector<QueueMessage> out;
    for (const json::View message : answer["Messages"].items()) {
      out.push_back({message["Body"].string_or(""), message["ReceiptHandle"].string_or("")});
    }
    return out;
  }

  base::Status remove(std::string_view queue_url, std::string_view receipt_handle,
                      const Call& call) override {
    auto input = json::Value::object();
    input["QueueUrl"].set(queue_url);
    input["ReceiptHandle"].set(receipt_handle);
    RETURN_IF_ERROR(client_.json(kSqs, "DeleteMessage", input, call));
    return base::ok();
  }

 private:
  ServiceClient& client_;
};

class HttpSsmApi final : public SsmApi {
 public:
  explicit HttpSsmApi(ServiceClient& client) : client_(client) {}

  base::Result<std::string> get_parameter(std::string_view name, const Call& call) override {
    auto input = json::Value::object();
    input["Name"].set(name);
    ASSIGN_OR_RETURN(const json::Value answer, client_.json(kSsm, "GetParameter", input, call));
    return answer["Parameter"]["Value"].string_or("");
  }

 private:
  ServiceClient& client_;
};

class HttpPricingApi final : public PricingApi {
 public:
  explicit HttpPricingApi(ServiceClient& client) : client_(client) {}

  base::Result<std::vector<std::string>> get_products(const std::vector<ProductFilter>& filters,
                                                      const Call& call) override {
    auto input = json::Value::object();
    input["ServiceCode"].set("AmazonEC2");
    input["MaxResults"].set(100);
    for (const auto& filter : filters) {
      const json::Ref one = input["Filters"].push_back();
      one["Field"].set(filter.field);
      one["Type"].set("TERM_MATCH");
      one["Value"].set(filter.value);
    }
    std::vector<std::string> out;
    for (int page = 0; page < kMaxPages; ++page) {
      ASSIGN_OR_RETURN(const json::Value answer, client_.json(kPricing, "GetProducts", input, call));
      for (const json::View document : answer["PriceList"].items()) out.push_back(document.string_or(""));
      const std::string token = answer["NextToken"].string_or("");
      if (token.empty()) return out;
      input["NextToken"].set(token);
    }
    return base::internal("an AWS listing has too many pages").add("aws-operation-name", "GetProducts");
  }

 private:
  ServiceClient& client_;
};

class HttpEksApi final : public EksApi {
 public:
  explicit HttpEksApi(ServiceClient& client) : client_(client) {}

  base::Result<EksCluster> describe_cluster(std::string_view name, const Call& call) override {
    ASSIGN_OR_RETURN(const json::Value answer,
                     client_.rest_get("DescribeCluster", "/clusters/" + base::percent_encode(name), call));
    const json::View cluster = answer["cluster"];
    EksCluster out;
    out.endpoint = cluster["endpoint"].string_or("");
    out.arn = cluster["arn"].string_or("");
    out.version = cluster["version"].string_or("");
    out.service_ipv4_cidr = cluster["kubernetesNetworkConfig"]["serviceIpv4Cidr"].string_or("");
    out.service_ipv6_cidr = cluster["kubernetesNetworkConfig"]["serviceIpv6Cidr"].string_or("");
    return out;
  }

 private:
  ServiceClient& client_;
};

}  // namespace

std::unique_ptr<SqsApi> make_sqs_api(ServiceClient& client) { return std::make_unique<HttpSqsApi>(client); }
std::unique_ptr<SsmApi> make_ssm_api(ServiceClient& client) { return std::make_unique<HttpSsmApi>(client); }
std::unique_ptr<PricingApi> make_pricing_api(ServiceClient& client) {
  return std::make_unique<HttpPricingApi>(client);
}
std::unique_ptr<EksApi> make_eks_api(ServiceClient& client) { return std::make_unique<HttpEksApi>(client); }

}  // namespace karpenter::aws
