#include "common/kube/api.h"

#include <gtest/gtest.h>

#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "tests/support/sim_runtime.h"
#include "tests/unit/common/kube/scripted_transport.h"

namespace karpenter::kube {
namespace {

using base::Code;

class ApiTest : public testing::Test {
 protected:
  std::string reply_ = R"({"apiVersion":"v1","kind":"Node","metadata":{"name":"n","resourceVersion":"8"}})";
  int status_ = 200;
  support::SimRuntime runtime_;
  ScriptedTransport transport_{[this](const auto&) { return net::json_response(status_, reply_); }};
  Client client_{runtime_, transport_, {.origin = {"http", "api", 80}}};
  Api<model::Node> nodes_{client_};
};

model::Node node() {
  model::Node out;
  out.meta.name = "n";
  out.meta.resource_version = "7";
  out.meta.labels = {{"a", "1"}, {"b", "2"}};
  out.spec.provider_id = "aws:///z/i-1";
  return out;
}

TEST_F(ApiTest, a_patch_holds_only_what_changed) {  // spec: lifecycle §13
  auto after = node();
  after.meta.labels.erase("a");
  after.meta.labels["c"] = "3";
  after.spec.unschedulable = true;
  after.status.boot_id = "not part of this patch";
  ASSERT_TRUE(nodes_.patch(node(), after, Locking::kUnlocked, {}));
  EXPECT_EQ(
      transport_.lines.back(),
      R"(PATCH /api/v1/nodes/n {"metadata":{"labels":{"a":null,"c":"3"}},"spec":{"unschedulable":true}})");
  ASSERT_TRUE(nodes_.patch(node(), after, Locking::kLocked, {}));
  EXPECT_NE(transport_.lines.back().find(R"("resourceVersion":"7")"), std::string::npos);
}

TEST_F(ApiTest, nothing_to_patch_is_no_request) {
  auto after = node();
  after.status.boot_id = "x";
  EXPECT_TRUE(nodes_.patch(node(), after, Locking::kLocked, {}));
  EXPECT_TRUE(nodes_.patch_status(node(), node(), Locking::kLocked, {}));
  EXPECT_TRUE(transport_.lines.empty());
}

TEST_F(ApiTest, a_status_patch_goes_to_the_subresource) {
  auto after = node();
  after.status.boot_id = "x";
  after.meta.labels["ignored"] = "here";
  ASSERT_TRUE(nodes_.patch_status(node(), after, Locking::kUnlocked, {}));
  EXPECT_EQ(transport_.lines.back(),
            R"(PATCH /api/v1/nodes/n/status {"status":{"nodeInfo":{"bootID":"x"}}})");
}

TEST_F(ApiTest, reads_lists_with_their_tokens) {
  reply_ = R"({"metadata":{"resourceVersion":"9","continue":"more"},
               "items":[{"metadata":{"name":"x"}},{"metadata":{"name":"y"}}]})";
  const auto list = nodes_.list("", {.limit = 2}, {});
  ASSERT_TRUE(list) << list.error().text();
  EXPECT_EQ(list->resource_version, "9");
  EXPECT_EQ(list->continue_token, "more");
  ASSERT_EQ(list->items.size(), 2U);
  EXPECT_EQ(list->items[1].meta.name, "y");
}

TEST_F(ApiTest, deletes_with_preconditions) {
  ASSERT_TRUE(nodes_.remove({"", "n"}, {.preconditions = {.uid = "u"}, .grace_period_seconds = 0}, {}));
  EXPECT_EQ(transport_.lines.back(), R"(DELETE /api/v1/nodes/n {"apiVersion":"v1","gracePeriodSeconds":0,)"
                                     R"("kind":"DeleteOptions","preconditions":{"uid":"u"}})");
  ASSERT_TRUE(nodes_.remove({"", "n"}, {}, {}));
  EXPECT_EQ(transport_.lines.back(), "DELETE /api/v1/nodes/n");
}

TEST_F(ApiTest, evicts_through_the_subresource) {
  reply_ = R"({"kind":"Status","status":"Success"})";
  ASSERT_TRUE(evict(client_, {"ns", "p"}, "u1", {}));
  EXPECT_EQ(
      transport_.lines.back(),
      R"(POST /api/v1/namespaces/ns/pods/p/eviction {"apiVersion":"policy/v1","deleteOptions":{"preconditions":)"
      R"({"uid":"u1"}},"kind":"Eviction","metadata":{"name":"p","namespace":"ns"}})");
  status_ = 429;
  reply_ = R"({"kind":"Status","reason":"TooManyRequests","message":"Cannot evict pod"})";
  EXPECT_TRUE(evict(client_, {"ns", "p"}, "u1", {}).failed_with(Code::kThrottled));
}

TEST_F(ApiTest, create_sends_the_whole_object) {
  auto fresh = node();
  fresh.meta.resource_version.clear();
  ASSERT_TRUE(nodes_.create(fresh, {}));
  EXPECT_EQ(transport_.lines.back().substr(0, 19), "POST /api/v1/nodes ");
  EXPECT_NE(transport_.lines.back().find(R"("kind":"Node")"), std::string::npos);
}

}  // namespace
}  // namespace karpenter::kube
