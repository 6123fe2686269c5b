#include "tests/unit/devcluster/aws/fixture.h"

#include "common/base/strings.h"
#include "common/net/crypto.h"

namespace karpenter::devcluster {

std::vector<std::string> texts(const std::string& xml, std::string_view tag) {
  const std::string open = "<" + std::string(tag) + ">";
  const std::string close = "</" + std::string(tag) + ">";
  std::vector<std::string> out;
  for (auto at = xml.find(open); at != std::string::npos; at = xml.find(open, at)) {
    at += open.size();
    out.push_back(xml.substr(at, xml.find(close, at) - at));
  }
  return out;
}

std::string text(const std::string& xml, std::string_view tag) {
  const auto all = texts(xml, tag);
  return all.empty() ? "" : all.front();
}

net::HttpRequest AwsTest::sign(net::HttpRequest request, const std::string& service,
                               const std::string& region, const std::string& secret) const {
  const auto timestamp = base::format_basic_iso8601(runtime.now());
  const auto scope = timestamp.substr(0, 8) + "/" + region + "/" + service + "/aws4_request";
  request.headers.set("Host", "aws.test");
  request.headers.set("X-Amz-Date", timestamp);
  std::string names = "content-type;host;x-amz-date";
  std::string canonical = request.method + "\n" + request.target +
                          "\n\ncontent-type:" + request.headers.get("Content-Type") +
                          "\nhost:aws.test\nx-amz-date:" + timestamp + "\n";
  if (const auto target = request.headers.get("X-Amz-Target"); !target.empty()) {
    names += ";x-amz-target";
    canonical += "x-amz-target:" + target + "\n";
  }
  canonical += "\n" + names + "\n" + base::hex_encode(net::sha256(request.body));
  auto key = net::hmac_sha256("AWS4" + secret, timestamp.substr(0, 8));
  for (const auto& step : {region, service, std::string("aws4_request")}) key = net::hmac_sha256(key, step);
  const auto to_sign =
      "AWS4-HMAC-SHA256\n" + timestamp + "\n" + scope + "\n" + base::hex_encode(net::sha256(canonical));
  request.headers.set("Authorization", "AWS4-HMAC-SHA256 Credential=test/" + scope +
                                           ", SignedHeaders=" + names +
                                           ", Signature=" + base::hex_encode(net::hmac_sha256(key, to_sign)));
  return request;
}

net::HttpResponse AwsTest::query(const std::string& service, const std::string& version,
                                 const std::string& action, Params params) {
  net::HttpRequest request;
  request.method = "POST";
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  request.body = "Action=" + action + "&Version=" + version;
  for (const auto& [key, value] : params) request.body += "&" + key + "=" + base::percent_encode(value);
  return cloud.handle(sign(request, service, service == "iam" ? "us-east-1" : "us-west-2"), {});
}

net::HttpResponse AwsTest::ec2(const std::string& action, Params params) {
  return query("ec2", "2016-11-15", action, std::move(params));
}

net::HttpResponse AwsTest::json_call(const std::string& service, const std::string& target,
                                     const std::string& body) {
  net::HttpRequest request;
  request.method = service == "eks" ? "GET" : "POST";
  request.headers.set("Content-Type",
                      service == "sqs" ? "application/x-amz-json-1.0" : "application/x-amz-json-1.1");
  if (service == "eks") {
    request.target = target;
  } else {
    request.headers.set("X-Amz-Target", target);
  }
  request.body = body;
  return cloud.handle(sign(request, service, service == "pricing" ? "us-east-1" : "us-west-2"), {});
}

net::HttpResponse AwsTest::admin(const std::string& method, const std::string& target) {
  net::HttpRequest request;
  request.method = method;
  request.target = target;
  return cloud.handle(request, {});
}

std::string AwsTest::outcome(const net::HttpResponse& response) {
  const auto status = std::to_string(response.status);
  if (response.status < 400) return status;
  if (const auto code = text(response.body, "Code"); !code.empty()) return status + " " + code;
  const auto body = json::parse(response.body);
  const auto type = body ? body->view()["__type"].string_or("") : "";
  return status + " " + (type.empty() ? response.headers.get("x-amzn-ErrorType") : type);
}

std::string AwsTest::subnet(std::size_t index) {
  const auto response =
      ec2("DescribeSubnets", {{"Filter.1.Name", "tag:karpenter.sh/discovery"}, {"Filter.1.Value.1", "demo"}});
  return texts(response.body, "subnetId").at(index);
}

std::string AwsTest::image(const std::string& architecture) {
  const std::string name = "/aws/service/eks/optimized-ami/1.34/amazon-linux-2023/" + architecture +
                           "/standard/recommended/image_id";
  const auto response = json_call("ssm", "AmazonSSM.GetParameter", R"({"Name":")" + name + R"("})");
  return json::parse(response.body)->view()["Parameter"]["Value"].string_or("");
}

void AwsTest::make_launch_template(const std::string& name) {
  if (outcome(iam("CreateInstanceProfile", {{"InstanceProfileName", "profile"}})) == "200") {
    iam("AddRoleToInstanceProfile",
        {{"InstanceProfileName", "profile"}, {"RoleName", "KarpenterNodeRole-demo"}});
  }
  const auto response =
      ec2("CreateLaunchTemplate",
          {{"LaunchTemplateName", name},
           {"LaunchTemplateData.ImageId", image("x86_64")},
           {"LaunchTemplateData.UserData", base::base64_encode("#!/bin/bash")},
           {"LaunchTemplateData.IamInstanceProfile.Name", "profile"},
           {"LaunchTemplateData.NetworkInterface.1.DeviceIndex", "0"},
           {"LaunchTemplateData.NetworkInterface.1.SecurityGroupId.1", "sg-0000000000000000a"},
           {"TagSpecification.1.ResourceType", "launch-template"},
           {"TagSpecification.1.Tag.1.Key", "eks:eks-cluster-name"},
           {"TagSpecification.1.Tag.1.Value", "demo"}});
  ASSERT_EQ(outcome(response), "200") << response.body;
}

net::HttpResponse AwsTest::fleet(const std::string& capacity_type, std::int64_t count,
                                 const std::vector<std::pair<std::string, std::size_t>>& overrides,
                                 Params more) {
  Params params = {{"Type", "instant"},
                   {"TargetCapacitySpecification.TotalTargetCapacity", std::to_string(count)},
                   {"TargetCapacitySpecification.DefaultTargetCapacityType", capacity_type},
                   {"LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateName", "nodes"},
                   {"LaunchTemplateConfigs.1.LaunchTemplateSpecification.Version", "$Latest"},
                   {"TagSpecification.1.ResourceType", "instance"},
                   {"TagSpecification.1.Tag.1.Key", "karpenter.sh/nodepool"},
                   {"TagSpecification.1.Tag.1.Value", "default"}};
  for (std::size_t i = 0; i < overrides.size(); ++i) {
    const auto prefix = "LaunchTemplateConfigs.1.Overrides." + std::to_string(i + 1) + ".";
    params.emplace_back(prefix + "InstanceType", overrides[i].first);
    params.emplace_back(prefix + "SubnetId", subnet(overrides[i].second));
  }
  params.insert(params.end(), more.begin(), more.end());
  return ec2("CreateFleet", params);
}

std::string AwsTest::launch(const std::string& capacity_type, const std::string& type) {
  const auto ids = text(fleet(capacity_type, 1, {{type, 0}}).body, "instanceIds");
  return text(ids, "item");
}

}  // namespace karpenter::devcluster
