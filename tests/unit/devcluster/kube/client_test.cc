// What kubectl asks for: discovery, OpenAPI, tables.

#include "tests/devcluster/kube/table.h"
#include "tests/unit/devcluster/kube/server_fixture.h"

namespace karpenter::devcluster {
namespace {

class KubeCtl : public ServerTest {
 protected:
  Answer table(const std::string& target) {
    net::HttpRequest what = request("GET", target);
    what.headers.add("Accept",
                     "application/json;as=Table;v=v1;g=meta.k8s.io,application/"
                     "json;as=Table;v=v1beta1;g=meta.k8s.io,application/json");
    return send(what);
  }
  // "NAME=cell ..." of the first row.
  static std::string row(const Answer& answer) {
    std::string out;
    for (std::size_t i = 0; i < answer["columnDefinitions"].size(); ++i) {
      const json::View cell = answer["rows"][std::size_t{0}]["cells"][i];
      out += answer["columnDefinitions"][i]["name"].string_or("") + "=" +
             (cell.is_string() ? cell.string_or("") : cell.dump()) + " ";
    }
    return out;
  }
};

TEST_F(KubeCtl, discovers_every_served_version) {
  ASSERT_EQ(post_yaml(kCrds, kWidgetCrd).code, 201);
  EXPECT_EQ(get("/api").text("/versions/0"), "v1");
  const Answer group = get("/apis/example.com");
  EXPECT_EQ(group.text("/preferredVersion/groupVersion"), "example.com/v1");
  const Answer list = get("/apis/example.com/v1");
  EXPECT_EQ(list.text("/resources/0/name"), "widgets");
  EXPECT_EQ(list.text("/resources/0/shortNames/0"), "wd");
  EXPECT_EQ(list.text("/resources/0/categories/0"), "things");
  EXPECT_EQ(list.text("/resources/1/name"), "widgets/status");
  EXPECT_EQ(list.text("/resources/2/kind"), "Scale");
  EXPECT_EQ(get("/apis/example.com/v2").code, 404);
  EXPECT_EQ(get("/version").text("/major"), "1");
}

TEST_F(KubeCtl, finds_field_validation_in_openapi) {
  ASSERT_EQ(post_yaml(kCrds, kWidgetCrd).code, 201);
  const Answer index = get("/openapi/v3");
  EXPECT_TRUE(index.text("/paths/apis~1example.com~1v1/serverRelativeURL")
                  .starts_with("/openapi/v3/apis/example.com/v1?hash="));
  const Answer document = get("/openapi/v3/apis/example.com/v1");
  const json::View patch =
      document.body.view().at_pointer("/paths/~1apis~1example.com~1v1~1widgets~1{name}/patch");
  EXPECT_EQ(patch["x-kubernetes-group-version-kind"]["kind"].string_or(""), "Widget");
  EXPECT_NE(patch["parameters"].dump().find("\"fieldValidation\""), std::string::npos);
  EXPECT_EQ(document.text("/components/schemas/com.example.v1.Widget/properties/spec/properties/size/type"),
            "string");
  EXPECT_EQ(get("/openapi/v3/apis/none/v1").code, 404);
}

TEST_F(KubeCtl, prints_tables) {
  ASSERT_EQ(post(kPods, pod("a", "n")).code, 201);
  ASSERT_EQ(merge(std::string(kPods) + "/a/status",
                  "status: {phase: Running, containerStatuses: [{name: c, ready: true, restartCount: 2}]}")
                .code,
            200);
  runtime.run_for(std::chrono::seconds(200));
  EXPECT_EQ(row(table(kPods)),
            "Name=a Ready=1/1 Status=Running Restarts=2 Age=3m20s IP= Node=n Nominated Node= ");
  ASSERT_EQ(post_yaml(kCrds, kWidgetCrd).code, 201);
  ASSERT_EQ(post_yaml(kWidgets,
                      "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}, spec: {size: small}}")
                .code,
            201);
  EXPECT_EQ(row(table(kWidgets)), "Name=w Size=small Ready= Age=0s Weight=10 ");
  ASSERT_EQ(merge(std::string(kWidgets) + "/w/status",
                  "status: {conditions: [{type: Other, status: 'No'}, {type: Ready, status: 'True'}]}")
                .code,
            200);
  const Answer one = table(std::string(kWidgets) + "/w");
  EXPECT_EQ(row(one), "Name=w Size=small Ready=True Age=0s Weight=10 ");
  EXPECT_EQ(one.text("/rows/0/object/kind"), "PartialObjectMetadata");
  EXPECT_EQ(table(std::string(kWidgets) + "/none").text("/kind"), "Status");
}

TEST_F(KubeCtl, gets_only_json) {
  net::HttpRequest what = request("GET", kPods);
  what.headers.add("Accept", "application/vnd.kubernetes.protobuf");
  EXPECT_EQ(send(what).code, 406);
  net::HttpRequest mixed = request("GET", kPods);
  mixed.headers.add("Accept", "application/vnd.kubernetes.protobuf, */*");
  EXPECT_EQ(send(mixed).code, 200);
  net::HttpRequest body = request("POST", kPods, "k8s", "application/vnd.kubernetes.protobuf");
  EXPECT_EQ(send(body).code, 415);
}

TEST(Table, ages_are_short) {
  const std::pair<int, const char*> cases[] = {
      {-5, "<invalid>"}, {0, "0s"},        {119, "119s"},  {120, "2m"},      {200, "3m20s"},
      {600, "10m"},      {10799, "179m"},  {10800, "3h"},  {27000, "7h30m"}, {28800, "8h"},
      {172800, "2d"},    {180000, "2d2h"}, {691200, "8d"}, {63072000, "2y"}};
  for (const auto& [seconds, want] : cases)
    EXPECT_EQ(human_duration(std::chrono::seconds(seconds)), want) << seconds;
}

TEST(Table, paths_select) {
  const json::Value root = yaml("{a: {b.c: 1, list: [{k: x, v: 1}, {k: y, v: 2}]}}");
  const std::pair<const char*, const char*> cases[] = {
      {".a.b\\.c", "1"},      {".a['b.c']", "1"}, {".a.list[1].v", "2"}, {".a.list[?(@.k==\"y\")].v", "2"},
      {".a.list[*].v", "12"}, {".a.none", ""},    {"{.a}", ""}};
  for (const auto& [path, want] : cases) {
    std::string got;
    for (const json::View value : select_path(root, path)) got += value.dump();
    EXPECT_EQ(got, want) << path;
  }
}

}  // namespace
}  // namespace karpenter::devcluster
