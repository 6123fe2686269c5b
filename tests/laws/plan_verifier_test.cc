#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "common/json/json.h"
#include "tests/support/plan_verifier_files.h"

// The verifier sees each rule that a plan breaks, and nothing in a plan that breaks none.

namespace karpenter::support {
namespace {

constexpr const char* kTypes = R"([
  {"name": "small", "capacity": {"cpu": "2", "memory": "8Gi", "pods": "10"}, "requirements": [
     {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["a", "b"]}],
   "offerings": [{"price": 1, "requirements": [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["a"]}]},
                 {"price": 1, "requirements": [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["b"]}]}]},
  {"name": "large", "capacity": {"cpu": "8", "memory": "32Gi", "pods": "40"}, "requirements": [
     {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["a"]}],
   "offerings": [{"price": 4, "requirements": [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["a"]}]},
                 {"price": 9, "available": false, "requirements": [
                    {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["b"]}]}]}])";

constexpr const char* kCluster = R"(
{apiVersion: karpenter.sh/v1, kind: NodePool, metadata: {name: pool}, spec: {limits: {cpu: "16"}, template: {spec: {requirements: [],
  nodeClassRef: {group: g, kind: K, name: n}}}}}
---
{apiVersion: karpenter.sh/v1, kind: NodePool, metadata: {name: picky}, spec: {template: {spec: {
  taints: [{key: team, value: blue, effect: NoSchedule}], requirements: [{key: node.kubernetes.io/instance-type, operator: Exists, minValues: 2}],
  nodeClassRef: {group: g, kind: K, name: n}}}}}
---
{apiVersion: v1, kind: Node, metadata: {name: old, labels: {kubernetes.io/hostname: old, topology.kubernetes.io/zone: a}},
 spec: {providerID: one}, status: {allocatable: {cpu: "4", memory: 16Gi, pods: "10"}}}
---
{apiVersion: v1, kind: Node, metadata: {name: shut, labels: {kubernetes.io/hostname: shut, topology.kubernetes.io/zone: b}},
 spec: {providerID: two, taints: [{key: shut, effect: NoSchedule}]}, status: {allocatable: {cpu: "4", memory: 16Gi, pods: "10"}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: runs, labels: {app: db}}, spec: {nodeName: old, containers: [{name: c,
  ports: [{containerPort: 1, hostPort: 80}], resources: {requests: {cpu: "1"}}}],
  affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [
    {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: loud}}}]}}}, status: {phase: Running}}
---
{apiVersion: storage.k8s.io/v1, kind: CSINode, metadata: {name: old}, spec: {drivers: [{name: csi, nodeID: x, allocatable: {count: 1}}]}}
---
{apiVersion: v1, kind: PersistentVolume, metadata: {name: pv-b}, spec: {csi: {driver: csi, volumeHandle: v}, nodeAffinity: {required: {
  nodeSelectorTerms: [{matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [b]}]}]}}}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: in-b}, spec: {volumeName: pv-b}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: one}, spec: {storageClassName: any}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: two}, spec: {storageClassName: any}}
---
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: any}, provisioner: csi}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent}, spec: {template: {spec: {nodeSelector: {karpenter.sh/nodepool: pool},
  containers: [{name: c, resources: {requests: {cpu: 500m}}}]}}}}
)";

// A pod of the plan: `spec` are further fields, in flow style.
std::string pod(const std::string& name, const std::string& cpu, const std::string& spec = "",
                const std::string& ports = "") {
  return "---\n{apiVersion: v1, kind: Pod, metadata: {name: " + name +
         ", labels: {app: " + name.substr(0, name.find('-')) + "}}, spec: {containers: [{name: c, " + ports +
         "resources: {requests: {cpu: " + cpu + "}}}]" + (spec.empty() ? "" : ", " + spec) + "}}\n";
}

std::string on(const std::string& node, const std::string& pods) {
  return R"({"existingNodes": [{"name": ")" + node + R"(", "pods": [)" + pods + "]}]}";
}

std::string claim(const std::string& pool, const std::string& zones, const std::string& types,
                  const std::string& pods) {
  return R"({"nodePool": ")" + pool +
         R"(", "requirements": [{"key": "karpenter.sh/nodepool", "operator": "In", "values": [")" + pool +
         R"("]}, {"key": "topology.kubernetes.io/zone", "operator": "In", "values": [)" + zones +
         R"(]}], "instanceTypes": [)" + types + R"(], "pods": [)" + pods + "]}";
}
std::string fresh(const std::string& claims) { return R"({"newNodeClaims": [)" + claims + "]}"; }

const char* const kSpread =
    "topologySpreadConstraints: [{maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: "
    "DoNotSchedule, "
    "labelSelector: {matchLabels: {app: web}}}]";
const char* const kTogether =
    "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: "
    "topology.kubernetes.io/zone, "
    "labelSelector: {matchLabels: {app: web}}}]}}";

struct Case {
  std::string name;
  std::string pods;
  std::string plan;
  std::string want;  // how the sentence begins; "" when nothing is broken
};

std::vector<Case> cases_of_nodes() {
  const std::string zone_b = "nodeSelector: {topology.kubernetes.io/zone: b}";
  const auto volume = [](const std::string& name) {
    return "volumes: [{name: d, persistentVolumeClaim: {claimName: " + name + "}}]";
  };
  const std::string port = "ports: [{containerPort: 1, hostPort: 80}], ";
  return {
      {"on a node", pod("web", "1"), on("old", R"("default/web")"), ""},
      {"unknown pod", "", on("old", R"("default/web")"), "accounting"},
      {"unknown node", pod("web", "1"), on("new", R"("default/web")"), "accounting"},
      {"two places", pod("web", "1"), on("old", R"("default/web", "default/web")"), "accounting"},
      {"too much on a node", pod("web", "3500m"), on("old", R"("default/web")"), "resources"},
      {"taint of a node", pod("web", "1"), on("shut", R"("default/web")"), "taints"},
      {"tolerated", pod("web", "1", "tolerations: [{operator: Exists}]"), on("shut", R"("default/web")"), ""},
      {"selector of a node", pod("web", "1", zone_b), on("old", R"("default/web")"), "requirements"},
      {"port in use", pod("web", "1", "", port), on("old", R"("default/web")"), "ports"},
      {"volume elsewhere", pod("web", "1", volume("in-b")), on("old", R"("default/web")"), "volumes"},
      {"too many volumes", pod("web-1", "100m", volume("one")) + pod("web-2", "100m", volume("two")),
       on("old", R"("default/web-1", "default/web-2")"), "volumes"},
      {"on a new node", pod("web", "1"),
       fresh(claim("pool", R"("a", "b")", R"("small")", R"("default/web")")), ""},
      {"unknown pool", pod("web", "1"), fresh(claim("other", R"("a")", R"("small")", R"("default/web")")),
       "claim"},
      {"too much with the daemon", pod("web", "1600m"),
       fresh(claim("pool", R"("a")", R"("small")", R"("default/web")")), "resources"},
      {"may be launched elsewhere", pod("web", "1", zone_b),
       fresh(claim("pool", R"("a", "b")", R"("small")", R"("default/web")")), "requirements"},
      {"volume where it may not be", pod("web", "1", volume("in-b")),
       fresh(claim("pool", R"("a", "b")", R"("small")", R"("default/web")")), "volumes"},
      {"not offered", pod("web", "1"),
       fresh(claim("pool", R"("b")", R"("small", "large")", R"("default/web")")), "launch"},
      {"taint of a pool", pod("web", "1"),
       fresh(claim("picky", R"("a")", R"("small", "large")", R"("default/web")")), "taints"},
      {"too few types", pod("web", "1", "tolerations: [{operator: Exists}]"),
       fresh(claim("picky", R"("a")", R"("small")", R"("default/web")")), "minValues"},
      {"over the limit", pod("web-1", "1") + pod("web-2", "1") + pod("web-3", "1"),
       fresh(claim("pool", R"("a")", R"("large")", R"("default/web-1")") + "," +
             claim("pool", R"("a")", R"("large")", R"("default/web-2")") + "," +
             claim("pool", R"("a")", R"("large")", R"("default/web-3")")),
       "limits"},
  };
}

std::vector<Case> cases_between_nodes() {
  const auto two = [](const std::string& spec, const std::string& first, const std::string& second) {
    return std::pair(pod("web-1", "500m", spec) + pod("web-2", "500m", spec),
                     fresh(claim("pool", first, R"("small")", R"("default/web-1")") + "," +
                           claim("pool", second, R"("small")", R"("default/web-2")")));
  };
  const auto spread = two(kSpread, R"("a")", R"("b")");
  const auto skewed = two(kSpread, R"("a")", R"("a")");
  const auto open = two(kSpread, R"("a")", R"("a", "b")");
  const auto together = two(kTogether, R"("a")", R"("a")");
  const auto split = two(kTogether, R"("a")", R"("b")");
  const std::string with_db =
      "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: "
      "topology.kubernetes.io/zone, "
      "labelSelector: {matchLabels: {app: db}}}]}}";
  const std::string apart =
      "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: "
      "topology.kubernetes.io/zone, "
      "labelSelector: {matchLabels: {app: db}}}]}}";
  const auto alone = [](const std::string& zones) {
    return fresh(claim("pool", zones, R"("small")", R"("default/web")"));
  };
  return {
      {"one a zone", spread.first, spread.second, ""},
      {"two in a zone", skewed.first, skewed.second, "spread"},
      {"which zone is open", open.first, open.second, "spread"},
      {"a group in one zone", together.first, together.second, ""},
      {"a group in two zones", split.first, split.second, "affinity"},
      {"with a running pod", pod("web", "1", with_db), alone(R"("a")"), ""},
      {"away from a running pod", pod("web", "1", with_db), alone(R"("b")"), "affinity"},
      {"may be away from a running pod", pod("web", "1", with_db), alone(R"("a", "b")"), "affinity"},
      {"apart", pod("web", "1", apart), alone(R"("b")"), ""},
      {"not apart", pod("web", "1", apart), alone(R"("a")"), "anti-affinity"},
      {"may not be apart", pod("web", "1", apart), alone(R"("a", "b")"), "anti-affinity"},
      {"the running pod minds", pod("loud", "1"), on("old", R"("default/loud")"), "anti-affinity"},
  };
}

void check(const Case& c) {
  SCOPED_TRACE(c.name);
  const std::vector<planner::Source> sources = {{.name = "cluster", .text = kCluster + c.pods}};
  const auto cluster = planner::read_manifests(sources);
  ASSERT_TRUE(cluster.has_value()) << cluster.error().text();
  const auto catalogue = planner::read_catalogue({.name = "types", .text = kTypes});
  ASSERT_TRUE(catalogue.has_value()) << catalogue.error().text();
  const auto plan = json::parse(c.plan);
  ASSERT_TRUE(plan.has_value()) << c.plan;
  const Broken broken = verify(*cluster, *catalogue, *plan);
  EXPECT_EQ(broken.empty(), c.want.empty()) << (broken.empty() ? "nothing found" : broken.front());
  for (const auto& sentence : broken) EXPECT_TRUE(sentence.starts_with(c.want)) << sentence;
}

TEST(PlanVerifier, sees_what_is_wrong_with_a_node) {
  for (const auto& c : cases_of_nodes()) check(c);
}

TEST(PlanVerifier, sees_what_is_wrong_between_nodes) {
  for (const auto& c : cases_between_nodes()) check(c);
}

}  // namespace
}  // namespace karpenter::support
