#include "controller/planner/manifests.h"

#include <gtest/gtest.h>

#include "controller/planner/catalogue.h"

namespace karpenter::planner {
namespace {

base::Result<Manifests> read(std::string text) {
  const std::vector<Source> sources = {{.name = "cluster.yaml", .text = std::move(text)}};
  return read_manifests(sources);
}

constexpr const char* kPodYaml = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n";
constexpr const char* kPodJson = R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}})";

TEST(ReadManifests, takes_yaml_json_lists_and_many_documents) {
  struct Case {
    std::string name;
    std::string text;
    std::size_t pods;
  };
  const std::string yaml = kPodYaml;
  const std::string json = kPodJson;
  const std::vector<Case> cases = {
      {"nothing", "", 0},
      {"comments and separators", "# hi\n---\n---\n# more\n", 0},
      {"yaml", yaml, 1},
      {"json", json, 1},
      {"two documents", yaml + "---\n" + json + "\n", 2},
      {"json first", "---\n" + json + "\n---\n" + yaml, 2},
      {"list", R"({"kind": "List", "items": [)" + json + "]}", 1},
      {"list of a kind", R"({"apiVersion": "v1", "kind": "PodList", "items": [)" + json + "]}", 1},
      {"list in a list", R"({"kind": "List", "items": [{"kind": "List", "items": [)" + json + "]}]}", 1},
      {"flow yaml", "{apiVersion: v1, kind: Pod, metadata: {name: c}}", 1},
      {"other kinds", yaml + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n", 1},
      {"a kind of another group", "apiVersion: metrics.k8s.io/v1\nkind: Node\nmetadata: {name: n}\n", 0},
  };
  for (const auto& c : cases) {
    const auto out = read(c.text);
    ASSERT_TRUE(out.has_value()) << c.name << ": " << out.error().text();
    EXPECT_EQ(out->pods.size(), c.pods) << c.name;
  }
  EXPECT_EQ(read(cases[10].text)->ignored_kinds, (std::set<std::string>{"Secret"}));
}

TEST(ReadManifests, names_file_document_object_and_path_of_what_is_wrong) {
  struct Case {
    std::string text;
    std::vector<std::string> want;
  };
  const std::string pod = kPodYaml;
  const std::string bad_cpu =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: ns}\nspec:\n  containers:\n"
      "  - name: a\n    resources: {requests: {cpu: lots}}\n";
  const std::vector<Case> cases = {
      {"a: [", {"malformed YAML", "cluster.yaml: document 1", "line"}},
      {pod + "---\nb: {\n", {"malformed YAML", "cluster.yaml: document 2", "line"}},
      {pod + "---\nb: 1\nb: 2\n", {"duplicate YAML key", "cluster.yaml: document 2", "line=6"}},
      {"{\"kind\": \"Pod\",", {"cluster.yaml: document 1"}},
      {"- 1\n", {"must be an object", "document 1"}},
      {"apiVersion: v1\n", {"has no kind", "document 1"}},
      {"apiVersion: v1\nkind: Pod\n", {"has no name"}},
      {pod + "---\n" + bad_cpu,
       {"spec.containers[0].resources.requests[cpu]", "Pod ns/x", "cluster.yaml: document 2"}},
      {R"({"kind": "List", "items": [{}, {"kind": 3}]})", {"has no kind", "document 1, item 1"}},
      {pod + "---\n" + pod, {"given twice", "Pod default/a"}},
      {"apiVersion: karpenter.sh/v1beta1\nkind: NodePool\nmetadata: {name: p}\n", {"only karpenter.sh/v1"}},
  };
  for (const auto& c : cases) {
    const auto out = read(c.text);
    ASSERT_FALSE(out.has_value()) << c.text;
    const std::string text = out.error().text();
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    for (const auto& part : c.want)
      EXPECT_NE(text.find(part), std::string::npos) << text << " lacks " << part;
  }
}

TEST(ReadManifests, completes_as_an_api_server_would) {
  const auto out = read(
      "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n---\n"
      "apiVersion: v1\nkind: Pod\nmetadata: {name: own, namespace: shop, uid: given}\n---\n"
      "apiVersion: karpenter.sh/v1\nkind: NodePool\nmetadata: {name: ready}\n---\n"
      "apiVersion: karpenter.sh/v1\nkind: NodePool\nmetadata: {name: waits}\n"
      "status: {conditions: [{type: Ready, status: 'False'}]}\n---\n"
      "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {tier: front}}\n");
  ASSERT_TRUE(out.has_value()) << out.error().text();
  EXPECT_EQ(out->pods[0]->meta.namespace_name, "default");
  EXPECT_EQ(out->pods[0]->meta.uid, "278311f0-e6cd-a066-682c-e2b5f6f76576");
  EXPECT_EQ(out->pods[1]->meta.uid, "given");
  EXPECT_TRUE(model::is_true(out->node_pools[0]->status.conditions, "Ready"));
  EXPECT_FALSE(model::is_true(out->node_pools[1]->status.conditions, "Ready"));
  ASSERT_EQ(out->namespaces.size(), 2U);
  EXPECT_EQ(out->namespaces[0]->meta.label("kubernetes.io/metadata.name"), "shop");
  EXPECT_EQ(out->namespaces[0]->meta.label("tier"), "front");
  EXPECT_EQ(out->namespaces[1]->meta.name, "default");
}

// ---- catalogues

constexpr const char* kType = R"({"name": "big", "capacity": {"cpu": "8", "memory": 34359738368},
  "overhead": {"kubeReserved": {"cpu": "80m"}, "systemReserved": {"cpu": "20m"}},
  "requirements": [{"key": "example.com/family", "operator": "In", "values": ["m"]}],
  "offerings": [{"requirements": [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["b"]},
                                  {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"]}], "price": 0.5},
                {"requirements": [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["a"]},
                                  {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["reserved"]},
                                  {"key": "example.com/reservation-id", "operator": "In", "values": ["cr-1"]}],
                 "price": 0, "available": false, "reservationCapacity": 2}]})";

base::Result<Catalogue> catalogue(const std::string& text) {
  return read_catalogue({.name = "types.json", .text = text});
}

TEST(ReadCatalogue, takes_a_list_or_lists_by_pool) {
  const auto one = catalogue(std::string("[") + kType + "]");
  ASSERT_TRUE(one.has_value()) << one.error().text();
  ASSERT_NE(one->find("any"), nullptr);
  const auto& type = *one->find("any")->front();
  EXPECT_EQ(type.name, "big");
  EXPECT_EQ(type.allocatable().get("cpu").text(), "7900m");
  EXPECT_EQ(type.capacity.get("memory").text(), "34359738368");
  ASSERT_EQ(type.offerings.size(), 2U);
  EXPECT_EQ(type.offerings[0].capacity_type, "reserved");
  EXPECT_EQ(type.offerings[0].reservation_capacity, 2);
  EXPECT_FALSE(type.offerings[0].available);
  EXPECT_EQ(type.offerings[1].zone, "b");
  EXPECT_TRUE(type.offerings[1].available);
  EXPECT_EQ(one->reservation_label, "example.com/reservation-id");
  EXPECT_TRUE(one->labels.contains("example.com/family"));

  const auto by_pool = catalogue(std::string(R"({"gpu": [)") + kType + R"(], "": []})");
  ASSERT_TRUE(by_pool.has_value()) << by_pool.error().text();
  EXPECT_EQ(by_pool->find("gpu")->size(), 1U);
  EXPECT_TRUE(by_pool->find("other")->empty());
}

TEST(ReadCatalogue, names_file_and_path_of_what_is_wrong) {
  struct Case {
    std::string text;
    std::string want;
  };
  const std::vector<Case> cases = {
      {"[", "types.json"},
      {"3", "must be a list"},
      {R"([{"capacity": {}}])", "path=[0].name"},
      {R"([{"name": "a", "capacity": {"cpu": "many"}}])", "path=[0].capacity[cpu]"},
      {R"([{"name": "a", "requirements": [{"operator": "In"}]}])", "path=[0].requirements[0]"},
      {R"([{"name": "a", "requirements": [{"key": "k", "operator": "Near"}]}])", "requirements[0].operator"},
      {R"([{"name": "a", "offerings": [{"price": -1}]}])", "path=[0].offerings[0].price"},
      {R"({"pool": {"name": "a"}})", "path=pool"},
      {R"([{"name": "a"}, {"name": "a"}])", "given twice"},
  };
  for (const auto& c : cases) {
    const auto out = catalogue(c.text);
    ASSERT_FALSE(out.has_value()) << c.text;
    EXPECT_NE(out.error().text().find(c.want), std::string::npos) << out.error().text();
    EXPECT_NE(out.error().text().find("types.json"), std::string::npos) << out.error().text();
  }
}

}  // namespace
}  // namespace karpenter::planner
