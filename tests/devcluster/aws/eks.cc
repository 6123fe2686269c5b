#include "common/base/strings.h"
#include "tests/devcluster/aws/services.h"

namespace karpenter::devcluster::aws_emulator {
namespace {
constexpr std::string_view kClusters = "/clusters/";
}  // namespace

std::string find_eks_operation(std::string_view method, std::string_view path) {
  const bool one = path.starts_with(kClusters) && path.size() > kClusters.size() &&
                   path.find('/', kClusters.size()) == std::string_view::npos;
  return method == "GET" && one ? "DescribeCluster" : "";
}

base::Result<json::Value> describe_cluster(const Account& account, std::string_view path) {
  const auto name = base::percent_decode(path.substr(kClusters.size())).value_or("");
  const auto& options = account.options;
  if (name != options.cluster_name)
    return failure("ResourceNotFoundException", "No cluster found for name: " + name + ".");
  auto out = json::Value::object();
  const auto cluster = out["cluster"];
  cluster["name"].set(name);
  cluster["arn"].set(arn(account, "eks", "cluster/" + name));
  cluster["createdAt"].set(1767225600.0);
  cluster["version"].set(options.cluster_version);
  cluster["endpoint"].set(options.cluster_endpoint);
  cluster["status"].set("ACTIVE");
  cluster["certificateAuthority"]["data"].set(base::base64_encode(options.cluster_ca_pem));
  cluster["kubernetesNetworkConfig"]["serviceIpv4Cidr"].set(options.service_cidr);
  cluster["kubernetesNetworkConfig"]["ipFamily"].set("ipv4");
  cluster["roleArn"].set(arn(account, "iam", "role/" + name + "-cluster"));
  cluster["resourcesVpcConfig"]["vpcId"].set("vpc-0000000000000000a");
  cluster["resourcesVpcConfig"]["subnetIds"].set_array();
  for (const auto& [id, subnet] : account.subnets)
    cluster["resourcesVpcConfig"]["subnetIds"].push_back(std::string_view(id));
  return out;
}

}  // namespace karpenter::devcluster::aws_emulator
