#include "tests/unit/devcluster/kube/server_fixture.h"

namespace karpenter::devcluster {
namespace {

using Watches = ServerTest;

TEST_F(Watches, see_every_change_after_their_version) {
  ASSERT_EQ(post(kPods, pod("a")).code, 201);
  Watch open = watch("/api/v1/pods?watch=true&resourceVersion=" + get(kPods).revision());
  EXPECT_EQ(names(open), "");
  ASSERT_EQ(post(kPods, pod("b")).code, 201);
  ASSERT_EQ(merge(std::string(kPods) + "/a", "metadata: {labels: {x: y}}").code, 200);
  ASSERT_EQ(remove(std::string(kPods) + "/b").code, 200);
  EXPECT_EQ(names(open), "ADDED:b MODIFIED:a DELETED:b");
}

TEST_F(Watches, without_a_version_begin_with_the_present) {
  ASSERT_EQ(post(kPods, pod("a")).code, 201);
  Watch open = watch("/api/v1/namespaces/default/pods?watch=1");
  EXPECT_EQ(names(open), "ADDED:a");
}

TEST_F(Watches, selections_turn_changes_into_coming_and_going) {
  ASSERT_EQ(post(kPods, pod("a")).code, 201);
  Watch open = watch("/api/v1/pods?watch=true&labelSelector=x%3Dy&resourceVersion=" + get(kPods).revision());
  const std::string one = std::string(kPods) + "/a";
  ASSERT_EQ(merge(one, "metadata: {labels: {x: y}}").code, 200);
  ASSERT_EQ(merge(one, "metadata: {labels: {z: z}}").code, 200);
  const std::string left = merge(one, "metadata: {labels: {x: n}}").revision();
  const auto seen = events(open);
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].view()["type"].string_or(""), "ADDED");
  EXPECT_EQ(seen[1].view()["type"].string_or(""), "MODIFIED");
  EXPECT_EQ(seen[2].view()["type"].string_or(""), "DELETED");
  EXPECT_EQ(seen[2].view()["object"]["metadata"]["resourceVersion"].string_or(""), left);
}

TEST_F(Watches, wake_up_a_waiting_reader) {
  Watch open = watch("/api/v1/pods?watch=true&resourceVersion=" + get(kPods).revision());
  std::string seen;
  runtime.spawn("reader", [&](std::stop_token stop) {
    auto chunk = open.stream->next({.deadline = runtime.mono() + std::chrono::hours(1), .stop = stop});
    if (chunk.has_value()) seen = *chunk;
  });
  runtime.run_for(std::chrono::seconds(5));
  EXPECT_EQ(seen, "");
  ASSERT_EQ(post(kPods, pod("a")).code, 201);
  runtime.run_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(seen.starts_with(R"({"type":"ADDED","object":{)")) << seen;
  runtime.join_all();
}

TEST_F(Watches, send_bookmarks_with_the_newest_version) {
  Watch open =
      watch("/api/v1/nodes?watch=true&allowWatchBookmarks=true&resourceVersion=" + get(kNodes).revision());
  ASSERT_EQ(post(kPods, pod("a")).code, 201);
  const auto seen = events(open, std::chrono::seconds(61));
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].view()["type"].string_or(""), "BOOKMARK");
  EXPECT_EQ(seen[0].view()["object"]["metadata"]["resourceVersion"].string_or(""), get(kPods).revision());
}

TEST_F(Watches, end_at_their_timeout) {
  Watch open = watch("/api/v1/nodes?watch=true&timeoutSeconds=5&resourceVersion=" + get(kNodes).revision());
  EXPECT_TRUE(events(open, std::chrono::seconds(4)).empty());
  EXPECT_FALSE(ended);
  EXPECT_TRUE(events(open, std::chrono::seconds(2)).empty());
  EXPECT_TRUE(ended);
}

TEST_F(Watches, from_compacted_history_get_410) {
  const std::string old = get(kPods).revision();
  ASSERT_EQ(post(kPods, pod("a")).code, 201);
  server().compact();
  Watch open = watch("/api/v1/pods?watch=true&resourceVersion=" + old);
  const auto seen = events(open);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].view()["type"].string_or(""), "ERROR");
  EXPECT_EQ(seen[0].view()["object"]["code"].integer_or(0), 410);
  EXPECT_EQ(seen[0].view()["object"]["reason"].string_or(""), "Expired");
  EXPECT_TRUE(ended);
}

TEST_F(Watches, history_is_bounded) {
  options.history_per_kind = 3;
  const std::string old = get(kPods).revision();
  for (const char* name : {"a", "b", "c", "d"}) ASSERT_EQ(post(kPods, pod(name)).code, 201);
  Watch open = watch("/api/v1/pods?watch=true&resourceVersion=" + old);
  EXPECT_EQ(events(open).at(0).view()["type"].string_or(""), "ERROR");
}

TEST_F(Watches, can_be_cut) {
  Watch open = watch("/api/v1/pods?watch=true&resourceVersion=" + get(kPods).revision());
  server().cut_watches("nodes");
  EXPECT_TRUE(events(open).empty());
  EXPECT_FALSE(ended);
  server().cut_watches("pods");
  EXPECT_TRUE(events(open).empty());
  EXPECT_TRUE(ended);
}

TEST_F(Watches, refuse_versions_of_the_future_and_initial_events) {
  EXPECT_EQ(watch("/api/v1/pods?watch=true&resourceVersion=999999").refusal.code, 504);
  EXPECT_EQ(
      watch("/api/v1/pods?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan").refusal.code,
      422);
}

}  // namespace
}  // namespace karpenter::devcluster
