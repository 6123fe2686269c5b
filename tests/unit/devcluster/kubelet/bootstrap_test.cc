#include "tests/devcluster/kubelet/bootstrap.h"

#include <gtest/gtest.h>

namespace karpenter::devcluster {
namespace {

using Labels = model::StringMap;

constexpr const char* kNodeConfig = R"(# a comment
apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  cluster:
    name: demo
    apiServerEndpoint: https://10.0.0.1
  kubelet:
    config:
      maxPods: 29
      registerWithTaints:
      - key: karpenter.sh/unregistered
        effect: NoExecute
      - {key: team, value: a, effect: NoSchedule}
    flags:
    - --node-labels="karpenter.sh/nodepool=default,x=y"
)";

std::string mime(const std::vector<std::string>& parts, const std::string& line_end = "\n") {
  std::string out =
      "MIME-Version: 1.0" + line_end + "Content-Type: multipart/mixed; boundary=\"//\"" + line_end;
  for (const auto& part : parts) {
    out +=
        line_end + "--//" + line_end + "Content-Type: application/node.eks.aws" + line_end + line_end + part;
  }
  return out + line_end + "--//--" + line_end;
}

void expect_demo(const base::Result<Bootstrap>& read) {
  ASSERT_TRUE(read.has_value()) << read.error().text();
  EXPECT_EQ(read->cluster_name, "demo");
  EXPECT_EQ(read->api_server, "https://10.0.0.1");
  EXPECT_EQ(read->max_pods, 29);
  EXPECT_EQ(read->labels, (Labels{{"karpenter.sh/nodepool", "default"}, {"x", "y"}}));
  ASSERT_EQ(read->taints.size(), 2U);
  EXPECT_EQ(read->taints[0].text(), "karpenter.sh/unregistered:NoExecute");
  EXPECT_EQ(read->taints[1].text(), "team=a:NoSchedule");
}

// spec: aws §9.3
TEST(Bootstrap, reads_nodeadm_plain_and_in_mime) {
  expect_demo(read_user_data(kNodeConfig));
  expect_demo(read_user_data(mime({kNodeConfig})));
  expect_demo(read_user_data(mime({kNodeConfig}, "\r\n")));
  expect_demo(read_user_data(mime({"#!/bin/bash\necho boundary=none\n", kNodeConfig})));
}

TEST(Bootstrap, a_later_node_config_adds_to_an_earlier_one) {
  const auto read = read_user_data(mime(
      {"kind: NodeConfig\nspec:\n  kubelet:\n    config: {maxPods: 8}\n    flags: [--node-labels=own=1]\n",
       kNodeConfig}));
  ASSERT_TRUE(read.has_value()) << read.error().text();
  EXPECT_EQ(read->max_pods, 29);
  EXPECT_EQ(read->labels.size(), 3U);
}

// spec: aws §9.2
TEST(Bootstrap, reads_the_bootstrap_script) {
  expect_demo(read_user_data(
      "#!/bin/bash -xe\n# boundary=\n/etc/eks/bootstrap.sh 'demo' --apiserver-endpoint 'https://10.0.0.1' "
      "--b64-cluster-ca 'abc' \\\n--use-max-pods false \\\n--kubelet-extra-args '--max-pods=29 "
      "--node-labels=\"karpenter.sh/nodepool=default,x=y\" "
      "--register-with-taints=\"karpenter.sh/unregistered:NoExecute,team=a:NoSchedule\"'\n"));
}

TEST(Bootstrap, a_machine_with_bad_user_data_joins_nothing) {
  const struct {
    const char* name;
    std::string text;
    const char* message;
  } cases[] = {
      {"empty", "", "names no cluster"},
      {"another script", "#!/bin/bash\necho hello boundary=x\n", "names no cluster"},
      {"no cluster in the config", "kind: NodeConfig\nspec: {}\n", "names no cluster"},
      {"no end of the parts", "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"//\"\n\n--//\n",
       "names no cluster"},
      {"broken YAML", "kind: NodeConfig\nspec: [\n", "line"},
      {"taint without effect", "/etc/eks/bootstrap.sh demo --kubelet-extra-args '--register-with-taints=a=b'",
       "taint without effect"},
      {"taint without key",
       "kind: NodeConfig\nspec: {kubelet: {config: {registerWithTaints: [{effect: NoSchedule}]}}}",
       "malformed taint"},
      {"max-pods no number", "/etc/eks/bootstrap.sh demo --kubelet-extra-args '--max-pods=many'",
       "no number"},
  };
  for (const auto& c : cases) {
    const auto read = read_user_data(c.text);
    ASSERT_TRUE(read.failed_with(base::Code::kInvalid)) << c.name;
    EXPECT_NE(read.error().text().find(c.message), std::string::npos)
        << c.name << ": " << read.error().text();
  }
}

TEST(Lists, of_labels_and_taints) {
  EXPECT_EQ(parse_label_list("a=b,c=,d"), (Labels{{"a", "b"}, {"c", ""}}));
  EXPECT_TRUE(parse_label_list("").empty());
  EXPECT_TRUE(parse_taint_list("").value().empty());
  const auto taints = parse_taint_list("a=b:NoSchedule,c:NoExecute,example.com/d=e:PreferNoSchedule").value();
  ASSERT_EQ(taints.size(), 3U);
  EXPECT_EQ(taints[0].text(), "a=b:NoSchedule");
  EXPECT_EQ(taints[1].text(), "c:NoExecute");
  EXPECT_EQ(taints[2].text(), "example.com/d=e:PreferNoSchedule");
  for (const auto* bad : {"a", "a=b", "a:", "a:Never", ":NoSchedule", "a:NoSchedule,"}) {
    EXPECT_TRUE(parse_taint_list(bad).failed_with(base::Code::kInvalid)) << bad;
  }
}

// spec: aws §4.2
TEST(NodeSize, leaves_out_what_the_system_keeps) {
  InstanceView m5_large;
  m5_large.vcpus = 2;
  m5_large.memory_mib = 8192;
  m5_large.volume_gib = 20;
  const auto size = node_size(m5_large, 29);
  EXPECT_EQ(size.capacity.get(model::kCpu).text(), "2");
  EXPECT_EQ(size.capacity.get(model::kPods).text(), "29");
  EXPECT_EQ(size.capacity.get(model::kMemory).text(), "7865Mi");
  EXPECT_EQ(size.allocatable.get(model::kCpu).text(), "1930m");
  EXPECT_EQ(size.allocatable.get(model::kMemory).text(), "7191Mi");  // 7865 - (255 + 11 * 29) - 100
  EXPECT_EQ(size.allocatable.get(model::kEphemeralStorage).text(), "17Gi");
  EXPECT_EQ(size.capacity.find("nvidia.com/gpu"), nullptr);
  InstanceView gpu = m5_large;
  gpu.vcpus = 96;
  gpu.gpus = 8;
  EXPECT_EQ(node_size(gpu, 29).allocatable.get("nvidia.com/gpu").text(), "8");
  EXPECT_EQ(node_size(gpu, 29).allocatable.get(model::kCpu).text(), "95690m");
}

}  // namespace
}  // namespace karpenter::devcluster
