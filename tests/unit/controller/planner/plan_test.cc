#include <gtest/gtest.h>

#include <map>

#include "common/json/json.h"
#include "controller/planner/options.h"
#include "controller/planner/program.h"
#include "tests/support/sim_runtime.h"

namespace karpenter::planner {
namespace {

constexpr const char* kCluster = R"(
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: default}
spec:
  limits: {cpu: "1000"}
  template:
    spec:
      requirements: [{key: karpenter.sh/capacity-type, operator: In, values: [spot, on-demand]}]
      nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: default}
---
apiVersion: v1
kind: Node
metadata: {name: old, labels: {kubernetes.io/hostname: old, topology.kubernetes.io/zone: a}}
spec: {providerID: "aws:///a/i-1"}
status: {capacity: {cpu: "4", memory: 16Gi, pods: "20"}, allocatable: {cpu: "4", memory: 16Gi, pods: "20"}}
---
apiVersion: v1
kind: Pod
metadata: {name: runs}
spec: {nodeName: old, containers: [{name: a, resources: {requests: {cpu: "3"}}}]}
status: {phase: Running}
---
apiVersion: v1
kind: Pod
metadata: {name: small}
spec: {containers: [{name: a, resources: {requests: {cpu: 500m}}}]}
status: {conditions: [{type: PodScheduled, status: "False", reason: Unschedulable}]}
---
apiVersion: v1
kind: Pod
metadata: {name: large}
spec: {containers: [{name: a, resources: {requests: {cpu: "6"}}}]}
status: {conditions: [{type: PodScheduled, status: "False", reason: Unschedulable}]}
---
apiVersion: v1
kind: Pod
metadata: {name: picky}
spec: {nodeSelector: {team: red}, containers: [{name: a}]}
status: {conditions: [{type: PodScheduled, status: "False", reason: Unschedulable}]}
---
apiVersion: v1
kind: Pod
metadata: {name: hopeless}
spec: {nodeSelector: {kubernetes.io/hostname: old}, containers: [{name: a}]}
status: {conditions: [{type: PodScheduled, status: "False", reason: Unschedulable}]}
)";

std::string type(const std::string& name, const std::string& cpu, const std::string& price) {
  const auto offering = [&](const std::string& capacity_type, const std::string& times) {
    return R"({"requirements": [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["a"]},
      {"key": "karpenter.sh/capacity-type", "operator": "In", "values": [")" +
           capacity_type + R"("]}], "price": )" + times + price + "}";
  };
  return R"({"name": ")" + name + R"(", "capacity": {"cpu": ")" + cpu +
         R"(", "memory": "64Gi", "pods": "50"}, "requirements": [
    {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["a"]},
    {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot", "on-demand"]}],
    "offerings": [)" +
         offering("spot", "0.") + ", " + offering("on-demand", "1.") + "]}";
}

class PlanTest : public testing::Test {
 protected:
  PlanTest() {
    files_["cluster.yaml"] = kCluster;
    files_["types.json"] = "[" + type("m.8", "8", "4") + ", " + type("m.16", "16", "7") + "]";
  }
  // Exit code; what was printed is in out_ and err_.
  int run(std::vector<std::string> args) {
    out_.clear();
    err_.clear();
    return run_plan(args, runtime_,
                    {.read = [&](const std::string& path) -> base::Result<std::string> {
                       const auto found = files_.find(path);
                       if (found == files_.end())
                         return base::not_found("cannot open a file").add("path", path);
                       return found->second;
                     },
                     .out = [&](std::string_view text) { out_ += text; },
                     .err = [&](std::string_view text) { err_ += text; },
                     .cloud_form = nullptr});
  }
  int plan(std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"--cluster", "cluster.yaml", "--instance-types", "types.json"};
    args.insert(args.end(), more.begin(), more.end());
    return run(args);
  }
  json::Value plan_json(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"-o", "json"});
    EXPECT_EQ(plan(more), 0) << err_;
    auto out = json::parse(out_);
    EXPECT_TRUE(out.has_value()) << out_;
    return out ? std::move(*out) : json::Value();
  }
  bool printed(std::string_view text) const { return out_.find(text) != std::string::npos; }

  support::SimRuntime runtime_;
  std::map<std::string, std::string> files_;
  std::string out_;
  std::string err_;
};

TEST_F(PlanTest, prints_what_is_bought_what_goes_where_and_what_does_not_fit) {
  ASSERT_EQ(plan(), 0) << err_;
  EXPECT_TRUE(printed("NEW NODES: 1")) << out_;
  EXPECT_TRUE(printed("m.8 or 1 more")) << out_;
  EXPECT_TRUE(printed("1: default/large")) << out_;
  EXPECT_TRUE(printed("ON EXISTING NODES: 1 pods")) << out_;
  EXPECT_TRUE(printed("1: default/small")) << out_;
  EXPECT_TRUE(printed("WITHOUT A PLACE: 1 pods\n  1: default/picky")) << out_;
  EXPECT_TRUE(printed("team")) << out_;
  EXPECT_TRUE(printed("NOT PLANNED FOR: 1 pods\n  default/hopeless: ")) << out_;
  EXPECT_TRUE(printed("TOTAL: 1 new nodes, 0.4000 $/h")) << out_;
}

TEST_F(PlanTest, json_has_the_fields_of_the_peer_and_more) {
  const json::Value out = plan_json();
  const json::View claim = out["newNodeClaims"][std::size_t{0}];
  EXPECT_EQ(claim["nodePool"].string_or(""), "default");
  EXPECT_EQ(claim["instanceTypes"].dump(), R"(["m.8","m.16"])");
  EXPECT_EQ(claim["pods"].dump(), R"(["default/large"])");
  EXPECT_EQ(claim["requests"]["cpu"].string_or(""), "6");
  EXPECT_EQ(claim["cheapestPrice"].number(), 0.4);
  EXPECT_EQ(out["existingNodes"].dump(), R"([{"name":"old","pods":["default/small"]}])");
  EXPECT_TRUE(out["podErrors"]["default/picky"].is_string());
  EXPECT_TRUE(out["ignoredPods"]["default/hopeless"].is_string());
  EXPECT_EQ(out["totalPrice"].number(), 0.4);
  EXPECT_TRUE(out["timing"]["loadSeconds"].number().has_value());
  EXPECT_TRUE(out["timing"]["solveSeconds"].number().has_value());
  EXPECT_EQ(out["unplaced"]["default/picky"]["nodePools"][std::size_t{0}]["nodePool"].string_or(""),
            "default");
}

TEST_F(PlanTest, equal_inputs_print_equal_bytes_whatever_their_order) {
  ASSERT_EQ(plan(), 0);
  const std::string first = out_;
  std::string backwards;
  std::string text = kCluster;
  for (std::size_t at = text.rfind("\n---"); at != std::string::npos; at = text.rfind("\n---")) {
    backwards += text.substr(at + 4) + "\n---";
    text.resize(at);
  }
  files_["cluster.yaml"] = backwards + "\n" + text;
  ASSERT_EQ(plan(), 0) << err_;
  EXPECT_EQ(out_, first);
}

TEST_F(PlanTest, answers_what_if) {
  // Limits, prices, nodes that go, pods that come.
  EXPECT_EQ(plan_json({"--set", "nodepool.default.limits.cpu=4"})["newNodeClaims"].view().size(), 0U);
  EXPECT_EQ(plan_json({"--price-factor", "spot=2"})["totalPrice"].view().number(), 0.8);
  EXPECT_EQ(plan_json({"--price-factor", "spot=9"})["totalPrice"].view().number(),
            1.4);  // on-demand is cheaper then
  const json::Value gone = plan_json({"--delete-node", "old"});
  EXPECT_EQ(gone["existingNodes"].size(), 0U);
  EXPECT_NE(gone["newNodeClaims"].dump().find("default/runs"), std::string::npos);
  files_["more.yaml"] =
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n"
      "spec: {replicas: 3, template: {spec: {containers: [{name: a, resources: {requests: {cpu: 10m}}}]}}}\n";
  EXPECT_NE(plan_json({"--add-pods", "more.yaml"}).dump().find("shop/web-2"), std::string::npos);
}

TEST_F(PlanTest, compares_with_the_cluster_as_it_is) {
  ASSERT_EQ(plan({"--set", "nodepool.default.limits.cpu=4", "--diff"}), 0) << err_;
  EXPECT_TRUE(printed("$/h: 0.4000 -> 0.0000 (-0.4000)")) << out_;
  EXPECT_TRUE(printed("now without a place: default/large")) << out_;
  const json::Value out =
      plan_json({"--set", "nodepool.default.template.metadata.labels.team=red", "--diff"});
  EXPECT_EQ(out["diff"]["placed"].dump(), R"(["default/picky"])");
  EXPECT_EQ(out["before"]["podErrors"].size(), 1U);
  EXPECT_EQ(out["after"]["podErrors"].size(), 0U);
}

TEST_F(PlanTest, reads_several_files_and_standard_input) {
  files_["-"] = kCluster;
  files_["empty.yaml"] = "";
  EXPECT_EQ(run({"--cluster", "-", "empty.yaml", "--instance-types=types.json"}), 0) << err_;
  EXPECT_TRUE(printed("default/large"));
}

TEST_F(PlanTest, wrong_input_is_one_line_and_exit_code_2) {
  files_["bad.yaml"] = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {priority: high}\n";
  struct Case {
    std::vector<std::string> args;
    std::string want;
  };
  const std::vector<Case> cases = {
      {{}, "--cluster is missing"},
      {{"--cluster", "cluster.yaml"}, "--instance-types is missing"},
      {{"--cluster"}, "flag=--cluster"},
      {{"--clutser", "x"}, "unknown argument (argument=--clutser)"},
      {{"--cluster", "none.yaml", "--instance-types", "types.json"}, "path=none.yaml"},
      {{"--cluster", "bad.yaml", "--instance-types", "types.json"}, "spec.priority"},
      {{"--cluster", "bad.yaml", "--instance-types", "types.json"}, "bad.yaml: document 1"},
      {{"--cluster", "cluster.yaml", "--instance-types", "cluster.yaml"}, "cluster.yaml"},
      {{"-o", "xml"}, "want one of table json"},
      {{"--now", "noon"}, "--now"},
      {{"--price-factor", "spot=-1"}, "--price-factor"},
      {{"--set", "limits"}, "want NAME=VALUE"},
      {{"--diff=yes"}, "takes no value"},
      {{"--cluster", "cluster.yaml", "--instance-types", "types.json", "--diff"}, "--diff needs a change"},
      {{"--cluster", "cluster.yaml", "--instance-types", "types.json", "--set", "nodepool.x.weight=1"},
       "no such NodePool"},
      {{"--cluster", "cluster.yaml", "--instance-types", "types.json", "--set", "nodepool.default.wieght=1"},
       "spec.wieght"},
      {{"--cluster", "cluster.yaml", "--instance-types", "types.json", "--set",
        "nodepool.default.weight=much"},
       "spec.weight"},
      {{"--cluster", "cluster.yaml", "--instance-types", "types.json", "--delete-node", "new"}, "node=new"},
      {{"--cluster", "cluster.yaml", "--instance-types", "types.json", "--add-pods", "cluster.yaml"},
       "in the cluster already"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(run(c.args), 2) << c.want;
    EXPECT_NE(err_.find(c.want), std::string::npos) << err_ << " lacks " << c.want;
    EXPECT_EQ(std::ranges::count(err_, '\n'), 1) << err_;
    EXPECT_EQ(out_, "") << c.want;
  }
}

TEST_F(PlanTest, help_names_every_flag) {
  EXPECT_EQ(run({"--help"}), 0);
  for (const auto* flag : {"--cluster", "--instance-types", "--set", "--delete-node", "--add-pods", "--diff"})
    EXPECT_TRUE(printed(flag)) << flag;
}

}  // namespace
}  // namespace karpenter::planner
