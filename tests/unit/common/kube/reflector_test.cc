#include "common/kube/reflector.h"

#include <gtest/gtest.h>

#include "common/model/core/core.h"
#include "tests/support/sim_runtime.h"
#include "tests/unit/common/kube/scripted_transport.h"

namespace karpenter::kube {
namespace {

std::string item(const std::string& name, int version) {
  return R"({"apiVersion":"v1","kind":"Node","metadata":{"name":")" + name + R"(","resourceVersion":")" +
         std::to_string(version) + "\"}}";
}
std::string event(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + "}\n";
}
net::HttpResponse page(const std::string& items, const std::string& version, const std::string& token = "") {
  return net::json_response(200, R"({"metadata":{"resourceVersion":")" + version + R"(","continue":")" +
                                     token + R"("},"items":[)" + items + "]}");
}
net::HttpResponse stream(std::vector<std::string> pieces, base::Status end = base::ok()) {
  net::HttpResponse out;
  out.stream = std::make_unique<PieceStream>(std::move(pieces), std::move(end));
  return out;
}

// Runs reflect<Node> against a list of answers, one per request, until they are used up.
class ReflectorTest : public testing::Test {
 protected:
  using Step = std::function<base::Result<net::HttpResponse>()>;

  void run(std::vector<Step> steps) {
    std::size_t at = 0;
    std::stop_source stop;
    ScriptedTransport transport([&](const net::HttpRequest&) -> base::Result<net::HttpResponse> {
      if (at < steps.size()) return steps[at++]();
      stop.request_stop();
      return base::make_error(base::Code::kCancelled, "over");
    });
    Client client(runtime_, transport, {.origin = {"http", "api", 80}});
    store_.add_listener([this](const Change<model::Node>& change) {
      const auto* sign = !change.before ? "+" : !change.after ? "-" : "~";
      changes_.push_back(sign + change.object().meta.name);
    });
    runtime_.spawn("reflect", [&](const std::stop_token&) {
      reflect<model::Node>(
          client, store_, {.page_size = 2}, log_,
          [this](const model::ObjectKey& key, const base::Error&) { malformed_.push_back(key.name); },
          stop.get_token());
    });
    runtime_.join_all();
    for (const auto& line : transport.lines) {  // the timeout of a watch is random
      targets_.push_back(line.substr(line.find('?') + 1, line.find("&timeoutSeconds") - line.find('?') - 1));
    }
    targets_.pop_back();  // the request that ended the run
  }

  support::SimRuntime runtime_;
  telemetry::MemorySink sink_;
  telemetry::Log log_{runtime_, sink_, {}};
  Store<model::Node> store_;
  std::vector<std::string> changes_;
  std::vector<std::string> malformed_;
  std::vector<std::string> targets_;
};

using Names = std::vector<std::string>;
constexpr auto* kWatch = "watch=true&allowWatchBookmarks=true&resourceVersion=";

TEST_F(ReflectorTest, lists_pages_then_watches_and_goes_on_from_the_last_version) {
  run({[] { return page(item("a", 1) + "," + item("b", 2), "5", "t1"); },
       [] { return page(item("c", 3), "5"); },
       [] {
         const auto added = event("ADDED", item("d", 6));
         return stream({added.substr(0, 20), added.substr(20) + event("MODIFIED", item("a", 7)),
                        event("DELETED", item("b", 8)) + event("BOOKMARK", item("", 9))});
       },
       [] {
         return stream({event("ADDED", item("e", 11))}, base::make_error(base::Code::kUnavailable, "cut"));
       }});
  EXPECT_EQ(targets_,
            (Names{"limit=2", "limit=2&continue=t1", std::string(kWatch) + "5", std::string(kWatch) + "9"}));
  EXPECT_EQ(changes_, (Names{"+a", "+b", "+c", "+d", "~a", "-b", "+e"}));
  EXPECT_TRUE(store_.synced());
  EXPECT_EQ(store_.size(), 4U);
}

TEST_F(ReflectorTest, a_relist_after_410_reports_what_was_missed) {
  const auto gone = event("ERROR", R"({"kind":"Status","code":410,"reason":"Expired","message":"too old"})");
  run({[] { return page(item("a", 1) + "," + item("b", 2), "5"); },
       [gone] { return stream({event("ADDED", item("c", 6)) + gone}); },
       [] { return page(item("a", 1) + "," + item("c", 9), "20"); }});
  EXPECT_EQ(targets_, (Names{"limit=2", std::string(kWatch) + "5", "limit=2"}));
  EXPECT_EQ(changes_, (Names{"+a", "+b", "+c", "-b", "~c"})) << "a did not change";
}

TEST_F(ReflectorTest, a_malformed_object_is_skipped_and_the_others_go_on) {
  const std::string bad = R"({"metadata":{"name":"bad","resourceVersion":"3"},"spec":{"taints":"none"}})";
  const std::string bad_a = R"({"metadata":{"name":"a","resourceVersion":"9"},"spec":{"taints":7}})";
  run({[&] { return page(item("a", 1) + "," + bad + "," + item("b", 2), "5"); },
       [&] { return stream({event("MODIFIED", bad_a) + event("ADDED", item("c", 10))}); }});
  EXPECT_EQ(changes_, (Names{"+a", "+b", "+c"}));
  EXPECT_EQ(malformed_, (Names{"bad", "a"}));
  EXPECT_EQ(store_.find("a")->meta.resource_version, "1") << "the last good version stays";
  ASSERT_EQ(sink_.lines().size(), 2U);
  EXPECT_NE(sink_.lines()[0].find("spec.taints"), std::string::npos) << sink_.lines()[0];
}

TEST_F(ReflectorTest, failures_are_tried_again_ever_more_slowly) {
  std::vector<double> at;
  const auto failing = [&]() -> base::Result<net::HttpResponse> {
    at.push_back(std::chrono::duration<double>(runtime_.mono().time_since_epoch()).count());
    return base::make_error(base::Code::kUnavailable, "refused");
  };
  std::vector<Step> steps(9, failing);
  steps.emplace_back([] { return page(item("a", 1), "5"); });
  run(std::move(steps));
  EXPECT_EQ(changes_, (Names{"+a"}));
  for (std::size_t i = 1; i < at.size(); ++i) {
    const double base = std::min(30.0, 0.8 * static_cast<double>(1U << (i - 1)));
    EXPECT_GE(at[i] - at[i - 1], base) << i;
    EXPECT_LE(at[i] - at[i - 1], 2 * base) << i;
  }
}

}  // namespace
}  // namespace karpenter::kube
