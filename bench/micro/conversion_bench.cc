#include <benchmark/benchmark.h>

#include <string>

#include "common/base/check.h"
#include "common/conversion/conversion.h"
#include "common/json/json.h"

// One object of a ConversionReview: read, convert, print. The budget is 50 us (docs/spec/conversion.md §5.3).

namespace karpenter {
namespace {

constexpr const char* kPool =
    R"({"apiVersion":"karpenter.sh/v1beta1","kind":"NodePool","metadata":{"name":"kube","uid":"6f1c0d3e-0000-4000-8000-000000000001",
"resourceVersion":"12345","generation":3,"creationTimestamp":"2024-08-01T00:00:00Z","annotations":{"karpenter.sh/nodepool-hash":
"12393960163388511505","karpenter.sh/nodepool-hash-version":"v2"}},"spec":{"disruption":{"consolidationPolicy":"WhenUnderutilized",
"expireAfter":"720h","budgets":[{"nodes":"10%"},{"nodes":"0","schedule":"0 9 * * mon-fri","duration":"8h"}]},"limits":{"cpu":1000,
"memory":"1000Gi"},"template":{"metadata":{"labels":{"team":"a","env":"prod"}},"spec":{"kubelet":{"maxPods":30,"systemReserved":
{"cpu":"100m","memory":"200Mi"},"evictionHard":{"memory.available":"5%"}},"nodeClassRef":{"apiVersion":"karpenter.k8s.aws/v1beta1",
"kind":"EC2NodeClass","name":"kube"},"requirements":[{"key":"node.kubernetes.io/instance-type","operator":"In","values":["m5.large",
"m5.xlarge","m6i.large"]},{"key":"karpenter.sh/capacity-type","operator":"In","values":["spot","on-demand"]},{"key":
"kubernetes.io/arch","operator":"In","values":["amd64"]}],"taints":[{"key":"dedicated","value":"a","effect":"NoSchedule"}]}},
"weight":10},"status":{"resources":{"cpu":"48","memory":"192Gi","nodes":"12","pods":"700"}}})";
constexpr const char* kClass =
    R"({"apiVersion":"karpenter.k8s.aws/v1","kind":"EC2NodeClass","metadata":{"name":"pinned","uid":"6f1c0d3e-0000-4000-8000-000000000002"},
"spec":{"amiSelectorTerms":[{"alias":"al2023@v20240807"}],"role":"node","kubelet":{"maxPods":58},"subnetSelectorTerms":[{"tags":
{"karpenter.sh/discovery":"demo"}}],"securityGroupSelectorTerms":[{"tags":{"karpenter.sh/discovery":"demo"}}],"tags":{"team":"a"},
"metadataOptions":{"httpEndpoint":"enabled","httpProtocolIPv6":"disabled","httpPutResponseHopLimit":1,"httpTokens":"required"},
"blockDeviceMappings":[{"deviceName":"/dev/xvda","ebs":{"volumeSize":"100Gi","volumeType":"gp3","encrypted":true}}]},"status":
{"subnets":[{"id":"subnet-1","zone":"a","zoneID":"az1"},{"id":"subnet-2","zone":"b","zoneID":"az2"}],"securityGroups":[{"id":"sg-1",
"name":"nodes"}],"amis":[{"id":"ami-1","name":"al2023","requirements":[{"key":"kubernetes.io/arch","operator":"In","values":
["amd64"]}]}]}})";
constexpr const char* kClaim =
    R"({"apiVersion":"karpenter.sh/v1","kind":"NodeClaim","metadata":{"name":"kube-7xk2p","labels":{"karpenter.sh/nodepool":"kube"}},
"spec":{"expireAfter":"168h","nodeClassRef":{"group":"karpenter.k8s.aws","kind":"EC2NodeClass","name":"kube"},"requirements":[{"key":
"kubernetes.io/arch","operator":"In","values":["amd64"]}],"resources":{"requests":{"cpu":"1500m","pods":"7"}}},"status":{"providerID":
"aws:///us-east-1a/i-0123","conditions":[{"type":"Launched","status":"True","lastTransitionTime":"2024-08-01T00:00:00Z"}]}})";

void convert(benchmark::State& state, const char* text, const char* to) {
  for (auto _ : state) {
    auto object = json::parse(text);
    KARP_CHECK(conversion::convert_in_place(object->ref(), to, {}).has_value());
    benchmark::DoNotOptimize(object->dump());
  }
}
BENCHMARK_CAPTURE(convert, node_pool_to_v1, kPool, "karpenter.sh/v1");
BENCHMARK_CAPTURE(convert, node_class_to_v1beta1, kClass, "karpenter.k8s.aws/v1beta1");
BENCHMARK_CAPTURE(convert, node_claim_to_v1beta1, kClaim, "karpenter.sh/v1beta1");

}  // namespace
}  // namespace karpenter

BENCHMARK_MAIN();
