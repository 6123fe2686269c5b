// Create, get, list, update and patch of built-in kinds, and the words of errors.

#include "tests/unit/devcluster/kube/server_fixture.h"

namespace karpenter::devcluster {
namespace {

using Objects = ServerTest;

TEST_F(Objects, create_sets_what_the_server_owns) {
  const Answer made = post(kPods, pod("a"));
  ASSERT_EQ(made.code, 201) << made.body.dump();
  EXPECT_EQ(made.text("/metadata/uid").size(), 36U);
  EXPECT_EQ(made.text("/metadata/creationTimestamp"), "2026-01-01T00:00:00Z");
  EXPECT_EQ(made.text("/metadata/namespace"), "default");
  EXPECT_EQ(made.text("/status/phase"), "Pending");
  EXPECT_EQ(made.text("/spec/restartPolicy"), "Always");
  EXPECT_EQ(made.text("/spec/tolerations/0/key"), "node.kubernetes.io/not-ready");
  EXPECT_EQ(get(std::string(kPods) + "/a").body, made.body);
}

TEST_F(Objects, generate_name_appends_five_characters) {
  json::Value object = pod("");
  object["metadata"]["generateName"].set("web-");
  object["metadata"].erase("name");
  const std::string name = post(kPods, object).text("/metadata/name");
  EXPECT_EQ(name.size(), 9U);
  EXPECT_TRUE(name.starts_with("web-"));
}

TEST_F(Objects, errors_are_worded_as_the_real_server_does) {
  ASSERT_EQ(post(kPods, pod("a")).code, 201);
  struct Case {
    Answer answer;
    int code;
    std::string reason;
    std::string message;
  };
  json::Value stale = get(std::string(kPods) + "/a").body;
  ASSERT_EQ(merge(std::string(kPods) + "/a", "metadata: {labels: {x: y}}").code, 200);
  json::Value other_name = stale;
  other_name["metadata"]["name"].set("b");
  json::Value bad_name = pod("Bad_Name");
  json::Value with_version = pod("fresh");
  with_version["metadata"]["resourceVersion"].set("5");
  json::Value no_kind = pod("k");
  no_kind.ref().erase("kind");
  const std::string one = std::string(kPods) + "/a";
  const Case cases[] = {
      {get(std::string(kPods) + "/none"), 404, "NotFound", "pods \"none\" not found"},
      {get("/api/v1/namespaces/default/nothings"), 404, "NotFound",
       "the server could not find the requested resource"},
      {post(kPods, pod("a")), 409, "AlreadyExists", "pods \"a\" already exists"},
      {post("/api/v1/namespaces/none/pods", pod("a")), 404, "NotFound", "namespaces \"none\" not found"},
      {put(one, stale), 409, "Conflict",
       "Operation cannot be fulfilled on pods \"a\": the object has been modified; please apply your changes "
       "to the latest "
       "version and try again"},
      {put(one, other_name), 400, "BadRequest",
       "the name of the object (b) does not match the name on the URL (a)"},
      {post(kPods, with_version), 500, "", "resourceVersion should not be set on objects to be created"},
      {get(std::string(kPods) + "?fieldSelector=spec.hostname%3Dx"), 400, "BadRequest",
       "field label not supported: spec.hostname"},
      {send(request("PATCH", kPods, "{}", "application/merge-patch+json")), 405, "MethodNotAllowed",
       "the server does not allow this method on the requested resource"},
      {send(request("POST", kPods, "{")), 400, "BadRequest", ""},
      {post(kPods, no_kind), 400, "BadRequest", ""},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(c.answer.code, c.code) << c.message << c.answer.body.dump();
    EXPECT_EQ(c.answer.reason(), c.reason) << c.message;
    EXPECT_EQ(c.message.empty() ? "" : c.answer.message(), c.message);
    EXPECT_EQ(c.answer.text("/kind"), "Status");
  }
  const Answer invalid = post(kPods, bad_name);
  EXPECT_EQ(invalid.code, 422);
  EXPECT_EQ(invalid.text("/details/causes/0/field"), "metadata.name");
  EXPECT_TRUE(
      invalid.message().starts_with("Pod \"Bad_Name\" is invalid: metadata.name: Invalid value: "
                                    "\"Bad_Name\": a lowercase RFC 1123 subdomain"));
}

TEST_F(Objects, immutable_fields_stay) {
  ASSERT_EQ(post(kPods, pod("a")).code, 201);
  const Answer refused = merge(std::string(kPods) + "/a", "spec: {nodeName: n}");
  EXPECT_EQ(refused.code, 422);
  EXPECT_TRUE(refused.message().find("pod updates may not change fields other than") != std::string::npos);
  EXPECT_EQ(merge(std::string(kPods) + "/a", "metadata: {uid: other}").code, 409);
  ASSERT_EQ(post_yaml(kNodes,
                      "{apiVersion: v1, kind: Node, metadata: {name: n}, spec: {providerID: 'aws:///a/i-1'}}")
                .code,
            201);
  EXPECT_EQ(merge("/api/v1/nodes/n", "spec: {providerID: other}").code, 422);
}

TEST_F(Objects, generation_follows_the_spec_only) {
  const std::string all = "/apis/apps/v1/namespaces/default/deployments";
  const Answer made = post_yaml(all, R"(
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}}
    spec: {containers: [{name: c, image: i, resources: {requests: {cpu: 1, memory: 1024Mi}}}]}
status: {replicas: 7}
)");
  ASSERT_EQ(made.code, 201) << made.body.dump();
  EXPECT_EQ(made.text("/metadata/generation"), "1");
  EXPECT_EQ(made.text("/status/replicas"), "") << "status is not for clients to create";
  EXPECT_EQ(made.text("/spec/strategy/rollingUpdate/maxSurge"), "25%");
  EXPECT_EQ(made.text("/spec/template/spec/containers/0/resources/requests/cpu"), "1");
  EXPECT_EQ(made.text("/spec/template/spec/containers/0/resources/requests/memory"), "1Gi");
  EXPECT_EQ(merge(all + "/d", "metadata: {labels: {x: y}}").text("/metadata/generation"), "1");
  EXPECT_EQ(merge(all + "/d", "{status: {replicas: 3}}").text("/status/replicas"), "");
  EXPECT_EQ(merge(all + "/d/status", "{status: {replicas: 3}, spec: {replicas: 9}}").text("/status/replicas"),
            "3");
  EXPECT_EQ(get(all + "/d").text("/spec/replicas"), "1");
  EXPECT_EQ(merge(all + "/d", "spec: {replicas: 2}").text("/metadata/generation"), "2");
  EXPECT_EQ(get(all + "/d/scale").text("/status/selector"), "app=d");
  EXPECT_EQ(merge(all + "/d/scale", "spec: {replicas: 5}").text("/spec/replicas"), "5");
  EXPECT_EQ(get(all + "/d").text("/metadata/generation"), "3");
  EXPECT_EQ(merge(all + "/d", "spec: {selector: {matchLabels: {app: e}}}").code, 422);
}

TEST_F(Objects, a_write_that_changes_nothing_makes_no_revision) {
  ASSERT_EQ(post(kPods, pod("a")).code, 201);
  const std::int64_t before = server().revision();
  EXPECT_EQ(merge(std::string(kPods) + "/a", "metadata: {labels: {app: a}}").code, 200);
  EXPECT_EQ(server().revision(), before);
}

TEST_F(Objects, dry_run_stores_nothing) {
  EXPECT_EQ(post(std::string(kPods) + "?dryRun=All", pod("a")).code, 201);
  EXPECT_EQ(get(std::string(kPods) + "/a").code, 404);
  ASSERT_EQ(post(kPods, pod("a")).code, 201);
  EXPECT_EQ(
      merge(std::string(kPods) + "/a?dryRun=All", "metadata: {labels: {x: y}}").text("/metadata/labels/x"),
      "y");
  EXPECT_EQ(remove(std::string(kPods) + "/a?dryRun=All").code, 200);
  EXPECT_EQ(get(std::string(kPods) + "/a").text("/metadata/labels/x"), "");
}

TEST_F(Objects, unknown_fields_are_refused_or_reported) {
  json::Value odd = pod("a");
  odd["spec"]["colour"].set("red");
  odd["spec"]["containers"][std::size_t{0}]["size"].set(1);
  const Answer strict = post(std::string(kPods) + "?fieldValidation=Strict", odd);
  EXPECT_EQ(strict.code, 400);
  EXPECT_EQ(strict.message(),
            "Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: unknown field "
            "\"spec.colour\", unknown "
            "field \"spec.containers[0].size\"");
  const Answer warned = post(kPods, odd);
  EXPECT_EQ(warned.code, 201);
  EXPECT_EQ(warned.headers.get("Warning"), "299 - \"unknown field \\\"spec.colour\\\"\"");
  EXPECT_FALSE(warned["spec"]["colour"].exists());
  json::Value wrong = pod("b");
  wrong["spec"]["containers"].set("none");
  EXPECT_EQ(post(kPods, wrong).code, 400);
}

TEST_F(Objects, bodies_of_the_wrong_shape_are_refused) {
  const char* pods[] = {
      "{metadata: x}",
      "{metadata: [1]}",
      "{metadata: {name: 5}}",
      "{metadata: {name: a, labels: [x]}}",
      "{metadata: {name: a, labels: {x: 1}}}",
      "{metadata: {name: a, finalizers: x}}",
      "{metadata: {name: a, ownerReferences: [x]}}",
      "{metadata: {name: a}, spec: x}",
      "{metadata: {name: a}, spec: {containers: {}}}",
      "{metadata: {name: a}, spec: {containers: [1]}}",
      "{metadata: {name: a}, spec: {containers: []}}",
      "{metadata: {name: a}, spec: {containers: [{name: c, image: i, resources: {requests: {cpu: lots}}}]}}",
      "{metadata: {name: a}, spec: {tolerations: x, containers: [{name: c, image: i}]}}",
      "{metadata: {name: a}}",
      "{metadata: {}, spec: {containers: [{name: c, image: i}]}}",
      "{metadata: {name: a}, spec: {containers: [{name: c, image: i}, {name: c, image: i}]}}"};
  for (const char* text : pods) {
    json::Value body = yaml(text);
    body["apiVersion"].set("v1");
    body["kind"].set("Pod");
    const Answer refused = post(kPods, body);
    EXPECT_TRUE(refused.code == 400 || refused.code == 422) << text << " " << refused.body.dump();
  }
  EXPECT_EQ(send(request("POST", kPods, "[]")).code, 400);
  EXPECT_EQ(send(request("POST", kPods, "7")).code, 400);
  ASSERT_EQ(post(kPods, pod("a")).code, 201);
  const std::string one = std::string(kPods) + "/a";
  for (const char* patch :
       {"[]", "7", "{metadata: 5}", "{metadata: {labels: {x: {y: z}}}}", "{spec: {containers: 5}}",
        "{kind: Node}", "{apiVersion: v2}", "{metadata: {name: b}}"}) {
    const Answer refused = merge(one, patch);
    EXPECT_TRUE(refused.code == 400 || refused.code == 422) << patch << " " << refused.body.dump();
  }
  for (const char* patch : {"{}", "[1]", R"([{"op":"add"}])", R"([{"op":"remove","path":"/metadata"}])"}) {
    const Answer refused = json_patch(one, patch);
    EXPECT_TRUE(refused.code == 400 || refused.code == 422) << patch << " " << refused.body.dump();
  }
  EXPECT_EQ(remove(one, "[]").code, 400);
}

TEST_F(Objects, json_patch_is_all_or_nothing) {
  ASSERT_EQ(post(kPods, pod("a")).code, 201);
  const std::string one = std::string(kPods) + "/a";
  EXPECT_EQ(json_patch(one, R"([{"op":"add","path":"/metadata/labels/x","value":"y"},)"
                            R"({"op":"test","path":"/spec/nodeName","value":"n"}])")
                .code,
            422);
  EXPECT_EQ(get(one).text("/metadata/labels/x"), "");
  EXPECT_EQ(json_patch(one, R"([{"op":"add","path":"/metadata/labels/a.b~1c","value":"y"}])")
                .text("/metadata/labels/a.b~1c"),
            "y");
}

TEST_F(Objects, server_side_apply_creates_then_merges) {
  const std::string one = std::string(kPods) + "/a";
  const auto apply = [&](std::string body) {
    return send(request("PATCH", one + "?fieldManager=t", std::move(body), "application/apply-patch+yaml"));
  };
  EXPECT_EQ(
      apply("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: i}]}\n")
          .code,
      201);
  const Answer again = apply(
      "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {x: y}}\nspec: {containers: [{name: c, image: "
      "j}]}\n");
  EXPECT_EQ(again.code, 200) << again.body.dump();
  EXPECT_EQ(again.text("/spec/containers/0/image"), "j");
  EXPECT_EQ(again.text("/metadata/labels/x"), "y");
}

TEST_F(Objects, lists_page_through_one_consistent_state) {
  for (const char* name : {"a", "b", "c", "d", "e"}) ASSERT_EQ(post(kPods, pod(name)).code, 201);
  const Answer first = get(std::string(kPods) + "?limit=2");
  EXPECT_EQ(first["items"].size(), 2U);
  ASSERT_EQ(remove(std::string(kPods) + "/d").code, 200);
  ASSERT_EQ(post(kPods, pod("bb")).code, 201);
  const Answer second = get(std::string(kPods) + "?limit=2&continue=" + first.text("/metadata/continue"));
  EXPECT_EQ(second.text("/items/0/metadata/name"), "c");
  EXPECT_EQ(second.text("/items/1/metadata/name"), "d");
  EXPECT_EQ(second.revision(), first.revision());
  server().compact("pods");
  const Answer late = get(std::string(kPods) + "?limit=2&continue=" + second.text("/metadata/continue"));
  EXPECT_EQ(late.code, 410);
  EXPECT_EQ(late.reason(), "Expired");
}

TEST_F(Objects, items_of_built_in_lists_do_not_say_their_kind) {
  ASSERT_EQ(post(kPods, pod("a")).code, 201);
  const Answer list = get(kPods);
  EXPECT_EQ(list.text("/kind"), "PodList");
  EXPECT_EQ(list.text("/items/0/metadata/name"), "a");
  EXPECT_FALSE(list["items"][std::size_t{0}]["kind"].exists());
  EXPECT_EQ(get(std::string(kPods) + "/a").text("/kind"), "Pod");
}

TEST_F(Objects, pages_may_be_smaller_than_asked_for) {
  options.faults.page_size = [] { return std::size_t{1}; };
  for (const char* name : {"a", "b"}) ASSERT_EQ(post(kPods, pod(name)).code, 201);
  const Answer first = get(std::string(kPods) + "?limit=500");
  EXPECT_EQ(first["items"].size(), 1U);
  const Answer second = get(std::string(kPods) + "?limit=500&continue=" + first.text("/metadata/continue"));
  EXPECT_EQ(second.text("/items/0/metadata/name"), "b");
  EXPECT_FALSE(second["metadata"]["continue"].exists());
  EXPECT_EQ(get(kPods)["items"].size(), 2U) << "a list without a limit is whole";
}

TEST_F(Objects, versions_of_reads_are_checked) {
  const std::string now = get(kPods).revision();
  ASSERT_EQ(post(kPods, pod("a")).code, 201);
  EXPECT_EQ(get(std::string(kPods) + "?resourceVersionMatch=Exact&resourceVersion=" + now)["items"].size(),
            0U);
  EXPECT_EQ(get(std::string(kPods) + "?resourceVersion=0")["items"].size(), 1U);
  const Answer future = get(std::string(kPods) + "?resourceVersion=999999");
  EXPECT_EQ(future.code, 504);
  EXPECT_EQ(future.text("/details/causes/0/reason"), "ResourceVersionTooLarge");
  EXPECT_EQ(get(std::string(kPods) + "?continue=nonsense").code, 400);
}

TEST_F(Objects, selectors_choose) {
  ASSERT_EQ(post(kPods, pod("a", "n1")).code, 201);
  json::Value other = pod("b");
  other["metadata"]["labels"]["app"].set("b");
  ASSERT_EQ(post(kPods, other).code, 201);
  const std::pair<const char*, const char*> cases[] = {
      {"fieldSelector=spec.nodeName%3Dn1", "a"},
      {"fieldSelector=spec.nodeName%3D", "b"},
      {"fieldSelector=status.phase%21%3DPending", ""},
      {"fieldSelector=metadata.name%3Db", "b"},
      {"labelSelector=app%3Db", "b"},
      {"labelSelector=app+in+(a,c)", "a"},
      {"labelSelector=app+notin+(a)", "b"},
      {"labelSelector=!app", ""},
      {"labelSelector=app,app!%3Da", "b"},
      {"labelSelector=other", ""},
  };
  for (const auto& [query, want] : cases) {
    const Answer listed = get(std::string("/api/v1/pods?") + query);
    EXPECT_EQ(listed.code, 200) << query;
    EXPECT_EQ(listed.text("/items/0/metadata/name"), want) << query;
    EXPECT_LE(listed["items"].size(), 1U) << query;
  }
  EXPECT_EQ(get("/api/v1/pods?labelSelector=a+in").code, 400);
}

TEST_F(Objects, status_of_a_node_keeps_the_spec) {
  ASSERT_EQ(
      post_yaml(kNodes, "{apiVersion: v1, kind: Node, metadata: {name: n}, status: {capacity: {cpu: '2'}}}")
          .text("/status/capacity/cpu"),
      "2");
  const Answer patched = strategic("/api/v1/nodes/n/status", R"(
spec: {unschedulable: true}
status: {conditions: [{type: Ready, status: 'True'}], allocatable: {cpu: 1930m}}
)");
  EXPECT_EQ(patched.code, 200) << patched.body.dump();
  EXPECT_FALSE(patched["spec"]["unschedulable"].exists());
  const Answer again =
      strategic("/api/v1/nodes/n/status",
                "status: {conditions: [{type: Other, status: 'True'}, {type: Ready, status: 'False'}]}");
  EXPECT_EQ(again["status"]["conditions"].size(), 2U);
  EXPECT_EQ(again.text("/status/conditions/0/status"), "False");
}

TEST_F(Objects, a_body_over_three_mebibytes_is_refused) {
  EXPECT_EQ(send(request("POST", kPods, std::string((3U << 20U) + 1, ' '))).code, 413);
}

TEST_F(Objects, faults_lose_the_request_or_the_answer) {
  bool fail_before = true;
  options.faults.before = [&](const net::HttpRequest& what) -> std::optional<net::HttpResponse> {
    if (fail_before && what.method == "POST") return net::text_response(503, "no");
    return std::nullopt;
  };
  options.faults.after = [](const net::HttpRequest& what) -> std::optional<net::HttpResponse> {
    if (what.method == "POST") return net::text_response(504, "lost");
    return std::nullopt;
  };
  EXPECT_EQ(post(kPods, pod("a")).code, 503);
  EXPECT_EQ(get(std::string(kPods) + "/a").code, 404);
  fail_before = false;
  EXPECT_EQ(post(kPods, pod("a")).code, 504);
  EXPECT_EQ(get(std::string(kPods) + "/a").code, 200);
}

}  // namespace
}  // namespace karpenter::devcluster
