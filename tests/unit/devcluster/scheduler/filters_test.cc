#include "tests/devcluster/scheduler/filters.h"

#include <gtest/gtest.h>

#include "tests/unit/devcluster/yaml.h"

namespace karpenter::devcluster {
namespace {

// Three nodes in two zones; what each case needs on top is written in YAML.
class Cluster {
 public:
  Cluster() {
    add_node("a", "zone-1", "{}");
    add_node("b", "zone-1", "{}");
    add_node("c", "zone-2", "{}");
    view.namespaces = {{"default", {}}, {"other", {{"team", "blue"}}}};
  }
  void add_node(const std::string& name, const std::string& zone, std::string_view spec) {
    auto node = model_of<model::Node>("spec: " + std::string(spec) +
                                      "\nstatus: {allocatable: {cpu: '4', memory: 8Gi, pods: '3'}}");
    node.meta.name = name;
    node.meta.labels = {{"kubernetes.io/hostname", name}, {"zone", zone}, {"rank", "5"}};
    view.nodes[name] = {.node = std::make_shared<const model::Node>(std::move(node)), .pods = {}, .used = {}};
  }
  void run(const std::string& node, std::string_view pod_yaml) {
    auto pod = std::make_shared<const model::Pod>(pod_of(pod_yaml));
    view.nodes.at(node).used += pod_requests(*pod);
    view.nodes.at(node).pods.push_back(std::move(pod));
  }
  // The nodes that take the pod, by name.
  [[nodiscard]] std::string takers(std::string_view pod_yaml) const {
    const auto pod = pod_of(pod_yaml);
    std::string out;
    for (const auto& [name, info] : view.nodes) {
      if (find_obstacle(pod, info, view).empty()) out += name;
    }
    return out;
  }
  [[nodiscard]] std::string obstacle(const std::string& node, std::string_view pod_yaml) const {
    return find_obstacle(pod_of(pod_yaml), view.nodes.at(node), view);
  }
  [[nodiscard]] double points(const std::string& node, std::string_view pod_yaml) const {
    return score(pod_of(pod_yaml), view.nodes.at(node), view);
  }
  static model::Pod pod_of(std::string_view text) {
    auto pod = model_of<model::Pod>(text);
    if (pod.meta.namespace_name.empty()) pod.meta.namespace_name = "default";
    return pod;
  }

  ClusterView view;
};

std::string needs(const std::string& requests) {
  return "spec: {containers: [{name: m, resources: {requests: " + requests + "}}]}";
}

TEST(Filters, resources_fit_or_say_what_is_short) {
  Cluster cluster;
  cluster.run("a", needs("{cpu: '3'}"));
  EXPECT_EQ(cluster.takers(needs("{cpu: '1'}")), "abc");
  EXPECT_EQ(cluster.takers(needs("{cpu: 1001m}")), "bc");
  EXPECT_EQ(cluster.obstacle("a", needs("{cpu: '2'}")), "Insufficient cpu");
  EXPECT_EQ(cluster.obstacle("a", needs("{memory: 9Gi}")), "Insufficient memory");
  EXPECT_EQ(cluster.obstacle("a", needs("{nvidia.com/gpu: '1'}")), "Insufficient nvidia.com/gpu");
  EXPECT_EQ(cluster.takers(needs("{nvidia.com/gpu: '0'}")), "abc");
  for (int i = 0; i < 3; ++i) cluster.run("b", needs("{}"));
  EXPECT_EQ(cluster.obstacle("b", needs("{}")), "Too many pods");
}

TEST(Filters, requests_count_init_containers_sidecars_and_overhead) {
  const auto pod = Cluster::pod_of(R"(
spec:
  overhead: {cpu: 10m}
  containers: [{name: m, resources: {requests: {cpu: 100m}}}, {name: n, resources: {requests: {cpu: 100m}}}]
  initContainers:
  - {name: sidecar, restartPolicy: Always, resources: {requests: {cpu: 50m}}}
  - {name: init, resources: {requests: {cpu: 300m}}}
)");
  const auto total = pod_requests(pod);
  EXPECT_EQ(total.get(model::kCpu).text(), "360m");  // init beside the sidecar, then overhead
  EXPECT_EQ(total.get(model::kPods).text(), "1");
}

TEST(Filters, taints_and_cordons_keep_away_who_does_not_tolerate_them) {
  Cluster cluster;
  cluster.add_node("a", "zone-1", "{taints: [{key: k, value: v, effect: NoSchedule}]}");
  cluster.add_node("b", "zone-1", "{taints: [{key: k, value: v, effect: PreferNoSchedule}]}");
  cluster.add_node("c", "zone-2", "{unschedulable: true}");
  EXPECT_EQ(cluster.takers("{}"), "b");
  EXPECT_EQ(cluster.obstacle("a", "{}"), "node(s) had untolerated taint {k: v}");
  EXPECT_EQ(cluster.obstacle("c", "{}"), "node(s) were unschedulable");
  EXPECT_EQ(cluster.takers("spec: {tolerations: [{key: k, value: v}]}"), "ab");
  EXPECT_EQ(cluster.takers("spec: {tolerations: [{key: k, value: w}]}"), "b");
  EXPECT_EQ(
      cluster.takers("spec: {tolerations: [{key: node.kubernetes.io/unschedulable, operator: Exists}]}"),
      "bc");
  EXPECT_EQ(cluster.takers("spec: {tolerations: [{operator: Exists}]}"), "abc");
  EXPECT_LT(cluster.points("b", "{}"), cluster.points("a", "{}"));
}

TEST(Filters, node_selectors_and_affinity_terms) {
  const Cluster cluster;
  const auto terms = [](const std::string& text) {
    return "spec: {affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
           "{nodeSelectorTerms: " +
           text + "}}}}";
  };
  const struct {
    std::string pod;
    const char* takers;
  } cases[] = {
      {"spec: {nodeSelector: {zone: zone-2}}", "c"},
      {"spec: {nodeSelector: {zone: ''}}", ""},
      {"spec: {nodeSelector: {missing: ''}}", ""},
      {terms("[{matchExpressions: [{key: zone, operator: In, values: [zone-1, zone-9]}]}]"), "ab"},
      {terms("[{matchExpressions: [{key: zone, operator: NotIn, values: [zone-1]}]}]"), "c"},
      {terms("[{matchExpressions: [{key: missing, operator: NotIn, values: [x]}]}]"), "abc"},
      {terms("[{matchExpressions: [{key: missing, operator: Exists}]}]"), ""},
      {terms("[{matchExpressions: [{key: missing, operator: DoesNotExist}]}]"), "abc"},
      {terms("[{matchExpressions: [{key: rank, operator: Gt, values: ['4']}]}]"), "abc"},
      {terms("[{matchExpressions: [{key: rank, operator: Gt, values: ['5']}]}]"), ""},
      {terms("[{matchExpressions: [{key: rank, operator: Lt, values: ['6']}]}]"), "abc"},
      {terms("[{matchExpressions: [{key: zone, operator: Gt, values: ['1']}]}]"), ""},
      {terms("[{matchExpressions: [{key: rank, operator: Near, values: ['6']}]}]"), ""},
      {terms("[{matchFields: [{key: metadata.name, operator: In, values: [b]}]}]"), "b"},
      // terms are alternatives, the parts of a term are not; an empty term matches nothing
      {terms("[{matchFields: [{key: metadata.name, operator: In, values: [b]}]},"
             " {matchExpressions: [{key: zone, operator: In, values: [zone-2]}]}]"),
       "bc"},
      {terms("[{matchFields: [{key: metadata.name, operator: In, values: [b]}],"
             "  matchExpressions: [{key: zone, operator: In, values: [zone-2]}]}]"),
       ""},
      {terms("[{}]"), ""},
  };
  for (const auto& c : cases) EXPECT_EQ(cluster.takers(c.pod), c.takers) << c.pod;
}

TEST(Filters, host_ports_collide_by_protocol_port_and_address) {
  const auto port = [](const std::string& text) {
    return "spec: {containers: [{name: m, ports: [" + text + "]}]}";
  };
  Cluster cluster;
  cluster.run("a", port("{containerPort: 80, hostPort: 8080, hostIP: 10.0.0.1}"));
  EXPECT_EQ(cluster.takers(port("{containerPort: 80, hostPort: 8080}")), "bc");
  EXPECT_EQ(cluster.takers(port("{containerPort: 80, hostPort: 8080, hostIP: 10.0.0.1}")), "bc");
  EXPECT_EQ(cluster.takers(port("{containerPort: 80, hostPort: 8080, hostIP: 10.0.0.2}")), "abc");
  EXPECT_EQ(cluster.takers(port("{containerPort: 80, hostPort: 8080, protocol: UDP}")), "abc");
  EXPECT_EQ(cluster.takers(port("{containerPort: 8080}")), "abc");
}

constexpr const char* kApp = "metadata: {labels: {app: x}}";

std::string spread(const std::string& more, const std::string& key = "zone") {
  return std::string(kApp) + "\nspec: {topologySpreadConstraints: [{maxSkew: 1, topologyKey: " + key +
         ", whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: x}}" + more + "}]}";
}

TEST(Filters, hard_spread_bounds_the_skew) {
  Cluster cluster;
  EXPECT_EQ(cluster.takers(spread("")), "abc");
  cluster.run("a", kApp);
  EXPECT_EQ(cluster.takers(spread("")), "c");
  EXPECT_EQ(cluster.takers(spread("", "kubernetes.io/hostname")), "bc");
  EXPECT_EQ(cluster.takers(spread("", "missing")), "");
  cluster.run("c", kApp);
  EXPECT_EQ(cluster.takers(spread("")), "abc");
  EXPECT_EQ(cluster.takers(spread(", minDomains: 3")),
            "");  // a third zone is missing: the least count is none
  cluster.run("c", "metadata: {namespace: other, labels: {app: x}}");  // another namespace does not count
  EXPECT_EQ(cluster.takers(spread("")), "abc");
}

TEST(Filters, spread_counts_tainted_nodes_unless_told_not_to) {
  Cluster cluster;
  cluster.add_node("c", "zone-2", "{taints: [{key: k, effect: NoSchedule}]}");
  cluster.run("a", kApp);
  EXPECT_EQ(cluster.takers(spread("")), "");
  EXPECT_EQ(cluster.takers(spread(", nodeTaintsPolicy: Honor")), "ab");
  cluster.add_node("c", "zone-2", "{taints: [{key: k, effect: PreferNoSchedule}]}");
  EXPECT_EQ(cluster.takers(spread(", nodeTaintsPolicy: Honor")), "c");
}

std::string affinity(const std::string& sort, const std::string& more,
                     const std::string& labels = "{app: x}") {
  return "metadata: {labels: " + labels + "}\nspec: {affinity: {" + sort +
         ": {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: zone, labelSelector: "
         "{matchLabels: {app: "
         "x}}" +
         more + "}]}}}";
}

TEST(Filters, pod_affinity_follows_its_group_and_the_first_may_start) {
  Cluster cluster;
  EXPECT_EQ(cluster.takers(affinity("podAffinity", "")), "abc");
  EXPECT_EQ(cluster.takers(affinity("podAffinity", "", "{app: y}")), "");
  cluster.run("a", kApp);
  EXPECT_EQ(cluster.takers(affinity("podAffinity", "")), "ab");
  EXPECT_EQ(cluster.takers(affinity("podAffinity", "", "{app: y}")), "ab");
  EXPECT_EQ(cluster.takers(affinity("podAffinity", ", namespaces: [other]", "{app: y}")), "");
  cluster.run("c", "metadata: {namespace: other, labels: {app: x}}");
  EXPECT_EQ(cluster.takers(affinity("podAffinity", ", namespaces: [other]", "{app: y}")), "c");
  EXPECT_EQ(
      cluster.takers(affinity("podAffinity", ", namespaceSelector: {matchLabels: {team: blue}}", "{app: y}")),
      "c");
  EXPECT_EQ(cluster.takers(affinity("podAffinity", ", namespaceSelector: {}", "{app: y}")), "abc");
}

TEST(Filters, anti_affinity_holds_in_both_directions) {
  Cluster own;
  own.run("a", kApp);
  EXPECT_EQ(own.takers(affinity("podAntiAffinity", "")), "c");
  Cluster others;
  others.run("c", affinity("podAntiAffinity", "", "{app: guard}"));
  EXPECT_EQ(others.takers(kApp), "ab");
  EXPECT_EQ(others.obstacle("c", kApp), "node(s) didn't satisfy existing pods anti-affinity rules");
  EXPECT_EQ(others.takers("metadata: {labels: {app: y}}"), "abc");
  EXPECT_EQ(others.takers("metadata: {namespace: other, labels: {app: x}}"), "abc");
}

TEST(Score, prefers_the_emptier_node_preferred_labels_and_soft_spread) {
  Cluster cluster;
  cluster.run("a", needs("{cpu: '2', memory: 4Gi}"));
  EXPECT_DOUBLE_EQ(cluster.points("a", needs("{}")), 50);
  EXPECT_DOUBLE_EQ(cluster.points("b", needs("{}")), 100);
  const std::string preferred =
      "spec: {affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 70, "
      "preference: "
      "{matchFields: [{key: metadata.name, operator: In, values: [a]}]}}]}}}";
  EXPECT_GT(cluster.points("a", preferred), cluster.points("b", preferred));
  cluster.run("b", kApp);
  const std::string soft =
      std::string(kApp) +
      "\nspec: {topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: "
      "ScheduleAnyway, labelSelector: {matchLabels: {app: x}}}]}";
  EXPECT_GT(cluster.points("c", soft), cluster.points("b", soft));
  EXPECT_EQ(cluster.takers(soft), "abc");
}

}  // namespace
}  // namespace karpenter::devcluster
