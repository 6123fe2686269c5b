#include "controller/aws/provider/user_data.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "controller/aws/provider/mime.h"

namespace karpenter::aws {
namespace {

BootstrapInput input() {
  BootstrapInput out;
  out.cluster_name = "demo";
  out.cluster_endpoint = "https://api.test";
  out.ca_bundle = "Q0E=";
  out.service_cidr = "10.96.0.0/12";
  out.kubelet.max_pods = 29;
  out.kubelet.cluster_dns = {"10.96.0.10"};
  out.raw_kubelet = R"({"evictionHard":{"memory.available":"5%"},"registryPullQPS":10})";
  model::Taint taint;
  taint.key = "karpenter.sh/unregistered";
  taint.effect = "NoExecute";
  out.taints = {taint};
  out.labels = {{"karpenter.sh/nodepool", "default"}, {"team", "a"}};
  return out;
}

constexpr std::string_view kNodeConfig = R"(# Karpenter Generated NodeConfig
apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
metadata: {}
spec:
  cluster:
    apiServerEndpoint: https://api.test
    certificateAuthority: Q0E=
    cidr: 10.96.0.0/12
    name: demo
  containerd: {}
  instance:
    localStorage: {}
  kubelet:
    config:
      clusterDNS:
      - "10.96.0.10"
      evictionHard:
        memory.available: 5%
      maxPods: 29
      registerWithTaints:
      - effect: NoExecute
        key: karpenter.sh/unregistered
      registryPullQPS: 10
    flags:
    - --node-labels="karpenter.sh/nodepool=default,team=a"
)";

std::vector<MimePart> parts_of(const BootstrapInput& from) {
  const auto text = make_user_data(AmiFamily::kAl2023, from);
  EXPECT_TRUE(text) << text.error().text();
  auto parts = parse_mime(*text);
  EXPECT_TRUE(parts) << parts.error().text();
  return *parts;
}

// spec: aws §9.3
TEST(Al2023, writes_a_node_config) {
  const auto text = make_user_data(AmiFamily::kAl2023, input());
  ASSERT_TRUE(text);
  EXPECT_EQ(*text,
            "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"//\"\n\n--//\n"
            "Content-Type: application/node.eks.aws\n\n" +
                std::string(kNodeConfig) + "\n--//--\n");
}

// spec: aws §9.3
TEST(Al2023, custom_parts_come_first) {
  struct Case {
    std::string name;
    std::string custom;
    std::vector<std::string> types;
  };
  const std::string archive =
      "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"B\"\r\n\r\n--B\r\nContent-Type: "
      "text/cloud-config\r\nX-Other: y\r\n\r\na: b\r\n--B\r\nContent-Type: "
      "text/x-shellscript\r\n\r\necho\r\n--B--\r\n";
  const std::vector<Case> cases = {
      {"script", "#!/bin/bash\necho hi\n", {"text/x-shellscript; charset=\"us-ascii\""}},
      {"node config", "apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\n", {"application/node.eks.aws"}},
      {"comments only", "# nothing\n", {"application/node.eks.aws"}},
      {"archive", archive, {"text/cloud-config", "text/x-shellscript"}},
      {"none", "", {}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    auto from = input();
    from.custom = c.custom;
    const auto parts = parts_of(from);
    ASSERT_EQ(parts.size(), c.types.size() + 1);
    for (std::size_t i = 0; i < c.types.size(); ++i) {
      EXPECT_EQ(parts[i].headers, std::vector<std::string>{"Content-Type: " + c.types[i]});
    }
    EXPECT_EQ(parts.back().content_type(), "application/node.eks.aws");
    EXPECT_NE(parts.back().body.find("name: demo"), std::string::npos);
  }
}

TEST(Al2023, bad_input_is_refused) {
  auto without_cidr = input();
  without_cidr.service_cidr = "";
  EXPECT_TRUE(make_user_data(AmiFamily::kAl2023, without_cidr).failed_with(base::Code::kNotReady));
  auto bad_archive = input();
  bad_archive.custom =
      "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"B\"\n\n--B\n\nnever closed";
  EXPECT_TRUE(make_user_data(AmiFamily::kAl2023, bad_archive).failed_with(base::Code::kInvalid));
  auto not_multipart = input();
  not_multipart.custom = "Content-Type: text/plain\n\nx";
  EXPECT_TRUE(make_user_data(AmiFamily::kAl2023, not_multipart).failed_with(base::Code::kInvalid));
  auto bad_ca = input();
  bad_ca.ca_bundle = "***";
  EXPECT_TRUE(make_user_data(AmiFamily::kAl2023, bad_ca).failed_with(base::Code::kInvalid));
}

// spec: aws §9.1, §9.2
TEST(Al2, calls_bootstrap) {
  auto from = input();
  from.kubelet.eviction_soft_grace_period = {{"memory.available", "60s"}};
  from.raid0 = true;
  const auto text = make_user_data(AmiFamily::kAl2, from).value();
  const std::string want =
      "/etc/eks/bootstrap.sh 'demo' --apiserver-endpoint 'https://api.test' --b64-cluster-ca 'Q0E=' \\\n"
      "--dns-cluster-ip '10.96.0.10' \\\n--use-max-pods false \\\n"
      "--kubelet-extra-args '--node-labels=\"karpenter.sh/nodepool=default,team=a\" "
      "--register-with-taints=\"karpenter.sh/unregistered:NoExecute\" --max-pods=29 "
      "--eviction-soft-grace-period=\"memory.available=1m0s\"' \\\n--local-disks raid0\n";
  EXPECT_NE(text.find(want), std::string::npos) << text;
}

// spec: aws §9.6
TEST(Custom, is_passed_verbatim) {
  auto from = input();
  EXPECT_EQ(make_user_data(AmiFamily::kCustom, from).value(), "");
  from.custom = "\r\nanything";
  EXPECT_EQ(make_user_data(AmiFamily::kCustom, from).value(), "\r\nanything");
}

// spec: aws §7.2
TEST(BootstrapLabels, drop_what_kubelet_may_not_set) {
  const auto got = bootstrap_labels({{"kubernetes.io/arch", "amd64"},
                                     {"node.kubernetes.io/instance-type", "m5.large"},
                                     {"topology.k8s.io/zone", "a"},
                                     {"node-restriction.kubernetes.io/x", "y"},
                                     {"karpenter.k8s.aws/instance-cpu", "2"},
                                     {"notkubernetes.io/x", "1"},
                                     {"plain", "1"}});
  EXPECT_EQ(got, (model::StringMap{
                     {"karpenter.k8s.aws/instance-cpu", "2"}, {"notkubernetes.io/x", "1"}, {"plain", "1"}}));
}

}  // namespace
}  // namespace karpenter::aws
